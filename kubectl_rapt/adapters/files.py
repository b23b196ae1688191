"""A person's own files, read strictly: ``ports.files.FilesReads``."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from kubectl_rapt.errors import Invalid, NotFound, Problem
from kubectl_rapt.model.local_files import File
from kubectl_rapt.ports.files import Tree

_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_HINT = "copy what is meant into a folder of its own"


class Files:
    """Implements FilesReads on the local disk."""

    def tree(self, path: str, *, most_files: int, most_bytes: int) -> Tree:
        """See FilesReads."""
        root = Path(path)
        try:
            is_folder = stat.S_ISDIR(root.lstat().st_mode)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "that is not a path"
            raise NotFound("no-file", f"{path} cannot be read: {why}", f"ls -ld {path}") from error
        problems: list[Problem] = []
        found = list(_below(root, problems, most_files)) if is_folder else [root]
        if problems:
            raise _refused(path, problems)
        if len(found) > most_files:
            raise Invalid("too-many-files", f"{path} holds more than {most_files} files", _HINT)
        files: list[File] = []
        left = most_bytes
        for one in sorted(found):
            name = one.relative_to(root).as_posix() if is_folder else one.name
            if file := _read(one, name, left, problems):
                files.append(file)
                left -= len(file.content)
                if left < 0:
                    what = f"{path} is larger than {most_bytes:,} bytes, which is all that a mount can hold"
                    raise Invalid("too-large", what, "a volume, or a download at the beginning of the run")
        if problems:
            raise _refused(path, problems)
        return Tree(tuple(files), is_folder)


def _refused(path: str, problems: Sequence[Problem]) -> Invalid:
    return Invalid("bad-file", f"{path} holds what cannot be given to a run", _HINT, problems)


def _below(root: Path, problems: list[Problem], most_files: int) -> Iterator[Path]:
    """Every path below a folder that is no folder; not many more than may be."""
    count = 0
    for folder, folders, names in os.walk(
        root, onerror=lambda error: problems.append(_unreadable(str(error.filename), error))
    ):
        folders.sort()
        for name in (*folders, *names):
            one = Path(folder) / name
            if name in folders and not one.is_symlink():
                continue
            yield one
            count += 1
            if count > most_files:
                return


def _read(path: Path, name: str, most_bytes: int, problems: list[Problem]) -> File | None:
    try:
        name.encode()
    except UnicodeEncodeError:
        problems.append(Problem(ascii(str(path))[1:-1], "has a name that is not UTF-8"))
        return None
    try:
        # Neither a link is followed nor a pipe waited for, whatever stands there by now.
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        problems.append(_kind(path) or _unreadable(str(path), error))
        return None
    with os.fdopen(opened, "rb") as file:
        mode = os.fstat(opened).st_mode
        if not stat.S_ISREG(mode):
            problems.append(_kind(path) or Problem(str(path), "is not a file"))
            return None
        try:
            return File(name, file.read(most_bytes + 1), bool(mode & stat.S_IXUSR))
        except OSError as error:
            problems.append(_unreadable(str(path), error))
            return None


def _kind(path: Path) -> Problem | None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None
    return next((Problem(str(path), f"is {what}") for fits, what in _KINDS if fits(mode)), None)


def _unreadable(path: str, error: OSError) -> Problem:
    return Problem(path, f"cannot be read: {error.strerror}")
