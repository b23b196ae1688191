"""Adopt: make a run of a CronJob's Job that failed, so that it is retried, kept and explained like any other."""

from kubectl_rapt import writes
from kubectl_rapt.actions import advance, find, policies
from kubectl_rapt.model.kinds import TOOL, Ref
from kubectl_rapt.model.plan import Patch
from kubectl_rapt.objects import tools
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import adoption
from kubectl_rapt.runs.adoption import Candidate
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.writes import Writers


def plan(world: World, found: Candidate, user: str) -> tuple[Run | None, str]:
    """The Run that a Job becomes, and why it will not be tried again; see ``adoption.run_of``.

    Raises:
        Unavailable, Refused, Invalid, NotFound: Its tool, that one's policy, or its CronJob cannot be read.
    """
    tool = find.perhaps(world, Ref(TOOL, found.tool, found.ref.namespace))
    cron_job = find.perhaps(world, found.cron_job)
    read = policies.of_tool(world, tools.from_manifest(tool)) if tool else None
    return adoption.run_of(found, read, cron_job, user, world.now())


def adopt(world: World, writers: Writers, found: Candidate, wanted: Run) -> Run:
    """Make the Run, close its first attempt, and mark the Job: it never becomes another Run.

    Raises:
        Conflict: The name belongs to something else.
        Unavailable, Refused, Invalid, NotFound: A step cannot be done; the next pass goes on from there.
    """
    seen = advance.carry(world, writers, Seen(wanted))
    run = seen.run
    assert run is not None, "a run that was advanced exists"
    metadata = {"uid": found.manifest["metadata"]["uid"], "annotations": {adoption.MARK: run.uid}}
    writes.apply(writers, Patch(found.ref, {"metadata": metadata}))
    return run
