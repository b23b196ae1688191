"""What happened to a run between two looks, in words."""

from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.objects.runs import Adopted, Attempt, Run
from kubectl_rapt.runs import news
from tests.given import NOON, a_run


def an_attempt(number: int, cause: str = "", code: int | None = None) -> Attempt:
    ended = NOON if cause else None
    return Attempt(number, f"backup-x7k2p-{number}", f"job-{number}", None, ended, code, cause)


def a_run_of(state: str, *attempts: Attempt, **other: Any) -> Run:
    return a_run(state=state, attempts=attempts, uid="run-1", **other)


FAILED, OPEN = an_attempt(1, "ExitCode", 3), an_attempt(1)
AGAIN = an_attempt(2, "ExitCode", 3)

TABLE: list[tuple[str, Run | None, Run, list[str]]] = [
    ("it began", a_run(), a_run_of("Running", OPEN), ["RunStarted: attempt 1 started"]),
    (
        "a slot's Job was taken over",
        None,
        a_run_of("Running", OPEN, adopted=Adopted("nightly-1", "u")),
        ["RunStarted: continues job/backup-x7k2p-1"],
    ),
    ("nothing", a_run_of("Running", OPEN), a_run_of("Running", OPEN), []),
    (
        "it failed",
        a_run_of("Running", OPEN),
        a_run_of("Failed", FAILED),
        ["AttemptEnded: attempt 1 ended: ExitCode, exit code 3", "RunFailed: failed: ExitCode, exit code 3"],
    ),
    (
        "it will be tried again",
        a_run_of("Running", OPEN),
        a_run_of("Retrying", FAILED, next_attempt_at=NOON + timedelta(seconds=9)),
        [
            "AttemptEnded: attempt 1 ended: ExitCode, exit code 3",
            "RunRetrying: is tried again at 2026-11-22T12:00:09Z after ExitCode, exit code 3",
        ],
    ),
    (
        "it was tried again",
        a_run_of("Retrying", FAILED),
        a_run_of("Running", FAILED, an_attempt(2)),
        ["RunRetried: attempt 2 started"],
    ),
    (
        "it recovered",
        a_run_of("Running", FAILED, an_attempt(2)),
        a_run_of("Succeeded", FAILED, an_attempt(2, "Succeeded", 0)),
        ["AttemptEnded: attempt 2 ended: Succeeded", "RunRecovered: succeeded with attempt 2"],
    ),
    (
        "it is given up",
        a_run_of("Running", FAILED, an_attempt(2)),
        a_run_of("Exhausted", FAILED, AGAIN),
        [
            "AttemptEnded: attempt 2 ended: ExitCode, exit code 3",
            "RunExhausted: is given up after 2 attempts: ExitCode, exit code 3",
        ],
    ),
    (
        "it was cancelled",
        a_run_of("Running", OPEN),
        a_run_of("Failed", an_attempt(1, "Cancelled"), cancelled_by="ann"),
        ["AttemptEnded: attempt 1 ended: Cancelled", "RunCancelled: was cancelled by ann"],
    ),
    (
        "it never began",
        a_run(),
        a_run_of("NotStarted", message="configmap/x was never brought"),
        ["RunNotStarted: never began: configmap/x was never brought"],
    ),
    (
        "all of it between two looks",
        None,
        a_run_of("Succeeded", an_attempt(1, "Succeeded", 0)),
        [
            "RunStarted: attempt 1 started",
            "AttemptEnded: attempt 1 ended: Succeeded",
            "RunSucceeded: succeeded",
        ],
    ),
]


@pytest.mark.parametrize(("what", "before", "after", "told"), TABLE, ids=[row[0] for row in TABLE])
def test_each_thing_that_happened_is_told_once(
    what: str, before: Run | None, after: Run, told: list[str]
) -> None:
    assert [f"{one.reason}: {one.message}" for one in news.between(before, after)] == told


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (a_run_of("Failed", FAILED), "RunFailed"),
        (a_run_of("Exhausted", FAILED, AGAIN), "RunExhausted"),
        (a_run_of("Succeeded", FAILED, an_attempt(2, "Succeeded", 0)), "RunRecovered"),
        (a_run_of("Succeeded", an_attempt(1, "Succeeded", 0)), None),
        (a_run_of("Failed", an_attempt(1, "Cancelled"), cancelled_by="ann"), None),
        (a_run_of("Retrying", FAILED), None),
        (a_run_of("Running", OPEN), None),
    ],
)
def test_only_failures_that_are_final_and_recoveries_are_alarms(run: Run, reason: str | None) -> None:
    found = news.alarm(run)
    assert (found.reason if found else None) == reason


@pytest.mark.parametrize(
    ("run", "event", "is_warning"),
    [
        (a_run_of("Failed", FAILED), "RunFailed", True),
        (a_run_of("Exhausted", FAILED, AGAIN), "RunExhausted", True),
        (a_run_of("Retrying", FAILED), "RunRetrying", True),
        (a_run_of("NotStarted"), "RunNotStarted", True),
        (a_run_of("Succeeded", FAILED, an_attempt(2, "Succeeded", 0)), "RunRecovered", False),
        (a_run_of("Failed", an_attempt(1, "Cancelled"), cancelled_by="ann"), "RunCancelled", False),
        (a_run_of("Succeeded", an_attempt(1, "Succeeded", 0)), None, False),
        (a_run_of("Running", OPEN), None, False),
    ],
)
def test_a_run_that_goes_well_needs_no_event_and_a_failure_is_a_warning(
    run: Run, event: str | None, is_warning: bool
) -> None:
    found = news.standing(run)
    assert (found.reason if found else None) == event
    assert bool(found and found.is_warning) == is_warning
    attempt = run.attempts[-1].number if run.attempts else 0
    assert found is None or found.attempt == attempt


def test_the_exit_code_is_told_where_it_is_the_cause() -> None:
    ended = [
        a_run_of("Running", an_attempt(1, cause, code))
        for cause, code in (("ExitCode", 3), ("OOMKilled", 137), ("Deleted", None), ("ExitCode", None))
    ]
    told = [news.between(a_run_of("Running", OPEN), run)[0].message for run in ended]
    assert told == [
        "attempt 1 ended: ExitCode, exit code 3",
        "attempt 1 ended: OOMKilled",
        "attempt 1 ended: Deleted",
        "attempt 1 ended: ExitCode",
    ]
