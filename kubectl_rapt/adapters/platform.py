"""This machine: where a person's files are kept, and writing one of them whole or not at all."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kubectl_rapt.errors import Unavailable

CONFIG, DATA, CACHE, STATE = "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"
"""The variables that name another folder than the usual one."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SWEEPING_SECONDS = 3600
_LEAST_BYTES = 1024 * 1024
"""With less, a disk is called full after something could not be written to it."""
_NO_FOLDER = (errno.ENOTDIR, errno.EEXIST)


def config_home(environ: Mapping[str, str]) -> Path:
    """The folder of the person's settings."""
    return _folder(environ, CONFIG, ".config")


def data_home(environ: Mapping[str, str]) -> Path:
    """The folder of what Rapt keeps for the person, such as a local config repository."""
    return _folder(environ, DATA, ".local/share")


def cache_home(environ: Mapping[str, str]) -> Path:
    """The folder of what can be deleted at any time."""
    return _folder(environ, CACHE, ".cache")


def state_home(environ: Mapping[str, str]) -> Path:
    """The folder of reports about unexpected errors."""
    return _folder(environ, STATE, ".local/state")


def swept(environ: Mapping[str, str]) -> Path:
    """The file whose age says when leftovers were swept last."""
    return cache_home(environ) / "swept"


def is_sweeping_due(environ: Mapping[str, str], now: float) -> bool:
    """Whether that is an hour ago. Raises Unavailable: ``no-home``.

    Args:
        environ: The process's environment.
        now: Seconds since 1970.
    """
    try:
        return not 0 <= now - swept(environ).stat().st_mtime < _SWEEPING_SECONDS
    except OSError:
        return True


def _folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    given = environ.get(variable, "")
    # A relative path in an XDG variable is to be ignored (XDG Base Directory Specification).
    base = Path(given) if given.startswith("/") else Path(_home(environ), default)
    return base / "rapt"


def _home(environ: Mapping[str, str]) -> str:
    if environ.get("HOME"):
        return environ["HOME"]
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        what = f"HOME is not set, and user {os.getuid()} of this machine has no home folder"
        raise Unavailable("no-home", what, 'export HOME="$PWD"') from None


@contextmanager
def writing(path: Path, variable: str = "") -> Iterator[None]:
    """Name the place that cannot be written, whatever in the block cannot write there.

    Args:
        path: What is written, or the folder.
        variable: The variable that names another folder; empty where there is none.

    Raises:
        Unavailable: ``cannot-write-files``.
    """
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error, variable) from error


def cannot_write(path: Path, error: OSError, variable: str = "") -> Unavailable:
    """The error where a file or folder cannot be written; see ``writing``."""
    place = path
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    why = error.strerror or type(error).__name__
    if error.errno in _NO_FOLDER and not place.is_dir():
        why = f"{place} is not a folder"
    look = f"df -h {place}" if error.errno in _FULL else f"ls -ld {place}"
    other = f", or use another folder: export {variable}=FOLDER" if variable else ""
    return Unavailable("cannot-write-files", f"cannot write {path}: {why}", f"{look}{other}")


def look(path: Path) -> OSError | None:
    """Why a folder cannot be written, as its disk says; None where nothing hinders it.

    Programs such as git do not always say why they could not write, and remove what they could write of it.
    """
    try:
        disk = os.statvfs(path)
    except OSError as error:
        return error
    if disk.f_flag & os.ST_RDONLY:
        return OSError(errno.EROFS, os.strerror(errno.EROFS))
    if not os.access(path, os.W_OK):
        return OSError(errno.EACCES, os.strerror(errno.EACCES))
    is_full = disk.f_blocks and disk.f_bavail * disk.f_frsize < _LEAST_BYTES
    is_full = is_full or (disk.f_files and not disk.f_favail)
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) if is_full else None


class SettingsFile:
    """The settings file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, text: str) -> None:
        """Replace the whole file, at once or not at all. Raises Unavailable where that cannot be."""
        import tempfile

        with writing(self._path, CONFIG):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".config-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self._path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
