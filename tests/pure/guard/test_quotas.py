"""What a namespace's limits would refuse, by the rules of Kubernetes; ``tests/api/test_quotas`` holds them to it."""

from typing import Any

import pytest

from kubectl_rapt.guard import quotas
from kubectl_rapt.guard.quotas import Prediction

SIZES = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}


def a_job(*containers: dict[str, Any], init: Any = None, pod: Any = None, **spec: Any) -> dict[str, Any]:
    """A Job whose containers have those resources."""
    made = [{"name": f"c{index}", "resources": one} for index, one in enumerate(containers or (SIZES,))]
    pod_spec: dict[str, Any] = {"containers": made, **(pod or {})}
    if init:
        pod_spec["initContainers"] = [{"name": "init", "resources": init}]
    return {"spec": {"template": {"spec": pod_spec}, **spec}}


def a_range(kind: str = "Container", name: str = "sizes", **limits: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"limits": [{"type": kind, **limits}]}}


def a_quota(hard: dict[str, str], used: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "q"},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": used or dict.fromkeys(hard, "0")},
    }


def by_class(operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"scopeName": "PriorityClass", "operator": operator, "values": values}]}


def problems(prediction: Prediction) -> list[str]:
    return [f"{one.where} {one.what}" for one in prediction.problems]


C0 = "container c0"
IN_RANGE = ' (limit range "sizes")'


@pytest.mark.parametrize(
    ("job", "limit_range", "expected"),
    [
        (a_job(), a_range(max={"memory": "128Mi"}), []),
        (
            a_job(),
            a_range(max={"memory": "127Mi"}),
            [f"{C0} has a limit of 128Mi memory, of which 127Mi is the most"],
        ),
        (a_job(), a_range(max={"cpu": "1"}), ["container c0 has no limit of cpu, of which 1 is the most"]),
        (a_job(), a_range(max={"cpu": "1"}, default={"cpu": "1"}), []),
        (a_job(), a_range(min={"cpu": "100m"}), []),
        (
            a_job(),
            a_range(min={"cpu": "101m"}),
            ["container c0 requests 100m cpu, of which 101m is the least"],
        ),
        (a_job({"limits": {"cpu": "1"}}), a_range(min={"cpu": "1"}), []),
        (a_job({}), a_range(min={"cpu": "1"}), ["container c0 requests no cpu, of which 1 is the least"]),
        (a_job({}), a_range(min={"cpu": "1"}, defaultRequest={"cpu": "2"}), []),
        (a_job(), a_range(maxLimitRequestRatio={"memory": "2"}), []),
        (
            a_job(),
            a_range(maxLimitRequestRatio={"memory": "1500m"}),
            ["container c0 has a limit of 128Mi memory for a request of 64Mi: their ratio is at most 1500m"],
        ),
        (
            a_job(),
            a_range(maxLimitRequestRatio={"cpu": "2"}),
            ["container c0 needs a request and a limit of cpu: their ratio is at most 2"],
        ),
        (
            a_job(init={"limits": {"memory": "1Gi"}}),
            a_range(max={"memory": "512Mi"}),
            ["container init has a limit of 1Gi memory, of which 512Mi is the most"],
        ),
        (a_job(SIZES, SIZES), a_range("Pod", max={"memory": "256Mi"}), []),
        (
            a_job(SIZES, SIZES),
            a_range("Pod", max={"memory": "255Mi"}),
            ["pod has a limit of 256Mi memory, of which 255Mi is the most"],
        ),
        (
            a_job(init={"limits": {"memory": "1Gi"}}),
            a_range("Pod", max={"memory": "512Mi"}),
            ["pod has a limit of 1Gi memory, of which 512Mi is the most"],
        ),
        (
            a_job(SIZES, SIZES),
            a_range("Pod", min={"cpu": "201m"}),
            ["pod requests 200m cpu, of which 201m is the least"],
        ),
        (a_job(), a_range("PersistentVolumeClaim", max={"storage": "1Gi"}), []),
    ],
)
def test_a_limit_range_speaks_of_containers_and_of_pods(
    job: dict[str, Any], limit_range: dict[str, Any], expected: list[str]
) -> None:
    prediction = quotas.predict(job, [limit_range], [])
    assert problems(prediction) == [f"{one}{IN_RANGE}" for one in expected]
    assert prediction.notes == ()


FOR_GOOD = 'a pod of it {} wanted, and quota "q" has {} in all'
NOW = 'a pod of it: {} wanted, and quota "q" has {} left just now'


@pytest.mark.parametrize(
    ("job", "quota", "wrong", "notes"),
    [
        (a_job(), a_quota({"requests.cpu": "100m"}), [], []),
        (a_job(), a_quota({"requests.cpu": "99m"}), [FOR_GOOD.format("100m requests.cpu", "99m")], []),
        (a_job(), a_quota({"cpu": "99m"}), [FOR_GOOD.format("100m cpu", "99m")], []),
        (
            a_job(),
            a_quota({"memory": "1Gi"}, {"memory": "1023Mi"}),
            [],
            [NOW.format("64Mi memory", "1Mi of 1Gi")],
        ),
        (a_job(), a_quota({"limits.memory": "100Mi"}), [FOR_GOOD.format("128Mi limits.memory", "100Mi")], []),
        (
            a_job(),
            a_quota({"limits.cpu": "1"}),
            ['container c0 does not say limits.cpu, which quota "q" wants'],
            [],
        ),
        (a_job(), a_quota({"pods": "0"}), [FOR_GOOD.format("1 pods", "0")], []),
        (a_job(), a_quota({"pods": "2"}, {"pods": "2"}), [], [NOW.format("1 pods", "0 of 2")]),
        (a_job(), a_quota({"count/pods": "0"}), [FOR_GOOD.format("1 count/pods", "0")], []),
        (
            a_job(parallelism=3, completions=9),
            a_quota({"pods": "2"}),
            [],
            ['3 pods at once need more pods than quota "q" has: 2 fit'],
        ),
        (a_job(parallelism=3, completions=1), a_quota({"pods": "1"}), [], []),
        (
            a_job(),
            a_quota({"count/jobs.batch": "0"}),
            ['a Job of it 1 count/jobs.batch wanted, and quota "q" has 0 in all'],
            [],
        ),
        (
            a_job(),
            a_quota({"count/jobs.batch": "5"}, {"count/jobs.batch": "5"}),
            [],
            ['a Job of it: 1 count/jobs.batch wanted, and quota "q" has 0 of 5 left just now'],
        ),
        (a_job(), a_quota({"requests.nvidia.com/gpu": "0"}), [], []),
        (
            a_job({**SIZES, "limits": {"memory": "128Mi", "nvidia.com/gpu": 1}}),
            a_quota({"requests.nvidia.com/gpu": "0"}),
            [FOR_GOOD.format("1 requests.nvidia.com/gpu", "0")],
            [],
        ),
        (a_job(), a_quota({"pods": "0"}, scopes=["BestEffort"]), [], []),
        (a_job({}), a_quota({"pods": "0"}, scopes=["BestEffort"]), [FOR_GOOD.format("1 pods", "0")], []),
        (a_job(), a_quota({"pods": "0"}, scopes=["NotBestEffort"]), [FOR_GOOD.format("1 pods", "0")], []),
        (a_job(), a_quota({"pods": "0"}, scopes=["Terminating"]), [], []),
        (
            a_job(pod={"activeDeadlineSeconds": 9}),
            a_quota({"pods": "0"}, scopes=["Terminating"]),
            [FOR_GOOD.format("1 pods", "0")],
            [],
        ),
        (a_job(pod={"activeDeadlineSeconds": 9}), a_quota({"pods": "0"}, scopes=["NotTerminating"]), [], []),
        (a_job(), a_quota({"pods": "0"}, scopeSelector=by_class("Exists")), [], []),
        (
            a_job(pod={"priorityClassName": "high"}),
            a_quota({"pods": "0"}, scopeSelector=by_class("In", "high")),
            [FOR_GOOD.format("1 pods", "0")],
            [],
        ),
        (
            a_job(pod={"priorityClassName": "high"}),
            a_quota({"pods": "0"}, scopeSelector=by_class("NotIn", "high")),
            [],
            [],
        ),
        (a_job(), a_quota({"pods": "0"}, scopes=["OfTomorrow"]), [], []),
    ],
)
def test_a_quota_is_too_small_for_good_or_used_up_just_now(
    job: dict[str, Any], quota: dict[str, Any], wrong: list[str], notes: list[str]
) -> None:
    prediction = quotas.predict(job, [], [quota])
    assert problems(prediction) == wrong
    assert list(prediction.notes) == notes


def test_defaults_of_a_limit_range_are_what_a_quota_counts() -> None:
    limit_range = a_range(default={"cpu": "2"}, defaultRequest={"cpu": "1"})
    assert not quotas.predict(a_job(), [limit_range], [a_quota({"limits.cpu": "2"})]).problems
    assert quotas.predict(a_job(), [limit_range], [a_quota({"limits.cpu": "1"})]).problems


@pytest.mark.parametrize(
    ("count", "existing", "hard", "used", "has_problem", "has_note"),
    [
        (0, 0, "0", "0", False, False),
        (1, 0, "0", "0", True, False),
        (2, 0, "2", "0", False, False),
        (2, 0, "2", "1", False, True),
        (2, 2, "2", "2", False, False),
    ],
)
def test_cron_jobs_that_exist_are_counted_once(
    count: int, existing: int, hard: str, used: str, has_problem: bool, has_note: bool
) -> None:
    quota = a_quota({"count/cronjobs.batch": hard}, {"count/cronjobs.batch": used})
    prediction = quotas.predict(a_job(), [], [quota], cron_jobs=count, existing_cron_jobs=existing)
    assert (bool(prediction.problems), bool(prediction.notes)) == (has_problem, has_note)
