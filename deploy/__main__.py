"""``make package``: builds the wheel, this platform's archive, the list of what is in it, and krew's manifest."""

import argparse
import sys
from hashlib import sha256
from pathlib import Path

from deploy import archive, krew, sbom, wheel
from kubectl_rapt import __version__

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Build, and say what was built: path, size, digest."""
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    parser.add_argument("--to", type=Path, default=ROOT / "dist", metavar="FOLDER", help="where it is put")
    parser.add_argument("--address", default=krew.ADDRESS, help="where the archives will be to be had")
    parser.add_argument(
        "--manifest-only", action="store_true", help="build nothing: of the archives that are there"
    )
    given = parser.parse_args()
    folder: Path = given.to
    made = []
    if not given.manifest_only:
        print("building the wheel, and freezing it: about a minute …", file=sys.stderr, flush=True)
        built = wheel.build(ROOT, folder)
        packed = archive.build(built, folder)
        made = [built, packed, sbom.write(packed, __version__, (name for name, _ in archive.packages()))]
    text = krew.manifest(__version__, krew.archives(__version__, folder), given.address)
    for path in (folder / "krew-manifest.yaml", folder / "index" / krew.INDEX):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        made.append(path)
    for path in made:
        content = path.read_bytes()
        print(f"{path}  {len(content) / 2**20:.2f} MiB  sha256:{sha256(content).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
