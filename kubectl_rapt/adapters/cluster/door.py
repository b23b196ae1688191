"""The door to one API server as one user: requests over connections to ``kubectl proxy``, and their repetition.

Every request that is repeated is repeated here, so that nobody above need count how often the network failed.
"""

import contextlib
import itertools
import json
import math
import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kubectl_rapt.adapters.cluster import answers, elements, http
from kubectl_rapt.adapters.cluster.answers import Ask
from kubectl_rapt.adapters.cluster.clock import Clock
from kubectl_rapt.adapters.cluster.proxy import ConfigView, Proxy
from kubectl_rapt.adapters.cluster.spawn import Kubectl
from kubectl_rapt.adapters.cluster.streams import Leash
from kubectl_rapt.adapters.cluster.words import one_line
from kubectl_rapt.adapters.trace import SILENT, Trace
from kubectl_rapt.errors import Conflict, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.model.target import Target

T = TypeVar("T")

Body = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""What a request sends, as JSON data."""
JSON = "application/json"
APPLY = "application/apply-patch+yaml"
_NO_LIMIT_SECONDS = 86_400.0
_PATIENCE_SECONDS = 60.0
"""How long a request is repeated where there is no limit to a single one."""
_FIRST_CONTACT_SECONDS = 2.0
"""How long to try to reach a server that has never answered: its address may well be wrong."""
_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 3.0
_FORGET_TROUBLE_SECONDS = 10.0
_MOMENT_SECONDS = 0.5
"""How long a read waits for a server that has just left another request without an answer for its whole time."""
_KUBECTL_LOG = r"[EWIF]\d{4} [\d:.]+ +\d+ [\w.]+:\d+\] .*"
"""One line of kubectl's own log; it stands behind what a plug-in asked without ending the line."""
_LAST_WORDS_TRIES = 20


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """How to find out whether a write was done whose answer was lost.

    Args:
        find: Looks: what the write would have been answered if it was done, None if it was not.
        is_asked_first: Whether to look before it is repeated; otherwise the repetition is harmless, and only if it
            is refused is looked for the reason.
    """

    find: Callable[[], T | None]
    is_asked_first: bool = False

    def look(self, lost: Unavailable) -> T | None:
        """What ``find`` finds; raises what was lost if nobody can look, because nobody knows then."""
        try:
            return self.find()
        except RaptError as error:
            raise lost from error


class _Trouble:
    """Since when an API server has answered nobody: many requests together have no more patience than one.

    Args:
        patience_seconds: How much that is.
    """

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._has_answered = False
        self._since = self._last = self._silent_until = -math.inf
        self._silent_since = math.inf
        self._lock = threading.Lock()

    def is_over(self) -> None:
        """Note that it has answered."""
        self._has_answered, self._last, self._silent_until = True, -math.inf, -math.inf

    def silence(self, began_at: float) -> None:
        """Note that a request which began then was not answered in its whole time."""
        self._silent_since, self._silent_until = began_at, time.monotonic() + _FORGET_TROUBLE_SECONDS

    def given_seconds(self, longest_seconds: float) -> float:
        """How long a read that begins now may wait: a silent server is not given the whole time again and again."""
        return min(longest_seconds, _MOMENT_SECONDS) if self._is_silent else longest_seconds

    def silent_seconds(self, began_at: float, ends_at: float) -> float:
        """How long the server was silent at the end of a request that was not answered."""
        return ends_at - (min(began_at, self._silent_since) if self._is_silent else began_at)

    @property
    def _is_silent(self) -> bool:
        return time.monotonic() < self._silent_until

    def bears_until(self, error: Unavailable) -> float:
        """Note a failure; until when to try again, in ``time.monotonic()`` seconds."""
        now = time.monotonic()
        with self._lock:
            if now - self._last > _FORGET_TROUBLE_SECONDS:
                self._since = now
            self._last = now
        is_stranger = error.code == "no-cluster" and not self._has_answered
        return self._since + (_FIRST_CONTACT_SECONDS if is_stranger else self._patience_seconds)


class Door:
    """One API server as one user. Any thread may use it; each request has a connection of its own meanwhile.

    kubectl is spawned at once and waited for by the first request.

    Args:
        target: The cluster and the user.
        ahead: What was spawned already, perhaps for that target.
        trace: Is told of every request.

    Raises:
        Unavailable: There is no kubectl.
    """

    def __init__(self, target: Target, ahead: Kubectl | None = None, trace: Trace = SILENT) -> None:
        self.target = target
        self._trace = trace
        # kubectl's meaning of 0 is no limit.
        self.timeout_seconds = target.request_timeout_seconds or _NO_LIMIT_SECONDS
        patience_seconds = target.request_timeout_seconds or _PATIENCE_SECONDS
        asked = target.kubectl_flags, target.namespace
        self._kubectl = ahead if ahead and ahead.take(*asked) else Kubectl(*asked)
        self.proxy = Proxy(target, self._kubectl.proxy)
        self._config: ConfigView | None = None
        self._view: Mapping[str, Any] | None = None
        self._lock = threading.Lock()
        self._idle: list[http.Connection] = []
        self._trouble = _Trouble(patience_seconds)
        self._is_closed = threading.Event()
        self._leashes: weakref.WeakSet[Leash] = weakref.WeakSet()
        self.clock = Clock()

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every stream and kubectl, from any thread. The end of this process does the same."""
        self._is_closed.set()
        with self._lock:
            leashes, idle = list(self._leashes), self._idle
            self._idle = []
        for leash in leashes:
            leash.stop()
        for connection in idle:
            connection.close()
        self.proxy.close()
        self._kubectl.close()

    @property
    def namespace(self) -> str | None:
        """The namespace where none is named; None where ``config`` is to be looked at."""
        return self._kubectl.namespace

    def leash(self) -> Leash:
        """A new stream's leash, which also ends with the door."""
        leash = Leash()
        with self._lock:
            self._leashes.add(leash)
        return leash

    def config(self) -> Mapping[str, Any]:
        """The user's kubeconfig, cut down to the context in use; empty where there is none."""
        with self._lock:
            if self._view is None:
                self._config = self._config or ConfigView(self._kubectl.view())
                self._view = self._config.read()
            return self._view

    def json(
        self,
        ask: Ask,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        content_type: str = JSON,
        accept: str = JSON,
        ends_at: float = math.inf,
        done: Done[Any] | None = None,
    ) -> Any:
        """Send one request and read its answer.

        Whatever may pass is tried again, for as long as one request may take, with pauses that grow: reads always,
        writes where they certainly changed nothing, or where ``done`` tells how to find out.

        Args:
            ask: What it asks for.
            method: The HTTP method.
            path: Path and query.
            body: To be sent as JSON.
            content_type: The body's type.
            accept: The answer's type.
            ends_at: When to give up, in ``time.monotonic()`` seconds, if the request's own time is not over before.
            done: How to find out whether a write was done whose answer was lost; None for one that is not repeated.

        Returns:
            The answer, as JSON data.

        Raises:
            RaptError: Anything but a success: see ``answers.classify``.
        """
        headers = {"Accept": accept, "Accept-Encoding": "gzip"}
        if body is not None:
            headers["Content-Type"] = content_type
        data = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()

        def exchange(ends_at: float) -> Any:
            _, answered = self._once(ask, method, path, headers, data, ends_at)
            try:
                text = answered.whole()
                return elements.loads(text) if text else {}
            except (ValueError, http.Cut) as error:
                raise answers.lost(ask, "the answer is not JSON") from error

        return self._until_answered(exchange, ends_at, done, is_read=method == "GET")

    def pieces(self, ask: Ask, path: str, *, accept: str, ends_at: float = math.inf) -> Iterator[bytes]:
        """What one GET answers, once it has come whole, to be read bit by bit. Raises as ``json`` does.

        Args:
            ask: What it asks for.
            path: Path and query.
            accept: The answer's type.
            ends_at: When to give up, in ``time.monotonic()`` seconds, if the request's own time is not over before.
        """
        headers = {"Accept": accept, "Accept-Encoding": "gzip"}

        def exchange(ends_at: float) -> http.Body:
            return self._once(ask, "GET", path, headers, b"", ends_at)[1]

        try:
            yield from self._until_answered(exchange, ends_at, is_read=True).pieces()
        except http.Cut as error:
            raise answers.lost(ask, "the answer cannot be unpacked") from error

    def headers(self, ask: Ask, path: str) -> Mapping[str, str]:
        """The headers, with lower-case names, of what one GET answers. Raises as ``json`` does."""

        def exchange(ends_at: float) -> Mapping[str, str]:
            return self._once(ask, "GET", path, {"Accept": JSON}, b"", ends_at)[0].headers

        return self._until_answered(exchange, math.inf, is_read=True)

    def _until_answered(
        self, exchange: Callable[[float], T], ends_at: float, done: Done[T] | None = None, *, is_read: bool
    ) -> T:
        """The one place where requests are repeated."""
        given_seconds = self.timeout_seconds
        if is_read:
            given_seconds = self._trouble.given_seconds(given_seconds)
        began_at = time.monotonic()
        latest = began_at + given_seconds
        is_whole = ends_at >= latest and given_seconds == self.timeout_seconds
        ends_at = min(ends_at, latest)
        lost: Unavailable | None = None
        for attempt in itertools.count():
            if lost and done and done.is_asked_first and (found := done.look(lost)) is not None:
                return found
            try:
                answer = exchange(ends_at)
            except Unavailable as error:
                lost = error if error.outcome_unknown else lost
                if is_whole and error.code == "timeout":
                    self._trouble.silence(began_at)
                may_repeat = error.is_transient and (done or not lost)
                pause = self._pause_seconds(error, attempt)
                gives_up_at = min(ends_at, self._trouble.bears_until(error))
                if not may_repeat or time.monotonic() + pause > gives_up_at or self._is_closed.wait(pause):
                    raise lost or error from None
            except RaptError as error:
                self._trouble.is_over()
                if not (lost and done and isinstance(error, Conflict | NotFound)):
                    raise
                if (found := done.look(lost)) is None:
                    raise
                return found
            else:
                self._trouble.is_over()
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _pause_seconds(self, error: Unavailable, attempt: int) -> float:
        """How long to wait before the next attempt: at least what the server says, and never the same for two."""
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(attempt, 10))
        return (error.retry_after_seconds or 0.0) + longest * (os.urandom(1)[0] + 128) / 256

    def _once(
        self, ask: Ask, method: str, path: str, headers: Mapping[str, str], data: bytes, ends_at: float
    ) -> tuple[http.Answer, http.Body]:
        """Send a request, once, and read its answer. Raises RaptError for anything but a success."""
        began_at = time.monotonic()
        ends_at = min(ends_at, began_at + self.timeout_seconds)
        connection = self._idle_connection() or self._connect(ask, ends_at)
        may_reuse = False
        status, body = None, http.Body()
        try:
            sent_at = time.time()
            connection.send(method, path, headers, data, ends_at)
            answer = connection.answer(lambda _: ends_at)
            self.clock.note(answer.headers.get("date", ""), sent_at, time.time())
            body = answer.body(ends_at)
            status = answer.status
            refusal = None if 200 <= status < 300 else body.whole()
            may_reuse = answer.may_reuse_connection
        except http.TooSlow as error:
            raise answers.lost(ask, self._silence(began_at, ends_at), code="timeout") from error
        except http.Cut as error:
            raise answers.lost(ask, "the connection was cut before the answer came") from error
        finally:
            if may_reuse:
                with self._lock:
                    self._idle.append(connection)
            else:
                connection.close()
            self._trace.request(method, path, began_at, status, sent=headers, body=data, answer=body.shown)
        if refusal is not None:
            raise self._error(answer, refusal, ask)
        return answer, body

    @contextlib.contextmanager
    def stream(self, ask: Ask, path: str, leash: Leash, ends_at: http.EndsAt) -> Iterator[http.Answer]:
        """Open a stream, whose body the caller reads.

        Args:
            ask: What it asks for.
            path: Path and query.
            leash: What may end it.
            ends_at: When to give up waiting for its beginning.

        Raises:
            RaptError: It was refused.
            http.Cut, http.TooSlow: From here and from the body.
        """
        began_at = time.monotonic()
        connection = self._connect(ask, ends_at(began_at))
        headers, status = {"Accept": "*/*", "Accept-Encoding": "identity"}, None
        with contextlib.closing(connection), leash.holds(connection):
            try:
                sent_at = time.time()
                connection.send("GET", path, headers, b"", ends_at(began_at))
                answer = connection.answer(ends_at)
                self.clock.note(answer.headers.get("date", ""), sent_at, time.time())
                status = answer.status
            finally:
                self._trace.request("GET", path, began_at, status, sent=headers)
            if not 200 <= answer.status < 300:
                raise self._error(answer, answer.body(ends_at(time.monotonic())).whole(), ask)
            yield answer

    def _idle_connection(self) -> http.Connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if not connection.is_stale():
                return connection
            connection.close()

    def _connect(self, ask: Ask, ends_at: float) -> http.Connection:
        # kubectl asks a credential plug-in before it listens, and may need seconds with a silent server: all of it
        # is part of the first request's time.
        began_at = time.monotonic()
        try:
            return http.Connection(self.proxy.path(ends_at))
        except http.TooSlow as error:
            raise answers.unsent(ask, self._silence(began_at, ends_at), code="timeout") from error
        except http.Cut as error:
            said = self._last_words() or "it no longer listens"
            if said == "error: EOF":
                # It asks for a user name and a password, and there is nobody to answer.
                what = "the kubeconfig has no credentials for this user"
                raise Refused("not-authenticated", what, "kubectl config view --minify") from error
            raise Unavailable(
                "no-kubectl", f"kubectl proxy has ended: {said}", "kubectl cluster-info"
            ) from error

    def _silence(self, began_at: float, ends_at: float) -> str:
        """What is said if no answer came; a moment of the time that was given may be gone before it is counted."""
        return f"no answer within {round(self._trouble.silent_seconds(began_at, ends_at), 1):g} s"

    def _error(self, answer: http.Answer, body: bytes, ask: Ask) -> RaptError:
        error = answers.classify(answer.status, answer.headers, body, ask)
        if error.code == "not-authenticated" and (said := self._plugin_words()):
            return Refused(error.code, f"{error.message} ({said})", error.hints)
        # Access rights are looked at first: who was granted nothing yet is refused a kind that does not exist.
        if error.code == "no-right" and answers.is_ours(ask) and not self._is_installed(ask):
            return answers.not_installed(ask)
        return error

    def _is_installed(self, ask: Ask) -> bool:
        assert ask.kind
        try:
            self.json(Ask("get"), "GET", f"/apis/{ask.kind.api_version}")
        except RaptError as error:
            return error.code != "not-installed"
        return True

    def _plugin_words(self) -> str:
        """What a credential plug-in wrote to its standard error, without kubectl's own log lines."""
        lines = [re.sub(_KUBECTL_LOG, "", line).strip() for line in self.proxy.complaints().splitlines()]
        return one_line(" ".join(dict.fromkeys(filter(None, lines))), 200)  # it may have been asked twice

    def _last_words(self) -> str:
        """The same of a kubectl that has just ended: what it said may be written a moment after it stopped."""
        for _ in range(_LAST_WORDS_TRIES):
            if said := self._plugin_words():
                return said
            time.sleep(0.05)
        return ""
