"""An image of Rapt made from the interpreter that runs the tests, where nothing can be pulled and nothing is built.

It is what ``deploy/Containerfile`` describes: an interpreter, Rapt with what it needs, no kubectl and no shell.
"""

import importlib.metadata
import io
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"LD_LIBRARY_PATH": "/lib/rapt"}
_SITE = f"usr/local/lib/python{sysconfig.get_python_version()}/site-packages"
_LEFT_OUT = {"test", "tests", "site-packages", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3"}
_UNUSED = ("kubernetes-validate", "jsonschema-rs", "ruamel.yaml.clib", "pygments")
"""Large, and a pass never loads them."""
_SCRIPT = f"""#!/usr/local/bin/python{sysconfig.get_python_version()}
import sys
from kubectl_rapt.__main__ import main
sys.exit(main())
"""


def write_layer(path: Path) -> None:
    """Write a root file system as a tar, in which ``kubectl-rapt`` is on the PATH."""
    with tarfile.open(path, mode="w") as tar:
        for name, mode in (("tmp", 0o1777), ("etc", 0o755), ("usr", 0o755), ("lib", 0o755), ("lib64", 0o755)):
            _folder(tar, name, mode)
        _text(tar, "etc/passwd", "root:x:0:0::/:\nrapt:x:65532:65532::/tmp:\n")
        _text(tar, "usr/local/bin/kubectl-rapt", _SCRIPT, 0o755)
        program = Path(sys.base_prefix, "bin", f"python{sysconfig.get_python_version()}").resolve()
        _file(tar, f"usr/local/bin/python{sysconfig.get_python_version()}", program, 0o755)
        shared = [program]
        for place, file in (*_library(), *_packages(), *_rapt()):
            _file(tar, place, file)
            if ".so" in file.suffixes:
                shared.append(file)
        for file in _libraries(shared):
            _file(tar, f"lib/rapt/{file.name}", file, 0o755)
            if file.name.startswith("ld-linux"):
                _file(tar, str(file).lstrip("/"), file, 0o755)


def _library() -> Iterator[tuple[str, Path]]:
    home = Path(sysconfig.get_path("stdlib"))
    for file in sorted(home.rglob("*")):
        parts = file.relative_to(home).parts
        if file.is_file() and not _LEFT_OUT & set(parts) and file.suffix != ".a":
            yield f"{_SITE.rpartition('/')[0]}/{'/'.join(parts)}", file


def _packages() -> Iterator[tuple[str, Path]]:
    """What Rapt needs, and what that needs, as it is installed here."""
    wanted, seen = ["kubectl-rapt"], set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another Python, or another system
        for text in found.requires or ():
            if "extra ==" not in text:
                wanted.append(re.split(r"[\s;<>=!~\[(]", text, maxsplit=1)[0])
        for one in found.files or ():
            file = Path(str(found.locate_file(one)))
            if name not in ("kubectl-rapt", *_UNUSED) and ".." not in one.parts and file.is_file():
                yield f"{_SITE}/{one}", file


def _rapt() -> Iterator[tuple[str, Path]]:
    """Rapt as its wheel has it: with its templates and policies beside the code."""
    for folder, place in (
        ("kubectl_rapt", ""),
        ("templates", "kubectl_rapt/bundle/"),
        ("registry", "kubectl_rapt/bundle/"),
        ("policies", "kubectl_rapt/bundle/"),
    ):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file():
                yield f"{_SITE}/{place}{file.relative_to(ROOT)}", file


def _libraries(files: list[Path]) -> list[Path]:
    """The shared libraries that programs and modules are linked with."""
    told = subprocess.run(
        ["ldd", *map(str, files)], capture_output=True, text=True, check=False, timeout=60
    ).stdout
    paths = set(re.findall(r"(?:=> |^\s)(/\S+)", told, re.MULTILINE))
    return sorted(Path(path) for path in paths if not path.endswith(":"))


def _folder(tar: tarfile.TarFile, name: str, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    tar.addfile(entry)


def _text(tar: tarfile.TarFile, name: str, text: str, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text), mode
    tar.addfile(entry, io.BytesIO(text.encode()))


def _file(tar: tarfile.TarFile, name: str, file: Path, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    # What was compiled is taken for stale where the time of its source is another one.
    entry.size, entry.mode, entry.mtime = file.stat().st_size, mode, int(file.stat().st_mtime)
    with file.open("rb") as content:
        tar.addfile(entry, content)
