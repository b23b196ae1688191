"""A server between our client and a real API server that does what networks and servers do at the worst moment.

Whoever uses the kubeconfig it writes speaks to it: a door, or a whole ``kubectl-rapt``. It passes requests on to
``kubectl proxy``, hence to the real cluster as the user of the given kubeconfig; without one, every answer is scripted.
"""

import contextlib
import json
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from kubectl_rapt.adapters.cluster.proxy import Proxy
from kubectl_rapt.model.target import Target


@dataclass(frozen=True)
class Request:
    """A request as it arrived; ``target`` is its path and query, decoded no further."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """Answer so, and pass nothing on. A body that is no bytes is sent as JSON."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        kind = "text/plain" if isinstance(self.body, bytes) else "application/json"
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), **self.headers}
        client.sendall(_head(self.status, headers) + body)


@dataclass(frozen=True)
class Streamed:
    """A stream of pieces, with numbers for seconds of silence between them; then it ends, is cut, or stays silent."""

    pieces: Sequence[bytes | float] = ()
    then: Literal["end", "cut", "silence"] = "end"

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        client.sendall(_head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}))
        for piece in self.pieces:
            if isinstance(piece, bytes):
                client.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            else:
                time.sleep(piece)
        if self.then == "silence":
            _until_closed(client)
        elif self.then == "end":
            client.sendall(b"0\r\n\r\n")
        else:
            _reset(client)


@dataclass(frozen=True)
class DropReply:
    """Pass it on, wait until it was done, and cut the connection without an answer."""

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        for _ in faults.passed_on(request):
            pass
        _reset(client)


@dataclass(frozen=True)
class DropRequest:
    """Cut the connection without passing it on."""

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        _reset(client)


@dataclass(frozen=True)
class Delay:
    """Do something after so many seconds; pass it on, where nothing else is said."""

    seconds: float
    then: "Act | None" = None

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        time.sleep(self.seconds)
        (self.then or PASS).play(faults, request, client)


@dataclass(frozen=True)
class CutAfter:
    """Pass it on, and cut the answer after so many bytes, its headers included."""

    size: int

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        sent = 0
        for piece in faults.passed_on(request):
            client.sendall(piece[: self.size - sent])
            sent += len(piece)
            if sent >= self.size:
                break
        _reset(client)


@dataclass(frozen=True)
class StallAfter:
    """Pass it on, and say nothing more after so many bytes of the answer, its headers included."""

    size: int

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        sent = 0
        for piece in faults.passed_on(request):
            client.sendall(piece[: self.size - sent])
            sent += len(piece)
            if sent >= self.size:
                break
        _until_closed(client)


@dataclass(frozen=True)
class BlackHole:
    """Accept it and never answer."""

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        _until_closed(client)


@dataclass(frozen=True)
class Pass:
    """Pass it on and its answer back: no fault."""

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        for piece in faults.passed_on(request):
            client.sendall(piece)


@dataclass(frozen=True)
class Sometimes:
    """Do something with a share of the requests, as chance has it; pass the others on."""

    share: float
    acts: Sequence["Act"]
    chance: random.Random

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        with faults.lock:
            act = self.chance.choice(self.acts) if self.chance.random() < self.share else PASS
        act.play(faults, request, client)


@dataclass(frozen=True)
class Hold:
    """Keep it until it is let go, and pass it on then, also if the client has gone meanwhile."""

    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)

    def play(self, faults: "Faults", request: Request, client: socket.socket) -> None:
        self.arrived.set()
        self.released.wait(_HELD_SECONDS)
        pieces = list(faults.passed_on(request))
        self.answered.set()
        for piece in pieces:
            client.sendall(piece)

    def let_go(self) -> None:
        """Pass it on, and wait until the real server has answered."""
        self.released.set()
        assert self.answered.wait(_HELD_SECONDS), "the real server does not answer"


_HELD_SECONDS = 60
PASS = Pass()
Act = (
    Reply
    | Streamed
    | DropReply
    | DropRequest
    | Delay
    | CutAfter
    | StallAfter
    | BlackHole
    | Hold
    | Sometimes
    | Pass
)


class Faults:
    """The server, with what it is told to do.

    Attributes:
        kubeconfig: Leads to this server.
        requests: All that arrived, in order.
        lock: Is held by whoever decides what becomes of a request.
    """

    def __init__(self, folder: Path, upstream: Proxy | None) -> None:
        self._upstream = upstream
        self._plans: list[tuple[re.Pattern[str], list[Act]]] = []
        self.lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.requests: list[Request] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.kubeconfig = folder / f"faults-{self._listener.getsockname()[1]}.kubeconfig"
        threading.Thread(target=self._accept, daemon=True).start()

    def on(self, pattern: str, *acts: Act) -> None:
        """What to do with the next requests whose ``METHOD target`` the pattern is found in, one act for each.

        The plan that was made last is looked at first; requests without a plan are passed on.
        """
        with self.lock:
            self._plans.insert(0, (re.compile(pattern), list(acts)))

    def forget(self) -> None:
        """Drop all plans and what was asked for."""
        with self.lock:
            self._plans.clear()
            self.requests = []

    def asked(self, pattern: str) -> list[Request]:
        """The requests so far whose ``METHOD target`` the pattern is found in."""
        return [
            request for request in self.requests if re.search(pattern, f"{request.method} {request.target}")
        ]

    def passed_on(self, request: Request) -> Iterator[bytes]:
        """The real server's answer, as it comes."""
        assert self._upstream
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self._upstream.path())
            head = [f"{request.method} {request.target} HTTP/1.1", "Host: localhost", "Connection: close"]
            left_out = ("host", "connection")
            head += [f"{name}: {value}" for name, value in request.headers.items() if name not in left_out]
            server.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + request.body)
            while piece := server.recv(65536):
                yield piece

    def close(self) -> None:
        """Listen no more: a thread that waits for somebody would take one more, were it not woken."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if request := _read(client):
                self.requests.append(request)
                self._plan(f"{request.method} {request.target}").play(self, request, client)

    def _plan(self, line: str) -> Act:
        with self.lock:
            for pattern, acts in self._plans:
                if acts and pattern.search(line):
                    return acts.pop(0)
        # What an earlier test has given up may come late: it is no business of this one.
        return PASS if self._upstream else Reply(501, b"there is no script for that")


@contextlib.contextmanager
def between(folder: Path, kubeconfig: Path | None = None) -> Iterator[Faults]:
    """A server of faults in front of a cluster.

    Args:
        folder: Where its kubeconfig is written.
        kubeconfig: Of the real cluster and user; None where all is scripted.
    """
    upstream = Proxy(Target(kubeconfig=str(kubeconfig))) if kubeconfig else None
    faults = Faults(folder, upstream)
    namespace = "default"
    if kubeconfig:
        context = json.loads(kubeconfig.read_text())["contexts"][0]["context"]
        namespace = context.get("namespace", namespace)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "faults", "cluster": {"server": faults.url}}],
        "contexts": [
            {"name": "faults", "context": {"cluster": "faults", "user": "", "namespace": namespace}}
        ],
        "current-context": "faults",
    }
    faults.kubeconfig.write_text(json.dumps(config))
    try:
        yield faults
    finally:
        faults.close()
        if upstream:
            upstream.close()


def _read(client: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(client)
    else:
        while len(body) < int(headers.get("content-length", "0")):
            body += _more(client)
    method, target, _ = first.split(" ")
    return Request(method, target, headers, body)


def _more(client: socket.socket) -> bytes:
    piece = client.recv(65536)
    if not piece:
        raise ConnectionError("it went away within its request")
    return piece


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Said",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def _until_closed(client: socket.socket) -> None:
    while client.recv(65536):
        pass


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
