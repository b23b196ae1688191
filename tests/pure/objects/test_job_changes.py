"""A later attempt's Job: more memory, more time, another node, and nothing else changed."""

import copy
from typing import Any

import pytest

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects import job_changes
from kubectl_rapt.objects.job_changes import JobChanges
from tests.given import a_template


def a_job(*containers: dict[str, Any], deadline: int = 0, ceiling: int = 0, **pod: Any) -> dict[str, Any]:
    job = a_template(**({"activeDeadlineSeconds": ceiling} if ceiling else {}))
    inner = job["spec"]["template"]["spec"]
    inner["containers"] = [{"name": f"c{index}", "resources": one} for index, one in enumerate(containers)]
    inner |= pod | ({"activeDeadlineSeconds": deadline} if deadline else {})
    return job


def pod_of(job: Any) -> dict[str, Any]:
    return dict(job["spec"]["template"]["spec"])


def resources(job: Any) -> list[Any]:
    return [one["resources"] for one in pod_of(job)["containers"]]


def test_no_change_is_the_same_job() -> None:
    job = a_job({"limits": {"memory": "1Gi"}})
    assert job_changes.apply(job, JobChanges()) is job


@pytest.mark.parametrize(
    ("given", "factor", "cap", "became"),
    [
        ({"limits": {"memory": "512Mi"}}, 2, None, {"limits": {"memory": "1Gi"}}),
        ({"limits": {"memory": "512Mi", "cpu": "1"}}, 1.5, None, {"limits": {"memory": "768Mi", "cpu": "1"}}),
        ({"requests": {"memory": "100M"}}, 2, None, {"requests": {"memory": "195312.5Ki"}}),
        ({"limits": {"memory": "512Mi"}}, 4, "1Gi", {"limits": {"memory": "1Gi"}}),
        ({"limits": {"memory": "2Gi"}}, 2, "1Gi", {"limits": {"memory": "2Gi"}}),
        ({"limits": {"memory": 1024}}, 2, None, {"limits": {"memory": "2Ki"}}),
        ({"limits": {"cpu": "1"}}, 2, None, {"limits": {"cpu": "1"}}),
        ({"claims": [{"name": "gpu"}]}, 2, None, {"claims": [{"name": "gpu"}]}),
        ({}, 2, None, {}),
    ],
)
def test_memory_grows_to_its_cap(given: Any, factor: float, cap: str | None, became: Any) -> None:
    changes = JobChanges({"c0": factor}, Quantity.parse(cap) if cap else None)
    (found,) = resources(job_changes.apply(a_job(given), changes))
    if "requests" in became:
        assert Quantity.parse(found["requests"]["memory"]) == Quantity.parse(became["requests"]["memory"])
    else:
        assert found == became


def test_only_the_named_container_grows_and_an_empty_name_is_all() -> None:
    job = a_job({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1Gi"}})
    one = job_changes.apply(job, JobChanges({"c1": 2}))
    assert [each["limits"]["memory"] for each in resources(one)] == ["1Gi", "2Gi"]
    every = job_changes.apply(job, JobChanges({"": 2, "c1": 2}))
    assert [each["limits"]["memory"] for each in resources(every)] == ["2Gi", "4Gi"]


def test_an_init_container_grows_too() -> None:
    job = a_job({}, initContainers=[{"name": "prepare", "resources": {"limits": {"memory": "1Gi"}}}])
    changed = job_changes.apply(job, JobChanges({"prepare": 2}))
    assert pod_of(changed)["initContainers"][0]["resources"]["limits"]["memory"] == "2Gi"


@pytest.mark.parametrize(
    ("deadline", "ceiling", "factor", "cap", "became"),
    [
        (100, 0, 2, None, (200, None)),
        (100, 0, 10, 300, (300, None)),
        (100, 0, 10, 50, (100, None)),
        (100, 400, 3, None, (300, 600)),
        (0, 400, 2, None, (None, 800)),
        (0, 400, 2, 500, (None, 500)),
        (0, 0, 2, None, (None, None)),
        (2**30, 2**31 - 10, 4, None, (2**31 - 1, 2**31 - 1)),
    ],
)
def test_the_deadline_grows_and_the_jobs_ceiling_with_it(
    deadline: int, ceiling: int, factor: float, cap: int | None, became: tuple[int | None, int | None]
) -> None:
    changes = JobChanges(deadline=factor, deadline_cap=Duration(cap) if cap else None)
    changed = job_changes.apply(a_job({}, deadline=deadline, ceiling=ceiling), changes)
    found = (pod_of(changed).get("activeDeadlineSeconds"), changed["spec"].get("activeDeadlineSeconds"))
    assert found == became


def test_nodes_are_avoided_where_others_will_do_and_what_the_pod_wants_itself_stays() -> None:
    own = {"weight": 1, "preference": {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}}
    affinity = {
        "podAffinity": {"x": 1},
        "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [own]},
    }
    changed = job_changes.apply(a_job({}, affinity=affinity), JobChanges(avoid_nodes=("a", "b")))
    away = [{"key": "metadata.name", "operator": "NotIn", "values": [node]} for node in ("a", "b")]
    assert pod_of(changed)["affinity"] == {
        "podAffinity": {"x": 1},
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                own,
                {"weight": 100, "preference": {"matchFields": away}},
            ]
        },
    }


@pytest.mark.parametrize(
    ("given", "became"),
    [
        ({}, {"limits": {"memory": "2Gi"}}),
        ({"limits": {"memory": "1Gi", "cpu": "1"}}, {"limits": {"memory": "2Gi", "cpu": "1"}}),
        (
            {"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi", "cpu": "1"}},
            {"limits": {"memory": "2Gi"}, "requests": {"memory": "2Gi", "cpu": "1"}},
        ),
        (
            {"limits": {"memory": "1Gi"}, "requests": {"memory": "512Mi"}},
            {"limits": {"memory": "2Gi"}, "requests": {"memory": "512Mi"}},
        ),
        (
            {"limits": {"memory": "4Gi"}, "requests": {"memory": "3Gi"}},
            {"limits": {"memory": "2Gi"}, "requests": {"memory": "2Gi"}},
        ),
    ],
)
def test_a_person_sets_the_memory_of_one_container_or_of_all(given: Any, became: Any) -> None:
    job = a_job(given, {"limits": {"memory": "1Gi"}}, initContainers=[{"name": "i", "resources": {}}])
    one = job_changes.with_memory(job, "c0", Quantity.parse("2Gi"))
    assert resources(one) == [became, {"limits": {"memory": "1Gi"}}]
    every = job_changes.with_memory(job, "", Quantity.parse("2Gi"))
    assert [each["limits"]["memory"] for each in resources(every)] == ["2Gi", "2Gi"]
    assert pod_of(every)["initContainers"] == [{"name": "i", "resources": {}}]


@pytest.mark.parametrize(("ceiling", "became"), [(0, None), (100, 3600), (7200, 7200)])
def test_a_person_sets_the_deadline_and_no_ceiling_is_below_it(ceiling: int, became: int | None) -> None:
    changed = job_changes.with_deadline(a_job({}, deadline=60, ceiling=ceiling), Duration(3600))
    assert pod_of(changed)["activeDeadlineSeconds"] == 3600
    assert changed["spec"].get("activeDeadlineSeconds") == became


def test_the_given_job_is_never_touched() -> None:
    job = a_job({"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}}, deadline=60, ceiling=100)
    before = copy.deepcopy(job)
    job_changes.apply(job, JobChanges({"c0": 2}, None, 2, None, ("a",)))
    job_changes.with_memory(job, "c0", Quantity.parse("2Gi"))
    job_changes.with_deadline(job, Duration(3600))
    assert job == before
