"""The HTTP client for forges: bounded in time and size, and deaf to redirects that lead away."""

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from kubectl_rapt.adapters import authorities
from kubectl_rapt.adapters.forges import answers
from kubectl_rapt.adapters.forges.answers import Ask
from kubectl_rapt.adapters.forges.places import Origin
from kubectl_rapt.adapters.forges.said import bad_answer
from kubectl_rapt.adapters.trace import SILENT, Trace
from kubectl_rapt.errors import Unavailable

if TYPE_CHECKING:
    import ssl

    from urllib3 import BaseHTTPResponse, PoolManager

_MOST_BYTES = 16 * 1024 * 1024
_MOST_REDIRECTS = 3
_LONGEST_WAIT_SECONDS = 20.0
_MOST_WAITS = 2
_AGAIN_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Pauses before a question is asked again whose answer got lost: asking changes nothing."""
BAD_GATEWAY = (502, 503, 504)
"""What a proxy says in the place of a forge that it cannot reach just now."""
_CA_VARIABLES = ("GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Reply(NamedTuple):
    """An answer: status, headers with lower-case names, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _LostError(Exception):
    """The connection stood, and broke before the answer was there.

    Args:
        error: What is told where it is not asked again.
    """

    def __init__(self, error: Unavailable) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long things may take, in seconds."""

    connect: float = 10.0
    silence: float = 30.0
    whole: float = 60.0


class Http:
    """Speaks to web hosts as the user's environment says: proxies and certificate authorities.

    Args:
        environ: The user's environment.
        timeouts: How long things may take.
        sleep: Waits so many seconds.
        trace: Is told of every request.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        timeouts: Timeouts | None = None,
        sleep: Callable[[float], None] = time.sleep,
        trace: Trace = SILENT,
    ) -> None:
        self._environ, self._timeouts, self._sleep = environ, timeouts or Timeouts(), sleep
        self._trace = trace
        self._pools: dict[str, PoolManager] = {}

    def send(
        self,
        origin: Origin,
        method: str,
        path: str,
        ask: Ask,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> Reply:
        """One request and its answer, whatever its status.

        A request that was refused for the moment (429) is repeated after as long as the host asks for, up to
        20 seconds. A question whose answer got lost, or that failed there, is asked again, as long as
        the first could have taken; what may change something is never repeated here. Redirects are followed on the
        same origin only, so headers never reach another one.

        Raises:
            Unavailable: No answer, or one that is too large.
            Invalid: It redirects somewhere else.
        """
        waits = 0
        while True:
            reply = self._asked(origin, method, path, ask, headers, body)
            wait_seconds = answers.retry_after_seconds(reply.headers)
            if (
                not answers.is_limited(reply.status, reply.headers)
                or wait_seconds is None
                or wait_seconds > _LONGEST_WAIT_SECONDS
                or waits == _MOST_WAITS
            ):
                return reply
            waits += 1
            self._sleep(wait_seconds)

    def _asked(
        self, origin: Origin, method: str, path: str, ask: Ask, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        ends_at = time.monotonic() + self._timeouts.whole
        for seconds in (*_AGAIN_SECONDS, None):
            is_last = ask.may_change or seconds is None or time.monotonic() + seconds > ends_at
            try:
                reply = self._follow(origin, method, path, ask, headers, body)
            except _LostError as lost:
                if is_last:
                    raise lost.error from None
            else:
                if is_last or reply.status not in (500, *BAD_GATEWAY) or "retry-after" in reply.headers:
                    return reply
            self._sleep(seconds or 0)
        raise AssertionError("unreachable")

    def _follow(
        self, origin: Origin, method: str, path: str, ask: Ask, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        for _ in range(_MOST_REDIRECTS + 1):
            reply = self._once(origin, method, path, ask, headers, body)
            location = reply.headers.get("location", "")
            if reply.status not in (301, 302, 303, 307, 308) or not location:
                return reply
            if method != "GET" and reply.status not in (307, 308):
                raise answers.moved(ask)
            there = urlsplit(urljoin(f"{origin}{path}", location))
            if f"{there.scheme}://{there.netloc}" != str(origin):
                raise answers.moved(ask)
            path = there.path + (f"?{there.query}" if there.query else "")
        raise answers.moved(ask)

    def _once(
        self, origin: Origin, method: str, path: str, ask: Ask, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        from urllib3 import Timeout, exceptions

        sent = {"User-Agent": "kubectl-rapt", "Accept-Encoding": "identity", **headers}
        began_at = time.monotonic()
        deadline = began_at + self._timeouts.whole
        status, content = None, b""
        try:
            response = self._pool(origin).request(
                method,
                f"{origin}{path}",
                body=body or None,
                headers=sent,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                timeout=Timeout(connect=self._timeouts.connect, read=self._timeouts.silence),
            )
            try:
                content = _read(response, ask, deadline)
            except BaseException:  # Ctrl-C too: half an answer must not go back to the pool
                response.close()
                raise
            response.release_conn()
            status = response.status
        except exceptions.HTTPError as error:
            if isinstance(error, exceptions.ProtocolError | exceptions.ReadTimeoutError):
                raise _LostError(_trouble(error, ask)) from None
            raise _trouble(error, ask) from None
        finally:
            self._trace.request(
                method, f"{origin}{path}", began_at, status, sent=sent, body=body, answer=lambda: content
            )
        lower = {name.lower(): value for name, value in response.headers.items()}
        if lower.get("content-encoding", "identity") != "identity":
            raise bad_answer(ask.host, "it was packed unasked", outcome_unknown=ask.may_change)
        return Reply(response.status, lower, content)

    def _pool(self, origin: Origin) -> "PoolManager":
        proxy = self._proxy(origin)
        if proxy not in self._pools:
            self._pools[proxy] = self._opened(proxy)
        return self._pools[proxy]

    def _opened(self, proxy: str) -> "PoolManager":
        import urllib3

        if not proxy:
            return urllib3.PoolManager(ssl_context=self._trusted)
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Unavailable(
                "forge-down",
                f"the proxy for forges is of a kind that is not supported ({parts.scheme})",
                "set https_proxy to an http:// proxy, or name the host in no_proxy",
            )
        headers = None
        if parts.username:
            user, password = unquote(parts.username), unquote(parts.password or "")
            headers = urllib3.make_headers(proxy_basic_auth=f"{user}:{password}")
        bare = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return urllib3.ProxyManager(bare, proxy_headers=headers, ssl_context=self._trusted)

    def _proxy(self, origin: Origin) -> str:
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # it is not in the types

        names = (f"{origin.scheme}_proxy", "all_proxy")
        found = next((value for name in names if (value := self._variable(name))), "")
        if found and proxy_bypass_environment(origin.authority, {"no": self._variable("no_proxy")}):
            return ""
        return found

    def _variable(self, name: str) -> str:
        return self._environ.get(name) or self._environ.get(name.upper(), "")

    @cached_property
    def _trusted(self) -> "ssl.SSLContext":
        import ssl

        named = next((value for name in _CA_VARIABLES if (value := self._environ.get(name))), "")
        try:
            if not named:
                return authorities.context()
            is_folder = os.path.isdir(named)  # noqa: PTH112 - its text may be no path
            return ssl.create_default_context(
                cafile=None if is_folder else named, capath=named if is_folder else None
            )
        except OSError as error:
            raise Unavailable(
                "forge-down",
                f"the certificate authorities in {named} cannot be read: {error.strerror or 'not PEM'}",
                f"set {_CA_VARIABLES[0]} to a PEM file",
            ) from None


def _read(response: "BaseHTTPResponse", ask: Ask, deadline: float) -> bytes:
    parts, size = [], 0
    while piece := response.read1(65536, decode_content=False):
        parts.append(piece)
        size += len(piece)
        if size > _MOST_BYTES:
            raise bad_answer(ask.host, "it is far too long", outcome_unknown=ask.may_change)
        if time.monotonic() > deadline:
            raise answers.down(ask, "the answer takes too long")
    return b"".join(parts)


def _trouble(error: Exception, ask: Ask) -> Unavailable:
    """Before a connection stands, nothing was sent; after that, nobody knows."""
    from urllib3 import exceptions

    if isinstance(error, exceptions.SSLError):
        was_sent = not re.search("VERIFY_FAILED|WRONG_VERSION|HANDSHAKE", str(error), re.IGNORECASE)
    else:
        early = (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyError)
        was_sent = not isinstance(error, early)
    if isinstance(error, exceptions.SSLError):
        why = f"its certificate is not trusted, or TLS fails ({error})"
    elif isinstance(error, exceptions.ProxyError):
        why = "the proxy does not let it through"
    elif isinstance(error, exceptions.NewConnectionError):
        why = "it cannot be reached"
    elif isinstance(error, exceptions.TimeoutError):
        why = "it does not answer in time"
    else:
        why = "the connection broke"
    return answers.down(ask, why, was_sent=was_sent)
