"""Several things at once: each is told as soon as it is its turn, and nobody waits for ever."""

import threading
import time
from collections.abc import Callable

import pytest

from kubectl_rapt.actions import threads
from kubectl_rapt.errors import NotFound


def test_what_is_ready_is_told_before_what_is_not() -> None:
    gate = threading.Event()

    def later() -> str:
        gate.wait(60)
        return "later"

    found = threads.in_turn([lambda: "first", later, lambda: "last"], 60)
    assert next(found) == "first"
    gate.set()
    assert list(found) == ["later", "last"]


def test_who_is_late_is_left_and_the_others_are_told() -> None:
    gate = threading.Event()
    jobs: list[Callable[[], object]] = [gate.wait, lambda: "ready", gate.wait]
    begun = time.monotonic()
    assert list(threads.in_turn(jobs, 1.5)) == [None, "ready", None]
    assert 1.4 < time.monotonic() - begun < 6
    gate.set()


def test_what_a_job_raises_is_raised_in_its_turn() -> None:
    def broken() -> str:
        raise NotFound("no-tool", "there is none")

    found = threads.in_turn([lambda: "first", broken], None)
    assert next(found) == "first"
    with pytest.raises(NotFound):
        next(found)


def test_what_several_want_is_worked_out_once() -> None:
    calls: list[int] = []

    def compute() -> int:
        time.sleep(0.05)
        calls.append(1)
        return len(calls)

    once = threads.Once(compute)
    assert list(threads.in_turn([once] * 5, 60)) == [1] * 5

    def fails() -> int:
        calls.append(1)
        raise NotFound("no-tool", "there is none")

    never, before = threads.Once(fails), len(calls)
    for _ in range(3):
        with pytest.raises(NotFound):
            never()
    assert len(calls) == before + 1
