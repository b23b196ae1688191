"""A cluster or a credential plug-in that says nothing: it is waited for once, and nothing of it stays behind."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_rapt.config.project import Environment
from tests.killing import LIMIT_SECONDS, Person, end
from tests.repositories import ConfigRepository

TIMEOUT_SECONDS = 6.0


PLUGIN = "sh -c 'touch $HOME/asked; sleep 300; true'; true"
"""A shell that has started another one, which waits for a third program."""


def kubeconfig(path: Path, server: str, user: dict[str, object]) -> Path:
    """Write one with a single context."""
    context = {"cluster": "one", "user": "one", "namespace": "team"}
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "one",
                "clusters": [{"name": "one", "cluster": {"server": server}}],
                "users": [{"name": "one", "user": user}],
                "contexts": [{"name": "one", "context": context}],
            }
        )
    )
    return path


@pytest.fixture
def waiting(tmp_path: Path) -> Person:
    """Someone whose credential plug-in waits for ever."""
    version = "client.authentication.k8s.io/v1"
    plugin = {"apiVersion": version, "command": "sh", "args": ["-c", PLUGIN], "interactiveMode": "Never"}
    return Person(
        tmp_path / "ann", kubeconfig(tmp_path / "kubeconfig", "https://127.0.0.1:9", {"exec": plugin})
    )


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """Someone whose kubeconfig leads to a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        repository = ConfigRepository(
            tmp_path / "remote",
            Environment("dev", ("team",), cluster="11111111-1111-1111-1111-111111111111", is_reviewed=False),
            Environment("prod", ("live",), is_reviewed=True),
        )
        config = kubeconfig(tmp_path / "kubeconfig", server, {"token": "x"})
        yield Person(tmp_path / "ann", config, repository=repository.path)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("add http-check --in dev", 8),
        ("add http-check --in prod", 0),
        ("sync --in dev", 8),
        ("drift --in dev", 8),
        ("list --in dev", 8),
        ("clean --in dev", 8),
        ("why hello --in dev", 8),
    ],
)
def test_a_command_waits_for_a_silent_cluster_once(person: Person, words: str, code: int) -> None:
    begun = time.monotonic()
    ended = person.types(*words.split(), "--request-timeout", f"{TIMEOUT_SECONDS:g}s")
    lasted = time.monotonic() - begun
    assert ended.exit_code == code, ended
    assert "no answer within" in ended.stderr, ended
    # Four waits, as there were, take 24 s; a busy machine needs its time for the rest.
    assert lasted < 3 * TIMEOUT_SECONDS, f"{lasted:.1f} s\n{ended}"
    person.leaves_nothing()


def test_a_plugin_that_hangs_ends_with_the_command(waiting: Person) -> None:
    ended = waiting.types("list", "--request-timeout", "2s")
    assert ended.exit_code == 8, ended
    assert (waiting.home / "asked").exists()
    waiting.leaves_nothing()


def test_a_plugin_that_hangs_ends_with_a_killed_command(waiting: Person) -> None:
    process = waiting.starts("list")
    ends_at = time.monotonic() + LIMIT_SECONDS
    while not (waiting.home / "asked").exists():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
    process.kill()
    assert end(process).was_killed
    waiting.leaves_nothing()
