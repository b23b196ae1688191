"""The program ``kubectl_complete-rapt``, which kubectl asks for what may follow ``kubectl rapt``, and its place."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

NAME = "kubectl_complete-rapt"
CONTENT = b"""\
#!/bin/sh
# Written by kubectl rapt completion install: kubectl asks this for what may follow kubectl rapt.
exec kubectl-rapt __complete "$@"
"""


class Completer:
    """Where it is, or may be, for a person with this environment.

    Attributes:
        content: What it is to be.
    """

    content = CONTENT

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._path, self._home = environ.get("PATH", ""), environ.get("HOME", "")

    def find(self) -> Path | None:
        """The one that kubectl would run; None where there is none on the PATH."""
        found = shutil.which(NAME, path=self._path)
        return Path(found) if found else None

    def place(self) -> Path:
        """Where one may be put: beside ``kubectl-rapt``, or in the person's own folder of programs."""
        beside = shutil.which("kubectl-rapt", path=self._path)
        if beside and os.access(Path(beside).parent, os.W_OK):
            return Path(beside).parent / NAME
        return Path(self._home or Path.home()) / ".local" / "bin" / NAME

    def is_free(self, path: Path) -> bool:
        """Whether nothing is there, or what was written for the same."""
        if not os.path.lexists(path):
            return True
        try:
            return not path.is_symlink() and path.read_bytes() == CONTENT
        except OSError:
            return False

    def is_on_path(self, folder: Path) -> bool:
        """Whether programs of a folder are found."""
        return str(folder) in self._path.split(os.pathsep)
