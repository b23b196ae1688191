"""The commit case's program: ``commit.py prepare|rapt|gitpython|push FOLDER [ROUND]``.

A round commits and pushes 100 of 2,000 files, 10 times: by Rapt's adapter, or by GitPython's index API in a
clone that is checked out. Each side has a bare repository of its own on this disk. ``push`` pushes as many commits
that ``prepare`` made, with nothing but ``git push``: what no way of committing comes below.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_rapt.adapters.git import Git
    from kubectl_rapt.ports.git import Remote

FILES, CHANGED, COMMITS = 2000, 100, 10
_ROUNDS = 10
"""For as many there are commits to push."""


def _files(note: str, every: int = 1) -> dict[str, bytes]:
    return {
        f"tools/e{number % 20}/tool-{number}.yaml": f"# {note}\noption: {number}\n".encode() * 20
        for number in range(0, FILES, every)
    }


def prepare(folder: Path) -> None:
    """Make both repositories and the clone."""
    import git

    for way in ("rapt", "gitpython"):
        adapter, remote = _adapter(folder, way)
        adapter.create(remote.url)
        adapter.commit(remote, branch="main", parent="", expected="", files=_files("first"), message="First")
        adapter.fetch(remote)
    _prepare_pushes(folder)
    git.Repo.clone_from(str(folder / "gitpython.git"), folder / "clone")


def _prepare_pushes(folder: Path) -> None:
    """A bare repository with commits on branches that another one does not have yet."""
    source = folder / "source.git"
    for name in ("source", "target"):
        _git("init", "--quiet", "--bare", str(folder / f"{name}.git"))
    first = _imported(source, "refs/heads/main", "", _files("first"))
    _git("-C", str(source), "push", "--quiet", str(folder / "target.git"), "refs/heads/main")
    for number in range(_ROUNDS * COMMITS):
        files = _files(f"push {number}", FILES // CHANGED)
        _imported(source, f"refs/pushes/{number}", first, files)


def _imported(repository: Path, ref: str, parent: str, files: dict[str, bytes]) -> str:
    lines = [b"commit %s\ncommitter A <a@example.com> 0 +0000\ndata 0\n" % ref.encode()]
    lines += [b"from %s\n" % parent.encode()] if parent else []
    lines += [
        b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text)
        for path, text in files.items()
    ]
    _git("-C", str(repository), "fast-import", "--quiet", "--date-format=raw", stdin=b"".join(lines))
    return _git("-C", str(repository), "rev-parse", ref).decode().strip()


def by_push(folder: Path, number: int) -> None:
    """Push commits that are there, each to a branch of its own."""
    for one in range(number * COMMITS, (number + 1) * COMMITS):
        target = str(folder / "target.git")
        refspec = f"refs/pushes/{one}:refs/heads/branch-{one}"
        _git("-C", str(folder / "source.git"), "push", "--quiet", "--no-verify", "--no-thin", target, refspec)


def _git(*words: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["git", *words], input=stdin, check=True, stdout=subprocess.PIPE).stdout


def by_rapt(folder: Path, notes: Iterator[str]) -> None:
    """Commit and push by Rapt's adapter."""
    adapter, remote = _adapter(folder, "rapt")
    at = adapter.fetch(remote)["refs/heads/main"]
    for note in notes:
        files = _files(note, FILES // CHANGED)
        at = adapter.commit(remote, branch="main", parent=at, expected=at, files=files, message=note)


def by_gitpython(folder: Path, notes: Iterator[str]) -> None:
    """Commit and push by GitPython's index."""
    import git

    with git.Repo(folder / "clone") as repository:
        repository.remote().fetch()
        for note in notes:
            files = _files(note, FILES // CHANGED)
            for path, content in files.items():
                (folder / "clone" / path).write_bytes(content)
            repository.index.add(list(files))
            repository.index.commit(note)
            repository.remote().push("HEAD:main").raise_if_error()


def _adapter(folder: Path, way: str) -> "tuple[Git, Remote]":
    from kubectl_rapt.adapters.git import Git
    from kubectl_rapt.ports.git import Remote

    return Git(folder / "cache", os.environ), Remote(str(folder / f"{way}.git"))


def main(way: str, folder: Path, number: int) -> None:
    """Do it; each round writes other contents."""
    if way == "prepare":
        prepare(folder)
    elif way == "push":
        by_push(folder, number)
    else:
        notes = (f"round {number}, commit {commit}" for commit in range(COMMITS))
        (by_rapt if way == "rapt" else by_gitpython)(folder, notes)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
