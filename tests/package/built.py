"""The wheel and this platform's archive, built once from these sources for all who test or measure them.

They are kept in ``${XDG_CACHE_HOME:-~/.cache}/rapt-packages/``, by what they are made of; deleting it costs time only.
"""

import hashlib
import importlib.metadata
import os
import re
import shutil
import sys
import tarfile
import tempfile
import time
from functools import cache
from pathlib import Path

from deploy import archive as freezing
from deploy import krew
from deploy import wheel as building
from tests.cluster.locks import locked

ROOT = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rapt-packages"
_BUILT = re.compile("[0-9a-f]{16}")
_KEPT = 3
_SOME_HOURS = 6 * 60 * 60


@cache
def wheel() -> Path:
    """The wheel of the sources as they are."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="wheel-") as made:
        new = building.build(ROOT, Path(made))
        folder = CACHE / _key(new)
        folder.mkdir(exist_ok=True)
        return new.replace(folder / new.name)


@cache
def archive() -> Path:
    """The archive that is made of it."""
    folder = wheel().parent
    with locked(CACHE / "lock"):
        if not (folder / "whole").exists():
            freezing.build(wheel(), folder)
            (folder / "whole").touch()
            _forget(folder)
    return next(folder.glob("*.tar.gz"))


@cache
def unpacked() -> Path:
    """The program of the archive, unpacked for good."""
    packed = archive()
    folder = packed.parent / "unpacked"
    with locked(CACHE / "lock"):
        if not folder.exists():
            part = packed.parent / "part"
            shutil.rmtree(part, ignore_errors=True)
            with tarfile.open(packed) as tar:
                tar.extractall(part, filter="data")
            part.rename(folder)
    return folder / krew.PROGRAM


def _key(new: Path) -> str:
    """What the archive depends on: Rapt, how it is frozen, the interpreter, and what is installed beside it."""
    mixed = hashlib.sha256(new.read_bytes())
    for file in sorted((ROOT / "deploy").glob("*.*")):
        mixed.update(file.read_bytes())
    installed = sorted(f"{one.name} {one.version}" for one in importlib.metadata.distributions())
    mixed.update("\n".join((sys.version, *installed)).encode())
    return mixed.hexdigest()[:16]


def _forget(new: Path) -> None:
    """Remove what was built of other sources some hours ago, but for the newest."""
    others = sorted(
        (one for one in CACHE.iterdir() if _BUILT.fullmatch(one.name) and one != new),
        key=lambda one: one.stat().st_mtime,
    )
    for one in others[:-_KEPT]:
        if time.time() - one.stat().st_mtime > _SOME_HOURS:
            shutil.rmtree(one)
