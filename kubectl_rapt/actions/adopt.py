"""Adopt: make a run of a CronJob's Job that failed, so that it is retried, kept and explained like any other."""

from dataclasses import replace

from kubectl_rapt import writes
from kubectl_rapt.actions import advance, find, policies
from kubectl_rapt.errors import NotFound, Refused
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import TOOL, Ref
from kubectl_rapt.model.plan import Patch
from kubectl_rapt.objects import jobs, labels, tools
from kubectl_rapt.objects.runs import FAILED, Attempt, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import adoption, lifecycle
from kubectl_rapt.runs.adoption import Candidate
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.writes import Writers


def plan(world: World, found: Candidate) -> tuple[Run | None, str]:
    """The Run that a Job becomes, and why it will not be tried again; see ``adoption.run_of``.

    Raises:
        Unavailable, Refused, Invalid, NotFound: Its tool, that one's policy, or its CronJob cannot be read.
    """
    tool = find.perhaps(world, Ref(TOOL, found.tool, found.ref.namespace))
    cron_job = find.perhaps(world, found.cron_job)
    read = policies.of_tool(world, tools.from_manifest(tool)) if tool else None
    return adoption.run_of(found, read, cron_job, world.now())


def by_name(world: World, writers: Writers | None, name: str, namespace: str) -> Run | None:
    """The run that a schedule's failed Job becomes now; None if no Job of a schedule has that name.

    Args:
        world: Where to look.
        writers: The door's ports; None to write nothing.
        name: The Job's name.
        namespace: Where it is.

    Raises:
        Refused: ``run-goes-on``.
        NotFound: ``no-run``: it has succeeded; ``no-tool``: its tool is gone. Or as ``adopt``.
    """
    manifest = find.scheduled_job(world, name, namespace)
    if manifest is None:
        return None
    job = jobs.from_manifest(manifest)
    found = adoption.candidate(manifest, job)
    tool = job.labels[labels.TOOL]
    if found is None and not job.ended:
        what = f'job "{name}" is still running'
        raise Refused("run-goes-on", what, f"kubectl rapt logs {shell.word(name)} --follow")
    if found is None:
        what = f'a schedule started job "{name}", and only a failure of a schedule becomes a run'
        raise NotFound("no-run", what, f"kubectl rapt run {shell.word(tool)}")
    wanted, why_not = plan(world, found)
    if wanted is None:
        raise NotFound("no-tool", f'job "{name}" cannot be tried again: {why_not}', "kubectl rapt list")
    if writers is not None:
        return adopt(world, writers, found, wanted)
    outcome = advance.ending(world, job)
    assert outcome is not None, "a Job that has ended has an outcome"
    attempt = lifecycle.closed(Attempt(1, job.name, job.uid), outcome, world.now())
    return replace(wanted, attempts=(attempt,), state=FAILED)


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
