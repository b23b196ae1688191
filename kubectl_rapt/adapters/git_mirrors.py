"""The mirrors in the cache folder: made, brought up to date, made anew where they are damaged, packed.

A mirror is a store of objects: what a remote's branches are is always asked of the remote, so a mirror that is
lost, stale or damaged costs time only.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from kubectl_rapt.adapters import git_answers, git_input, git_mark, locks, platform
from kubectl_rapt.adapters.git_program import LackingError, Mirror, Program
from kubectl_rapt.errors import Invalid, RaptError
from kubectl_rapt.ports.git import Remote

T = TypeVar("T")

_MOST_PACKS = 50
_MOST_LOOSE = 27 * 256
"""As many packs and loose objects as ``git gc --auto`` tolerates."""
_STALE_SECONDS = 1.0
_MIRROR_CONFIG = """\
[core]
	repositoryformatversion = 0
	bare = true
	hooksPath = /dev/null
	logAllRefUpdates = false
	sharedRepository = 0600
	fsync = none
[fetch]
	unpackLimit = 1
[remote "rapt"]
	fetch = +refs/heads/*:refs/heads/*
	fetch = +refs/tags/*:refs/tags/*
"""
"""Packs are kept as they come (``unpackLimit``): they appear whole, so a commit that is there is complete.
Nothing is waited for on the disk (``fsync``): what a power cut damages is fetched again."""
_ASK = ("ls-remote", "--heads", "--tags", "rapt")
_FETCH = (
    *("fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head"),
    *("--no-recurse-submodules", "--no-auto-maintenance", "rapt"),
)


class Mirrors:
    """All mirrors.

    Args:
        program: Git.
        cache: Folder for the mirrors and their locks; it may be deleted at any time.
        home: What ``~`` stands for in an address.
        limit_seconds: How long to wait for another process.
    """

    def __init__(self, program: Program, cache: Path, home: str, limit_seconds: float) -> None:
        self._program = program
        self._cache = cache
        self._home = home
        self._limit_seconds = limit_seconds

    def of(self, remote: Remote) -> Mirror:
        """The mirror of a remote, whose address is checked; it need not be there yet."""
        url, scheme = git_input.address(remote, self._home)
        key = hashlib.sha256(f"{remote.trust.value} {url}".encode()).hexdigest()[:32]
        return Mirror(remote.trust, url, scheme, self._cache / f"{key}.git")

    def mark(self, mirror: Mirror) -> str:
        """See ``git_mark.mark``; empty for a remote that is not on this disk."""
        return git_mark.mark(mirror.url) if mirror.scheme == "file" else ""

    def ask(self, mirror: Mirror) -> tuple[dict[str, str], dict[str, str]]:
        """What the remote's branches and tags are now: as they are, and peeled to commits."""
        refs: dict[str, str] = {}
        commits: dict[str, str] = {}
        for line in self._program.talk(mirror, *_ASK).decode(errors="replace").split("\n")[:-1]:
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

    def holds(self, mirror: Mirror, refs: Mapping[str, str]) -> bool:
        """Whether the mirror has these refs, each where it is said to be."""
        if not refs:
            return True
        return self.held(mirror).issuperset((id_, name) for name, id_ in refs.items())

    def held(self, mirror: Mirror) -> set[tuple[str, str]]:
        """The ids and names of the mirror's refs; none where there is no mirror."""
        answer = self._program.run(mirror, "for-each-ref", "--format=%(objectname)%09%(refname)")
        lines = answer.out.decode(errors="replace").split("\n")[:-1] if answer.code == 0 else []
        return {(id_, name) for id_, _, name in (line.partition("\t") for line in lines)}

    def bring(self, mirror: Mirror, *refspecs: str) -> None:
        """Fetch all branches and tags, or what is given; a damaged mirror is made anew."""
        with self.alone(mirror):
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
        self.tidy(mirror)

    def _fetch(self, mirror: Mirror, *refspecs: str) -> None:
        self.make(mirror)
        for left in (*mirror.path.glob("*.lock"), *(mirror.path / "refs").rglob("*.lock")):
            # Its owner was killed. Were it alive after all, a ref here could go wrong: nobody believes those.
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    left.unlink()
        self._program.talk(mirror, *_FETCH, *refspecs)

    def _obtain(self, mirror: Mirror, commit: str) -> None:
        """Have a commit in the mirror, also one that no branch and no tag leads to any more."""
        if not commit:
            with self.alone(mirror):
                self.make(mirror)
            return
        self.bring(mirror)
        if self._program.run(mirror, "cat-file", "-e", commit).code:
            self.bring(mirror, f"+{commit}:refs/rapt/kept/{commit}")

    def reading(self, mirror: Mirror, commit: str, read: Callable[[], T]) -> T:
        """Read something that leads to a commit, healing the mirror where it lacks it."""
        attempt = 0
        while True:
            try:
                return read()
            except LackingError as error:
                self.heal(mirror, commit, attempt, error)
                attempt += 1

    def heal(self, mirror: Mirror, commit: str, attempt: int, error: LackingError) -> None:
        """What to do when a read fails: fetch; if it fails again, make the mirror anew; then give up."""
        if attempt == 2:
            raise git_answers.classify(
                "read", 1, str(error), mirror.url, mirror.trust, str(mirror.path)
            ) from None
        if attempt == 1:
            self.discard(mirror)
        self._obtain(mirror, commit)

    @contextmanager
    def alone(self, mirror: Mirror) -> Iterator[None]:
        """Keep every other process from changing the mirror meanwhile. Raises Unavailable, also where it cannot be."""
        with locks.held(mirror.beside(".lock"), self._limit_seconds), _writing(mirror):
            yield

    def make(self, mirror: Mirror) -> None:
        """Make an empty mirror where there is none; call it alone."""
        if is_repository(mirror.path):
            return
        self._remove(mirror)
        draft = mirror.beside(f".new-{os.urandom(8).hex()}")
        platform.make(draft / "objects")
        platform.make(draft / "refs")
        for name, text in (("config", _MIRROR_CONFIG), ("HEAD", "ref: refs/heads/main\n")):
            with os.fdopen(platform.create(draft / name), "w") as file:
                file.write(text)
        draft.rename(mirror.path)

    def _remove(self, mirror: Mirror) -> None:
        """Remove the mirror, and what killed processes left of it; call it alone."""
        with suppress(FileNotFoundError):
            mirror.path.rename(mirror.beside(f".old-{os.urandom(8).hex()}"))
        for left in self._cache.glob(f"{mirror.path.stem}.*-*"):
            shutil.rmtree(left, ignore_errors=True)

    def discard(self, mirror: Mirror) -> None:
        """Remove a damaged mirror; the next reading makes it anew."""
        with self.alone(mirror):
            self._remove(mirror)

    def tidy(self, mirror: Mirror) -> None:
        """Pack the mirror when it has grown; what killed and beaten pushes left goes after a day."""
        objects = mirror.path / "objects"
        with _writing(mirror):
            if _count(objects / "pack") < 2 * _MOST_PACKS and _count(objects / "17") < _MOST_LOOSE / 256:
                return
        with self.alone(mirror):
            for report in mirror.path.glob("fast_import_crash_*"):
                report.unlink(missing_ok=True)
            self._program.run(mirror, "gc", "--quiet", "--prune=1.day.ago")


def _writing(mirror: Mirror) -> AbstractContextManager[None]:
    return platform.writing(mirror.path, platform.CACHE)


def is_repository(place: Path) -> bool:
    """Whether a folder is a git repository, bare or not."""
    return (place / "HEAD").is_file() or (place / ".git").exists()


def _count(folder: Path) -> int:
    return len(list(folder.iterdir())) if folder.is_dir() else 0
