"""Typing commands without a cluster: a home of one's own, and an answer as one value."""

import json
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from kubectl_rapt.cli import main
from tests import hints
from tests.cluster import kubectl
from tests.killing import Ended
from tests.repositories import SOMEONE

Ask = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of someone whom git knows, and who has neither settings nor a cluster."""
    for name in os.environ:
        if name.startswith(("XDG_", "RAPT_", "GIT_", "KUBE")):
            monkeypatch.delenv(name)
    for name, value in SOMEONE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KUBECONFIG", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def silent(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kubeconfig leads to a server that accepts connections, and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": address}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "team"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        monkeypatch.setenv("PATH", f"{kubectl.program().parent}:{os.environ['PATH']}")
        yield


@pytest.fixture
def ask(home: Path, capfd: pytest.CaptureFixture[str]) -> Ask:
    """Type a command in this process, and then every command that its answer shows."""

    def types(words: Sequence[str]) -> Ended:
        code = main.run(list(words))
        told = capfd.readouterr()
        return Ended(code, told.out, told.err)

    follows = hints.Hints(types)

    def ask(*words: str) -> Ended:
        ended = types(words)
        follows.follow(words, ended)
        return ended

    return ask
