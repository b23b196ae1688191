"""Announce: say in Kubernetes Events what became of a run, for whoever looks at the Run or at its Tool."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from kubectl_rapt import writes
from kubectl_rapt.actions.recent import Told
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import EVENT, RUN, TOOL, Ref
from kubectl_rapt.model.plan import Create
from kubectl_rapt.objects import events, reading, run_events
from kubectl_rapt.objects.runs import EXHAUSTED, FAILED, NOT_STARTED, SUCCEEDED, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import news
from kubectl_rapt.runs.news import News
from kubectl_rapt.writes import Writers

WINDOW = timedelta(hours=1)
"""How long an API server keeps Events, if it was told nothing else: what happened longer ago has had its one."""
_SKEW = timedelta(minutes=1)
_MOST = 50
"""How many a pass makes up for: whoever installs the reconciler does not want a thousand at once."""


def announce(world: World, writers: Writers, before: Run | None, after: Run) -> None:
    """Write an Event for all that people would want to hear of; where that fails, nothing is said.

    Args:
        world: Where to look.
        writers: The door's ports.
        before: The run as it was.
        after: The run as it is recorded now.
    """
    for one in news.between(before, after):
        if one.is_event:
            _tell(world, writers, after, one)


def lost(world: World, rows: Iterable[Told], namespace: str) -> list[Ref]:
    """The runs that were over within the hour and that no Event tells of: whoever closed them was killed before.

    Args:
        world: Where to look.
        rows: The runs, as the server's table tells them: those that can be read.
        namespace: Where they are; empty for everywhere.

    Raises:
        Unavailable, Refused: The events cannot be listed.
    """
    now = world.now()
    ends: dict[tuple[str, str], datetime] = {}
    for told in rows:
        ended = told["Finished"] or told["Created"]
        is_told = told["State"] in (FAILED, EXHAUSTED, NOT_STARTED) or (
            told["State"] == SUCCEEDED and int(told["Attempt"] or 0) > 1
        )
        if is_told and ended and times.parse(ended) > now - WINDOW:
            ends[told["Namespace"], told["Name"]] = times.parse(ended)
    if not ends:
        return []
    fields = f"source={run_events.COMPONENT}"
    told_of = world.cluster.list(EVENT, namespace, fields=fields)
    for event in reading.readable(events.from_manifest, told_of):
        ended_at = ends.get((event.namespace, event.about))
        is_end = event.kind == RUN.name and event.reason in news.ENDS
        if is_end and ended_at and event.last_at > ended_at - _SKEW:
            del ends[event.namespace, event.about]
    return [Ref(RUN, name, space) for space, name in sorted(ends)][:_MOST]


def again(world: World, writers: Writers, run: Run) -> None:
    """Write the Event of a run's end once more: who has written it already is not disturbed."""
    if one := news.standing(run):
        _tell(world, writers, run, one)


def _tell(world: World, writers: Writers, run: Run, one: News) -> None:
    if one.reason in news.ALARMS:
        # First, so that the Run's own tells that both were written.
        tool = Ref(TOOL, run.tool, run.namespace)
        _say(world, writers, tool, "", run, one, f"{run.ref} {one.message}")
    _say(world, writers, run.ref, run.uid, run, one, one.message)


def _say(world: World, writers: Writers, about: Ref, uid: str, run: Run, one: News, message: str) -> None:
    try:
        uid = uid or world.cluster.get(about)["metadata"]["uid"]
        told = f"{run.uid}/{one.attempt}"
        event = run_events.manifest(
            about, uid, told, one.reason, message, world.now(), is_warning=one.is_warning
        )
        writes.apply(writers, Create(event))
    except RaptError:
        return  # somebody has said so already, or it may not be said: the Run itself is the record
