"""Why a Job failed where no node is needed: policies and quotas refuse it, nodes go away, people hold or delete it.

The scheduler, the controllers and the API server are real; nodes are objects that no kubelet stands behind.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.actions import why
from kubectl_rapt.actions.why import Explanation
from kubectl_rapt.model.target import Target
from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person

PATIENCE_SECONDS = 120
TAINT = {"key": "rapt.dev/test", "effect": "NoSchedule"}
LOW_ON_MEMORY = (
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 40Mi. Container tool was using 300Mi, "
    "request is 0, has larger consumption of memory. "
)


@dataclass(frozen=True)
class Place:
    """A namespace, an ordinary user in it, and the cluster's administrator."""

    cluster: Cluster
    namespace: str
    user: Path

    def administers(self, *words: str, given: object = None) -> str:
        """What kubectl says to the administrator."""
        return _kubectl(self.cluster.kubeconfig, *words, "-n", self.namespace, given=given)

    def is_soon_refused(self, manifest: Mapping[str, Any]) -> None:
        """Wait until the API server has learned of what was set up, which it does by and by."""
        command = [str(kubectl.program()), f"--kubeconfig={self.user}", "-n", self.namespace]
        command += ["create", "--dry-run=server", "-f-"]
        ends_at = time.monotonic() + PATIENCE_SECONDS
        given = json.dumps(manifest)
        while not subprocess.run(command, input=given, capture_output=True, text=True, timeout=60).returncode:
            assert time.monotonic() < ends_at, f"it is not refused: {given}"
            time.sleep(0.3)

    def uses(self, *words: str, given: object = None) -> str:
        """What kubectl says to the user."""
        return _kubectl(self.user, *words, "-n", self.namespace, given=given)

    def explains(self, what: str, cause: str) -> Explanation:
        """What is said once that cause is the first one; the last answer where it never is."""
        target = Target(kubeconfig=str(self.user), namespace=self.namespace)
        ends_at = time.monotonic() + PATIENCE_SECONDS
        with wiring.open_world(target) as (world, _):
            while True:
                told = why.why(world, what, self.namespace)
                if (told.findings and told.findings[0].cause == cause) or time.monotonic() > ends_at:
                    return told
                time.sleep(1)


def _kubectl(kubeconfig: Path, *words: str, given: object = None) -> str:
    sent = None if given is None else json.dumps(given)
    command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", *words]
    done = subprocess.run(command, input=sent, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def _place(cluster: Cluster) -> Place:
    namespace = namespaces.prepare(cluster)
    return Place(cluster, namespace, cluster.user(f"user-of-{namespace}", namespace=namespace))


@pytest.fixture(autouse=True)
def kubectl_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(kubectl.program().parent), prepend=os.pathsep)


@pytest.fixture
def place(cluster: Cluster) -> Place:
    return _place(cluster)


def a_job(
    name: str, container: dict[str, Any] | None = None, labels: dict[str, str] | None = None, **pod: Any
) -> Any:
    """A Job that one of the nodes below would take."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels or {}},
        "spec": {
            "backoffLimit": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "tolerations": [{"key": TAINT["key"], "operator": "Exists"}],
                    "containers": [{"name": "tool", "image": "busybox:1.35", **(container or {})}],
                    **pod,
                }
            },
        },
    }


def _limit_memory(place: Place) -> None:
    limits = [{"type": "Container", "max": {"memory": "8Mi"}, "default": {"memory": "8Mi"}}]
    made = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "small"},
        "spec": {"limits": limits},
    }
    place.administers("create", "-f-", given=made)


def _quota(place: Place, hard: dict[str, str]) -> None:
    made = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": hard}}
    place.administers("create", "-f-", given=made)


def _policy(place: Place, resource: str, group: str) -> None:
    """A ValidatingAdmissionPolicy of the cluster that holds in this namespace alone."""
    name = f"no-{resource}-{place.namespace}"
    chosen = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place.namespace}},
        "resourceRules": [
            {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": [resource]}
        ],
    }
    kind, api = "ValidatingAdmissionPolicy", "admissionregistration.k8s.io/v1"
    rule = {
        "expression": "has(object.metadata.labels) && 'owner' in object.metadata.labels",
        "message": "name an owner",
    }
    policy = {"failurePolicy": "Fail", "matchConstraints": chosen, "validations": [rule]}
    binding = {"policyName": name, "validationActions": ["Deny"]}
    for made in (
        {"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": policy},
        {"apiVersion": api, "kind": f"{kind}Binding", "metadata": {"name": name}, "spec": binding},
    ):
        place.administers("create", "-f-", given=made)


def _nothing(place: Place) -> None:
    pass


def _restrict(place: Place) -> None:
    place.administers("label", "namespace", place.namespace, "pod-security.kubernetes.io/enforce=restricted")


REFUSED: dict[str, tuple[Callable[[Place], None], dict[str, Any], str, str, str]] = {
    "quota-used-up": (
        lambda place: _quota(place, {"pods": "0"}),
        {},
        "QuotaExceeded",
        "quota few refuses it: requested: pods=1, used: pods=0, limited: pods=0",
        "kubectl describe resourcequota few -n ",
    ),
    "quota-wants-more": (
        lambda place: _quota(place, {"requests.cpu": "1"}),
        {},
        "QuotaExceeded",
        "quota few refuses it: must specify requests.cpu for: tool",
        "kubectl describe resourcequota few -n ",
    ),
    "limit-range": (
        _limit_memory,
        {"container": {"resources": {"limits": {"memory": "16Mi"}}}},
        "LimitRangeExceeded",
        "a LimitRange refuses it: maximum memory usage per Container is 8Mi, but limit is 16Mi",
        "kubectl describe limitrange -n ",
    ),
    "policy": (
        lambda place: _policy(place, "pods", ""),
        {},
        "AdmissionRefused",
        "policy no-pods-t-[0-9a-f]+ refuses it: name an owner",
        "kubectl get validatingadmissionpolicy no-pods-t-",
    ),
    "pod-security": (
        _restrict,
        {},
        "AdmissionRefused",
        "the namespace's Pod Security .restricted:latest. refuses it: allowPrivilegeEscalation != false",
        "kubectl get namespace t-",
    ),
    "no-service-account": (
        _nothing,
        {"serviceAccountName": "absent"},
        "ServiceAccountMissing",
        "service account absent does not exist",
        "kubectl get serviceaccount absent -n ",
    ),
}


def test_a_job_whose_pods_are_refused_says_by_whom(cluster: Cluster) -> None:
    def scenario(name: str) -> None:
        prepare, fields, cause, message, hint = REFUSED[name]
        place = _place(cluster)
        prepare(place)
        job = a_job(name, **fields)
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, **job["spec"]["template"]}
        place.is_soon_refused(pod)
        place.uses("create", "-f-", given=job)
        told = place.explains(f"job/{name}", cause)
        assert [one.cause for one in told.findings] == [cause], (name, told)
        first = told.findings[0]
        assert re.search(message, first.message), (name, first)
        assert first.evidence.startswith(f"job/{name} event FailedCreate"), (name, first)
        assert first.hint.startswith(hint), (name, first)
        assert told.outcome is None, "its controller goes on trying"

    with ThreadPoolExecutor(len(REFUSED)) as pool:
        assert list(pool.map(scenario, REFUSED)) == [None] * len(REFUSED)


@dataclass(frozen=True)
class Nodes:
    """Two nodes without a kubelet: one to be bound to by name, one with room for a single pod."""

    place: Place
    lost: str
    small: str
    priority: str


@pytest.fixture
def nodes(place: Place) -> Iterator[Nodes]:
    made = Nodes(place, *(f"{word}-{place.namespace}" for word in ("lost", "small", "high")))
    for name in (made.lost, made.small):
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"name": name}}}
        place.administers("create", "-f-", given={**node, "spec": {"taints": [TAINT]}})
        room = {"cpu": "1", "memory": "1Gi", "pods": "10"}
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "message": "",
            "lastHeartbeatTime": None,
        }
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        ready |= {"lastHeartbeatTime": now, "lastTransitionTime": now}
        status = json.dumps({"status": {"capacity": room, "allocatable": room, "conditions": [ready]}})
        place.administers("patch", "node", name, "--subresource=status", "--type=merge", f"-p={status}")
    high = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": made.priority},
    }
    place.administers("create", "-f-", given={**high, "value": 1000})
    yield made
    place.administers("delete", "node", made.lost, made.small, "--wait=false")
    place.administers("delete", "priorityclass", made.priority)


def test_what_ends_a_pod_from_outside_is_told_apart(nodes: Nodes) -> None:
    place = nodes.place
    bound = ("lost", "drained", "deleted", "starved")
    for name in bound:
        place.uses("create", "-f-", given=a_job(name, nodeName=nodes.lost))
    on_small: dict[str, Any] = {
        "nodeSelector": {"name": nodes.small},
        "tolerations": [{"operator": "Exists"}],
    }
    whole: dict[str, Any] = {"resources": {"requests": {"cpu": "1"}}}
    place.uses("create", "-f-", given=a_job("low", whole, **on_small))
    pods = {name: _pod(place, name) for name in (*bound, "low")}
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pods["drained"]}}
    path = f"/api/v1/namespaces/{place.namespace}/pods/{pods['drained']}/eviction"
    place.administers("create", f"--raw={path}", "-f-", given=eviction)
    place.uses("delete", "pod", pods["deleted"], "--wait=false")
    starved = {"phase": "Failed", "reason": "Evicted", "message": LOW_ON_MEMORY}
    patch = json.dumps({"status": starved})
    place.administers("patch", "pod", pods["starved"], "--subresource=status", "--type=merge", f"-p={patch}")
    place.uses("create", "-f-", given=a_job("high", whole, priorityClassName=nodes.priority, **on_small))
    taints = json.dumps({"spec": {"taints": [TAINT, {"key": "gone", "effect": "NoExecute"}]}})

    def told(name: str, cause: str) -> tuple[str, str, str]:
        explained = place.explains(f"job/{name}", cause)
        assert explained.findings, explained
        first = explained.findings[0]
        assert explained.outcome is None or explained.outcome.cause == first.cause, explained
        return first.cause, first.message, first.evidence.replace(pods[name], "POD")

    where = f"node {nodes.lost}"
    assert told("drained", "Evicted") == (
        "Evicted",
        f"it was evicted from {where}, as `kubectl drain` does (Eviction API: evicting)",
        "pod/POD condition DisruptionTarget: EvictionByEvictionAPI",
    )
    assert told("deleted", "Deleted") == (
        "Deleted",
        "its pod was deleted while it ran",
        "pod/POD deletionTimestamp",
    )
    cause, message, evidence = told("starved", "Evicted")
    assert (cause, evidence) == ("Evicted", "pod/POD Failed: Evicted")
    assert message.startswith(f"{where} was low on memory (The node was low on resource: memory. Threshold")
    cause, message, evidence = told("low", "Preempted")
    assert (cause, evidence) == ("Preempted", "pod/POD condition DisruptionTarget: PreemptionByScheduler")
    assert message.startswith(f"its pod made room on node {nodes.small} for one of higher priority (")
    # This one last: it ends all that are on that node.
    place.administers("patch", "node", nodes.lost, "--type=merge", f"-p={taints}")
    cause, message, evidence = told("lost", "NodeLost")
    assert (cause, evidence) == ("NodeLost", "pod/POD condition DisruptionTarget: DeletionByTaintManager")
    assert message.startswith(f"{where} went away or may not be used any more (")


def _pod(place: Place, job: str) -> str:
    """The pod of a Job, once it has a node."""
    selected = ("get", "pods", f"--selector=batch.kubernetes.io/job-name={job}", "-o", "json")
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        found = [one for one in json.loads(place.uses(*selected))["items"] if one["spec"].get("nodeName")]
        if found:
            return str(found[0]["metadata"]["name"])
        time.sleep(0.3)
    raise AssertionError(f"{job} has no pod")


def test_a_job_that_is_held_back_says_by_whom_and_is_no_failure(place: Place) -> None:
    for name, labels in (("by-hand", {}), ("queued", {"kueue.x-k8s.io/queue-name": "night"})):
        job = a_job(name, labels=labels)
        place.uses("create", "-f-", given={**job, "spec": {**job["spec"], "suspend": True}})
    place.uses("patch", "job", "by-hand", "--type=merge", '-p={"spec":{"suspend":false}}')
    place.uses("patch", "job", "by-hand", "--type=merge", '-p={"spec":{"suspend":true}}')
    (held,) = place.explains("job/by-hand", "Suspended").findings
    assert held.message == "its Job is suspended by kubectl-patch"
    (queued,) = place.explains("job/queued", "Queued").findings
    assert queued.message == "Kueue holds it in queue night"
    assert queued.evidence == "job/queued label kueue.x-k8s.io/queue-name=night"


def _tool(name: str) -> Any:
    pod = {
        "restartPolicy": "Never",
        "containers": [{"name": "tool", "image": "busybox:1.35", "command": ["true"]}],
    }
    job = {"spec": {"backoffLimit": 0, "template": {"spec": {**pod, "nodeSelector": {"disk": "ssd"}}}}}
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name},
        "spec": {"job": job},
    }


def test_a_run_whose_job_may_not_be_created_says_why_as_long_as_it_is_so(
    place: Place, tmp_path: Path
) -> None:
    person = Person(tmp_path / "ann", place.user)
    place.uses("create", "-f-", given=_tool("hello"))
    _policy(place, "jobs", "batch")
    place.is_soon_refused(a_job("probe"))
    refused = person.types("run", "hello", "--request-id", "held")
    assert refused.exit_code == 6, refused
    time.sleep(6)
    told = person.types("why", "held")
    assert told.exit_code == 0, told
    assert re.search(
        r'cause +AdmissionRefused: policy "no-jobs-t-\w+" refuses .*name an owner', told.stdout
    ), told
    assert re.search(r"try +kubectl get validatingadmissionpolicy no-jobs-t-\w+ -o yaml", told.stdout), told


def test_a_run_tells_that_its_job_was_deleted_and_what_its_pod_waits_for(
    place: Place, tmp_path: Path
) -> None:
    person = Person(tmp_path / "ann", place.user)
    place.uses("create", "-f-", given=_tool("hello"))
    assert person.types("run", "hello", "--request-id", "gone").exit_code == 0
    waiting = place.explains("gone", "Unschedulable")
    assert waiting.outcome is None
    assert waiting.findings[0].hint == "kubectl describe nodes"
    place.uses("delete", "job", "gone-1")
    follows = person.types("run", "hello", "--request-id", "gone", "--follow")
    assert follows.exit_code == 1, follows
    told = person.types("why", "gone", "-o", "json")
    found = json.loads(told.stdout)
    assert found["findings"][0]["cause"] == "Deleted", found
    assert found["findings"][0]["try"] == "kubectl rapt retry gone"
    assert [one["cause"] for one in found["attempts"]] == ["Deleted"]
    listed = person.types("why", "--failed")
    assert re.search(r"gone +hello +Deleted +1 +\S+ +job/gone-1 was deleted", listed.stdout), listed
    assert listed.stderr == "1 failed: 1 Deleted\n"
