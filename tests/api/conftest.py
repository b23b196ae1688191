"""Teams on the shared cluster, and on any other."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.config.project import Environment
from kubectl_rapt.model.kinds import NAMESPACE, Ref
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests.api.teams import Team
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.due import Scene
from tests.repositories import SOMEONE, ConfigRepository


@pytest.fixture
def open_team(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    monkeypatch.setenv("PATH", str(kubectl.program().parent), prepend=os.pathsep)
    for name, value in {**SOMEONE, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)

    @contextmanager
    def make(kubeconfig: Path, namespace: str, uid: str = "") -> Iterator[Team]:
        home = tmp_path / secrets.token_hex(4)
        monkeypatch.setenv("RAPT_REPOSITORY", str(home / "config.git"))
        with wiring.open_world(Target(kubeconfig=str(kubeconfig))) as (world, writers):
            assert world.settings.repository.startswith(str(home)), "read now, and kept"
            uid = uid or world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"]
            dev = Environment("dev", (namespace,), cluster=uid, is_reviewed=False)
            yield Team(ConfigRepository(home, dev), namespace, world, writers)

    yield make


@pytest.fixture
def team(open_team: Callable[..., Any], user: Path, namespace: str) -> Iterator[Team]:
    with open_team(user, namespace) as team:
        yield team


@pytest.fixture
def kubectl_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubectl that is new enough is the first one that is found."""
    monkeypatch.setenv("PATH", str(kubectl.program().parent), prepend=os.pathsep)


@pytest.fixture
def admin(cluster: Cluster, kubectl_on_path: None) -> Iterator[tuple[World, Writers]]:
    """Who may say in a Job's status that it has ended."""
    with wiring.open_world(Target(kubeconfig=str(cluster.kubeconfig))) as both:
        yield both


@pytest.fixture
def door(user: Path, kubectl_on_path: None) -> Iterator[tuple[World, Writers]]:
    """The cluster, as an ordinary user."""
    with wiring.open_world(Target(kubeconfig=str(user))) as both:
        yield both


@pytest.fixture
def scene(admin: tuple[World, Writers], namespace: str) -> Scene:
    """A tool and its schedule, in a namespace of its own."""
    scene = Scene(admin[1], namespace)
    scene.tool()
    return scene
