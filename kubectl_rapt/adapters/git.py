"""Git as Rapt uses it: a bare mirror of each remote in the cache folder, commits without a checkout, pushes.

GitPython's command object runs the ``git`` program; nothing is ever checked out. ``git_program`` runs it,
``git_mirrors`` keeps the mirrors, ``git_reading`` and ``git_writing`` are what happens in one; ``git_input``
checks what goes into git, ``git_answers`` reads what it says.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from kubectl_rapt.adapters import (
    git_answers,
    git_input,
    git_known,
    git_reading,
    git_writing,
    locks,
    platform,
)
from kubectl_rapt.adapters.git_mirrors import Mirrors, is_repository
from kubectl_rapt.adapters.git_program import LackingError, Mirror, Program
from kubectl_rapt.adapters.trace import SILENT, Trace
from kubectl_rapt.errors import Invalid, RaptError
from kubectl_rapt.ports.git import Commit, Item, Known, Remote, Signed, Trust

_ROUNDS = 3
_INIT = ("init", "--quiet", "--bare", "--initial-branch=main", "--object-format=sha1", "--template=")
_PUSH = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-recurse-submodules", "--no-thin")
"""A change is a few small texts: making deltas of the remote's files takes longer than sending them whole."""


class Git:
    """Implements GitReads and GitWrites.

    Args:
        cache: Folder for the mirrors and their locks; it may be deleted at any time.
        environment: The whole environment for ``git``; for a hostile remote most of its ``GIT_*`` is left out.
        now: The time that new commits carry.
        silent_seconds: How long a remote may say nothing.
        limit_seconds: How long one ``git`` command, or the wait for another process, may take.
        trace: Is told of every command.
    """

    def __init__(
        self,
        cache: Path,
        environment: Mapping[str, str],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        silent_seconds: int = 20,
        limit_seconds: float = 300,
        trace: Trace = SILENT,
    ) -> None:
        self._now = now
        self._identity = ""
        self._limit_seconds = limit_seconds
        self._program = Program(environment, silent_seconds, limit_seconds, trace)
        self._mirrors = Mirrors(self._program, cache, environment.get("HOME", ""), limit_seconds)

    def close(self) -> None:
        """End whatever git still does, from any thread."""
        self._program.close()

    def fetch(self, remote: Remote) -> Mapping[str, str]:
        """See GitReads. Where nothing changed, it is one question to the remote, without a lock."""
        mirror = self._mirrors.of(remote)
        mark = self._mirrors.mark(mirror)
        known = git_known.read(mirror.beside(".refs"), "")
        refs: dict[str, str] = {}
        commits: dict[str, str] = {}
        # More than one round only where the remote moves between the question and the fetch.
        for _ in range(_ROUNDS):
            refs, commits = self._mirrors.ask(mirror)
            # Should the mirror have lost what was known to be in it, the reading of it fetches.
            if (known and known.refs == commits) or self._mirrors.holds(mirror, refs):
                break
            self._mirrors.bring(mirror)
            if self._mirrors.holds(mirror, refs):
                break
        tags = {name: id_ for name, id_ in refs.items() if commits[name] != id_}
        git_known.write(mirror.beside(".refs"), Known(commits, tags, self._now()), mark)
        return commits

    def known(self, remote: Remote) -> Known | None:
        """See GitReads. Of a repository on this machine that has changed since, nothing is known."""
        mirror = self._mirrors.of(remote)
        return git_known.read(mirror.beside(".refs"), self._mirrors.mark(mirror))

    def watched(self, remote: Remote) -> tuple[Path, str]:
        """The file that every fetch and push replaces, and the address of a remote on this machine."""
        mirror = self._mirrors.of(remote)
        return mirror.beside(".refs"), mirror.url if mirror.scheme == "file" else ""

    def files(self, remote: Remote, commit: str, under: str = "") -> Mapping[str, bytes]:
        """See GitReads."""
        mirror = self._mirrors.of(remote)
        git_input.commit_id(commit)
        folder = git_input.path(under.rstrip("/")) if under.strip("/") else ""
        return self._mirrors.reading(
            mirror, commit, lambda: git_reading.files(self._program, mirror, commit, folder)
        )

    def listing(
        self, remote: Remote, at: str, under: str = "", *, limit: int, deep: bool = True
    ) -> Sequence[Item]:
        """See GitReads."""
        mirror = self._mirrors.of(remote)
        git_input.commit_id(at)
        folder = git_input.path(under.rstrip("/")) + "/" if under.strip("/") else ""
        return self._mirrors.reading(
            mirror, at, lambda: git_reading.listing(self._program, mirror, at, folder, limit, deep)
        )

    def blobs(self, remote: Remote, at: str, ids: Sequence[str]) -> Mapping[str, bytes]:
        """See GitReads."""
        mirror = self._mirrors.of(remote)
        for id_ in ids:
            git_input.commit_id(id_)
        return (
            self._mirrors.reading(mirror, at, lambda: git_reading.blobs(self._program, mirror, ids))
            if ids
            else {}
        )

    def signed(self, remote: Remote, tag: str, keys: Sequence[str]) -> Signed:
        """See GitReads."""
        from kubectl_rapt.adapters import git_signatures

        mirror = self._mirrors.of(remote)
        git_input.commit_id(tag)
        content = self._mirrors.reading(
            mirror, tag, lambda: self._program.local(mirror, "cat-file", "tag", tag)
        )
        name, commit = git_signatures.about(content)
        with git_signatures.keyring(keys) as (settings, extra):
            words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
            answer = self._program.run(mirror, *words, "verify-tag", tag, extra=extra)
        if answer.code:
            raise git_signatures.refusal(name, answer.err, keys)
        return Signed(name, commit, git_signatures.good(answer.err))

    def log(
        self, remote: Remote, commit: str, *, paths: Sequence[str] = (), limit: int = 0, without: str = ""
    ) -> Iterator[Commit]:
        """See GitReads. Closing the iterator ends ``git``."""
        mirror = self._mirrors.of(remote)
        git_input.commit_id(commit)
        options = [f"--max-count={limit}"] if limit else []
        options += [commit, *([f"^{git_input.commit_id(without)}"] if without else []), "--"]
        options += [git_input.path(path.rstrip("/")) for path in paths]
        return self._log(mirror, commit, options)

    def merge_base(self, remote: Remote, one: str, other: str) -> str:
        """See GitReads."""
        mirror = self._mirrors.of(remote)
        for commit in (one, other):
            git_input.commit_id(commit)

        def read() -> str:
            answer = self._program.run(mirror, "merge-base", one, other)
            if answer.code > 1:
                raise LackingError(answer.err)
            return answer.out.decode().strip()

        return self._mirrors.reading(mirror, other, read)

    def identity(self) -> str:
        """See GitReads. What git would guess from the host's name does not count."""
        if not self._identity:
            answer = self._program.run(None, "var", "GIT_AUTHOR_IDENT")
            if answer.code:
                raise git_answers.classify("var", answer.code, answer.err, "git", Trust.OWN)
            self._identity = answer.out.decode(errors="replace").rpartition(">")[0] + ">"
        return self._identity

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
        """See GitWrites."""
        mirror = self._mirrors.of(remote)
        options = [f"--force-with-lease={_lease(branch, expected)}"]
        refspecs = []
        if delete_branch:
            refspecs.append(f":refs/heads/{git_input.branch(delete_branch)}")
            options.append("--atomic")
            if delete_expected:
                options.append(f"--force-with-lease={_lease(delete_branch, delete_expected)}")
        if parent:
            git_input.commit_id(parent)
        for path in files:
            git_input.path(path)
        text = git_input.message(message)
        tree = self._mirrors.reading(
            mirror, parent, lambda: git_writing.tree(self._program, mirror, parent, files)
        )
        parents = [parent] if parent else []
        if follows and self.merge_base(remote, parent, follows) == parent:
            parents = [follows]
        elif follows:
            parents = [follows, parent]
        commit = git_writing.wrap(self._program, mirror, tree, parents, text, self._now())
        refspecs.append(f"{commit}:refs/heads/{branch}")
        try:
            self._program.talk(mirror, *_PUSH, *options, "rapt", *refspecs)
        except RaptError as error:
            if error.code == "git-failed":
                self._mirrors.discard(mirror)
            raise
        self._mirrors.tidy(mirror)
        changed = {
            f"refs/heads/{branch}": commit,
            **({f"refs/heads/{delete_branch}": ""} if delete_branch else {}),
        }
        git_known.change(mirror.beside(".refs"), changed, self._mirrors.mark(mirror))
        return commit

    def delete_branch(self, remote: Remote, branch: str, *, expected: str) -> None:
        """See GitWrites."""
        mirror = self._mirrors.of(remote)
        if f"refs/heads/{branch}" in self._mirrors.ask(mirror)[0]:
            with self._mirrors.alone(mirror):
                self._mirrors.make(mirror)
            self._program.talk(
                mirror,
                *_PUSH,
                f"--force-with-lease={_lease(branch, expected)}",
                "rapt",
                f":refs/heads/{branch}",
            )

    @contextmanager
    def lock(self, remote: Remote) -> Iterator[Mapping[str, str]]:
        """See GitWrites. Not the lock that guards the mirror, so everything else may be called inside."""
        mirror = self._mirrors.of(remote)
        with locks.held(mirror.beside(".writing"), self._limit_seconds):
            known = git_known.read(mirror.beside(".refs"), "")
            yield known.refs if known else {}

    def create(self, path: str) -> None:
        """See GitWrites."""
        place = Path(path).absolute()
        if is_repository(place):
            return
        draft = platform.draft_of(place)
        try:
            platform.make(place.parent)
            answer = self._program.run(None, *_INIT, "--", str(draft))
            if answer.code:
                raise git_answers.classify("init", answer.code, answer.err, str(place), Trust.OWN)
            draft.rename(place)
        except OSError as error:
            if is_repository(place):
                return
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR) and os.path.lexists(place):
                raise Invalid(
                    "not-a-repository",
                    f"no repository can be made at {place}: {error.strerror}",
                    "name a folder that does not exist yet",
                ) from None
            raise platform.cannot_write(place, error) from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _log(self, mirror: Mirror, commit: str, options: Sequence[str]) -> Iterator[Commit]:
        told = attempt = 0
        while True:
            try:
                # The same walk gives the same commits: those already told are skipped.
                for entry in islice(git_reading.walk(self._program, mirror, options), told, None):
                    told += 1
                    yield entry
                return
            except LackingError as error:
                self._mirrors.heal(mirror, commit, attempt, error)
                attempt += 1


def _lease(branch: str, expected: str) -> str:
    return f"refs/heads/{git_input.branch(branch)}:{git_input.commit_id(expected) if expected else ''}"
