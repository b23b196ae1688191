"""What Rapt asks of a person's own files: those that they give to a run."""

from typing import NamedTuple, Protocol

from kubectl_rapt.model.local_files import File


class Tree(NamedTuple):
    """What a path names: one file, or every file of a folder in the order of their paths."""

    files: tuple[File, ...]
    is_folder: bool


class FilesReads(Protocol):
    """Reading; a file is read whole or not at all, and no link is followed."""

    def tree(self, path: str, *, most_files: int, most_bytes: int) -> Tree:
        """A file, or every file below a folder; empty folders are nothing.

        Args:
            path: A path as the person gave it.
            most_files: So many files at most.
            most_bytes: So many bytes at most, all together.

        Raises:
            NotFound: ``no-file``: it cannot be read.
            Invalid: ``bad-file``: a link, a socket, a file that cannot be read or whose name is not UTF-8, each by
                its name; ``too-many-files``, ``too-large``.
        """
        ...
