"""What Rapt asks of the folder that a person works in: a checkout of a registry, or of a config repository."""

from collections.abc import Mapping, Sequence, Set
from typing import Protocol


class CheckoutReads(Protocol):
    """Reading. A registry has its templates in ``templates/``, its index in ``registry/index.yaml``."""

    def above(self, mark: str, start: str = "") -> str:
        """The nearest folder, at or above one, that holds a file of that name; empty where there is none.

        Args:
            mark: The file's name.
            start: A folder; empty for the current one.
        """
        ...

    def contents(self, root: str, names: Sequence[str]) -> Mapping[str, bytes]:
        """Path from the root to content of files, and of all files in folders; each is read when it is asked for.

        Args:
            root: A folder.
            names: Files and folders in it; those that do not exist are left out.

        Raises:
            Invalid: ``bad-checkout``: a link, what is no file, a name that is not UTF-8; reading raises it too.
        """
        ...

    def committed(self, root: str, names: Sequence[str]) -> tuple[str, Set[str]]:
        """The commit that is checked out, and the paths below those names that are not as it has them.

        Files that git ignores are among these. Outside git, and before the first commit, the commit is empty.
        """
        ...

    def find(self, start: str = "") -> tuple[str, str]:
        """The registry around a folder: the nearest at or above it with ``registry/index.yaml`` or ``templates/``.

        Args:
            start: A folder; empty for the current one.

        Returns:
            The registry's folder, and the path of ``start`` below it; empty where they are the same.

        Raises:
            NotFound: ``no-checkout``: there is none.
        """
        ...

    def files(self, root: str) -> Mapping[str, bytes]:
        """Path from the root to content of every file below ``templates``, ``registry`` and ``policies``.

        Raises:
            Invalid: ``bad-checkout``: a link, something that is not a file, a name that is not UTF-8, or far too much.
        """
        ...

    def origin(self, root: str) -> str:
        """The address of the remote repository ``origin``, for ``Remote``.

        Raises:
            NotFound: ``no-origin``: the folder is no git repository, or has no such remote.
            Refused: ``origin-inside``: the remote is a folder inside of it.
        """
        ...

    def document(self, path: str) -> bytes:
        """A file that the person names; ``-`` is standard input.

        Raises:
            NotFound: ``no-file``: it cannot be read.
        """
        ...


class CheckoutWrites(Protocol):
    """Writing: only the door holds one."""

    def write(
        self,
        root: str,
        files: Mapping[str, bytes | None],
        *,
        is_program: bool = False,
        is_private: bool = False,
    ) -> None:
        """Replace files, all of them or none.

        Args:
            root: The folder that their paths start from.
            files: Path to new content; ``None`` deletes.
            is_program: Whether they may be run.
            is_private: Whether they, and folders that are made or were made for them, are for this user alone.

        Raises:
            Invalid: ``bad-checkout``: a path leads out of the folder.
            Unavailable: ``cannot-write-files``: the disk refuses; the files are as they were.
        """
        ...
