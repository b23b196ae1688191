"""Large registries for the benchmarks: ``python -m benchmarks.registries FOLDER COUNT TEMPLATES MEGABYTES``."""

import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Environment, Project, Registry
from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating import index
from kubectl_rapt.templating.index import Index
from tests.registries import INDEX, template
from tests.repositories import ConfigRepository

VERSIONS = ("1.0.0", "1.1.0", "2.0.0")


def configure(folder: Path, *paths: Path) -> Path:
    """Make a config repository that lists these registries; its path."""
    development = Environment("dev", ("team",), is_reviewed=False)
    config = ConfigRepository(folder, development)
    listed = {path.stem: Registry(path.stem, str(path)) for path in paths}
    wanted = Project(config.id, {"dev": development}, registries=listed)
    config.commit({layout.PROJECT: project.spell(wanted).encode()}, "List registries\n")
    return config.path


def make(path: Path, prefix: str, templates: int, size_bytes: int) -> None:
    """Make a bare registry in which each template was released three times.

    Args:
        path: The repository's folder.
        prefix: What its templates' names begin with.
        templates: How many there are.
        size_bytes: About how large its pack is: data that cannot be compressed, spread over the READMEs.
    """
    _git("init", "--quiet", "--bare", "--initial-branch=main", str(path))
    _git("-C", str(path), "fast-import", "--quiet", stdin=_stream(prefix, templates, size_bytes))
    _git("-C", str(path), "repack", "-adq")


def release(path: Path, name: str, version: str, old: Index) -> Index:
    """Release one more version of a template; the index with it."""
    files = _files(name, version, b"as before\n")
    grown = index.append(old, name, Version.parse(version), index.release_of(files))
    _git(
        "-C",
        str(path),
        "fast-import",
        "--quiet",
        stdin=_commit(name, version, files, grown, "from refs/heads/main^0\n"),
    )
    return grown


def read(path: Path) -> Index:
    """The index of a registry."""
    text = subprocess.check_output(["git", "-C", str(path), "show", f"main:{INDEX}"])
    return index.load(text, INDEX)


def _stream(prefix: str, templates: int, size_bytes: int) -> bytes:
    found = Index({})
    chance = random.Random(prefix)
    whole = bytearray()
    for version in VERSIONS:
        changes: dict[str, bytes] = {}
        for one in range(templates):
            name = f"{prefix}-{one:04}"
            filling = chance.randbytes(size_bytes // templates) if version == VERSIONS[-1] else b""
            files = _files(name, version, filling)
            found = index.append(found, name, Version.parse(version), index.release_of(files))
            changes |= {f"templates/{name}/{path}": text for path, text in files.items()}
        whole += b"".join(_lines(changes, found, f"All {version}", ""))
    return bytes(whole)


def _files(name: str, version: str, filling: bytes) -> dict[str, bytes]:
    words = [
        {"name": f"word{number}", "type": "string", "default": version, "description": "A word to say"}
        for number in range(5)
    ]
    return {
        **template(name, version, parameters=words),
        "README.md": f"# {name} {version}\n".encode() + filling,
        "tests/defaults.yaml": f"expect: {{version: {version}}}\n".encode(),
    }


def _commit(name: str, version: str, files: Mapping[str, bytes], found: Index, parent: str) -> bytes:
    changes = {f"templates/{name}/{path}": text for path, text in files.items()}
    return b"".join(_lines(changes, found, f"{name} {version}", parent))


def _lines(changes: Mapping[str, bytes], found: Index, message: str, parent: str) -> Iterator[bytes]:
    whole = {**changes, INDEX: index.dump(found).encode()}
    yield b"commit refs/heads/main\ncommitter Someone <someone@example.com> 1700000000 +0000\n"
    yield f"data {len(message)}\n{message}\n{parent}".encode()
    for path, content in whole.items():
        yield f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"


def _git(*words: str, stdin: bytes = b"") -> None:
    subprocess.run(["git", *words], input=stdin, check=True)


def main() -> None:
    """Make several, as ``registry-0.git`` and so on."""
    folder, count, templates, megabytes = sys.argv[1:]
    for number in range(int(count)):
        make(Path(folder) / f"registry-{number}.git", f"r{number}", int(templates), int(megabytes) << 20)


if __name__ == "__main__":
    main()
