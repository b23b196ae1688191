"""What became slower from one version of a tool to the next, and what is no difference."""

from datetime import timedelta

import pytest

from kubectl_rapt.runs import pace
from kubectl_rapt.runs.pace import Sample
from kubectl_rapt.runs.timing import Lap, Span, Timing
from tests.given import NOON


def samples(version: str, *seconds: float, phase: str = "run") -> list[Sample]:
    return [Sample(version, {phase: one}) for one in seconds]


@pytest.mark.parametrize(
    ("before", "after", "is_slower"),
    [
        ((40, 41, 42), (60, 61, 62), True),
        ((40, 41, 42), (45, 46, 47), False),
        ((1, 1, 1), (2, 2, 2), False),
        ((1, 1, 1), (4, 4, 4), True),
        ((10, 40, 100), (50, 50, 50), False),
        ((40, 41), (60, 61, 62), False),
        ((40, 41, 42), (60, 61), False),
        ((60, 61, 62), (40, 41, 42), False),
    ],
    ids=[
        *("much slower", "a little slower", "whole seconds", "short, and slower"),
        *("it always varied", "few before", "few after", "quicker"),
    ],
)
def test_only_what_chance_does_not_do_is_called_slower(
    before: tuple[float, ...], after: tuple[float, ...], is_slower: bool
) -> None:
    _, found = pace.compare([*samples("1.0.0", *before), *samples("1.1.0", *after)])
    assert [(one.version, one.before, one.phase) for one in found] == (
        [("1.1.0", "1.0.0", "run")] if is_slower else []
    )


def test_versions_are_in_their_own_order_with_medians() -> None:
    told, _ = pace.compare([*samples("1.10.0", 3, 9, 4), *samples("1.9.0", 1), *samples("", 7)])
    assert [(one.version, one.runs, one.medians["run"]) for one in told] == [
        *(("", 1, 7), ("1.9.0", 1, 1), ("1.10.0", 3, 4))
    ]


def test_waiting_for_others_is_no_matter_of_a_version() -> None:
    _, found = pace.compare(
        [*samples("1.0.0", 1, 1, 1, phase="queue"), *samples("1.1.0", 90, 90, 90, phase="queue")]
    )
    assert found == []


def lap(attempt: int, *spans: tuple[str, int], is_partial: bool = False) -> Lap:
    at, found = NOON + timedelta(minutes=attempt), []
    for phase, seconds in spans:
        found.append(Span(phase, at, at + timedelta(seconds=seconds)))
        at = found[-1].end
    return Lap(attempt, "job", "pod", tuple(found), is_partial=is_partial)


@pytest.mark.parametrize(
    ("laps", "has_init", "known"),
    [
        (
            [lap(1, ("queue", 1), ("pull", 2), ("run", 3))],
            False,
            {"queue": 1, "pull": 2, "run": 3, "total": 6},
        ),
        ([lap(1, ("run", 9)), lap(2, ("queue", 5), ("run", 3))], False, {"run": 3}),
        ([lap(1, ("unknown", 4), ("run", 3), is_partial=True)], False, {"run": 3, "total": 7}),
        ([lap(1, ("unknown", 4), ("run", 3), is_partial=True)], True, {"total": 7}),
    ],
    ids=["whole", "second attempt", "pod gone", "pod gone, init containers"],
)
def test_what_nobody_knows_is_left_out_and_is_never_nothing(
    laps: list[Lap], has_init: bool, known: dict[str, float]
) -> None:
    seconds = pace.sample("1.0.0", Timing(tuple(laps), False), has_init=has_init).seconds
    assert {phase: took for phase, took in seconds.items() if took} == known
    assert ("init" in seconds) is not laps[-1].is_partial
