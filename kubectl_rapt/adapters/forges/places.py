"""Where a repository's forge is: the parts of its address, as pure functions."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from kubectl_rapt.adapters.git_answers import shown
from kubectl_rapt.errors import Invalid
from kubectl_rapt.model.proposals import Address

KNOWN = {
    "github.com": "github",
    "ssh.github.com": "github",
    "gitlab.com": "gitlab",
    "altssh.gitlab.com": "gitlab",
    "gitea.com": "gitea",
    "codeberg.org": "gitea",
}
"""Hosts that need no question."""
_PUBLIC = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCP = r"(?:[^@/:]+@)?(?P<host>\[[^\]]+\]|[^@/:\[\]]+):(?!//)(?P<path>.+)"


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what credentials belong to."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """``host``, or ``host:port`` where the port is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        return self.host in ("localhost", "::1") or bool(re.fullmatch(r"127(\.[0-9]{1,3}){3}", self.host))

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Place:
    """A repository on a web host.

    Args:
        origin: The web host: for ssh remotes, https on the same host.
        path: The repository's path on it, without slashes at its ends and without ``.git``.
        written: The same as the remote spells it, for credential helpers that tell repositories apart.
        is_web: Whether git itself speaks http to that origin.
        user: The user in the url; empty for none.
        password: The password in the url; empty for none.
    """

    origin: Origin
    path: str
    written: str
    is_web: bool
    user: str = ""
    password: str = field(default="", repr=False)


def place(url: str) -> Place | None:
    """The repository that a git remote names; None where no web host can be behind it (a path, ``file://``)."""
    if not url.isprintable():
        return None
    if "://" not in url:
        found = re.fullmatch(_SCP, url)
        if not found or re.match(r"[A-Za-z]:[\\/]", url):
            return None
        path = found["path"]
        return Place(_web(found["host"].strip("[]")), _repository(path), path.strip("/"), is_web=False)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if not host or not _repository(parts.path):
        return None
    if scheme in ("ssh", "git+ssh", "ssh+git"):
        return Place(_web(host), _repository(parts.path), parts.path.strip("/"), is_web=False)
    if scheme not in _DEFAULT_PORTS:
        return None
    origin = Origin(scheme, host, port or _DEFAULT_PORTS[scheme])
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    written = parts.path.strip("/")
    return Place(origin, _repository(written), written, is_web=True, user=user, password=password)


@dataclass(frozen=True, slots=True)
class Api:
    """A forge's API.

    Args:
        origin: Where requests go.
        base: The path that each request's path is appended to, such as ``/api/v1``.
    """

    origin: Origin
    base: str


_BASES = {"gitea": "/api/v1", "github": "/api/v3", "gitlab": "/api/v4"}


def api(address: Address, kind: str, found: Place) -> Api:
    """The API of a forge of that kind.

    Raises:
        Invalid: The configured one is no URL.
    """
    if address.api:
        configured = _configured(address.api)
        if configured.base in ("", "/"):
            own = "" if str(configured.origin) == "https://api.github.com" else _BASES[kind]
            return Api(configured.origin, own)
        return configured
    if kind == "github" and found.origin.host == "github.com":
        return Api(Origin("https", "api.github.com", 443), "")
    prefix = found.path.rpartition("/")[0].rpartition("/")[0] if kind == "gitea" else ""
    return Api(found.origin, (f"/{prefix}" if prefix else "") + _BASES[kind])


def repository(address: Address, kind: str, found: Place) -> str:
    """The repository's name on the forge: ``owner/name``, or for GitLab its groups as well.

    Raises:
        Invalid: The path is no repository's.
    """
    parts = found.path.split("/")
    if kind == "gitlab" and address.api:
        # GitLab may live in a folder of its host, which is then the beginning of both paths.
        folder = [part for part in _configured(address.api).base.partition("/api/")[0].split("/") if part]
        if found.origin.host == _configured(address.api).origin.host and parts[: len(folder)] == folder:
            parts = parts[len(folder) :]
    elif kind != "gitlab":
        parts = parts[-2:]
    if len(parts) < 2 or any(part in ("", ".", "..") for part in parts):
        raise Invalid(
            "bad-address",
            f"{shown(address.url)} does not name a repository of {kind}",
            "give its address as the forge shows it: https://host/owner/name",
        )
    return "/".join(parts)


def is_same_forge(git: Origin, api: Origin) -> bool:
    """Whether a credential for the git remote's host belongs to that API."""
    return git == api or (git.host == "github.com" and str(api) == "https://api.github.com")


def _configured(url: str) -> Api:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
        parts = urlsplit("")
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.username or parts.query or parts.fragment:
        raise Invalid(
            "bad-address",
            f"{shown(url)} is not the base of a forge's API",
            "such as https://git.example.com/api/v1",
        )
    return Api(
        Origin(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme]),
        parts.path.rstrip("/"),
    )


def _web(host: str) -> Origin:
    host = host.lower()
    return Origin("https", _PUBLIC.get(host, host), 443)


def _repository(path: str) -> str:
    return path.strip("/").removesuffix(".git").rstrip("/")
