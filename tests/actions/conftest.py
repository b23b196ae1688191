"""A config repository, and people who work on it, each with a home of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.config.project import Environment
from kubectl_rapt.config.settings import Settings
from tests.fakes.cluster import FakeCluster
from tests.fakes.world import FakeWorld
from tests.repositories import ConfigRepository


@pytest.fixture(scope="session")
def renderer() -> Iterator[Sandbox]:
    renderer = Sandbox()
    yield renderer
    renderer.close()


@pytest.fixture
def repository(tmp_path: Path) -> ConfigRepository:
    """Environment dev needs no review, prod does."""
    return ConfigRepository(
        tmp_path,
        Environment("dev", ("team",), cluster="uid", is_reviewed=False),
        Environment("prod", ("live", "batch"), cluster="uid", is_reviewed=True),
    )


@pytest.fixture
def someone(tmp_path: Path, repository: ConfigRepository, renderer: Sandbox) -> Callable[[str], FakeWorld]:
    """Makes the world of a person; all of them share the repository and the cluster."""
    cluster = FakeCluster()

    def make(name: str) -> FakeWorld:
        settings = Settings(repository=str(repository.path), environment="dev")
        return FakeWorld(name, tmp_path / name, settings, renderer, cluster)

    return make


@pytest.fixture
def ann(someone: Callable[[str], FakeWorld]) -> FakeWorld:
    return someone("ann")


@pytest.fixture
def bob(someone: Callable[[str], FakeWorld]) -> FakeWorld:
    return someone("bob")
