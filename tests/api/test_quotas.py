"""What is predicted of LimitRanges and quotas is what a real API server does, case by case, both ways."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.errors import Refused
from kubectl_rapt.guard import quotas
from kubectl_rapt.model.kinds import EVENT, JOB, LIMIT_RANGE, POD, RESOURCE_QUOTA, Kind, Manifest
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests import namespaces
from tests.cluster.clusters import Cluster

SIZES = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
LIMIT_SECONDS = 180


@dataclass(frozen=True)
class Case:
    """A Job in a namespace with limits.

    Args:
        name: What it shows.
        ends: ``admitted``, ``FailedCreate`` (the Job is there, its pods never come) or ``refused`` (no Job).
        limits: Items of a LimitRange.
        hard: A quota.
        quota: More of the quota's spec.
        containers: The resources of each container.
        init: The resources of an init container.
        pod: More of the pod's spec.
        spec: More of the Job's spec.
    """

    name: str
    ends: str
    limits: tuple[dict[str, Any], ...] = ()
    hard: dict[str, str] = field(default_factory=dict)
    quota: dict[str, Any] = field(default_factory=dict)
    containers: tuple[dict[str, Any], ...] = (SIZES,)
    init: dict[str, Any] | None = None
    pod: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def job(self) -> dict[str, Any]:
        """``{metadata, spec}``; on no node, so that what is admitted stays."""
        made = [
            {"name": f"c{i}", "image": "busybox:1.35", "resources": one}
            for i, one in enumerate(self.containers)
        ]
        pod: dict[str, Any] = {
            "restartPolicy": "Never",
            "nodeSelector": {"of": "nobody"},
            "containers": made,
            **self.pod,
        }
        if self.init is not None:
            pod["initContainers"] = [{"name": "init", "image": "busybox:1.35", "resources": self.init}]
        return {"metadata": {}, "spec": {"backoffLimit": 0, "template": {"spec": pod}, **self.spec}}


def container(**limits: Any) -> tuple[dict[str, Any], ...]:
    return ({"type": "Container", **limits},)


def pod(**limits: Any) -> tuple[dict[str, Any], ...]:
    return ({"type": "Pod", **limits},)


BIG_INIT = {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
CASES = (
    Case("limit-at-max", "admitted", container(max={"memory": "128Mi"})),
    Case("limit-over-max", "FailedCreate", container(max={"memory": "127Mi"})),
    Case("max-gives-a-default-limit", "admitted", container(max={"cpu": "1"})),
    Case("request-at-min", "admitted", container(min={"cpu": "100m"})),
    Case("request-under-min", "FailedCreate", container(min={"cpu": "101m"})),
    Case(
        "limit-is-a-request", "admitted", container(min={"cpu": "1"}), containers=({"limits": {"cpu": "1"}},)
    ),
    Case("min-gives-a-default-request", "admitted", container(min={"cpu": "1"}), containers=({},)),
    Case("ratio-kept", "admitted", container(maxLimitRequestRatio={"memory": "2"})),
    Case("ratio-broken", "FailedCreate", container(maxLimitRequestRatio={"memory": "1500m"})),
    Case("ratio-without-limit", "FailedCreate", container(maxLimitRequestRatio={"cpu": "2"})),
    Case("init-over-max", "FailedCreate", container(max={"memory": "512Mi"}), init=BIG_INIT),
    Case("pod-sum-at-max", "admitted", pod(max={"memory": "256Mi"}), containers=(SIZES, SIZES)),
    Case("pod-sum-over-max", "FailedCreate", pod(max={"memory": "255Mi"}), containers=(SIZES, SIZES)),
    Case("pod-init-counts-alone", "FailedCreate", pod(max={"memory": "512Mi"}), init=BIG_INIT),
    Case("pod-under-min", "FailedCreate", pod(min={"cpu": "201m"}), containers=(SIZES, SIZES)),
    Case("quota-fits", "admitted", hard={"requests.cpu": "100m", "limits.memory": "128Mi", "pods": "1"}),
    Case("quota-cpu", "FailedCreate", hard={"requests.cpu": "99m"}),
    Case("quota-cpu-by-its-short-name", "FailedCreate", hard={"cpu": "99m"}),
    Case("quota-memory-limit", "FailedCreate", hard={"limits.memory": "127Mi"}),
    Case("quota-wants-a-cpu-limit", "FailedCreate", hard={"limits.cpu": "4"}),
    Case(
        "default-satisfies-the-quota", "admitted", container(default={"cpu": "2"}), hard={"limits.cpu": "2"}
    ),
    Case(
        "default-is-over-the-quota", "FailedCreate", container(default={"cpu": "2"}), hard={"limits.cpu": "1"}
    ),
    Case("quota-without-pods", "FailedCreate", hard={"pods": "0"}),
    Case("quota-of-counted-pods", "FailedCreate", hard={"count/pods": "0"}),
    Case("quota-init-counts-alone", "FailedCreate", hard={"requests.memory": "512Mi"}, init=BIG_INIT),
    Case("quota-without-jobs", "refused", hard={"count/jobs.batch": "0"}),
    Case("quota-with-a-job", "admitted", hard={"count/jobs.batch": "1"}),
    Case("quota-of-other-pods", "admitted", hard={"pods": "0"}, quota={"scopes": ["Terminating"]}),
    Case(
        "quota-of-pods-that-end",
        "FailedCreate",
        hard={"pods": "0"},
        quota={"scopes": ["Terminating"]},
        pod={"activeDeadlineSeconds": 60},
    ),
    Case("quota-of-pods-that-stay", "FailedCreate", hard={"pods": "0"}, quota={"scopes": ["NotTerminating"]}),
    Case("quota-of-sized-pods", "FailedCreate", hard={"pods": "0"}, quota={"scopes": ["NotBestEffort"]}),
    Case("quota-of-unsized-pods", "admitted", hard={"pods": "0"}, quota={"scopes": ["BestEffort"]}),
    Case("unsized", "FailedCreate", hard={"pods": "0"}, quota={"scopes": ["BestEffort"]}, containers=({},)),
    Case("quota-of-gpus-nobody-wants", "admitted", hard={"requests.nvidia.com/gpu": "0"}),
    Case(
        "quota-of-gpus",
        "FailedCreate",
        hard={"requests.nvidia.com/gpu": "0"},
        containers=({"limits": {"nvidia.com/gpu": "1"}},),
    ),
)


@dataclass(frozen=True)
class Seen:
    """What was predicted of a case, and what came."""

    prediction: quotas.Prediction
    ended: str


@pytest.fixture(scope="module")
def seen(cluster: Cluster) -> Iterator[dict[str, Seen]]:
    """All cases at once, each in a namespace of its own."""
    with (
        wiring.open_world(Target(kubeconfig=str(cluster.kubeconfig))) as (world, writers),
        ThreadPoolExecutor(8) as pool,
    ):
        played = pool.map(lambda one: play(cluster, world, writers, one), CASES)
        yield dict(zip([one.name for one in CASES], played, strict=True))


def play(cluster: Cluster, world: World, writers: Writers, case: Case) -> Seen:
    """Make a namespace with limits, predict, create the Job, and look what comes."""
    namespace = namespaces.prepare(cluster)
    if case.limits:
        create(writers, LIMIT_RANGE, namespace, spec={"limits": list(case.limits)})
    if case.hard:
        create(writers, RESOURCE_QUOTA, namespace, spec={"hard": case.hard, **case.quota})
        until(
            lambda: all("hard" in one.get("status", {}) for one in listed(world, RESOURCE_QUOTA, namespace))
        )
    # The API server learns of limits by and by.
    until(lambda: is_refused(world, case, namespace) == (case.ends != "admitted"))
    ranges, limits = (listed(world, kind, namespace) for kind in (LIMIT_RANGE, RESOURCE_QUOTA))
    prediction = quotas.predict(case.job, ranges, limits)
    try:
        create(writers, JOB, namespace, **case.job)
    except Refused:
        return Seen(prediction, "refused")
    return Seen(prediction, str(until(lambda: ending(world, namespace))))


def is_refused(world: World, case: Case, namespace: str) -> bool:
    """Whether the Job, or where it is taken its pod, would be refused now."""
    kind, made = (JOB, case.job) if case.ends == "refused" else (POD, case.job["spec"]["template"])
    metadata = {"name": "of-the-test", "namespace": namespace}
    try:
        world.cluster.dry_run(
            {"apiVersion": kind.api_version, "kind": kind.name, **made, "metadata": metadata}
        )
    except Refused:
        return True
    return False


def listed(world: World, kind: Kind, namespace: str) -> list[Manifest]:
    return list(world.cluster.list(kind, namespace))


def create(writers: Writers, kind: Kind, namespace: str, **content: Any) -> Manifest:
    metadata = {**content.pop("metadata", {}), "name": "of-the-test", "namespace": namespace}
    return writers.cluster.create(
        {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata, **content}
    )


def ending(world: World, namespace: str) -> str:
    if any(True for _ in world.cluster.list(POD, namespace)):
        return "admitted"
    reasons = {one.get("reason") for one in world.cluster.list(EVENT, namespace)}
    return "FailedCreate" if "FailedCreate" in reasons else ""


def until(look: Any) -> Any:
    ends_at = time.monotonic() + LIMIT_SECONDS
    while not (found := look()):
        assert time.monotonic() < ends_at, "it did not come"
        time.sleep(0.1)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.name)
def test_what_is_predicted_is_what_comes(seen: dict[str, Seen], case: Case) -> None:
    found = seen[case.name]
    assert found.ended == case.ends, "the case is what it says"
    assert bool(found.prediction.problems) == (case.ends != "admitted"), found.prediction
    assert found.prediction.notes == ()
