"""A cluster that takes connections and says nothing: a command waits for it once, however much it asks."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_rapt.config.project import Environment
from tests.killing import Person
from tests.repositories import ConfigRepository

TIMEOUT_SECONDS = 6.0


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """Someone whose kubeconfig leads to a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = {"server": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        context = {"cluster": "one", "user": "one", "namespace": "team"}
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "one",
                    "clusters": [{"name": "one", "cluster": server}],
                    "users": [{"name": "one", "user": {"token": "x"}}],
                    "contexts": [{"name": "one", "context": context}],
                }
            )
        )
        repository = ConfigRepository(
            tmp_path / "remote",
            Environment("dev", ("team",), cluster="11111111-1111-1111-1111-111111111111", is_reviewed=False),
            Environment("prod", ("live",), is_reviewed=True),
        )
        yield Person(tmp_path / "ann", kubeconfig, repository=repository.path)


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
