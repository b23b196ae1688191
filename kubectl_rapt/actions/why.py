"""Why: back from a run to who asked for which version, forward to what ended it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kubectl_rapt.actions import advance, find, history, look, origin, repository, standings
from kubectl_rapt.actions.find import Found
from kubectl_rapt.actions.history import Entry
from kubectl_rapt.actions.origin import Origin
from kubectl_rapt.errors import NotFound, RaptError
from kubectl_rapt.model.kinds import TOOL, Ref
from kubectl_rapt.objects import labels, tools
from kubectl_rapt.objects.runs import RETRYING, Run
from kubectl_rapt.objects.tools import Source
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import lifecycle
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.causes.seen import Finding, Seen
from kubectl_rapt.runs.lifecycle import Later
from kubectl_rapt.runs.outcome import Outcome
from kubectl_rapt.runs.standing import Standing


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known of one execution.

    Args:
        found: The Run, its Job and its pods.
        tool: The tool's name.
        environment: The tool's environment.
        requested_by: Who asked; ``cron`` for a schedule.
        answers: What was given for this run.
        source: Where the tool came from.
        origin: The commit that defined it.
        no_origin: Why no commit is named.
        outcome: How it ended; None while it goes on.
        findings: The causes that can be seen, the one that explains the others first.
        log: The last lines of the container that the first one is about.
        held: What holds its next attempt back, which is due; None for nothing.
        standing: How it stands now, whatever it has recorded; None of a pod without a Job.
        request: The commit that asks for a reviewed run; None for other runs.
        settings: The last commit before the run that changed what ``rapt.yaml`` says of its tool, since the tool's file
            was as it is; None where there is none.
    """

    found: Found
    tool: str
    environment: str
    requested_by: str
    answers: Mapping[str, Any]
    source: Source | None
    origin: Origin | None
    no_origin: str
    outcome: Outcome | None
    findings: tuple[Finding, ...] = ()
    log: tuple[str, ...] = ()
    held: Later | None = None
    standing: Standing | None = None
    request: Origin | None = None
    settings: Entry | None = None


def why(world: World, what: str, namespace: str) -> Explanation:
    """Explain one execution.

    Args:
        world: Where to read.
        what: ``TOOL``, ``RUN``, ``job/NAME`` or ``pod/NAME``.
        namespace: Where it is.

    Raises:
        NotFound: There is no such thing.
    """
    found = find.execution(world, what, namespace, "why")
    run, job = found.run, found.job
    marks = job.labels if job else run.labels if run else {}
    tool = run.tool if run else marks.get(labels.TOOL, "")
    source = run.source if run else _source_of_tool(world, tool, namespace)
    environment = marks.get(labels.ENVIRONMENT, "")
    findings, seen = look.explain(world, found)
    began_at = run.created_at if run else job.created_at if job else None
    come_from, no_origin = origin.find(world, source, environment, tool)
    return Explanation(
        found,
        tool=tool,
        environment=environment,
        requested_by=_asked_by(run) if run else job.asked_by if job else "",
        answers=run.answers if run else {},
        source=source,
        origin=come_from,
        no_origin=no_origin,
        outcome=_outcome(seen),
        findings=findings,
        log=_log(seen, findings),
        held=_held(world, run) if run else None,
        request=origin.of_run(world, run, environment),
        settings=settings(world, come_from, environment, tool, began_at),
        standing=standings.of_found(world, replace(found, run=seen.run), seen.events),
    )


def settings(
    world: World, come_from: Origin | None, environment: str, tool: str, before: datetime | None
) -> Entry | None:
    """The last change of what ``rapt.yaml`` says of a tool, between the tool's file and a run.

    Args:
        world: Where to read.
        come_from: The commit that defined the tool; None where none is known.
        environment: The tool's environment.
        tool: Its name.
        before: When the run began; None where nobody knows.
    """
    if come_from is None or before is None:
        return None
    try:
        for one in history.history(world, repository.read(world), environment, tool):
            if one.settings and one.commit.time <= before:
                return one
            if one.commit.id == come_from.commit.id:
                return None
    except RaptError:
        return None
    return None


def _held(world: World, run: Run) -> Later | None:
    """What holds the next attempt of a run back, where the person may read what the budgets are about."""
    if run.state != RETRYING:
        return None
    try:
        _, step = advance.decided(world, advance.observe(world, lifecycle.Seen(run)))
    except RaptError:
        return None
    return step if isinstance(step, Later) and step.is_held else None


def _outcome(seen: Seen) -> Outcome | None:
    """What the Run has recorded, with the evidence that is still there; without a record, what can be seen."""
    visible = outcomes.of(seen.job, seen.pods, seen.events) if seen.job else None
    recorded = outcomes.recorded(seen.run) if seen.run else None
    if recorded and visible:
        return replace(recorded, evidence=visible.evidence)
    return recorded or visible


def _log(seen: Seen, findings: tuple[Finding, ...]) -> tuple[str, ...]:
    first = next((one for one in findings if one.container), None)
    said = seen.logs.get((first.pod, first.container), ()) if first else ()
    if not said and seen.run and seen.run.log:
        return tuple(seen.run.log.splitlines()[-look.LINES :])
    return said


def _source_of_tool(world: World, tool: str, namespace: str) -> Source | None:
    """The source of the Tool as it is today: all that is known of a Job that a CronJob made."""
    try:
        return tools.from_manifest(world.cluster.get(Ref(TOOL, tool, namespace))).source if tool else None
    except NotFound:
        return None


def _asked_by(run: Run) -> str:
    """Who asked for a run, and for whom where a reviewed run was started by somebody else."""
    asked = run.annotations.get(labels.ASKED_BY, "")
    return f"{run.requested_by}, for {asked}" if asked else run.requested_by
