"""Carrying out a plan that needs no second look: each step in its order, told when it is done."""

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_rapt import writes
from kubectl_rapt.model.plan import Plan, Step
from kubectl_rapt.writes import Writers, Written


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was carried out.

    Args:
        step: The step.
        answer: What it answered.
    """

    step: Step
    answer: Written


def each(writers: Writers, plan: Plan) -> Iterator[Done]:
    """Carry a plan out, as far as what it yields is taken.

    Raises:
        RaptError: What ``writes.apply`` raises.
    """
    for step in plan.steps:
        yield Done(step, writes.apply(writers, step))


def every(writers: Writers, plan: Plan) -> None:
    """Carry a plan out. Raises as ``each`` does."""
    for _ in each(writers, plan):
        pass
