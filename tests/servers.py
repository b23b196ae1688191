"""Small servers that the tools under test talk to, and ports for large ones."""

import random
import secrets
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster


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
def health_server(cluster: Cluster, namespace: str) -> Iterator[tuple[str, int]]:
    """A server that pods reach, and that is well but for ``/broken``; its address and port.

    It is on this machine if pods reach it, else in a pod of that namespace.
    """
    address = cluster.node_address
    if address is None:
        yield _in_a_pod(cluster, namespace), _PORT
        return
    with serving(address, _Health) as port:
        yield address, port


_PORT = 8080
_ANSWERING = f"""\
cat >/tmp/answer <<'END'
#!/bin/sh
read method path version || exit 0
case $path in
  /broken) status="503 Service Unavailable" ;;
  *) status="200 OK" ;;
esac
printf 'HTTP/1.0 %s\\r\\nContent-Length: 0\\r\\n\\r\\n' "$status"
END
chmod +x /tmp/answer
exec nc -ll -p {_PORT} -e /tmp/answer
"""


def _in_a_pod(cluster: Cluster, namespace: str) -> str:
    """Start the health server as a pod, which goes with its namespace or its cluster; its address."""
    name = f"health-{secrets.token_hex(4)}"
    container: dict[str, Any] = {
        "name": "server",
        "image": "busybox:1.35",
        "command": ["sh", "-c", _ANSWERING],
        "readinessProbe": {"tcpSocket": {"port": _PORT}, "periodSeconds": 1},
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    metadata = {"name": name, "namespace": namespace}
    namespaces.apply(
        cluster.kubeconfig, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    )
    asking = [str(kubectl.program()), f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}"]
    subprocess.run(
        [*asking, "wait", f"pod/{name}", "--for=condition=Ready", "--timeout=180s"],
        check=True,
        capture_output=True,
        timeout=200,
    )
    words = [*asking, "get", "pod", name, "--output=jsonpath={.status.podIP}"]
    return subprocess.check_output(words, text=True, timeout=60)


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
