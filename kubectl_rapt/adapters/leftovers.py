"""What killed processes left: temporary folders and half-written files, swept by whoever comes later.

A process removes its own. One that is killed cannot, and where its whole process group is killed, nobody else did.
Only what nobody can use any more goes: it is ours by name and owner, an hour old, and no socket in it is listened to.
"""

import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from kubectl_rapt.adapters import platform
from kubectl_rapt.errors import Refused

_OLD_SECONDS = 3600
"""Far longer than anybody needs between making a draft and moving it to its place."""
_MOST = 200
"""How many are removed at once: nobody waits for a crowd of them."""
_SOCKETS = re.compile(r"rapt-[0-9a-f]{16}")
_KEYS = re.compile(r"rapt-keys-[0-9a-f]{16}")
_GIT = re.compile(r"[0-9a-f]{32}\.(new-[0-9a-f]{16}|old-[0-9a-f]{16}|refs\.[0-9a-f]{16})")
_ANSWERS = re.compile(r"[0-9a-f]{38}\.[0-9a-f]{16}")
_NAMES = re.compile(r"[0-9a-f]{8}\.[0-9]+")
_SETTINGS = re.compile(rf"\.config\.(json|yaml)\.{platform.DRAFT}")
_REPOSITORY = re.compile(rf"\.config\.git\.{platform.DRAFT}")


def sweep(environ: Mapping[str, str]) -> list[Path]:
    """Remove what killed processes of this user left; what cannot be removed stays. It never fails.

    Args:
        environ: The process's environment.

    Returns:
        What was removed.

    Raises:
        Unavailable: ``no-home``.
    """
    cache, stamp = platform.cache_home(environ), platform.swept(environ)
    try:
        if platform.cache_doubt(environ):
            return []
        platform.make(cache)
        now = _touch(stamp)
    except OSError:
        return []  # without a note of it, every command would sweep
    removed: list[Path] = []
    for path in _left(environ, cache, now):
        if len(removed) == _MOST:
            break
        with suppress(OSError):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
            removed.append(path)
    return removed


def sweep_beside(place: Path) -> None:
    """Remove what killed processes left of drafts of one file, which are beside it."""
    for path in _old(place.parent, re.compile(rf"\.{re.escape(place.name)}\.{platform.DRAFT}"), time.time()):
        with suppress(OSError):
            path.unlink()


def _left(environ: Mapping[str, str], cache: Path, now: float) -> Iterator[Path]:
    for folder in dict.fromkeys([environ.get("TMPDIR", ""), "/tmp"]):
        if folder:
            yield from (one for one in _old(Path(folder), _SOCKETS, now) if not _is_listened_to(one / "s"))
            yield from _old(Path(folder), _KEYS, now)
    yield from _old(cache / "git", _GIT, now)
    yield from _old(cache / "names", _NAMES, now)
    for folder_ in _folders(cache / "answers"):
        yield from _old(folder_, _ANSWERS, now)
    with suppress(Refused):
        yield from _old(platform.config_home(environ), _SETTINGS, now)
    with suppress(Refused):
        yield from _old(platform.data_home(environ), _REPOSITORY, now)


def _touch(stamp: Path) -> float:
    """Note the time. Neither is a link followed nor the content of a file changed, whatever stands there.

    Returns:
        The time by the clock of the files, in seconds since 1970. The process may have been given another one, by which
        what somebody makes just now would be old.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    handle = os.open(stamp, flags, 0o600)
    try:
        os.utime(handle)
        return os.fstat(handle).st_mtime
    finally:
        os.close(handle)


def _old(folder: Path, name: re.Pattern[str], now: float) -> Iterator[Path]:
    """What has such a name there, is this user's own, and has not changed for long."""
    before = now - _OLD_SECONDS
    with suppress(OSError), os.scandir(folder) as found:
        for one in found:
            if not name.fullmatch(one.name):
                continue
            about = one.stat(follow_symlinks=False)
            is_ours = about.st_uid == os.getuid() and not stat.S_ISLNK(about.st_mode)
            if is_ours and about.st_mtime < before:
                yield Path(one.path)


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as found:
        yield from (Path(one.path) for one in found if one.is_dir(follow_symlinks=False))


def _is_listened_to(place: Path) -> bool:
    """Whether a process, even one that is stopped, listens to a socket."""
    import socket

    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(0.2)
        try:
            client.connect(str(place))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True  # nobody can tell
        return True
