"""Private folders for the sockets of kubectl: made, removed, and swept where their owner was killed.

Like ``spawn.py`` it imports next to nothing: kubectl is started before the rest of the program is read.
"""

import os
from fcntl import LOCK_EX, LOCK_NB, flock

_PREFIX = "rapt-socket-"
_FILES = ("pid", "s", "complaints")
_SWEPT_AT_MOST = 20
_LOOKED_AT_AT_MOST = 5000
_YOUNG_SECONDS = 60.0
"""How old a folder must be before it is swept: its owner locks it a moment after making it."""


class Folder:
    """A folder that nobody else may look into, locked for as long as this process lives.

    Args:
        path: Where it is.
        lock: The descriptor that holds the lock.
    """

    def __init__(self, path: str, lock: int) -> None:
        self.path = path
        self._lock = lock

    def remove(self) -> None:
        """Remove it with what is in it, and give the lock back."""
        _remove(self.path)
        os.close(self._lock)


def make() -> Folder:
    """A new folder of our own, in TMPDIR or in /tmp: a socket's path has room for about 100 bytes.

    Raises:
        Unavailable: There is no place for it.
    """
    name = f"{_PREFIX}{os.urandom(8).hex()}"
    for parent in _parents():
        path = f"{parent}/{name}"
        try:
            os.mkdir(path, 0o700)  # noqa: PTH102
            lock = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        _may_lock(lock)  # on a file system that has no locks nothing is swept either
        return Folder(path, lock)
    from kubectl_rapt.errors import Unavailable

    raise Unavailable(
        "no-temporary-folder", "no folder can be made for kubectl's socket in TMPDIR or /tmp", "df -h /tmp"
    )


def _parents() -> list[str]:
    return [one for one in (os.environ.get("TMPDIR", ""), "/tmp") if one and len(one.encode()) < 70]


def sweep(beside: Folder) -> None:
    """Remove some folders beside this one whose owners are dead: they were killed with everything that cleans up.

    Only folders of our own user, that are named as ours, are no longer locked and are not young; from each only the
    files that we make. So nothing that lives is touched, whatever anybody puts there.
    """
    from time import time

    swept = 0
    parent = os.path.dirname(beside.path)  # noqa: PTH120
    try:
        with os.scandir(parent) as entries:
            for number, entry in enumerate(entries):
                if swept == _SWEPT_AT_MOST or number == _LOOKED_AT_AT_MOST:
                    return
                if entry.name.startswith(_PREFIX) and entry.path != beside.path:
                    swept += _sweep(entry.path, time())
    except OSError:
        return  # whatever hinders it hinders nobody: it is only tidying


def _sweep(path: str, now: float) -> bool:
    """Whether a folder was looked at closely, and removed if its owner is dead."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        about = os.fstat(lock)
        if about.st_uid != os.geteuid() or now - about.st_mtime < _YOUNG_SECONDS:
            return False
        if not _may_lock(lock):
            return False
        _remove(path)
    finally:
        os.close(lock)
    return True


def _may_lock(descriptor: int) -> bool:
    """Lock a folder until the descriptor is closed; whether nobody else holds it."""
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except OSError:
        return False
    return True


def _remove(path: str) -> None:
    for name in _FILES:
        try:
            os.unlink(f"{path}/{name}")  # noqa: PTH108
        except OSError:
            continue
    try:
        os.rmdir(path)  # noqa: PTH106
    except OSError:
        return
