"""The same cluster in memory, real through kubectl, and real through the package, as inside a pod."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.adapters.cluster.writes import Writes
from kubectl_rapt.model.kinds import CONFIG_MAP, POD
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.cluster import ClusterReads, ClusterWrites
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.fakes.cluster import FakeCluster
from tests.faults import Faults, between


@dataclass(frozen=True)
class Side:
    """One implementation of the cluster ports, and a namespace to play in."""

    reads: ClusterReads
    writes: ClusterWrites
    namespace: str


@pytest.fixture(params=["fake", "real", "packaged"])
def side(request: pytest.FixtureRequest) -> Side:
    """Each test that asks for it runs on the fake and on the real cluster, which has two doors."""
    if request.param != "fake":
        real: Side = request.getfixturevalue(request.param)
        return real
    fake = FakeCluster(namespace="test")
    return Side(fake, fake, "test")


@pytest.fixture(scope="module")
def kubectl_on_path() -> Iterator[None]:
    """A kubectl that is new enough is the first one that the door finds."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", str(kubectl.program().parent), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def administrator(cluster: Cluster, kubectl_on_path: None) -> Iterator[Door]:
    """The administrator's door, to prepare what the user under test may not."""
    with Door(Target(kubeconfig=str(cluster.kubeconfig), namespace="default")) as door:
        yield door


@pytest.fixture
def real(administrator: Door, namespace: str, user: Path) -> Iterator[Side]:
    """The real cluster as an ordinary user, who here may also write a pod's status, as a kubelet does."""
    with Door(Target(kubeconfig=str(user))) as door:
        yield _granted(administrator, door, namespace)


@pytest.fixture
def packaged(administrator: Door, namespace: str, user: Path) -> Iterator[Side]:
    """The same where there is no kubectl: the ``kubernetes`` package speaks to the cluster."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", "/nonexistent")
        door = Door(Target(kubeconfig=str(user)))
    with door:
        yield _granted(administrator, door, namespace)


def _granted(administrator: Door, door: Door, namespace: str) -> Side:
    group = "rbac.authorization.k8s.io"
    metadata = {"name": "status", "namespace": namespace}
    subject = {"apiGroup": group, "kind": "User", "name": f"user-of-{namespace}"}
    role = {"roleRef": {"apiGroup": group, "kind": "Role", "name": "status"}, "subjects": [subject]}
    rules = {"rules": [{"apiGroups": [""], "resources": ["pods/status"], "verbs": ["patch"]}]}
    for kind, content in (("Role", rules), ("RoleBinding", role)):
        writes = Writes(administrator)
        writes.create({"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, **content})
    reads = Reads(door)
    for _ in range(3000):  # a new binding counts some milliseconds later
        if reads.may("create", CONFIG_MAP, namespace) and reads.may(
            "patch", POD, namespace, subresource="status"
        ):
            break
        time.sleep(0.02)
    return Side(reads, Writes(door), namespace)


@pytest.fixture(scope="module")
def _server(kubectl_on_path: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faults]:
    with between(tmp_path_factory.mktemp("scripted")) as faults:
        yield faults


@pytest.fixture(scope="module")
def _doors(_server: Faults) -> Iterator[tuple[Door, Door]]:
    target = Target(kubeconfig=str(_server.kubeconfig), namespace="prod", request_timeout_seconds=60)
    with Door(target) as patient, Door(replace(target, request_timeout_seconds=1.5)) as impatient:
        impatient.proxy.path()  # its start is part of the first request's time, which tests measure
        yield patient, impatient


@pytest.fixture
def scripted(_server: Faults) -> Faults:
    """A server that answers what the test says."""
    _server.forget()
    return _server


@pytest.fixture
def door(_doors: tuple[Door, Door], scripted: Faults) -> Door:
    """A door to the scripted server, through a real kubectl; it waits for as long as a busy machine takes."""
    return _doors[0]


@pytest.fixture
def impatient(_doors: tuple[Door, Door], scripted: Faults) -> Door:
    """The same, but it gives up after 1.5 seconds."""
    return _doors[1]
