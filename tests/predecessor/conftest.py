"""Somebody who comes from the Go program, with their tools, on the real node."""

from pathlib import Path

import pytest
import yaml

from tests import namespaces
from tests.cluster.clusters import Cluster
from tests.killing import Person

HERE = Path(__file__).parent
SHAPES = sorted((HERE / "tools").glob("*.yaml"))
"""Tools of the shapes that the Go program's examples had, its own API server refused, and its pages describe."""


@pytest.fixture(scope="session")
def ann(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """An ordinary user in a namespace with all of the tools, which they applied with kubectl."""
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    namespaces.apply(user, *(yaml.safe_load(path.read_text()) for path in SHAPES))
    return Person(tmp_path_factory.mktemp("home") / "ann", user)
