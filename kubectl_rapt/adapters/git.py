"""Git as Rapt uses it: a bare mirror of each remote in the cache folder, commits without a checkout, pushes.

GitPython's command object runs the ``git`` program; nothing is ever checked out. A mirror is a store of
objects: what a remote's branches are is always asked of the remote, so a mirror that is lost, stale or
damaged costs time only. ``git_input`` checks what goes into git, ``git_answers`` reads what it says.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kubectl_rapt.adapters import git_answers, git_input, git_known, locks
from kubectl_rapt.errors import Invalid, NotFound, RaptError, Unavailable
from kubectl_rapt.ports.git import Commit, Item, Known, Remote, Signed, Trust

if TYPE_CHECKING:
    from git.cmd import Git as Program

T = TypeVar("T")

_OLDEST_GIT = (2, 34)
"""The first that signs by ssh key; isolation needs 2.32, reading the log 2.33."""
_MOST_BYTES = 64 * 1024 * 1024
_MOST_PACKS = 50
_MOST_LOOSE = 27 * 256
"""As many packs and loose objects as ``git gc --auto`` tolerates."""
_STALE_SECONDS = 1.0
_ROUNDS = 3

_MIRROR_CONFIG = """\
[core]
	repositoryformatversion = 0
	bare = true
	hooksPath = /dev/null
	logAllRefUpdates = false
	fsync = none
[fetch]
	unpackLimit = 1
[remote "rapt"]
	fetch = +refs/heads/*:refs/heads/*
	fetch = +refs/tags/*:refs/tags/*
"""
"""Packs are kept as they come (``unpackLimit``): they appear whole, so a commit that is there is complete.
Nothing is waited for on the disk (``fsync``): what a power cut damages is fetched again."""

_INIT = ("init", "--quiet", "--bare", "--initial-branch=main", "--object-format=sha1", "--template=")
_ASK = ("ls-remote", "--heads", "--tags", "rapt")
_FETCH = (
    *("fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head"),
    *("--no-recurse-submodules", "--no-auto-maintenance", "rapt"),
)
_PUSH = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-recurse-submodules")
_LIST = ("ls-tree", "-z", "--long")
_DEEP = ("-r", "-t")
_WALK = ("rev-list", "--no-commit-header", "--format=%H%x00%P%x00%an <%ae>%x00%ct%x00%B%x00")
_IMPORT = ("fast-import", "--quiet", "--done", "--date-format=raw")


@dataclass(frozen=True, slots=True)
class _Mirror:
    """A remote with its checked address, and its place in the cache folder."""

    trust: Trust
    url: str
    scheme: str
    path: Path

    def beside(self, suffix: str) -> Path:
        return self.path.with_suffix(suffix)


@dataclass(frozen=True, slots=True)
class _Answer:
    code: int
    out: bytes
    err: str


class _LackingError(Exception):
    """The mirror cannot serve a read: the commit is not there yet, or the mirror is damaged."""


class Git:
    """Implements GitReads and GitWrites.

    Args:
        cache: Folder for the mirrors and their locks; it may be deleted at any time.
        environment: The whole environment for ``git``; for a hostile remote most of its ``GIT_*`` is left out.
        now: The time that new commits carry.
        silent_seconds: How long a remote may say nothing.
        limit_seconds: How long one ``git`` command, or the wait for another process, may take.
    """

    def __init__(
        self,
        cache: Path,
        environment: Mapping[str, str],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        silent_seconds: int = 20,
        limit_seconds: float = 300,
    ) -> None:
        self._cache = cache
        self._environment = dict(environment)
        self._now = now
        self._silent_seconds = silent_seconds
        self._limit_seconds = limit_seconds
        self._found: Program | None = None

    def fetch(self, remote: Remote) -> Mapping[str, str]:
        """See GitReads. Where nothing changed, it is one question to the remote, without a lock."""
        mirror = self._mirror(remote)
        mark = self._mark(mirror)
        refs: dict[str, str] = {}
        commits: dict[str, str] = {}
        # More than one round only where the remote moves between the question and the fetch.
        for _ in range(_ROUNDS):
            refs, commits = self._ask(mirror)
            if self._holds(mirror, refs):
                break
            self._bring(mirror)
            if self._holds(mirror, refs):
                break
        tags = {name: id_ for name, id_ in refs.items() if commits[name] != id_}
        git_known.write(mirror.beside(".refs"), Known(commits, tags, self._now()), mark)
        return commits

    def known(self, remote: Remote) -> Known | None:
        """See GitReads. Of a repository on this machine that has changed since, nothing is known."""
        mirror = self._mirror(remote)
        return git_known.read(mirror.beside(".refs"), self._mark(mirror))

    def files(self, remote: Remote, commit: str, under: str = "") -> Mapping[str, bytes]:
        """See GitReads."""
        mirror = self._mirror(remote)
        git_input.commit_id(commit)
        folder = git_input.path(under.rstrip("/")) if under.strip("/") else ""
        return self._reading(mirror, commit, lambda: self._files(mirror, commit, folder))

    def listing(
        self, remote: Remote, at: str, under: str = "", *, limit: int, deep: bool = True
    ) -> Sequence[Item]:
        """See GitReads."""
        mirror = self._mirror(remote)
        git_input.commit_id(at)
        folder = git_input.path(under.rstrip("/")) + "/" if under.strip("/") else ""
        return self._reading(mirror, at, lambda: self._list(mirror, at, folder, limit, deep))

    def blobs(self, remote: Remote, at: str, ids: Sequence[str]) -> Mapping[str, bytes]:
        """See GitReads."""
        mirror = self._mirror(remote)
        for id_ in ids:
            git_input.commit_id(id_)
        return self._reading(mirror, at, lambda: self._blobs(mirror, ids)) if ids else {}

    def signed(self, remote: Remote, tag: str, keys: Sequence[str]) -> Signed:
        """See GitReads."""
        from kubectl_rapt.adapters import git_signatures

        mirror = self._mirror(remote)
        git_input.commit_id(tag)
        content = self._reading(mirror, tag, lambda: self._local(mirror, "cat-file", "tag", tag))
        name, commit = git_signatures.about(content)
        with git_signatures.keyring(keys) as (settings, extra):
            words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
            answer = self._run(mirror, *words, "verify-tag", tag, extra=extra)
        if answer.code:
            raise git_signatures.refusal(name, answer.err, keys)
        return Signed(name, commit, git_signatures.good(answer.err))

    def log(
        self, remote: Remote, commit: str, *, paths: Sequence[str] = (), limit: int = 0, without: str = ""
    ) -> Iterator[Commit]:
        """See GitReads. Closing the iterator ends ``git``."""
        mirror = self._mirror(remote)
        git_input.commit_id(commit)
        options = [f"--max-count={limit}"] if limit else []
        options += [commit, *([f"^{git_input.commit_id(without)}"] if without else []), "--"]
        options += [git_input.path(path.rstrip("/")) for path in paths]
        return self._log(mirror, commit, options)

    def merge_base(self, remote: Remote, one: str, other: str) -> str:
        """See GitReads."""
        mirror = self._mirror(remote)
        for commit in (one, other):
            git_input.commit_id(commit)

        def read() -> str:
            answer = self._run(mirror, "merge-base", one, other)
            if answer.code > 1:
                raise _LackingError(answer.err)
            return answer.out.decode().strip()

        return self._reading(mirror, other, read)

    def identity(self) -> str:
        """See GitReads. What git would guess from the host's name does not count."""
        answer = self._run(None, "var", "GIT_AUTHOR_IDENT")
        if answer.code:
            raise git_answers.classify("var", answer.code, answer.err, "git", Trust.OWN)
        return answer.out.decode(errors="replace").rpartition(">")[0] + ">"

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
        mirror = self._mirror(remote)
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
        tree = self._reading(mirror, parent, lambda: self._tree(mirror, parent, files))
        parents = [parent] if parent else []
        if follows and self.merge_base(remote, parent, follows) == parent:
            parents = [follows]
        elif follows:
            parents = [follows, parent]
        commit = self._wrap(mirror, tree, parents, text)
        refspecs.append(f"{commit}:refs/heads/{branch}")
        try:
            self._talk(mirror, *_PUSH, *options, "rapt", *refspecs)
        except RaptError as error:
            if error.code == "git-failed":
                self._discard(mirror)
            raise
        self._tidy(mirror)
        changed = {
            f"refs/heads/{branch}": commit,
            **({f"refs/heads/{delete_branch}": ""} if delete_branch else {}),
        }
        git_known.change(mirror.beside(".refs"), changed, self._mark(mirror))
        return commit

    def delete_branch(self, remote: Remote, branch: str, *, expected: str) -> None:
        """See GitWrites."""
        mirror = self._mirror(remote)
        if f"refs/heads/{branch}" in self._ask(mirror)[0]:
            with self._alone(mirror):
                self._make(mirror)
            self._talk(
                mirror,
                *_PUSH,
                f"--force-with-lease={_lease(branch, expected)}",
                "rapt",
                f":refs/heads/{branch}",
            )

    @contextmanager
    def lock(self, remote: Remote) -> Iterator[Mapping[str, str]]:
        """See GitWrites. Not the lock that guards the mirror, so everything else may be called inside."""
        mirror = self._mirror(remote)
        with locks.held(mirror.beside(".writing"), self._limit_seconds):
            yield {name: id_ for id_, name in self._held(mirror)}

    def create(self, path: str) -> None:
        """See GitWrites."""
        place = Path(path).absolute()
        if _is_repository(place):
            return
        draft = place.with_name(f".{place.name}.{os.urandom(8).hex()}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            answer = self._run(None, *_INIT, "--", str(draft))
            if answer.code:
                raise git_answers.classify("init", answer.code, answer.err, str(place), Trust.OWN)
            draft.rename(place)
        except OSError as error:
            if not _is_repository(place):
                raise Invalid(
                    "not-a-repository",
                    f"no repository can be made at {place}: {error.strerror}",
                    "name a folder that does not exist yet",
                ) from None
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _mirror(self, remote: Remote) -> _Mirror:
        url, scheme = git_input.address(remote, self._environment.get("HOME", ""))
        key = hashlib.sha256(f"{remote.trust.value} {url}".encode()).hexdigest()[:32]
        return _Mirror(remote.trust, url, scheme, self._cache / f"{key}.git")

    def _mark(self, mirror: _Mirror) -> str:
        return git_known.mark(mirror.url) if mirror.scheme == "file" else ""

    def _ask(self, mirror: _Mirror) -> tuple[dict[str, str], dict[str, str]]:
        """What the remote's branches and tags are now: as they are, and peeled to commits."""
        refs: dict[str, str] = {}
        commits: dict[str, str] = {}
        for line in self._talk(mirror, *_ASK).decode(errors="replace").split("\n")[:-1]:
            id_, _, name = line.partition("\t")
            if len(id_) == 64:
                raise Invalid(
                    "sha256-repository",
                    f"{git_answers.shown(mirror.url)} names its objects by SHA-256, which is not supported",
                    "use a repository with SHA-1 names (git init --object-format=sha1)",
                )
            if name.endswith("^{}"):
                commits[name.removesuffix("^{}")] = id_
            else:
                refs[name] = commits[name] = id_
        return refs, commits

    def _holds(self, mirror: _Mirror, refs: Mapping[str, str]) -> bool:
        if not refs:
            return True
        return self._held(mirror).issuperset((id_, name) for name, id_ in refs.items())

    def _held(self, mirror: _Mirror) -> set[tuple[str, str]]:
        """The ids and names of the mirror's refs; none where there is no mirror."""
        answer = self._run(mirror, "for-each-ref", "--format=%(objectname)%09%(refname)")
        lines = answer.out.decode(errors="replace").split("\n")[:-1] if answer.code == 0 else []
        return {(id_, name) for id_, _, name in (line.partition("\t") for line in lines)}

    def _bring(self, mirror: _Mirror, *refspecs: str) -> None:
        """Fetch all branches and tags, or what is given; a damaged mirror is made anew."""
        with self._alone(mirror):
            try:
                self._fetch(mirror, *refspecs)
            except RaptError as error:
                if error.code == "git-failed":
                    self._remove(mirror)
                elif error.code == "stale-lock":
                    time.sleep(_STALE_SECONDS)
                else:
                    raise
                self._fetch(mirror, *refspecs)
        self._tidy(mirror)

    def _fetch(self, mirror: _Mirror, *refspecs: str) -> None:
        self._make(mirror)
        for left in (*mirror.path.glob("*.lock"), *(mirror.path / "refs").rglob("*.lock")):
            # Its owner was killed. Were it alive after all, a ref here could go wrong: nobody believes those.
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    left.unlink()
        self._talk(mirror, *_FETCH, *refspecs)

    def _obtain(self, mirror: _Mirror, commit: str) -> None:
        """Have a commit in the mirror, also one that no branch and no tag leads to any more."""
        if not commit:
            with self._alone(mirror):
                self._make(mirror)
            return
        self._bring(mirror)
        if self._run(mirror, "cat-file", "-e", commit).code:
            self._bring(mirror, f"+{commit}:refs/rapt/kept/{commit}")

    def _reading(self, mirror: _Mirror, commit: str, read: Callable[[], T]) -> T:
        attempt = 0
        while True:
            try:
                return read()
            except _LackingError as error:
                self._heal(mirror, commit, attempt, error)
                attempt += 1

    def _heal(self, mirror: _Mirror, commit: str, attempt: int, error: _LackingError) -> None:
        """What to do when a read fails: fetch; if it fails again, make the mirror anew; then give up."""
        if attempt == 2:
            raise git_answers.classify("read", 1, str(error), mirror.url, mirror.trust) from None
        if attempt == 1:
            self._discard(mirror)
        self._obtain(mirror, commit)

    def _alone(self, mirror: _Mirror) -> AbstractContextManager[None]:
        return locks.held(mirror.beside(".lock"), self._limit_seconds)

    def _make(self, mirror: _Mirror) -> None:
        """Make an empty mirror where there is none; call it alone."""
        if _is_repository(mirror.path):
            return
        self._remove(mirror)
        draft = mirror.beside(f".new-{os.urandom(8).hex()}")
        (draft / "objects").mkdir(mode=0o700, parents=True)
        (draft / "refs").mkdir()
        (draft / "config").write_text(_MIRROR_CONFIG)
        (draft / "HEAD").write_text("ref: refs/heads/main\n")
        draft.rename(mirror.path)

    def _remove(self, mirror: _Mirror) -> None:
        """Remove the mirror, and what killed processes left of it; call it alone."""
        with suppress(FileNotFoundError):
            mirror.path.rename(mirror.beside(f".old-{os.urandom(8).hex()}"))
        for left in self._cache.glob(f"{mirror.path.stem}.*-*"):
            shutil.rmtree(left, ignore_errors=True)

    def _discard(self, mirror: _Mirror) -> None:
        with self._alone(mirror):
            self._remove(mirror)

    def _tidy(self, mirror: _Mirror) -> None:
        """Pack the mirror when it has grown; what killed and beaten pushes left goes after a day."""
        objects = mirror.path / "objects"
        if _count(objects / "pack") < 2 * _MOST_PACKS and _count(objects / "17") < _MOST_LOOSE / 256:
            return
        with self._alone(mirror):
            for report in mirror.path.glob("fast_import_crash_*"):
                report.unlink(missing_ok=True)
            self._run(mirror, "gc", "--quiet", "--prune=1.day.ago")

    def _files(self, mirror: _Mirror, commit: str, under: str) -> dict[str, bytes]:
        folder = ("--", under) if under else ()
        ids: dict[str, str] = {}
        total = 0
        for entry in self._local(mirror, *_LIST, "-r", commit, *folder).split(b"\0")[:-1]:
            about, _, path = entry.partition(b"\t")
            mode, _, id_, size = about.decode().split()
            if mode in ("100644", "100755"):
                ids[_decoded(path, mirror)] = id_
                total += int(size) if size.isdecimal() else 0
        if total > _MOST_BYTES:
            raise Invalid(
                "folder-too-large",
                f"{under or 'the root'} of {git_answers.shown(mirror.url)} holds {total >> 20} MiB,"
                f" and no more than {_MOST_BYTES >> 20} MiB are read at once",
                "name a folder that holds only what is needed",
            )
        found = self._blobs(mirror, list(ids.values()))
        return {name: found[id_] for name, id_ in ids.items()}

    def _blobs(self, mirror: _Mirror, ids: Sequence[str]) -> dict[str, bytes]:
        output = self._local(mirror, "cat-file", "--batch", stdin="\n".join((*ids, "")).encode())
        found: dict[str, bytes] = {}
        at = 0
        for id_ in ids:
            start = output.find(b"\n", at) + 1
            header = output[at:start].decode(errors="replace").split()
            if header[:2] != [id_, "blob"]:
                raise _LackingError(" ".join(header))
            at = start + int(header[2]) + 1
            found[id_] = output[start : at - 1]
        return found

    def _list(self, mirror: _Mirror, at: str, folder: str, limit: int, deep: bool) -> list[Item]:
        items: list[Item] = []
        entries = self._entries(mirror, at, folder, _DEEP if deep else ())
        for entry in islice(entries, limit + 1):
            about, _, path = entry.partition(b"\t")
            mode, _, id_, size = about.decode().split()
            # Git names the folders above it as well.
            if len(path) > len(folder) and path.startswith(folder.encode()):
                name = path[len(folder) :].decode(errors="surrogateescape")
                items.append(Item(name, mode, id_, int(size) if size.isdecimal() else 0))
        if next(entries, None) is not None:
            raise Invalid(
                "folder-too-large",
                f"{folder or 'the root'} of {git_answers.shown(mirror.url)} holds more than {limit:,} things",
                "name a folder that holds only what is needed",
            )
        return items

    def _entries(self, mirror: _Mirror, at: str, folder: str, how: Sequence[str]) -> Iterator[bytes]:
        paths = ("--", folder) if folder else ()
        with self._started(mirror, *_LIST, *how, at, *paths) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            rest = b""
            while chunk := os.read(process.stdout.fileno(), 1 << 16):
                *entries, rest = (rest + chunk).split(b"\0")
                if len(rest) > _MOST_BYTES:
                    break
                yield from entries
            said = process.stderr.read().decode(errors="replace")
            if process.wait():
                if "not a tree object" in said and self._run(mirror, "cat-file", "-e", at).code == 0:
                    where = git_answers.shown(mirror.url)
                    raise NotFound("no-commit", f"{at} in {where} is no folder", "name a commit or a tree")
                raise _LackingError(said)

    def _log(self, mirror: _Mirror, commit: str, options: Sequence[str]) -> Iterator[Commit]:
        told = attempt = 0
        while True:
            try:
                # The same walk gives the same commits: those already told are skipped.
                for entry in islice(self._walk(mirror, options), told, None):
                    told += 1
                    yield entry
                return
            except _LackingError as error:
                self._heal(mirror, commit, attempt, error)
                attempt += 1

    def _walk(self, mirror: _Mirror, options: Sequence[str]) -> Iterator[Commit]:
        with self._started(mirror, *_WALK, *options) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            rest = b""
            while chunk := os.read(process.stdout.fileno(), 1 << 16):
                *fields, rest = (rest + chunk).split(b"\0")
                whole = len(fields) - len(fields) % 5
                for at in range(0, whole, 5):
                    yield _commit(fields[at : at + 5])
                rest = b"\0".join((*fields[whole:], rest))
            said = process.stderr.read().decode(errors="replace")
            if process.wait():
                raise _LackingError(said)

    def _tree(self, mirror: _Mirror, parent: str, files: Mapping[str, bytes | None]) -> str:
        """Write the blobs and trees of a change; the id of the new root tree."""
        output = self._local(mirror, *_IMPORT, stdin=git_input.import_stream(parent, files))
        answers = iter(output.split(b"\n"))
        before = b""
        if parent:
            before = next(answers)
            for folder in git_input.folders(files):
                if not next(answers).startswith((b"040000 ", b"missing ")):
                    raise _blocked(mirror, folder, "is not a folder")
            for path, content in files.items():
                kind = next(answers)
                if content is not None and not kind.startswith((b"100644 ", b"100755 ", b"missing ")):
                    raise _blocked(mirror, path, "is not a regular file")
        after = next(answers)
        if before == after:
            where = git_answers.shown(mirror.url)
            raise Invalid("nothing-to-commit", f"the commit to {where} would change nothing", "leave it out")
        return after.split()[2].decode()

    def _wrap(self, mirror: _Mirror, tree: str, parents: Sequence[str], message: bytes) -> str:
        """Make a tree a commit by the user, signed where their configuration says so; the commit's id."""
        # commit-tree itself does not look at commit.gpgsign.
        is_signed = self._run(mirror, "config", "--type=bool", "--get", "commit.gpgsign").out == b"true\n"
        options = [*(["-S"] if is_signed else []), *(word for one in parents for word in ("-p", one))]
        when = f"@{int(self._now().timestamp())} +0000"
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        answer = self._run(mirror, "commit-tree", *options, "-F", "-", tree, stdin=message, extra=dates)
        if answer.code:
            verb = "sign" if is_signed else "commit-tree"
            raise git_answers.classify(verb, answer.code, answer.err, mirror.url, mirror.trust)
        return answer.out.decode().strip()

    def _local(self, mirror: _Mirror, *args: str, stdin: bytes = b"") -> bytes:
        answer = self._run(mirror, *args, stdin=stdin)
        if answer.code:
            raise _LackingError(answer.err)
        return answer.out

    def _talk(self, mirror: _Mirror, *args: str) -> bytes:
        """Run a command that talks to the remote."""
        answer = self._run(mirror, *args, extra=self._ssh(mirror))
        if answer.code:
            said = f"{answer.err}\n{answer.out.decode(errors='replace')}"
            raise git_answers.classify(args[0], answer.code, said, mirror.url, mirror.trust)
        return answer.out

    def _ssh(self, mirror: _Mirror) -> dict[str, str]:
        """How ssh is called, unless the user says how: without questions, and not waiting for ever."""
        if mirror.scheme != "ssh" or self._environment.keys() & {"GIT_SSH_COMMAND", "GIT_SSH"}:
            return {}
        if self._run(mirror, "config", "--get", "core.sshCommand").code == 0:
            return {}
        seconds = self._silent_seconds
        command = f"ssh -oBatchMode=yes -oConnectTimeout={seconds} -oServerAliveInterval={seconds}"
        if mirror.trust is Trust.HOSTILE:
            command += " -oForwardAgent=no -oClearAllForwardings=yes -oPermitLocalCommand=no"
        return {"GIT_SSH_COMMAND": command}

    def _run(
        self, mirror: _Mirror | None, *args: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None
    ) -> _Answer:
        with self._started(mirror, *args, extra=extra, istream=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(stdin, timeout=self._limit_seconds)
            except subprocess.TimeoutExpired:
                raise Unavailable(
                    "git-timeout",
                    f"git {args[0]} took longer than {self._limit_seconds:g} s"
                    + (f" with {git_answers.shown(mirror.url)}" if mirror else ""),
                    "check the network and try again",
                    outcome_unknown=args[0] == "push",
                ) from None
        return _Answer(process.returncode, out, err.decode(errors="replace"))

    @contextmanager
    def _started(
        self,
        mirror: _Mirror | None,
        *args: str,
        extra: Mapping[str, str] | None = None,
        istream: int | None = None,
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Git while the block runs, in a session of its own: no terminal to ask on, and one group to end."""
        program = self._program()
        from git.exc import GitCommandNotFound

        trust = mirror.trust if mirror else Trust.OWN
        settings: list[tuple[str, str]] = []
        if mirror:
            url, settings = git_input.without_password(mirror.url)
            settings = [("remote.rapt.url", url), *settings]
        environment = git_input.environment(self._environment, trust, settings)
        environment.setdefault("GIT_HTTP_LOW_SPEED_LIMIT", "1")
        environment.setdefault("GIT_HTTP_LOW_SPEED_TIME", str(self._silent_seconds))
        # Asking a remote needs no mirror, so a damaged one cannot hinder it.
        environment["GIT_DIR"] = str(mirror.path) if mirror and args[0] != "ls-remote" else os.devnull
        if mirror and trust is Trust.HOSTILE:
            environment["GIT_ALLOW_PROTOCOL"] = mirror.scheme
        environment |= extra or {}
        # GitPython adds to the environment of this process and never takes away: ``env -u`` does that.
        surplus = [f"-u{name}" for name in os.environ if name not in environment]
        command = [*(["env", *surplus] if surplus else []), program.GIT_PYTHON_GIT_EXECUTABLE, *args]
        try:
            wrapper = program.execute(
                command, as_process=True, istream=istream, env=environment, start_new_session=True
            )
        except GitCommandNotFound:
            raise _no_git() from None
        process = wrapper.proc
        assert process is not None
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def _program(self) -> "Program":
        if self._found is None:
            try:
                from git.cmd import Git as Command
            except ImportError:
                raise _no_git() from None
            program = Command("/")
            if program.version_info[:2] < _OLDEST_GIT:
                raise Unavailable(
                    "git-too-old",
                    f"git {'.'.join(map(str, program.version_info))} cannot keep a hostile repository apart",
                    f"install git {'.'.join(map(str, _OLDEST_GIT))} or newer",
                )
            self._found = program
        return self._found


def _commit(fields: Sequence[bytes]) -> Commit:
    id_, parents, author, seconds, message = (field.decode(errors="replace") for field in fields)
    when = datetime.fromtimestamp(0, UTC)
    # A commit may claim any year, also one that Python cannot say.
    with suppress(ValueError, OverflowError):
        when += timedelta(seconds=int(seconds))
    return Commit(id_.strip(), tuple(parents.split()), author, when, message)


def _decoded(path: bytes, mirror: _Mirror) -> str:
    try:
        return path.decode()
    except UnicodeDecodeError:
        where = git_answers.shown(mirror.url)
        raise Invalid("bad-path", f"the path {path!r} in {where} is not UTF-8", "rename the file") from None


def _blocked(mirror: _Mirror, path: str, what: str) -> Invalid:
    return Invalid(
        "path-blocked",
        f"{git_answers.plain(path)} in {git_answers.shown(mirror.url)} {what}, and would be replaced by one",
        "move it away first",
    )


def _no_git() -> Unavailable:
    return Unavailable("git-missing", "the program git is not installed", "install git, then try again")


def _lease(branch: str, expected: str) -> str:
    return f"refs/heads/{git_input.branch(branch)}:{git_input.commit_id(expected) if expected else ''}"


def _is_repository(place: Path) -> bool:
    return (place / "HEAD").is_file() or (place / ".git").exists()


def _count(folder: Path) -> int:
    return len(list(folder.iterdir())) if folder.is_dir() else 0
