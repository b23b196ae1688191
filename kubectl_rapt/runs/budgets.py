"""How many automatic retries there may be: so many an hour for a tool and for a namespace, none while a tool is broken.

Asked before each retry starts, never for one that a person asked for. Several who ask at the same moment do not see
each other's retry yet, so the bound is exceeded by as many as drive runs at once, at most.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubectl_rapt.objects import runs
from kubectl_rapt.runs.retries import spread

WINDOW = timedelta(hours=1)
PER_TOOL = 60
PER_NAMESPACE = 300
BROKEN_AFTER = 5
"""So many runs of a tool, one after the other, that used up their attempts: it is broken, until one succeeds."""
PAUSE = timedelta(minutes=5)
"""When a retry that was held back asks again, at the latest twice that."""


@dataclass(frozen=True, slots=True)
class Past:
    """What became of a run, as far as budgets are concerned.

    Args:
        tool: Its tool.
        state: Its state.
        attempts: How many there were.
        created_at: When it was created.
        last_at: When its last attempt ended, or else started; None where it goes on.
    """

    tool: str
    state: str
    attempts: int
    created_at: datetime
    last_at: datetime | None = None

    def retries(self, now: datetime) -> int:
        """How many retries it had within the hour; of a run that is older, its share of them."""
        last = self.last_at or now
        if self.attempts < 2 or last < now - WINDOW:
            return 0
        if self.created_at >= now - WINDOW:
            return self.attempts - 1
        return math.ceil((self.attempts - 1) * min(1, WINDOW / max(last - self.created_at, WINDOW)))


@dataclass(frozen=True, slots=True)
class Held:
    """A retry that is held back: when to ask again, and why."""

    at: datetime
    why: str


def held(run: str, tool: str, past: Sequence[Past], now: datetime) -> Held | None:
    """Whether an automatic retry that is due is held back.

    Args:
        run: The run's name, from which it is drawn when it asks again: not all at once.
        tool: The run's tool.
        past: The runs of its namespace; those whose last attempt is older than an hour may be left out.
        now: The time.
    """
    of_tool = [one for one in past if one.tool == tool]
    finished = sorted(
        (one for one in of_tool if one.state in runs.FINISHED and one.last_at),
        key=lambda one: one.last_at or now,
        reverse=True,
    )[:BROKEN_AFTER]
    if len(finished) == BROKEN_AFTER and all(one.state == runs.EXHAUSTED for one in finished):
        at = (finished[0].last_at or now) + WINDOW
        if at > now:
            return Held(at, f"the last {BROKEN_AFTER} runs of {tool} used up their attempts")
    at = now + PAUSE * (1 + spread(f"{run}/{now:%H:%M}"))
    if sum(one.retries(now) for one in of_tool) >= PER_TOOL:
        return Held(at, f"{tool} has had its {PER_TOOL} retries of an hour")
    if sum(one.retries(now) for one in past) >= PER_NAMESPACE:
        return Held(at, f"the namespace has had its {PER_NAMESPACE} retries of an hour")
    return None
