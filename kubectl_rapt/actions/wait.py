"""Following a change until it is on main: looking again and again, so that whoever starts anew goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from kubectl_rapt.actions import repository, review
from kubectl_rapt.config import standing
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.standing import Standing
from kubectl_rapt.errors import Conflict, NotFound, Refused, Unavailable
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

_PAUSE = 5
"""Which of the writers' pauses is taken between two looks: one of a second or two."""
_LONGEST_SILENCE = 20
"""Looks in a row that may fail because somebody does not answer."""


@dataclass(frozen=True, slots=True)
class Look:
    """How far a change is.

    Args:
        standing: How far.
        url: The page of its pull request; empty where there is none.
        change: The change.
        why: Why it could not be merged just now; empty where nobody tried.
    """

    standing: Standing
    url: str
    change: Change
    why: str = ""


def look(world: World, identifier: str) -> Look:
    """How far a change is now.

    Raises:
        NotFound: It is neither on a branch nor on main.
    """
    found = repository.read(world)
    if done := review.merged(world, found, identifier):
        return Look("merged", "", done.change)
    try:
        one = review.find(world, found, identifier)
    except NotFound:
        raise NotFound(
            "no-change",
            f"change {identifier} is not on main, and its branch is gone",
            "make it again: the same command makes the same change",
        ) from None
    return Look(one.standing, one.url, one.change)


def until_merged(
    world: World,
    writers: Writers,
    identifier: str,
    tell: Callable[[Look], None],
    *,
    timeout_seconds: float = 0,
    attempt: Callable[[], None] = lambda: None,
) -> Look:
    """Look at a change until it is on main, whoever merges it and however.

    Args:
        world: Where to read.
        writers: Their pauses are between the looks.
        identifier: The change.
        tell: Called with each look that is another one than the last.
        timeout_seconds: For how long; 0 is for ever.
        attempt: What is tried before each look, such as merging it; where the forge does not let it in yet, that
            is waited for.

    Returns:
        The last look: it stands at ``merged``, or the time is over.

    Raises:
        NotFound: Its branch is gone.
        Conflict: ``proposal-closed``: its pull request was closed.
        RaptError: What reading and ``attempt`` raise.
    """
    ends_at = world.now() + timedelta(seconds=timeout_seconds)
    told: Look | None = None
    silent = rounds = 0
    while True:
        try:
            seen = _round(world, identifier, attempt)
            silent = 0
        except Unavailable:
            silent += 1
            if silent == _LONGEST_SILENCE or told is None:
                raise
            seen = told
        if seen != told:
            tell(seen)
        told = seen
        if seen.standing == "merged" or (timeout_seconds and world.now() >= ends_at):
            return seen
        if seen.standing == "closed":
            raise Conflict(
                "proposal-closed",
                f"the pull request of change {identifier} was closed without being merged ({seen.url})",
                standing.next_step("closed", identifier),
            )
        rounds += 1
        for _ in range(min(4, 1 + rounds // 20)):
            writers.pause(_PAUSE)


def _round(world: World, identifier: str, attempt: Callable[[], None]) -> Look:
    why = ""
    try:
        attempt()
    except Refused as error:
        if error.code != "not-mergeable":
            raise
        why = error.message
    seen = look(world, identifier)
    return Look(seen.standing, seen.url, seen.change, why)
