"""Config repositories for tests: bare ones on this disk, looked at and changed as someone else's git would."""

import io
import os
import shutil
import subprocess
import tarfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.ports.git import Commit

SOMEONE = {
    **{f"GIT_{role}_NAME": "Someone" for role in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{role}_EMAIL": "someone@example.com" for role in ("AUTHOR", "COMMITTER")},
}
_FIELDS = "%H%x00%P%x00%an <%ae>%x00%ct%x00%B%x01"


class ConfigRepository:
    """A config repository with a first commit.

    Args:
        folder: Where it is made, as ``config.git``.
        environments: What its ``rapt.yaml`` says.
        has_twins: Whether some of them share a namespace; otherwise none may, so that no test passes because they do.
    """

    def __init__(self, folder: Path, *environments: Environment, has_twins: bool = False) -> None:
        every = [name for one in environments for name in one.all_namespaces]
        assert (len(set(every)) < len(every)) is has_twins, "give each environment a namespace of its own"
        self.path = folder / "config.git"
        self.id = f"c{uuid.uuid4().hex[:7]}"  # no number, which the tests that write files by hand would have to quote
        self.path.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main")
        wanted = Project(self.id, {one.name: one for one in environments})
        self.commit({layout.PROJECT: project.spell(wanted).encode()}, "Begin\n")

    def git(self, *words: str, stdin: bytes = b"") -> bytes:
        """Run git in it; its output."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.path.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(
            ["git", *words],
            cwd=self.path,
            env=environ,
            input=stdin,
            check=True,
            capture_output=True,
            timeout=60,
        ).stdout

    @property
    def branches(self) -> dict[str, str]:
        """Branch to commit."""
        lines = self.git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")
        return dict(line.split(" ") for line in lines.decode().splitlines())

    @property
    def main(self) -> str:
        """The newest commit; empty before the first."""
        return self.branches.get("main", "")

    def log(self, branch: str = "main") -> list[Commit]:
        """The commits of a branch, newest first."""
        entries = (
            self.git("log", f"--format={_FIELDS}", branch, "--").decode(errors="replace").split("\x01\n")
        )
        return [
            Commit(id_, tuple(parents.split()), author, datetime.fromtimestamp(int(seconds), UTC), message)
            for id_, parents, author, seconds, message in (entry.split("\0") for entry in entries if entry)
        ]

    def files(self, at: str = "main") -> Mapping[str, bytes]:
        """Path to content at a commit, or at the tip of a branch."""
        found = {}
        with tarfile.open(fileobj=io.BytesIO(self.git("archive", at))) as archive:
            for member in archive:
                if content := archive.extractfile(member):
                    found[member.name] = content.read()
        return found

    def commit(self, files: Mapping[str, bytes | None], message: str = "By hand\n") -> str:
        """Commit to main as someone else; the commit's id."""
        at = self.main
        text = message.encode()
        lines = [b"commit refs/heads/main", b"committer Someone <someone@example.com> now"]
        lines += [b"data %d\n%s" % (len(text), text), *([b"from " + at.encode()] if at else [])]
        for path, content in files.items():
            if content is None:
                lines.append(b"D " + path.encode())
            else:
                lines.append(b"M 100644 inline %s\ndata %d\n%s" % (path.encode(), len(content), content))
        self.git("fast-import", "--quiet", "--date-format=now", stdin=b"\n".join(lines) + b"\n")
        return self.main

    def rename(self, old: str, new: str, environment: str) -> str:
        """Commit to main that a tool has another name; the commit's id."""
        changes: dict[str, bytes | None] = {}
        for path, content in self.files().items():
            if path in (layout.definition(environment, old), layout.rendered(environment, old)):
                changes |= {path: None, path.replace(old, new): content.replace(old.encode(), new.encode())}
        return self.commit(changes, f"Rename {old} to {new}\n")

    def move_main(self, commit: str) -> None:
        """What a forced push does."""
        self.git("update-ref", "refs/heads/main", commit)

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
