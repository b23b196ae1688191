"""The real systems that tests share: started by the first test that asks, ended when all are done."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import namespaces
from tests.cluster import clusters
from tests.cluster.clusters import Cluster

_was_up = pytest.StashKey[bool]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remember, in the process that the workers report to, whether a cluster was there before."""
    if not hasattr(session.config, "workerinput"):
        session.config.stash[_was_up] = clusters.found() is not None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave a cluster as it was: one that someone works with stays."""
    if not hasattr(session.config, "workerinput") and not session.config.stash[_was_up]:
        clusters.down()


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The shared cluster, with a node, and with Rapt installed by its administrator."""
    cluster = clusters.up(node=True)
    program = Path(sys.executable).with_name("kubectl-rapt")
    path = f"{program.parent}:{os.environ['PATH']}"
    command = [str(program), "install", f"--kubeconfig={cluster.kubeconfig}"]
    subprocess.run(command, env={**os.environ, "PATH": path}, check=True, capture_output=True, timeout=60)
    return cluster


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    """A namespace of one's own. It is never deleted: the cluster is."""
    return namespaces.prepare(cluster)


@pytest.fixture
def user(cluster: Cluster, namespace: str) -> Iterator[Path]:
    """The kubeconfig of an ordinary user who may edit that namespace, and whose namespace it is."""
    yield cluster.user(f"user-of-{namespace}", namespace=namespace)
