"""Servers in the place of a forge: one that plays a recording, and one in front of a real forge that disturbs."""

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3


@dataclass(frozen=True)
class Request:
    """A request as it arrived; the names of its headers are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.body.decode(errors='replace')}"


@dataclass(frozen=True)
class Answer:
    """What is answered; ``is_lost`` cuts the connection instead."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_lost: bool = False


class Server:
    """Answers requests, and remembers them."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.url = ""
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """What to say to a request; called for one at a time."""
        raise NotImplementedError

    def take(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            return self.answer(request)


class Recording(Server):
    """Plays exchanges in their order; anything else is a failure, of which ``check`` tells.

    Each exchange is ``{request: {method, path, body}, reply: {status, headers, body, lost}}``: the request's body
    holds what must be in the real one, texts that begin with ``…`` may stand anywhere in the real ones.
    ``{url}`` in a reply's header is this server's address.
    """

    def __init__(self, exchanges: Sequence[Mapping[str, Any]], authorization: str) -> None:
        super().__init__()
        self._left = list(exchanges)
        self._authorization = authorization
        self.failures: list[str] = []

    def answer(self, request: Request) -> Answer:
        expected = self._left.pop(0) if self._left else None
        if expected is None or not self._fits(expected["request"], request):
            self.failures.append(f"{request}\n  instead of {expected and expected['request']}")
            return Answer(599, b'{"message": "not in the recording"}')
        said = expected.get("reply", {})
        body = said.get("body", "")
        headers = {
            key: str(value).replace("{url}", self.url) for key, value in said.get("headers", {}).items()
        }
        return Answer(
            said.get("status", 200),
            body.encode() if isinstance(body, str) else json.dumps(body).encode(),
            {"Content-Type": "application/json", **headers},
            said.get("lost", False),
        )

    def check(self) -> None:
        assert not self.failures, "\n".join(self.failures)
        assert not self._left, f"never asked: {[one['request'] for one in self._left]}"

    def _fits(self, expected: Mapping[str, Any], request: Request) -> bool:
        body = json.loads(request.body) if request.body else None
        return (
            request.method == expected["method"]
            and request.path == expected["path"]
            and request.headers.get("authorization") == self._authorization
            and ("body" not in expected or _holds(body, expected["body"]))
        )


class Between(Server):
    """Passes requests on to a real forge, but for those that it was told of."""

    def __init__(self, upstream: str) -> None:
        super().__init__()
        self._upstream = upstream
        self._plans: list[tuple[re.Pattern[str], Answer]] = []
        self._loses: Callable[[str], bool] = lambda line: False

    def lose(self, which: Callable[[str], bool]) -> None:
        """Lose the answer to each request of whose ``METHOD path`` a function says so, after it was done."""
        self._loses = which

    def next(self, pattern: str, answer: Answer) -> None:
        """What to say to the next request whose ``METHOD path`` the pattern is found in.

        A lost answer is lost after the request was done.
        """
        self._plans.append((re.compile(pattern), answer))

    def answer(self, request: Request) -> Answer:
        line = f"{request.method} {request.path}"
        plan = next((one for one in self._plans if one[0].search(line)), None)
        if plan:
            self._plans.remove(plan)
            if not plan[1].is_lost:
                return plan[1]
        headers = {
            name: value for name, value in request.headers.items() if name not in ("host", "connection")
        }
        done = urllib3.request(
            request.method,
            self._upstream + request.path,
            body=request.body or None,
            headers=headers,
            redirect=False,
            retries=False,
            timeout=120,
        )
        kept = {
            name: value for name, value in done.headers.items() if name.lower() in ("link", "content-type")
        }
        return Answer(done.status, done.data, kept, is_lost=bool(plan) or self._loses(line))


class Deaf(Server):
    """Nobody should ask it anything."""

    def answer(self, request: Request) -> Answer:
        return Answer(404, b"{}")


@contextmanager
def served(server: Server) -> Iterator[None]:
    """Have it listen on a free port of 127.0.0.1 while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            answer = server.take(Request(self.command, self.path, headers, body))
            if answer.is_lost:
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names that the library calls

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hung up is no news."""

    with Listener(("127.0.0.1", 0), Handler) as listener:
        server.url = f"http://127.0.0.1:{listener.server_address[1]}"
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown()
            thread.join()


def _holds(real: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(real, dict) and all(
            key in real and _holds(real[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, str) and wanted.startswith("…"):
        return isinstance(real, str) and wanted[1:] in real
    return bool(real == wanted)
