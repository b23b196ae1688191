"""Cleanup policies: the same in a file, in the cluster's object and in a Tool."""

from typing import Any

import pytest

from kubectl_rapt.errors import Invalid
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects import cleanup_policies, runs
from kubectl_rapt.objects.cleanup_policies import CleanupPolicy, Rule

FULL = CleanupPolicy(
    "all-of-it",
    "Every field there is",
    jobs=(
        Rule(("Succeeded",), keep_for=Duration(3600), keep_last=3),
        Rule(keep_at_most=0, max_size=Quantity.parse("64Mi")),
    ),
    runs=(Rule(("Exhausted", "Failed"), keep_for=Duration(86_400)),),
    export=True,
)


@pytest.mark.parametrize("policy", [FULL, CleanupPolicy("p", "s", runs=(Rule(),))])
def test_a_policy_is_the_same_again_after_the_cluster_or_a_tool_has_held_it(policy: CleanupPolicy) -> None:
    assert cleanup_policies.from_data(cleanup_policies.snapshot(policy), "tool/x") == policy
    assert cleanup_policies.from_manifest(cleanup_policies.to_manifest(policy, "team")) == policy


def test_three_keys_are_short_for_two_rules() -> None:
    said = {"name": "p", "summary": "s", "keepFor": "1d", "keepSuccessful": 0, "keepFailed": 9}
    day = Duration(86_400)
    assert cleanup_policies.from_data(said, "x").jobs == (
        Rule(("Succeeded",), day, keep_at_most=0),
        Rule(("Failed",), day, keep_at_most=9),
    )


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, "keeps nothing and removes nothing"),
        (
            {"jobs": [{"statuses": ["Exhausted"]}]},
            'expected one of: Succeeded, Failed, was given "Exhausted"',
        ),
        ({"runs": [{"statuses": ["Running"]}]}, 'was given "Running"'),
        ({"jobs": [{"keepLast": 3, "keepAtMost": 2}]}, "is less than keepLast"),
        ({"jobs": [{"maxSize": "-1"}]}, "is less than nothing"),
        ({"jobs": [{"keepFor": "-1d"}]}, "a duration is written like"),
        ({"jobs": [{"keepFr": "1d"}]}, "is not a key here; did you mean: keepFor?"),
        ({"jobs": [], "keepFor": "1d", "keepSuccessful": 1, "keepFailed": 1}, "give one of them"),
        ({"keepFor": "1d"}, "expected a whole number"),
        ({"runs": [], "export": "/etc"}, "expected true or false"),
    ],
)
def test_a_wrong_policy_is_refused(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        cleanup_policies.from_data({"name": "p", "summary": "s", **said}, "cleanuppolicy/p")
    assert any(problem in one.what for one in caught.value.problems), caught.value.problems


def test_an_object_without_a_spec_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="cleanuppolicy/odd says nothing"):
        cleanup_policies.from_manifest({"metadata": {"name": "odd"}})


def test_the_statuses_of_runs_are_all_that_a_run_ends_with() -> None:
    assert cleanup_policies.RUN_STATUSES == runs.FINISHED


def test_the_first_rule_about_a_status_decides() -> None:
    first, last = Rule(("Failed",)), Rule()
    assert cleanup_policies.about((first, last), "Failed") is first
    assert cleanup_policies.about((first, last), "Succeeded") is last
    assert cleanup_policies.about((first,), "Succeeded") is None
