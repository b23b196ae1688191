"""Small servers that the tools under test talk to, and ports for large ones."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def free_port() -> int:
    """A port of this machine that nobody listens on, and that the kernel gives to no outgoing connection meanwhile."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class _Health(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.send_response(503 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = _answer  # noqa: N815 - the names that the library calls

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def health_server(address: str) -> Iterator[int]:
    """A server that is well, but for ``/broken``; its port."""
    with serving(address, _Health) as port:
        yield port


@contextmanager
def remembering_server(address: str) -> Iterator[tuple[str, list[str]]]:
    """A server that remembers what it was asked for; its URL, and each path without its first slash."""
    asked: list[str] = []

    class Remembering(_Health):
        def do_GET(self) -> None:
            asked.append(self.path.removeprefix("/"))
            super().do_GET()

    with serving(address, Remembering) as port:
        yield f"http://{address}:{port}", asked


@contextmanager
def serving(address: str, handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """A server with that handler, for as long as the block lasts; its port."""
    with ThreadingHTTPServer((address, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
