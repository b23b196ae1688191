"""Registries for tests: bare repositories of templates, released as authors would, or as attackers might."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating import index
from kubectl_rapt.templating.index import Index, Release
from tests.repositories import ConfigRepository

INDEX = "registry/index.yaml"
_JOB = b"""\
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: tool
        image: busybox:1.35
        command: [echo, "{{ word }}"]
"""


def template(name: str, version: str, **other: Any) -> dict[str, bytes]:
    """The files of a small template: path inside its folder to content."""
    declared = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Template",
        "name": name,
        "version": version,
        "summary": f"Say a word, as {name} does",
        "parameters": [{"name": "word", "type": "string", "default": version}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        **other,
    }
    return {"template.yaml": documents.dump(declared).encode(), "job.yaml.j2": _JOB}


class RegistryRepository(ConfigRepository):
    """A registry with an index that knows what was released.

    Args:
        folder: Where it is made, as ``<name>.git``.
        name: Its name.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.git"
        self.path.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main")
        self.index = Index({})
        self.commit({INDEX: index.dump(self.index).encode()}, "Begin\n")

    def release(self, name: str, version: str, files: Mapping[str, bytes] | None = None, **other: Any) -> str:
        """Release a version; the commit's id.

        Args:
            name: The template.
            version: Its version.
            files: Its files; a small template where none are given.
            other: What else its ``template.yaml`` says.
        """
        wanted = dict(files or template(name, version, **other))
        self.index = index.append(self.index, name, Version.parse(version), index.release_of(wanted))
        changes: dict[str, bytes | None] = {f"templates/{name}/{path}": text for path, text in wanted.items()}
        return self.commit({**changes, INDEX: index.dump(self.index).encode()}, f"{name} {version}\n")

    def say(self, name: str, version: str, **what: Any) -> str:
        """Say something else of a release in the index: ``yanked``, ``tree``, …; the commit's id."""
        releases = dict(self.index.templates[name])
        old = releases[Version.parse(version)]
        fields = {slot: getattr(old, slot) for slot in Release.__slots__}
        releases[Version.parse(version)] = Release(**{**fields, **what})
        self.index = Index({**self.index.templates, name: releases})
        return self.commit({INDEX: index.dump(self.index).encode()}, f"About {name} {version}\n")

    def tree(self, name: str, at: str = "main") -> str:
        """The id of a template's folder."""
        return self.git("rev-parse", f"{at}:templates/{name}").decode().strip()

    def commit_tree(self, entries: Sequence[tuple[str, str, str]], under: str, message: str = "x\n") -> str:
        """Commit to main with a folder of raw entries (mode, object id, name) in place of another.

        Args:
            entries: What the folder holds, as no friendly git would write it.
            under: The folder, such as ``templates/evil``.
            message: The commit's message.
        """
        raw = b"".join(
            f"{mode.removeprefix('0')} ".encode()
            + name.encode("utf-8", "surrogateescape")
            + b"\0"
            + bytes.fromhex(id_)
            for mode, id_, name in entries
        )
        tree = (
            self.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw).decode().strip()
        )
        for folder, name in _above(under):
            listed = self.git("ls-tree", "-z", f"main:{folder}" if folder else "main")
            lines = [
                line for line in listed.split(b"\0") if line and line.partition(b"\t")[2] != name.encode()
            ]
            lines.append(f"040000 tree {tree}\t{name}".encode())
            tree = self.git("mktree", "-z", stdin=b"\0".join(lines) + b"\0").decode().strip()
        words = ("-c", "user.name=Someone", "-c", "user.email=someone@example.com")
        commit = self.git(*words, "commit-tree", "-p", "main", "-m", message, tree).decode().strip()
        self.move_main(commit)
        return commit

    def blob(self, content: bytes) -> str:
        """Write a blob; its id."""
        return self.git("hash-object", "-w", "--stdin", stdin=content).decode().strip()


def _above(path: str) -> list[tuple[str, str]]:
    """Each folder on the way up, with the name in it: ``a/b`` has ``(a, b)`` and ``("", a)``."""
    parts = path.split("/")
    return [("/".join(parts[:depth]), parts[depth]) for depth in range(len(parts) - 1, -1, -1)]
