"""This machine: where a person's files are kept, which folders are trusted, and writing a file at once or not at all.

What is in these folders decides what Rapt does: a mirror's configuration can name programs for git to run, and the
settings say which cluster is meant. So a folder counts only if nobody else can write to it.
"""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from kubectl_rapt.errors import Refused, Unavailable

CONFIG, DATA, CACHE, STATE = "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"
"""The variables that name another folder than the usual one."""
_USUAL = {CONFIG: ".config", DATA: ".local/share", CACHE: ".cache", STATE: ".local/state"}
_CALLED = {
    CONFIG: "settings folder",
    DATA: "data folder",
    CACHE: "cache folder",
    STATE: "folder of error reports",
}
DRAFT = r"rapt-[0-9a-f]{16}"
"""How the name of a draft of ours ends: no file that a person makes looks like that."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SWEEPING_SECONDS = 3600
_LEAST_BYTES = 1024 * 1024
"""With less, a disk is called full after something could not be written to it."""
_NO_FOLDER = (errno.ENOTDIR, errno.EEXIST)


def config_home(environ: Mapping[str, str]) -> Path:
    """The folder of the person's settings. Raises Refused: ``untrusted-folder``; Unavailable: ``no-home``."""
    return _trusted(environ, CONFIG)


def data_home(environ: Mapping[str, str]) -> Path:
    """The folder of what Rapt keeps for the person, such as a local config repository. Raises as ``config_home``."""
    return _trusted(environ, DATA)


def state_home(environ: Mapping[str, str]) -> Path:
    """The folder of reports about unexpected errors. Raises as ``config_home``."""
    return _trusted(environ, STATE)


def cache_home(environ: Mapping[str, str]) -> Path:
    """The folder of what can be deleted at any time; whether it is trusted, ``cache_doubt`` says."""
    return place(environ, CACHE)


def cache_doubt(environ: Mapping[str, str]) -> Refused | None:
    """Why the cache folder is not trusted; None if it is, or does not exist yet."""
    return _doubt(environ, CACHE, cache_home(environ))


def place(environ: Mapping[str, str], variable: str) -> Path:
    """Where one of the folders is, trusted or not. Raises Unavailable: ``no-home``.

    Args:
        environ: The process's environment.
        variable: Which one: the variable that names another folder.
    """
    given = environ.get(variable, "")
    # A relative path in an XDG variable is to be ignored (XDG Base Directory Specification).
    base = Path(given) if given.startswith("/") else Path(_home(environ), _USUAL[variable])
    return base / "rapt"


def make(folder: Path) -> None:
    """Make a folder and those above it that are missing, for this user alone. Raises OSError.

    ``mkdir(parents=True)`` would give its mode to the last one only.
    """
    if folder.is_dir():
        return
    if folder.parent != folder:
        make(folder.parent)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise


def draft_of(path: Path) -> Path:
    """A new name beside a file, under which it is written before it takes its place."""
    return path.with_name(f".{path.name}.rapt-{os.urandom(8).hex()}")


def swept(environ: Mapping[str, str]) -> Path:
    """The file whose age says when leftovers were swept last."""
    return cache_home(environ) / "swept"


def is_sweeping_due(environ: Mapping[str, str], now: float) -> bool:
    """Whether that is an hour ago, and the cache folder is trusted. Raises Unavailable: ``no-home``.

    Args:
        environ: The process's environment.
        now: Seconds since 1970.
    """
    if cache_doubt(environ):
        return False
    try:
        return not 0 <= now - swept(environ).stat().st_mtime < _SWEEPING_SECONDS
    except OSError:
        return True


def _trusted(environ: Mapping[str, str], variable: str) -> Path:
    folder = place(environ, variable)
    if doubt := _doubt(environ, variable, folder):
        raise doubt
    return folder


def _doubt(environ: Mapping[str, str], variable: str, folder: Path) -> Refused | None:
    """Why a folder is not trusted. One that is gets mode 0700 if others could read it."""
    try:
        about = folder.stat()  # first: links that lead in a circle end here
        whole = [*_links(folder), about]
    except OSError:
        return None  # it does not exist yet; whatever else is wrong, writing there will say
    for one in whole:
        if one.st_uid not in _owners(environ):
            what = "is a link of" if stat.S_ISLNK(one.st_mode) else "belongs to"
            why = f"{what} another user (uid {one.st_uid})"
            return _untrusted(variable, folder, why, _own(environ, variable, folder))
    quoted = _quoted(folder)
    if not stat.S_ISDIR(about.st_mode):
        return None  # writing there will say so
    if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        mode = stat.S_IMODE(about.st_mode)
        cure = f"rm -r {quoted}" if variable == CACHE else f"chmod 700 {quoted}"
        return _untrusted(variable, folder, f"can be written to by other users (mode {mode:04o})", cure)
    if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        with suppress(OSError):  # such as on a read-only disk: nobody can write there, which is what counts
            folder.chmod(0o700)
    return None


def _links(folder: Path) -> Iterator[os.stat_result]:
    """The links that lead to a folder, one after another: whoever owns one decides which folder it is."""
    while stat.S_ISLNK((about := folder.lstat()).st_mode):
        yield about
        folder = folder.parent / folder.readlink()


def _owners(environ: Mapping[str, str]) -> set[int]:
    """Whose folders are trusted: our own, root's, and, for root by sudo, those of the user who typed sudo.

    Root can do everything anyway. git decides the same for ``SUDO_UID`` (git-config, ``safe.directory``).
    """
    owners = {0, os.geteuid()}
    by_sudo = environ.get("SUDO_UID", "")
    if os.geteuid() == 0 and by_sudo.isdecimal():
        owners.add(int(by_sudo))
    return owners


def _untrusted(variable: str, folder: Path, why: str, cure: str) -> Refused:
    return Refused("untrusted-folder", f"your {_CALLED[variable]} {folder} {why}", cure)


def _own(environ: Mapping[str, str], variable: str, folder: Path) -> str:
    """A command after which the folder is another one, or our own."""
    import pwd

    if environ.get(variable, "").startswith("/"):
        return f"unset {variable}"
    with suppress(KeyError):
        home = pwd.getpwuid(os.geteuid()).pw_dir
        if home != environ.get("HOME"):
            return f"export HOME={_quoted(Path(home))}"
    return f"sudo chown -R {os.geteuid()} {_quoted(folder)}"


def _quoted(folder: Path) -> str:
    import shlex

    return shlex.quote(str(folder))


def _home(environ: Mapping[str, str]) -> str:
    if environ.get("HOME"):
        return environ["HOME"]
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        what = f"HOME is not set, and user {os.getuid()} of this machine has no home folder"
        raise Unavailable("no-home", what, 'export HOME="$PWD"') from None


def create(path: Path) -> int:
    """Make a file that is not there yet, for this user alone; the open file. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def keep(draft: Path, content: bytes, path: Path) -> None:
    """Write a file for this user alone, at once or not at all. Raises OSError.

    Args:
        draft: The new name under which it is written first.
        content: What it holds.
        path: Its place.
    """
    try:
        make(path.parent)
        with os.fdopen(create(draft), "wb") as file:
            file.write(content)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise


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
        draft = draft_of(self._path)
        with writing(self._path, CONFIG):
            make(self._path.parent)
            try:
                with os.fdopen(create(draft), "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self._path)
            except OSError:
                draft.unlink(missing_ok=True)
                raise
