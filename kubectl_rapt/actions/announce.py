"""Announce: say in Kubernetes Events what became of a run, for whoever looks at the Run or at its Tool."""

from kubectl_rapt import writes
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import TOOL, Ref
from kubectl_rapt.model.plan import Create
from kubectl_rapt.objects import run_events
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import news
from kubectl_rapt.runs.news import News
from kubectl_rapt.writes import Writers


def announce(world: World, writers: Writers, before: Run | None, after: Run) -> None:
    """Write an Event for all that people would want to hear of; where that fails, nothing is said.

    Args:
        world: Where to look.
        writers: The door's ports.
        before: The run as it was.
        after: The run as it is recorded now.
    """
    for one in news.between(before, after):
        if not one.is_event:
            continue
        _say(world, writers, after.ref, after.uid, after, one, one.message)
        if one.reason in news.ALARMS:
            tool = Ref(TOOL, after.tool, after.namespace)
            _say(world, writers, tool, "", after, one, f"{after.ref} {one.message}")


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
