"""Locations that were found before: a command that acts in an environment need not read ``rapt.yaml`` to know where.

What was found is believed as long as the refs of the config repository are what they were: every fetch and every push
replaces the file that is looked at here, and a repository on this machine is looked at itself. So nothing of git and
nothing that reads YAML is imported, which would take longer than the command.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from kubectl_rapt import __version__
from kubectl_rapt.adapters import git_mark, platform
from kubectl_rapt.config.location import Location

_LISTS = ("namespaces", "all_namespaces")
_MOST = 100
"""So many are kept; then it begins anew."""


class Locations:
    """What was found before.

    Args:
        path: The file that it is kept in; it may be deleted at any time, and need not be writable.
        repository: The address of the config repository.
    """

    def __init__(self, path: Path, repository: str) -> None:
        self._path, self._repository = path, repository

    def read(self, asked: tuple[str, ...]) -> Location | None:
        """What was found for that; None if nothing was, or the config repository has changed since.

        Args:
            asked: All that the answer depends on besides the repository.
        """
        try:
            kept = self._all()[self._key(asked)]
            if _state(Path(kept["refs"]), kept["local"]) != kept["state"]:
                return None
            lists = {name: tuple(kept["location"][name]) for name in _LISTS}
            return Location(**{**kept["location"], **lists})
        except (KeyError, TypeError, ValueError, OSError):
            return None

    def keep(self, asked: tuple[str, ...], location: Location, refs: Path, local: str) -> None:
        """Remember what was found.

        Args:
            asked: As of ``read``.
            location: What was found.
            refs: The file that every fetch and push replaces.
            local: The address of a repository on this machine; empty for another one.
        """
        names = ("environment", "cluster", "context", *_LISTS, "profile")
        told = {name: getattr(location, name) for name in names}
        draft = self._path.with_name(f"{self._path.name}.{os.urandom(8).hex()}")
        try:
            state = _state(refs, local)
            kept = {"refs": str(refs), "local": local, "state": state, "location": told}
            every = self._all()
            every = {**(every if len(every) < _MOST else {}), self._key(asked): kept}
            platform.keep(draft, json.dumps(every).encode(), self._path)
        except OSError:
            return

    def _all(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _key(self, asked: tuple[str, ...]) -> str:
        # An address may hold a password, and this file must not; who asks makes no difference to what is found.
        repository = re.sub("//[^/]*@", "//", self._repository)
        return f"2 {__version__} {json.dumps([repository, *asked])}"


def _state(refs: Path, local: str) -> str:
    about = refs.stat()
    seen = git_mark.seen(local) if local else ""
    return f"{about.st_mtime_ns} {about.st_ino} {about.st_size}\n{seen}"
