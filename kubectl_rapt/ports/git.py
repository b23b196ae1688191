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


@dataclass(frozen=True, slots=True)
class Item:
    """One thing in a folder of a repository.

    Args:
        path: Slash-separated, from the folder that was listed at; bytes that are not UTF-8 are surrogates.
        mode: As git writes it: ``100644`` a file, ``100755`` an executable one, ``120000`` a symbolic link,
            ``160000`` a submodule, ``040000`` a folder.
        id: The object's id.
        size: In bytes; 0 for what is no file.
    """

    path: str
    mode: str
    id: str
    size: int


@dataclass(frozen=True, slots=True)
class Known:
    """What a remote was at the last fetch.

    Args:
        refs: Its branches and tags (``refs/heads/main``) to commit ids; annotated tags are peeled.
        tags: The annotated tags among them (``refs/tags/v1``) to the ids of the tag objects.
        at: When that was.
    """

    refs: Mapping[str, str]
    tags: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Signed:
    """An annotated tag whose signature is good.

    Args:
        tag: The name that the tag object itself has.
        commit: The commit that it points at.
        signer: Git's words on whose signature it is.
    """

    tag: str
    commit: str
    signer: str


class GitReads(Protocol):
    """Reading. Each remote has one bare mirror in the cache folder.

    Only ``fetch`` always talks to the remote; the others do where the mirror lacks what they read.
    """

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
        """All regular files at a commit (or in a tree) below a folder, or the one file of that name.

        Paths are slash-separated, from the root of the repository (or of the tree). Symbolic links and
        submodules are left out. A commit or tree that the mirror lacks is fetched first.

        Raises:
            NotFound: The remote has no such commit.
            Invalid: A path is not UTF-8, or the folder holds more than is read at once (64 MiB).
        """
        ...

    def known(self, remote: Remote) -> Known | None:
        """What ``fetch`` found the last time; None where there was none. Starts no process.

        Raises:
            Invalid: The address is not one that is allowed.
        """
        ...

    def listing(
        self, remote: Remote, at: str, under: str = "", *, limit: int, deep: bool = True
    ) -> Sequence[Item]:
        """All that is below a folder of a commit or tree, folders themselves included; nothing is read.

        Args:
            remote: The repository.
            at: The id of a commit or a tree.
            under: The folder; empty for the root. One that does not exist is empty.
            limit: How many items there may be.
            deep: Whether folders are looked into.

        Raises:
            NotFound: The remote has no such commit or tree.
            Invalid: ``folder-too-large``: there are more.
        """
        ...

    def blobs(self, remote: Remote, at: str, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Files by their ids, raw: no filter or line-end conversion applies.

        Args:
            remote: The repository.
            at: The commit or tree that they were listed in: it is fetched where the mirror has lost them.
            ids: What ``listing`` returned. The caller has added up their sizes.
        """
        ...

    def signed(self, remote: Remote, tag: str, keys: Sequence[str]) -> Signed:
        """Verify the signature of an annotated tag with those keys and no others.

        Args:
            remote: The repository.
            tag: The id of the tag object.
            keys: Public keys: lines of ssh's, or PGP blocks.

        Raises:
            Refused: ``bad-signature``: there is none, or it is not by one of the keys, or it points at no commit.
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
