"""The attempt that a person asks for, and the Job that it starts from."""

from dataclasses import replace
from typing import Any

import pytest

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects.retry_policies import Changes, RetryPolicy, Rule
from kubectl_rapt.objects.runs import Attempt, Wish
from kubectl_rapt.runs import renewal
from kubectl_rapt.runs.renewal import Resources
from tests.given import NOON, a_run, a_template

GROW = RetryPolicy(
    "grow", "", 3, delay=Duration(1), rules=(Rule("retry", ("OOMKilled",), changes=Changes(2)),)
)


def sized(*limits: str) -> dict[str, Any]:
    template = a_template()
    template["spec"]["template"]["spec"]["containers"] = [
        {"name": name, "resources": {"limits": {"memory": limit}}}
        for name, limit in zip(("tool", "other"), limits, strict=False)
    ]
    return template


def limits(job: Any) -> list[str]:
    return [one["resources"]["limits"]["memory"] for one in job["spec"]["template"]["spec"]["containers"]]


OOM = Attempt(1, "r-1", "u1", finished_at=NOON, cause="OOMKilled", container="tool")
FAILED = replace(a_run(job=sized("1Gi", "1Gi"), retry=GROW), attempts=(OOM,))


def test_it_starts_from_what_the_policy_has_changed_so_far() -> None:
    assert renewal.number(FAILED) == 2
    assert limits(renewal.job(FAILED)) == ["2Gi", "1Gi"]
    changed = replace(FAILED, wish=Wish(2, "ann", sized("512Mi", "1Gi")))
    assert limits(renewal.job(changed)) == ["512Mi", "1Gi"]


def test_memory_is_for_the_container_that_failed_and_the_deadline_for_the_pod() -> None:
    job = renewal.resized(FAILED, FAILED.job, Resources(Quantity.parse("3Gi"), Duration(60)))
    assert limits(job) == ["3Gi", "1Gi"]
    assert job["spec"]["template"]["spec"]["activeDeadlineSeconds"] == 60
    unknown = replace(FAILED, attempts=(replace(OOM, container=""),))
    assert limits(renewal.resized(unknown, FAILED.job, Resources(Quantity.parse("3Gi")))) == ["3Gi", "3Gi"]
    assert renewal.resized(FAILED, FAILED.job, Resources()) is FAILED.job


def test_what_is_set_is_read() -> None:
    assert renewal.read({}) == Resources()
    assert renewal.read({"memory": "2Gi", "deadline": "1h"}) == Resources(
        Quantity.parse("2Gi"), Duration(3600)
    )


@pytest.mark.parametrize(
    "given",
    [{"memory": "lots"}, {"memory": "0"}, {"memory": "-1Gi"}, {"deadline": "0s"}, {"deadline": "soon"}],
)
def test_what_is_no_amount_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"quantity|memory|deadline|duration"):
        renewal.read(given)
