"""Policies: what their files say, and the fields of Kubernetes that they become."""

from pathlib import Path

import pytest

from kubectl_rapt.errors import Invalid, NotFound
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.objects import retry_fields
from kubectl_rapt.objects.cleanup_policies import CleanupPolicy, Rule
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.templating import policies
from kubectl_rapt.templating.policies import Compiled

MONTH = """
apiVersion: rapt.dev/v1alpha1
kind: CleanupPolicy
name: month
summary: Keep finished Jobs for a month
keepFor: 30d
keepSuccessful: 5
keepFailed: 0
"""
THRICE = """
apiVersion: rapt.dev/v1alpha1
kind: RetryPolicy
name: thrice
summary: Three attempts
attempts: 3
"""
AGE = Duration(30 * 86_400)
KEPT = CleanupPolicy(
    "month",
    "Keep finished Jobs for a month",
    (Rule(("Succeeded",), AGE, keep_at_most=5), Rule(("Failed",), AGE, keep_at_most=0)),
)
POLICY = RetryPolicy("thrice", "Three attempts", 3)
PER_INDEX = {"backoffLimitPerIndex": 2}
FILES = {"policies/cleanup/month.yaml": MONTH.encode(), "policies/retry/thrice.yaml": THRICE.encode()}


EVER = 2**31 - 1
"""A history limit that removes nothing."""


def test_a_cleanup_policy_is_read() -> None:
    assert policies.read_cleanup(MONTH, "policies/cleanup/month.yaml") == KEPT


def test_a_retry_policy_is_read() -> None:
    assert policies.read_retry(THRICE, "policies/retry/thrice.yaml") == POLICY


@pytest.mark.parametrize(
    ("retry", "cleanup", "compiled"),
    [
        ("", "", Compiled()),
        (
            "thrice",
            "",
            Compiled({"backoffLimit": 2}, PER_INDEX, {"failedJobsHistoryLimit": EVER}, retry=POLICY),
        ),
        (
            "",
            "month",
            Compiled(
                {"ttlSecondsAfterFinished": 2_592_000},
                {},
                {"successfulJobsHistoryLimit": 5, "failedJobsHistoryLimit": EVER},
                cleanup=KEPT,
            ),
        ),
        (
            "thrice",
            "month",
            Compiled(
                {"backoffLimit": 2, "ttlSecondsAfterFinished": 2_592_000},
                PER_INDEX,
                {"successfulJobsHistoryLimit": 5, "failedJobsHistoryLimit": EVER},
                POLICY,
                KEPT,
            ),
        ),
    ],
)
def test_policies_become_fields_of_kubernetes(retry: str, cleanup: str, compiled: Compiled) -> None:
    assert policies.compile(FILES, retry, cleanup) == compiled


DAY, WEEK = Duration(86_400), Duration(7 * 86_400)


@pytest.mark.parametrize(
    ("rules", "export", "ttl", "limits"),
    [
        # The longest of the ages, for a Job has one time to live, however it ends.
        ((Rule(("Succeeded",), DAY), Rule(("Failed",), WEEK)), False, WEEK.seconds, (EVER, EVER)),
        ((Rule(("Succeeded",), DAY), Rule((), WEEK)), False, WEEK.seconds, (EVER, EVER)),
        # None where some Jobs stay for ever, the newest stay, or what goes is exported first.
        ((Rule(("Succeeded",), DAY, keep_at_most=9),), False, None, (9, EVER)),
        ((Rule((), DAY, keep_last=1),), False, None, (EVER, EVER)),
        ((Rule((), keep_at_most=7),), False, None, (7, EVER)),
        ((Rule((), DAY, keep_at_most=7),), True, None, (EVER, EVER)),
    ],
)
def test_kubernetes_is_told_only_what_it_can_do_without_deleting_too_early(
    rules: tuple[Rule, ...], export: bool, ttl: int | None, limits: tuple[int, int]
) -> None:
    compiled = policies.compile_cleanup(CleanupPolicy("p", "s", rules, export=export))
    assert compiled.job.get("ttlSecondsAfterFinished") == ttl
    assert tuple(compiled.cron_job.values()) == limits


def test_a_policy_about_runs_alone_leaves_jobs_to_kubernetes() -> None:
    compiled = policies.compile_cleanup(CleanupPolicy("p", "s", runs=(Rule((), DAY),)))
    assert (compiled.job, compiled.cron_job) == ({}, {})


def test_a_policy_that_is_not_there_is_told_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        policies.compile(FILES, "trice", "")
    assert caught.value.message == (
        'no retry policy "trice": the registry has no policies/retry/trice.yaml, and none came with Rapt; '
        "did you mean: thrice?"
    )
    assert caught.value.hint == "kubectl rapt policy"


def test_a_registry_has_the_policies_that_came_with_rapt_and_its_own_come_first() -> None:
    own = {"policies/cleanup/month.yaml": b"own", "templates/say/policies/x.yaml": b"no policy"}
    found = policies.available(own, {**FILES, "registry/index.yaml": b"no policy either"})
    assert found == {**FILES, "policies/cleanup/month.yaml": b"own"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("name: month", "name: other", 'expected the file\'s name, month, was given "other"'),
        ("keepFor: 30d", "keepFor: 30", "expected text, was given 30"),
        ("keepFor: 30d", "keepFor: month", "a duration is written like"),
        ("keepFor: 30d\n", "", "is missing"),
        ("summary: Keep finished Jobs for a month\n", "", "is missing"),
        ("keepFailed: 0", "keepFailed: -1", "expected a whole number from 0 to 1000, was given -1"),
        ("keepFailed: 0", "keepFailed: 1001", "expected a whole number from 0 to 1000, was given 1001"),
        ("keepFailed: 0", "keepFailed: true", "expected a whole number from 0 to 1000, was given true"),
        ("keepSuccessful: 5\n", "", "expected a whole number from 0 to 1000, was given nothing"),
        ("keepSuccessful", "keepSucessful", "is not a key here; did you mean: keepSuccessful?"),
        ("kind: CleanupPolicy", "kind: RetryPolicy", "expected one of: CleanupPolicy"),
        ("v1alpha1", "v2", "expected one of: rapt.dev/v1alpha1"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_line(old: str, new: str, problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        policies.read_cleanup(MONTH.replace(old, new), "policies/cleanup/month.yaml")
    assert caught.value.code == "bad-policy"
    assert any(problem in one.what for one in caught.value.problems), caught.value.problems
    assert all(one.where.startswith("policies/cleanup/month.yaml") for one in caught.value.problems)


@pytest.mark.parametrize("attempts", ["0", "101", "1.5", "many"])
def test_attempts_are_one_to_a_hundred(attempts: str) -> None:
    text = THRICE.replace("attempts: 3", f"attempts: {attempts}")
    with pytest.raises(Invalid, match="1 mistake") as caught:
        policies.read_retry(text, "policies/retry/thrice.yaml")
    assert "expected a whole number from 1 to 100" in caught.value.problems[0].what


ROOT = Path(__file__).parents[3]
RULED = (
    THRICE
    + """
rules:
- action: give-up
  exitCodes: [126]
"""
)
RULES = {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [126]}}]}
PER_INDEX_RULES = {"rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [126]}}]}


@pytest.mark.parametrize(
    ("restarts", "mode", "fields"),
    [
        ("Never", None, {"backoffLimit": 2, "podFailurePolicy": RULES}),
        ("Never", "Indexed", {"backoffLimitPerIndex": 2, "podFailurePolicy": PER_INDEX_RULES}),
        ("OnFailure", None, {"backoffLimit": 2}),
        ("OnFailure", "Indexed", {"backoffLimit": 2}),
    ],
)
def test_a_job_gets_the_fields_that_its_kind_can_have(
    restarts: str, mode: str | None, fields: dict[str, object]
) -> None:
    compiled = policies.compile_retry(policies.read_retry(RULED, "policies/retry/thrice.yaml"))
    spec = {"completionMode": mode, "template": {"spec": {"restartPolicy": restarts}}}
    assert compiled.fields(spec) == fields


def test_one_attempt_needs_no_policy_afterwards_and_rules_do() -> None:
    once = THRICE.replace("attempts: 3", "attempts: 1")
    assert policies.compile_retry(policies.read_retry(once, "policies/retry/thrice.yaml")).retry is None
    ruled = RULED.replace("attempts: 3", "attempts: 1")
    assert policies.compile_retry(policies.read_retry(ruled, "policies/retry/thrice.yaml")).retry is not None


@pytest.mark.parametrize("name", ["never", "standard", "transient", "out-of-memory", "spot"])
@pytest.mark.parametrize("mode", [None, "Indexed"])
def test_either_kubernetes_or_rapt_tries_again_and_never_both_whatever_the_template_says(
    name: str, mode: str | None
) -> None:
    path = Path("policies/retry") / f"{name}.yaml"
    policy = policies.read_retry((ROOT / path).read_text("utf-8"), str(path))
    own = {
        "backoffLimit": 6,
        "backoffLimitPerIndex": 3,
        "maxFailedIndexes": 1,
        "podFailurePolicy": {"rules": [{"action": "Ignore"}]},
        "parallelism": 2,
    }
    template = {
        "template": {"spec": {"restartPolicy": "Never"}},
        **({"completionMode": mode} if mode else {}),
    }
    compiled = policies.compile_retry(policy)
    spec = compiled.governed({**template, **own})
    tries = spec.get("backoffLimitPerIndex", spec.get("backoffLimit"))
    assert tries == (policy.attempts - 1 if retry_fields.is_native(policy) else 0)
    assert not (tries and not retry_fields.is_native(policy))
    assert {"backoffLimit", "backoffLimitPerIndex"} & spec.keys() in (
        {"backoffLimit"},
        {"backoffLimitPerIndex"},
    )
    assert ("maxFailedIndexes" in spec) is ("backoffLimitPerIndex" in spec)
    assert spec["parallelism"] == 2


def test_what_a_template_says_of_tries_holds_without_a_policy() -> None:
    spec = {"backoffLimit": 6, "template": {"spec": {"restartPolicy": "Never"}}}
    assert Compiled({"ttlSecondsAfterFinished": 60}).governed(spec) == {"ttlSecondsAfterFinished": 60, **spec}
