"""A real HTTP proxy: tunnels for ``CONNECT``, and an account for those who need one."""

import base64
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """A proxy that leads every tunnel to one port of this machine, whatever name is asked for.

    Args:
        to: The port.
        credentials: ``user:password`` that is needed; empty for none.
        asked: The hosts and ports that tunnels were asked for.
        cuts: How many of the next tunnels are cut as soon as they are open.
    """

    to: int
    credentials: str = ""
    port: int = 0
    asked: list[str] = field(default_factory=list)
    cuts: int = 0


class _Handler(socketserver.StreamRequestHandler):
    proxy: Proxy

    def handle(self) -> None:
        method, target, _ = self.rfile.readline().decode().split(" ")
        headers = {}
        while line := self.rfile.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        self.proxy.asked.append(target)
        wanted = "Basic " + base64.b64encode(self.proxy.credentials.encode()).decode()
        if self.proxy.credentials and headers.get("proxy-authorization") != wanted:
            self.wfile.write(b'HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm="p"\r\n')
            self.wfile.write(b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        elif method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Tunnels only\r\nContent-Length: 0\r\n\r\n")
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            if self.proxy.cuts:
                self.proxy.cuts -= 1
                return
            with socket.create_connection(("127.0.0.1", self.proxy.to)) as there:
                back = threading.Thread(target=_carry, args=(there, self.connection), daemon=True)
                back.start()
                _carry(self.connection, there)
                back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def proxying(to: int, credentials: str = "") -> Iterator[Proxy]:
    """A proxy while the block runs."""
    proxy = Proxy(to, credentials)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with _Server(("127.0.0.1", 0), handler) as server:
        proxy.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
