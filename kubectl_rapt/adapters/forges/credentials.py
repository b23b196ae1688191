"""Whose name requests to a forge carry: from git's credential helpers, or from a variable that belongs to the host."""

import os
import subprocess
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from kubectl_rapt.adapters import git_input
from kubectl_rapt.adapters.forges import places
from kubectl_rapt.adapters.forges.places import Api, Origin, Place
from kubectl_rapt.adapters.trace import SILENT, Trace
from kubectl_rapt.ports.git import Trust

_LIMIT_SECONDS = 30
_VARIABLES = {
    "https://api.github.com": ("GH_TOKEN", "GITHUB_TOKEN"),
    "https://gitlab.com": ("GITLAB_TOKEN",),
}
"""These tools' own variables say no host: they count for the public one only."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and a password or token; the user may be empty."""

    user: str
    secret: str = field(repr=False)

    def header(self, kind: str) -> str:
        """The ``Authorization`` header as that kind of forge wants it."""
        if kind != "gitea":
            return f"Bearer {self.secret}"
        if not self.user:
            return f"token {self.secret}"
        return "Basic " + b64encode(f"{self.user}:{self.secret}".encode()).decode()


class Credentials:
    """Finds the user's credentials for an API, and remembers them for the life of the process.

    Args:
        environ: The user's environment.
        tokens: Host of an API to the variable whose token goes there, as the person's own settings say.
        trace: Is told of every command.
    """

    def __init__(self, environ: Mapping[str, str], tokens: Mapping[str, str], trace: Trace = SILENT) -> None:
        self._environ, self._tokens, self._trace = environ, tokens, trace
        self._filled: dict[tuple[str, str, str], Credential | None] = {}

    def find(self, place: Place, api: Api) -> Credential | None:
        """The credential for an API; None where there is none.

        In this order: a password in the remote's url, git's credential helpers, the variable that the person's
        settings name for the API's host, the variables of the public forges. The first two are for the remote's host;
        if the API is on another one, the helpers are asked for that. ``forge.api`` in ``rapt.yaml`` is somebody else's
        word: it says where to ask, and never who gets a token. Over plain http, credentials stay on this machine,
        unless git itself sends them to that very host.
        """
        is_same = places.is_same_forge(place.origin, api.origin)
        is_safe = api.origin.scheme == "https" or api.origin.is_loopback
        if not is_safe and not is_same:
            return None
        if is_same and place.is_web and place.password:
            return Credential(place.user, place.password)
        origin, path = (place.origin, place.written) if is_same else (api.origin, "")
        user = place.user if is_same else ""
        asked = (str(origin), path, user)
        if asked not in self._filled:
            self._filled[asked] = self._fill(origin, path, user)
        return self._filled[asked] or (self._from_variables(api) if is_safe else None)

    def _from_variables(self, api: Api) -> Credential | None:
        own = self._tokens.get(api.origin.authority, "")
        names = [*([own] if own else []), *_VARIABLES.get(str(api.origin), ())]
        secret = next((value for name in names if _is_fit(value := self._environ.get(name, ""))), "")
        return Credential("", secret) if secret else None

    def _fill(self, origin: Origin, path: str, user: str) -> Credential | None:
        """What ``git credential fill`` answers without asking anybody."""
        wanted = {"protocol": origin.scheme, "host": origin.authority, "path": path, "username": user}
        question = "".join(f"{key}={value}\n" for key, value in wanted.items() if value)
        if not all(value.isprintable() for value in wanted.values()):
            return None
        env = git_input.environment(self._environ, Trust.OWN, ()) | {"GIT_ASKPASS": ""}
        began_at, code = time.monotonic(), None
        try:
            done = subprocess.run(
                ["git", "credential", "fill"],
                input=question + "\n",
                env=env,
                cwd=os.sep,  # no repository's own configuration
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=_LIMIT_SECONDS,
                start_new_session=True,
            )
            code = done.returncode
        except (OSError, subprocess.TimeoutExpired):
            return None
        finally:
            self._trace.command(("git", "credential", "fill"), began_at, code, str(origin))
        said = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
        secret = said.get("password", "")
        if done.returncode or not _is_fit(secret) or said.get("host") != wanted["host"]:
            return None
        return Credential(said.get("username", ""), secret)


def _is_fit(secret: str) -> bool:
    return bool(secret) and secret.isprintable()
