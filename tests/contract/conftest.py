"""The same cluster twice: in memory, and real."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.adapters.cluster.writes import Writes
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.cluster import ClusterReads, ClusterWrites
from tests.fakes.cluster import FakeCluster
from tests.faults import Faults, between


@dataclass(frozen=True)
class Side:
    """One implementation of the cluster ports, and a namespace to play in."""

    reads: ClusterReads
    writes: ClusterWrites
    namespace: str


@pytest.fixture(params=["fake", "real"])
def side(request: pytest.FixtureRequest) -> Side:
    """Each test that asks for it runs on the fake and on the real cluster."""
    if request.param == "real":
        real: Side = request.getfixturevalue("real")
        return real
    fake = FakeCluster(namespace="test")
    return Side(fake, fake, "test")


@pytest.fixture
def real(administrator: Door, namespace: str, user: Path, user_name: str) -> Iterator[Side]:
    """The real cluster as an ordinary user, who here may also write a pod's status, as a kubelet does."""
    group = "rbac.authorization.k8s.io"
    metadata = {"name": "status", "namespace": namespace}
    for kind, content in (
        ("Role", {"rules": [{"apiGroups": [""], "resources": ["pods/status"], "verbs": ["patch"]}]}),
        (
            "RoleBinding",
            {
                "roleRef": {"apiGroup": group, "kind": "Role", "name": "status"},
                "subjects": [{"apiGroup": group, "kind": "User", "name": user_name}],
            },
        ),
    ):
        Writes(administrator).create({"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, **content})
    with Door(Target(kubeconfig=str(user))) as door:
        yield Side(Reads(door), Writes(door), namespace)


@pytest.fixture
def scripted(kubectl_on_path: None, tmp_path: Path) -> Iterator[Faults]:
    """A server that answers what the test says."""
    with between(tmp_path) as faults:
        yield faults


@pytest.fixture
def door(scripted: Faults) -> Iterator[Door]:
    """A door to the scripted server, through a real kubectl, that gives up after two seconds."""
    with Door(Target(kubeconfig=str(scripted.kubeconfig), request_timeout_seconds=2)) as door:
        yield door
