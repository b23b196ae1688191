"""The self-contained archive that krew installs: an interpreter, Rapt and what it needs, without Python's own start.

One folder and no archive inside: a single file would be unpacked at each start.
"""

import gzip
import importlib.metadata
import os
import platform
import re
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy import krew, tools
from kubectl_rapt import __version__
from kubectl_rapt.actions.build import KUBERNETES_MINOR

_HERE = Path(__file__).parent
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_LEFT_OUT = ("kubernetes", "markdown-it-py", "mdurl", "pygments", "rich")
_FILES_ONLY = ("kubernetes-validate",)
"""Of this only files are taken: what its code needs is not in the archive."""
_LICENSE = re.compile(r"(?:licen[cs]e|copying|notice|authors)[^/]*", re.IGNORECASE)


def build(wheel: Path, folder: Path) -> Path:
    """Freeze a wheel for this platform.

    Args:
        wheel: The wheel; what it needs is taken from the running interpreter's environment.
        folder: Where the archive is put.

    Returns:
        Its path.

    Raises:
        RuntimeError: It cannot be frozen.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / krew.name(__version__, *here())
    with TemporaryDirectory(prefix="rapt-package-") as work:
        frozen = _freeze(wheel, Path(work))
        _pack(frozen, path)
    return path


def here() -> tuple[str, str]:
    """This platform's system and machine, in krew's words."""
    machine = platform.machine()
    return sys.platform, _MACHINES.get(machine, machine)


def _freeze(wheel: Path, work: Path) -> Path:
    """The folder with the program."""
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(work / "wheel")
    entry = work / "entry.py"
    entry.write_bytes(
        (_HERE / "entry.py").read_bytes()
    )  # beside the checkout, its kubectl_rapt would be taken
    words = ("--noconfirm", f"--distpath={work}/dist", f"--workpath={work}/build")
    environ = {
        "PYTHONPATH": str(work / "wheel"),  # before the checkout that may be installed as it is
        "RAPT_ENTRY": str(entry),
        "RAPT_WHEEL": str(work / "wheel"),
        "RAPT_SCHEMAS": str(_schemas()),
        "PYINSTALLER_CONFIG_DIR": str(work / "config"),
        "PYTHONHASHSEED": "1",
    }
    tools.run("PyInstaller", *words, str(_HERE / "kubectl-rapt.spec"), folder=work, environ=environ)
    return work / "dist" / krew.PROGRAM


def _schemas() -> Path:
    """The schemas of the one version of Kubernetes that Jobs are checked for; there are 26 folders of 5 MB."""
    package = find_spec("kubernetes_validate")
    assert package and package.submodule_search_locations
    root = Path(package.submodule_search_locations[0], "kubernetes-json-schema")
    return root / f"v1.{KUBERNETES_MINOR}.0-local-strict"


def _pack(frozen: Path, path: Path) -> None:
    """Write regular files only, which is all that krew unpacks, the same bytes for the same files."""
    files = {str(file.relative_to(frozen)): file for file in _files(frozen)}
    files |= {f"_internal/licenses/{name}": file for name, file in _licenses()}
    files["LICENSE"] = _HERE.parent / "LICENSE"
    part = path.with_suffix(".part")
    with (
        part.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for name, file in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = file.stat().st_size, 0o755 if name == krew.PROGRAM else 0o644
            with file.open("rb") as content:
                tar.addfile(entry, content)
    part.replace(path)


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, also through links, which an archive for krew may not hold."""
    for at, _, names in os.walk(folder, followlinks=True):
        yield from (Path(at, name) for name in names)


def packages() -> Iterator[tuple[str, importlib.metadata.Distribution]]:
    """What is frozen beside Python, by its name, Rapt first: of some of it files only."""
    wanted, seen = ["kubectl-rapt"], set(_LEFT_OUT)
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another Python, or another system
        if name not in _FILES_ONLY:
            required = (text for text in found.requires or () if "extra ==" not in text)
            wanted += [re.split(r"[\s;<>=!~\[(]", text, maxsplit=1)[0].lower() for text in required]
        yield name, found


def _licenses() -> Iterator[tuple[str, Path]]:
    """The licenses of what is frozen beside Rapt."""
    yield "python/LICENSE.txt", Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    for name, found in packages():
        for one in found.files or ():
            if _LICENSE.fullmatch(one.name) and ".dist-info" in one.parts[0] and name != "kubectl-rapt":
                yield f"{name}/{one.name}", Path(str(found.locate_file(one)))
