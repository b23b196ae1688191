"""What another policy would have decided of runs that are past."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.objects.retry_policies import Changes, RetryPolicy, Rule
from kubectl_rapt.objects.runs import Attempt, Run, Wish
from kubectl_rapt.runs import simulation
from tests.given import NOON, a_run

THRICE = RetryPolicy("thrice", "Three", 3, delay=Duration(10), jitter_percent=0)
GROW = replace(THRICE, rules=(Rule("retry", ("OOMKilled",), changes=Changes(memory_factor=2)),))
NEVER = RetryPolicy("never", "Never", 1)
STANDARD = RetryPolicy("standard", "Kubernetes", 4, jitter_percent=0)


def ran(*causes: str, **more: Any) -> Run:
    attempts = tuple(
        Attempt(
            number,
            f"r-{number}",
            f"u{number}",
            finished_at=NOON + timedelta(minutes=number),
            cause=cause,
            container="tool",
        )
        for number, cause in enumerate(causes, 1)
    )
    return replace(a_run(**more), attempts=attempts)


@pytest.mark.parametrize(
    ("policy", "run", "changes"),
    [
        (THRICE, ran("Succeeded"), []),
        (THRICE, ran(""), []),
        (THRICE, ran("ExitCode"), ["1 ExitCode: gave up -> again in 10s"]),
        (THRICE, ran("ExitCode", "Succeeded", retry=THRICE), []),
        (THRICE, ran("ExitCode", "ExitCode", "ExitCode", retry=THRICE), []),
        (NEVER, ran("ExitCode", "ExitCode", "Succeeded", retry=THRICE), ["1 ExitCode: again -> gives up"]),
        (NEVER, ran("ExitCode"), []),
        (STANDARD, ran("ExitCode"), ["1 ExitCode: gave up -> again in 10s"]),
        (
            GROW,
            ran("OOMKilled", "Succeeded", retry=THRICE),
            ["1 OOMKilled: again -> again in 10s, memory ×2"],
        ),
        (GROW, ran("OOMKilled"), ["1 OOMKilled: gave up -> again in 10s, memory ×2"]),
        (
            THRICE,
            ran("OOMKilled", "Succeeded", retry=GROW),
            ["1 OOMKilled: again, memory ×2 -> again in 10s"],
        ),
        (THRICE, ran("ExitCode", retry=THRICE, next_attempt_at=NOON), []),
        (NEVER, ran("ExitCode", "Succeeded", wish=Wish(2, "ann")), []),
        (THRICE, ran("Cancelled"), []),
        (THRICE, ran("Deleted"), []),
    ],
)
def test_only_decisions_that_would_be_others_are_told(
    policy: RetryPolicy, run: Run, changes: list[str]
) -> None:
    done = simulation.simulate(policy, [run])
    assert [f"{one.attempt} {one.cause}: {one.was} -> {one.would}" for one in done.changes] == changes


def test_what_was_looked_at_is_counted() -> None:
    found = [ran("ExitCode", "ExitCode", "Succeeded", retry=THRICE), ran("Succeeded"), ran("ExitCode")]
    done = simulation.simulate(THRICE, found)
    assert (done.runs, done.failures, len(done.changes)) == (2, 3, 1)
