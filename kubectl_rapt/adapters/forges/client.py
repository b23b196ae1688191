"""One repository's forge as its adapter speaks to it: JSON there and back, under the user's name."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from kubectl_rapt.adapters.forges import answers
from kubectl_rapt.adapters.forges.answers import Ask
from kubectl_rapt.adapters.forges.credentials import Credential
from kubectl_rapt.adapters.forges.http import Http, Reply
from kubectl_rapt.adapters.forges.places import Api
from kubectl_rapt.adapters.forges.said import Said, bad_answer, parse
from kubectl_rapt.errors import Unavailable

_MOST_PAGES = 200


@dataclass(frozen=True)
class Client:
    """Requests about one repository.

    Args:
        http: Sends them.
        api: Where to.
        kind: The kind of forge.
        repository: ``owner/name``.
        credential: Whose name they carry.
        headers: Headers of every request.
    """

    http: Http
    api: Api
    kind: str
    repository: str
    credential: Credential | None
    headers: Mapping[str, str]

    @property
    def host(self) -> str:
        """The host, for messages."""
        return self.api.origin.authority

    def ask(self, doing: str, *, may_change: bool = False, is_merge: bool = False) -> Ask:
        """What a request asks for."""
        return Ask(doing, self.host, self.repository, self.credential is not None, may_change, is_merge)

    def get(self, path: str, doing: str, **query: str | int) -> Said:
        """What a GET answers. Raises as ``answers.classify`` says."""
        return self._json("GET", path + _query(query), self.ask(doing))

    def post(
        self, method: str, path: str, doing: str, body: Mapping[str, Any], *, is_merge: bool = False
    ) -> Said:
        """What a writing request answers; null where it answers nothing."""
        return self._json(method, path, self.ask(doing, may_change=True, is_merge=is_merge), body)

    def pages(self, path: str, doing: str, size: int, **query: str | int) -> Iterator[Said]:
        """The items of a list, page by page as they are asked for.

        Raises:
            Unavailable: It does not end.
        """
        # Where the next page is, is not the server's to say: only whether there is one.
        for number in range(1, _MOST_PAGES + 1):
            full = path + _query(
                {**query, "page": number, "limit" if self.kind == "gitea" else "per_page": size}
            )
            reply = self._send("GET", full, self.ask(doing))
            found = list(parse(reply.body, self.host).items())
            yield from found
            if not found or 'rel="next"' not in reply.headers.get("link", ""):
                return
        raise bad_answer(self.host, "its list does not end")

    def graphql(
        self,
        url: str,
        query: str,
        variables: Mapping[str, Any],
        doing: str,
        *,
        may_change: bool = False,
        is_merge: bool = False,
        optional: str = "",
    ) -> Said:
        """The ``data`` of a GraphQL answer; errors about a field of the name ``optional`` are none."""
        ask = self.ask(doing, may_change=may_change, is_merge=is_merge)
        # Linebreaks of the query are for people.
        body = {"query": " ".join(query.split()), "variables": variables}
        said = self._json("POST", url, ask, body, is_whole=True)
        errors = [one.value for one in said.items("errors") if not _is_about(one, optional)]
        if errors:
            raise answers.classify_graphql(errors, ask)
        return said.at("data")

    def _json(
        self,
        method: str,
        path: str,
        ask: Ask,
        body: Mapping[str, Any] | None = None,
        *,
        is_whole: bool = False,
    ) -> Said:
        reply = self._send(method, path, ask, body, is_whole=is_whole)
        if ask.may_change and not reply.body.strip():
            return Said(None, self.host)
        try:
            return parse(reply.body, self.host)
        except Unavailable as error:
            error.outcome_unknown = ask.may_change
            raise

    def _send(
        self,
        method: str,
        path: str,
        ask: Ask,
        body: Mapping[str, Any] | None = None,
        *,
        is_whole: bool = False,
    ) -> Reply:
        headers = {"Accept": "application/json", **self.headers}
        if self.credential:
            headers["Authorization"] = self.credential.header(self.kind)
        content = b""
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body).encode()
        full = path if is_whole else self.api.base + path
        reply = self.http.send(self.api.origin, method, full, ask, headers, content)
        if not 200 <= reply.status < 300:
            raise answers.classify(reply.status, reply.headers, reply.body, ask)
        return reply


def segment(text: str) -> str:
    """A text as one part of a path."""
    return quote(text, safe="")


def _is_about(error: Said, field: str) -> bool:
    return bool(field) and any(part.value == field for part in error.items("path"))


def _query(query: Mapping[str, str | int]) -> str:
    return f"?{urlencode(query)}" if query else ""
