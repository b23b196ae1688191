"""Connections that die without a word, as when a laptop changes its network: they are noticed, and replaced."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.model.kinds import CONFIG_MAP, Ref
from kubectl_rapt.model.target import Target
from tests.contract.conftest import Side

SOON_SECONDS = 25.0
"""Within one request's time, which is 30 s if nothing else is said."""


class Wire:
    """What lies between kubectl and the API server: it passes bytes on, and forgets connections when it is told to.

    Args:
        server: The address of the API server.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self._epoch = 0
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def forget(self) -> None:
        """Pass on nothing more of the connections that there are, without closing any."""
        self._epoch += 1

    def close(self) -> None:
        """End everything."""
        for one in (self._listener, *self._held):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._server)
                self._held += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(
                        target=self._pass_on, args=(source, target, self._epoch), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, epoch: int) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if epoch == self._epoch:
                    target.sendall(piece)
            if epoch == self._epoch:
                target.shutdown(socket.SHUT_WR)


@pytest.fixture
def wire(user: Path, tmp_path: Path) -> Iterator[tuple[Wire, Path]]:
    """A wire to the real API server, and the kubeconfig that leads over it."""
    config = json.loads(user.read_text())
    cluster = config["clusters"][0]["cluster"]
    address = urlsplit(cluster["server"])
    assert address.hostname and address.port
    wire = Wire((address.hostname, address.port))
    cluster["server"] = f"https://127.0.0.1:{wire.port}"
    cluster["tls-server-name"] = "localhost"
    path = tmp_path / "over-the-wire"
    path.write_text(json.dumps(config))
    yield wire, path
    wire.close()


def test_a_request_over_a_connection_that_has_died_silently_is_answered_within_its_time(
    wire: tuple[Wire, Path], real: Side
) -> None:
    with Door(Target(kubeconfig=str(wire[1]))) as door:
        one = Ref(CONFIG_MAP, "kube-root-ca.crt", real.namespace)
        before = Reads(door).get(one)
        wire[0].forget()
        begun = time.monotonic()
        assert Reads(door).get(one) == before
        assert time.monotonic() - begun < SOON_SECONDS


def test_a_watch_over_a_connection_that_has_died_silently_goes_on_soon(
    wire: tuple[Wire, Path], real: Side
) -> None:
    with Door(Target(kubeconfig=str(wire[1]))) as door:
        events = Reads(door).watch(CONFIG_MAP, real.namespace, labels="a=1", timeout_seconds=60)
        assert next(events).type == "synced"
        wire[0].forget()
        begun = time.monotonic()
        metadata = {"name": "later", "namespace": real.namespace, "labels": {"a": "1"}}
        real.writes.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
        assert next(events).type == "added"
        assert time.monotonic() - begun < SOON_SECONDS
        events.close()
