"""Config repositories for tests: bare ones on this disk, looked at and changed as someone else's git would."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kubectl_rapt.adapters.git import Git
from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.ports.git import Commit, Remote

SOMEONE = {
    **{f"GIT_{role}_NAME": "Someone" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "someone@example.com" for role in ("AUTHOR", "COMMITTER")},
}


class ConfigRepository:
    """A config repository with a first commit.

    Args:
        folder: Where it is made, with a mirror to look at it through.
        environments: What its ``rapt.yaml`` says.
    """

    def __init__(self, folder: Path, *environments: Environment) -> None:
        self.path = folder / "config.git"
        self.id = uuid.uuid4().hex[:8]
        self._remote = Remote(str(self.path))
        self._git = Git(folder / "look", {"PATH": os.environ["PATH"], "HOME": str(folder), **SOMEONE})
        self._git.create(str(self.path))
        wanted = Project(self.id, {one.name: one for one in environments})
        self.commit({layout.PROJECT: project.spell(wanted).encode()}, "Begin\n")

    @property
    def branches(self) -> dict[str, str]:
        """Branch to commit."""
        return {ref.removeprefix("refs/heads/"): at for ref, at in self._git.fetch(self._remote).items()}

    @property
    def main(self) -> str:
        """The newest commit; empty before the first."""
        return self.branches.get("main", "")

    def log(self, branch: str = "main") -> list[Commit]:
        """The commits of a branch, newest first."""
        return list(self._git.log(self._remote, self.branches[branch]))

    def files(self, at: str = "main") -> Mapping[str, bytes]:
        """Path to content at a commit, or at the tip of a branch."""
        return self._git.files(self._remote, self.branches.get(at, at))

    def commit(self, files: Mapping[str, bytes | None], message: str = "By hand\n") -> str:
        """Commit to main as someone else; the commit's id."""
        at = self.main
        return self._git.commit(
            self._remote, branch="main", parent=at, expected=at, files=files, message=message
        )

    def rename(self, old: str, new: str, environment: str) -> str:
        """Commit to main that a tool has another name; the commit's id."""
        changes: dict[str, bytes | None] = {}
        for path, content in self.files().items():
            if path in (layout.definition(environment, old), layout.rendered(environment, old)):
                changes |= {path: None, path.replace(old, new): content.replace(old.encode(), new.encode())}
        return self.commit(changes, f"Rename {old} to {new}\n")

    def move_main(self, commit: str) -> None:
        """What a forced push does."""
        subprocess.run(
            ["git", "-C", self.path, "update-ref", "refs/heads/main", commit], check=True, timeout=60
        )

    @contextmanager
    def locked(self, branch: str = "main") -> Iterator[Path]:
        """Hold the lock of a branch, as a push does that is under way or was killed."""
        lock = self.path / "refs" / "heads" / f"{branch}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        try:
            yield lock
        finally:
            lock.unlink(missing_ok=True)

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """Nobody finds it meanwhile."""
        away = self.path.with_suffix(".away")
        shutil.move(self.path, away)
        try:
            yield
        finally:
            shutil.move(away, self.path)
