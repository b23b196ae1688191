"""Retry policies: both ways without loss, what is refused, and what of them Kubernetes does itself."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kubectl_rapt.errors import Invalid
from kubectl_rapt.model.causes import CAUSES
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects import retry_fields, retry_policies
from kubectl_rapt.objects.retry_policies import Changes, RetryPolicy, Rule

FULL = RetryPolicy(
    "full",
    "Everything at once",
    5,
    delay=Duration(15),
    factor=1.5,
    max_delay=Duration(600),
    jitter_percent=50,
    rules=(
        Rule(
            "retry",
            ("OOMKilled", "Evicted"),
            (137, 143),
            "quota",
            3,
            Changes(2.5, Quantity.parse("8Gi"), 3, Duration(3600), True),
        ),
        Rule("ignore", ("Preempted",)),
        Rule("give-up", exit_codes=(126,)),
    ),
    otherwise="give-up",
)
PLAIN = RetryPolicy("plain", "As little as can be", 1)

DURATIONS = some.integers(0, 86_400).map(Duration)
CHANGES = some.builds(
    Changes,
    memory_factor=some.sampled_from((2, 1.5, 100)),
    memory_cap=some.none() | some.just(Quantity.parse("8Gi")),
    deadline_factor=some.sampled_from((2, 3.5)),
    deadline_cap=some.none() | some.just(Duration(3600)),
    other_node=some.booleans(),
)
RULES = some.builds(
    Rule,
    action=some.sampled_from(("retry", "ignore")),
    causes=some.lists(some.sampled_from(("OOMKilled", "Evicted")), max_size=2).map(tuple),
    exit_codes=some.lists(some.integers(1, 255), max_size=3).map(tuple),
    reason=some.sampled_from(("", "quota")),
    count=some.integers(0, 100),
    changes=CHANGES | some.just(Changes()),
)
POLICIES = some.builds(
    RetryPolicy,
    name=some.just("some"),
    summary=some.just("One line"),
    attempts=some.integers(1, 100),
    delay=some.none() | DURATIONS,
    factor=some.sampled_from((1, 2, 1.5, 100)),
    max_delay=DURATIONS,
    jitter_percent=some.integers(0, 100),
    rules=some.lists(RULES, max_size=4).map(tuple),
    otherwise=some.sampled_from(("retry", "ignore", "give-up")),
)


@settings(max_examples=200, deadline=None)
@given(POLICIES)
def test_a_policy_is_the_same_after_any_way_through_an_object(policy: RetryPolicy) -> None:
    assert retry_policies.from_data(retry_policies.snapshot(policy), "x") == policy
    assert retry_policies.from_manifest(retry_policies.to_manifest(policy, "team")) == policy


@pytest.mark.parametrize("policy", [FULL, PLAIN])
def test_what_is_as_it_would_be_anyway_is_left_out(policy: RetryPolicy) -> None:
    assert retry_policies.from_data(retry_policies.snapshot(policy), "x") == policy
    assert retry_policies.to_data(PLAIN) == {"summary": "As little as can be", "attempts": 1}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"attempts": 0}, "expected a whole number from 1 to 100, was given 0"),
    ({"attempts": None}, "expected a whole number from 1 to 100, was given nothing"),
    ({"summary": ""}, "is empty"),
    ({"delay": "soon"}, 'a duration is written like 90s, 10m, 1h30m or 30d; was given "soon"'),
    ({"delay": 10}, "expected text, was given 10"),
    ({"factor": 0.5}, "expected a number from 1 to 100, was given 0.5"),
    ({"factor": 101}, "expected a number from 1 to 100, was given 101"),
    ({"jitterPercent": 101}, "expected a whole number from 0 to 100, was given 101"),
    ({"otherwise": "maybe"}, "expected one of: retry, ignore, give-up"),
    ({"retries": 3}, "is not a key here"),
    ({"rules": [{"causes": ["OOMKilled"]}]}, "is missing"),
    ({"rules": [{"action": "stop"}]}, "expected one of: retry, ignore, give-up"),
    ({"rules": [{"action": "retry", "exitCodes": [0]}]}, "expected a whole number from 1 to 255, was given 0"),
    ({"rules": [{"action": "retry", "exitCodes": ["7"]}]}, 'expected a whole number from 1 to 255, was given "7"'),
    ({"rules": [{"action": "retry", "causes": "OOMKilled"}]}, 'expected a list, was given "OOMKilled"'),
    ({"rules": [{"action": "retry", "count": -1}]}, "expected a whole number from 0 to 100, was given -1"),
    ({"rules": [{"action": "retry", "memory": {"max": "lots"}}]}, "a quantity is a number and a unit"),
    ({"rules": [{"action": "retry", "memory": {"times": 2}}]}, "is not a key here"),
    ({"rules": [{"action": "give-up", "otherNode": True}]}, "gives up, and so changes nothing"),
    ({"rules": ["retry"]}, 'expected a mapping, was given "retry"'),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "problem"), REFUSED)
def test_a_wrong_policy_is_refused_and_says_why(wrong: dict[str, Any], problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        retry_policies.from_data({**retry_policies.snapshot(PLAIN), **wrong}, "tool/backup")
    assert caught.value.code == "bad-policy"
    assert any(one.what.startswith(problem) for one in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("cause", "problem"),
    [
        ("OOMKiled", 'expected a cause, was given "OOMKiled"; did you mean: OOMKilled?'),
        ("evicted", 'expected a cause, was given "evicted"; did you mean: Evicted?'),
        ("", 'expected a cause, was given ""'),
    ],
)
def test_an_unknown_cause_is_refused_with_the_nearest_one(cause: str, problem: str) -> None:
    wrong = {"summary": "Typed", "attempts": 2, "rules": [{"action": "retry", "causes": ["Deleted", cause]}]}
    with pytest.raises(Invalid) as caught:
        retry_policies.from_manifest({"metadata": {"name": "typed"}, "spec": wrong})
    (found,) = caught.value.problems
    assert (found.where, found.what) == ("retrypolicy/typed: rules[0].causes[1]", problem)


def test_every_cause_of_the_vocabulary_may_be_named() -> None:
    policy = replace(PLAIN, rules=tuple(Rule("retry", (cause,)) for cause in CAUSES))
    assert len(policy.rules) == 37
    assert retry_policies.from_manifest(retry_policies.to_manifest(policy, "team")) == policy


def test_what_a_run_holds_may_be_about_a_later_rapts_causes() -> None:
    policy = replace(PLAIN, rules=(Rule("retry", ("SomethingNew",)),))
    assert retry_policies.from_data(retry_policies.snapshot(policy), "run/x") == policy


def test_a_policy_object_without_content_is_refused() -> None:
    with pytest.raises(Invalid, match="says nothing"):
        retry_policies.from_manifest({"metadata": {"name": "empty"}})


DISRUPTIONS = ("Evicted", "Preempted", "NodeLost")
FAIL = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3, 126]}}
IGNORE = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
OWN = RetryPolicy(
    "own", "Kubernetes' own", 4, rules=(Rule("give-up", exit_codes=(126, 3, 3)), Rule("ignore", DISRUPTIONS))
)


def test_kubernetes_does_what_it_can_do_alone() -> None:
    assert retry_fields.is_native(OWN)
    assert retry_fields.job(OWN) == {"backoffLimit": 3, "podFailurePolicy": {"rules": [FAIL, IGNORE]}}
    assert retry_fields.indexed_job(OWN) == {
        "backoffLimitPerIndex": 3,
        "podFailurePolicy": {"rules": [{**FAIL, "action": "FailIndex"}, IGNORE]},
    }
    assert retry_fields.job(replace(OWN, rules=())) == {"backoffLimit": 3}


@pytest.mark.parametrize(
    "policy",
    [
        replace(OWN, delay=Duration(10)),
        replace(OWN, otherwise="give-up"),
        replace(OWN, rules=(Rule("give-up", ("OOMKilled",)),)),
        replace(OWN, rules=(Rule("give-up", ("OOMKilled",), (3,)),)),
        replace(OWN, rules=(Rule("retry", exit_codes=(3,)),)),
        replace(OWN, rules=(Rule("ignore", exit_codes=(3,)),)),
        replace(OWN, rules=(Rule("ignore", ("Evicted",)),)),
        replace(OWN, rules=(Rule("ignore", DISRUPTIONS, count=5),)),
        replace(OWN, rules=(Rule("ignore", DISRUPTIONS, reason="x"),)),
        replace(OWN, rules=(Rule("ignore", DISRUPTIONS, changes=Changes(other_node=True)),)),
        replace(OWN, rules=(Rule("give-up"),)),
    ],
)
def test_what_kubernetes_cannot_say_exactly_is_done_by_rapt_alone(policy: RetryPolicy) -> None:
    assert not retry_fields.is_native(policy)
    assert retry_fields.job(policy) == {"backoffLimit": 0}
    assert retry_fields.indexed_job(policy) == {}
