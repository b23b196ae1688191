"""Budgets of automatic retries: so many an hour, and none while a tool is broken."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kubectl_rapt.runs import budgets
from kubectl_rapt.runs.budgets import Past
from tests.given import NOON

MINUTE = timedelta(minutes=1)


def past(
    tool: str = "a", state: str = "Retrying", attempts: int = 2, *, ago: float = 10, age: float = 30
) -> Past:
    """A run whose last attempt ended ``ago`` minutes before noon, and which was created ``age`` minutes before."""
    return Past(tool, state, attempts, NOON - age * MINUTE, NOON - ago * MINUTE)


@pytest.mark.parametrize(
    ("run", "retries"),
    [
        (past(attempts=1), 0),
        (past(attempts=2), 1),
        (past(attempts=5), 4),
        (past(attempts=5, ago=61, age=90), 0),
        (past(attempts=5, ago=60, age=90), 4),
        (past(attempts=11, ago=0, age=600), 1),
        (past(attempts=21, ago=0, age=120), 10),
        (replace(past(attempts=3), last_at=None), 2),
        (replace(past(attempts=3, age=240), last_at=None), 1),
    ],
)
def test_the_retries_of_a_run_within_the_hour(run: Past, retries: int) -> None:
    assert run.retries(NOON) == retries


def why(*runs: Past, tool: str = "a") -> str:
    held = budgets.held("r", tool, runs, NOON)
    return held.why if held else ""


def test_a_tool_has_its_retries_of_an_hour_and_no_more() -> None:
    assert why(*[past()] * 59) == ""
    assert why(*[past()] * 60) == "a has had its 60 retries of an hour"
    assert why(*[past()] * 60, tool="b") == ""
    assert why(*[past(ago=61, age=70)] * 60) == ""
    assert why(past(attempts=60)) == ""
    assert why(past(attempts=61)) == "a has had its 60 retries of an hour"


def test_a_namespace_has_its_retries_of_an_hour_and_no_more() -> None:
    many = [past(f"tool-{number}", attempts=51) for number in range(6)]
    assert why(*many, tool="other") == "the namespace has had its 300 retries of an hour"
    assert why(*many[:5], past("tool-5", attempts=50), tool="other") == ""


def test_fifty_failing_tools_stay_within_the_bound_however_long_they_fail() -> None:
    """Each has a policy of a hundred attempts without delay; the clock stands still."""
    attempts = dict.fromkeys(range(50), 1)
    for number in [number for _ in range(99) for number in attempts]:
        seen = [past(f"tool-{one}", attempts=count) for one, count in attempts.items()]
        if budgets.held(f"run-{number}", f"tool-{number}", seen, NOON) is None:
            attempts[number] += 1
    assert sum(attempts.values()) - 50 == budgets.PER_NAMESPACE


DEAD = [past(state="Exhausted", ago=50 - number, age=60) for number in range(5)]


@pytest.mark.parametrize(
    ("runs", "is_held"),
    [
        (DEAD, True),
        (DEAD[1:], False),
        ([*DEAD, past(state="Succeeded", ago=5)], False),
        ([*DEAD, past(state="Failed", ago=5)], False),
        ([past(state="Succeeded", ago=55, age=60), *DEAD], True),
        ([*DEAD, past(state="Retrying", ago=1)], True),
        ([replace(one, last_at=NOON - 61 * MINUTE) for one in DEAD], False),
        ([replace(one, tool="b") for one in DEAD], False),
        ([*DEAD[:4], past(state="NotStarted", ago=5), DEAD[4]], False),
    ],
)
def test_a_tool_whose_last_runs_all_used_up_their_attempts_is_not_tried_again(
    runs: list[Past], is_held: bool
) -> None:
    assert why(*runs) == ("the last 5 runs of a used up their attempts" if is_held else "")


def test_a_broken_tool_is_tried_again_an_hour_after_it_broke() -> None:
    held = budgets.held("r", "a", DEAD, NOON)
    assert held
    assert held.at == NOON - 46 * MINUTE + timedelta(hours=1)


def test_those_that_are_held_back_do_not_all_ask_again_at_once() -> None:
    spent = [past()] * 60
    asked = {budgets.held(f"run-{number}", "a", spent, NOON) for number in range(50)}
    moments = [held.at - NOON for held in asked if held]
    assert len(moments) > 45
    assert min(moments) >= budgets.PAUSE
    assert max(moments) <= 2 * budgets.PAUSE
    assert max(moments) - min(moments) > budgets.PAUSE / 2
