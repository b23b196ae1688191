"""What Rapt asks of git: mirrors of remote repositories, read without a checkout, and pushes to them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol


class Trust(Enum):
    """Whose repository it is."""

    OWN = "own"
    """The user's config repository: their git configuration, credential helpers and signing apply."""
    HOSTILE = "hostile"
    """A registry: isolated configuration, protocols by allow-list, hooks off, nothing is ever checked out."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote repository: its address (URL or path) and how far it is trusted."""

    url: str
    trust: Trust = Trust.OWN


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: ids are 40 hex digits, ``message`` is the whole text, ``author`` is ``Name <address>``."""

    id: str
    parents: tuple[str, ...]
    author: str
    time: datetime
    message: str


class GitReads(Protocol):
    """Reading. Each remote has one bare mirror in the cache folder; only ``fetch`` talks to the remote."""

    def fetch(self, remote: Remote) -> Mapping[str, str]:
        """Bring the mirror up to date; the remote's branches and tags (``refs/heads/main``) to commit ids.

        It is what the remote says now; an empty repository has none. Annotated tags are peeled.

        Raises:
            Unavailable: The remote does not answer.
            Refused: The user may not read it (or git has no credentials: it is never asked for any).
            NotFound: There is no repository at that address, or the user may not see it.
            Invalid: The address is not one that is allowed.
        """
        ...

    def files(self, remote: Remote, commit: str, under: str = "") -> Mapping[str, bytes]:
        """All regular files at a commit below a folder, or the one file of that name.

        Paths are slash-separated, from the root of the repository. Symbolic links and submodules are left
        out. A commit that the mirror lacks is fetched first.

        Raises:
            NotFound: The remote has no such commit.
            Invalid: A path is not UTF-8, or the folder holds more than is read at once (64 MiB).
        """
        ...

    def log(
        self, remote: Remote, commit: str, *, paths: Sequence[str] = (), limit: int = 0, without: str = ""
    ) -> Iterator[Commit]:
        """The history that leads to a commit, newest first, of those paths only where some are given.

        It is read as it is asked for; its errors come with the first commit. A limit of 0 is none. What
        leads to the commit ``without`` is left out.
        """
        ...

    def merge_base(self, remote: Remote, one: str, other: str) -> str:
        """The newest commit that leads to both; empty where their histories have nothing in common.

        Raises:
            NotFound: The remote has no such commit.
        """
        ...

    def identity(self) -> str:
        """The user's git identity, ``Name <address>``; raises Invalid where none is configured."""
        ...


class GitWrites(Protocol):
    """Writing: only the door holds one."""

    def commit(
        self,
        remote: Remote,
        *,
        branch: str,
        parent: str,
        expected: str,
        files: Mapping[str, bytes | None],
        message: str,
        follows: str = "",
        delete_branch: str = "",
        delete_expected: str = "",
    ) -> str:
        """Commit file changes on a parent and push the branch with compare-and-swap.

        Args:
            remote: The repository.
            branch: Branch to push (no ``refs/heads/``).
            parent: The commit to build on; empty for a first commit.
            expected: What the remote's branch must be at now (commit id); empty: it must not exist.
            files: Path to new content (a regular file that is not executable); ``None`` deletes the file.
            message: The whole commit message, trailers included; its last line is ended if it is not.
            follows: A commit that the branch goes on from: the new one has the files of the parent with the
                changes, and both as its parents; only this one where it contains the parent already.
            delete_branch: A branch to delete in the same atomic push (after a merge).
            delete_expected: What that branch must be at now; empty: wherever it is.

        Returns:
            The new commit's id.

        Raises:
            Conflict: The branch is not where it was expected, or the remote is locked just now.
            Refused: The remote refused (a hook, a protected branch, no right to push).
            Invalid: It would change nothing, or put a file in the place of a folder, a link or a submodule;
                or git does not know who the user is, or could not sign.
            Unavailable: The remote did not answer; the outcome may be unknown.
        """
        ...

    def delete_branch(self, remote: Remote, branch: str, *, expected: str) -> None:
        """Delete a branch of the remote that is at that commit; nothing happens where there is none.

        Raises:
            Conflict: It is somewhere else.
            Refused, Unavailable: As ``commit`` does.
        """
        ...

    def lock(self, remote: Remote) -> AbstractContextManager[Mapping[str, str]]:
        """Keep this user's other processes on this machine from writing to the same repository meanwhile.

        It saves them from losing the compare-and-swap in turns; correctness never rests on it. Not to be
        held during a prompt. The block is given the branches (``refs/heads/main``) as this machine saw them last,
        whichever process did: the remote is not asked.

        Raises:
            Unavailable: Another process held it too long.
        """
        ...

    def create(self, path: str) -> None:
        """Create an empty bare repository with the default branch ``main``; does nothing where one exists."""
        ...
