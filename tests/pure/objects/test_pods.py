"""Pods: what a kubelet says of one and of its containers."""

from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.model.kinds import POD, Ref
from kubectl_rapt.objects import pods
from kubectl_rapt.objects.pods import Container, Pod
from tests.given import NOON, RUNNING, a_pod, ended, waiting

BEGIN, END = NOON + timedelta(seconds=10), NOON + timedelta(seconds=60)


def test_a_pod_is_read_with_its_containers_in_the_order_of_its_spec() -> None:
    read = pods.from_manifest(
        a_pod(
            "Running",
            RUNNING,
            ended(7, message="full"),
            waiting("CreateContainerError", "no"),
            init=[ended(0)],
        )
    )
    assert read == Pod(
        name="backup-x7k2p-1-aaaaa",
        namespace="team",
        phase="Running",
        labels={"batch.kubernetes.io/job-name": "backup-x7k2p-1"},
        created_at=NOON + timedelta(seconds=1),
        scheduled_at=NOON + timedelta(seconds=2),
        node="node-1",
        unscheduled="",
        reason="",
        message="",
        containers=(
            Container("init-0", True, "terminated", "Completed", "", 0, BEGIN, END),
            Container("tool", False, "running", started_at=BEGIN),
            Container("other-1", False, "terminated", "Error", "full", 7, BEGIN, END),
            Container("other-2", False, "waiting", "CreateContainerError", "no"),
        ),
    )
    assert read.ref == Ref(POD, "backup-x7k2p-1-aaaaa", "team")


@pytest.mark.parametrize(("policy", "may_restart"), [("Never", False), ("OnFailure", True), ("Always", True)])
def test_containers_may_be_started_again_unless_that_is_ruled_out(policy: str, may_restart: bool) -> None:
    manifest = a_pod("Running", RUNNING)
    manifest["spec"]["restartPolicy"] = policy
    assert pods.from_manifest(manifest).may_restart is may_restart


def test_a_pod_without_a_node_says_why() -> None:
    read = pods.from_manifest(a_pod("Pending", waiting(""), scheduled="0/3 nodes are available"))
    assert (read.scheduled_at, read.unscheduled) == (None, "0/3 nodes are available")


@pytest.mark.parametrize("absent", [["status"], ["status", "labels"], ["status", "labels", "initContainers"]])
def test_a_pod_that_nobody_has_looked_at_yet_waits(absent: list[str]) -> None:
    manifest: dict[str, Any] = a_pod("Pending", waiting(""))
    for key in absent:
        for holder in (manifest, manifest["metadata"], manifest["spec"]):
            holder.pop(key, None)
    read = pods.from_manifest(manifest)
    assert (read.phase, read.unscheduled, read.scheduled_at) == ("Pending", "", None)
    assert read.containers == (Container("tool", False, "waiting"),)
    assert read.labels == ({} if "labels" in absent else {"batch.kubernetes.io/job-name": "backup-x7k2p-1"})


def test_a_pod_may_have_a_node_and_nobody_knows_since_when() -> None:
    manifest = a_pod("Running", RUNNING)
    del manifest["status"]["conditions"][0]["lastTransitionTime"]
    read = pods.from_manifest(manifest)
    assert (read.scheduled_at, read.unscheduled) == (None, "")


def test_a_container_without_a_state_waits() -> None:
    manifest = a_pod("Running", RUNNING, RUNNING)
    del manifest["status"]["containerStatuses"][0]["state"]
    states = {one.name: one.state for one in pods.from_manifest(manifest).containers}
    assert states == {"tool": "running", "other-1": "waiting"}


def test_an_eviction_is_said_of_the_pod() -> None:
    read = pods.from_manifest(a_pod("Failed", waiting(""), reason="Evicted", message="low on memory"))
    assert (read.phase, read.reason, read.message) == ("Failed", "Evicted", "low on memory")
