"""Which forge lives at an address: known hosts, else one or two anonymous questions to the same host."""

import json

from kubectl_rapt.adapters.forges import answers
from kubectl_rapt.adapters.forges.answers import Ask
from kubectl_rapt.adapters.forges.http import BAD_GATEWAY, Http, Reply
from kubectl_rapt.adapters.forges.places import KNOWN, Api, Origin, Place, api
from kubectl_rapt.errors import Invalid, RaptError, Unavailable
from kubectl_rapt.model.proposals import KINDS, Address


class Detector:
    """Finds out once per host and process.

    Args:
        http: Asks; without credentials.
        guess: Asks a host of which nobody knows whether it has a web server.
    """

    def __init__(self, http: Http, guess: Http) -> None:
        self._http, self._guess = http, guess
        self._known: dict[tuple[Origin, str], str] = {}

    def kind(self, address: Address, place: Place | None) -> str:
        """The kind of forge, one of ``KINDS``.

        Raises:
            Invalid: The configured kind is none that Rapt knows.
            Unavailable: The host of an http remote does not answer. That of an ssh remote need not: it may be
                plain git.
        """
        if address.kind and address.kind not in KINDS:
            raise Invalid(
                "bad-forge", f'"{address.kind}" is not a forge that Rapt knows', f"one of {', '.join(KINDS)}"
            )
        if address.kind or not place:
            return address.kind if place else "none"
        if not address.api and place.origin.host in KNOWN:
            return KNOWN[place.origin.host]
        key = (place.origin, address.api or place.path.rpartition("/")[0].rpartition("/")[0])
        if key not in self._known:
            self._known[key] = self._probe(address, place)
        return self._known[key]

    def _probe(self, address: Address, place: Place) -> str:
        is_known = place.is_web or bool(address.api)
        try:
            for kind in ("gitea", "gitlab", "github"):
                if _answers(self._http if is_known else self._guess, kind, api(address, kind, place)):
                    return kind
        except Unavailable:
            if is_known:
                raise
        return "none"


def _answers(http: Http, kind: str, at: Api) -> bool:
    path = {"gitea": "/version", "gitlab": "/version", "github": "/meta"}[kind]
    ask = Ask("find out which forge it is", at.origin.authority, "it")
    try:
        reply = http.send(at.origin, "GET", at.base + path, ask, {"Accept": "application/json"})
    except Unavailable:
        raise
    except RaptError:  # it redirects to another host, which is nothing to follow
        return False
    if reply.status in BAD_GATEWAY:  # were it taken for plain git, changes would be pushed past their review
        raise answers.down(ask, f"status {reply.status}")
    return _fits(kind, reply)


def _fits(kind: str, reply: Reply) -> bool:
    """Whether an answer is that forge's, also when it wants a login first."""
    try:
        data = json.loads(reply.body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(data, dict):
        return False
    message = str(data.get("message", ""))
    if kind == "gitea":
        is_version = reply.status == 200 and isinstance(data.get("version"), str)
        return (is_version and "revision" not in data) or (
            reply.status in (401, 403) and "signed in user" in message
        )
    if kind == "gitlab":
        return (reply.status == 200 and "revision" in data) or (
            reply.status == 401 and ("401" in message or "x-gitlab-meta" in reply.headers)
        )
    return "x-github-request-id" in reply.headers or "verifiable_password_authentication" in data
