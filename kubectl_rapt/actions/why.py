"""Why: back from a run to who asked for which version, forward to what ended it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kubectl_rapt.actions import find, repository
from kubectl_rapt.actions.find import Found
from kubectl_rapt.config import changes, installation, layout
from kubectl_rapt.config.changes import Change
from kubectl_rapt.errors import NotFound, RaptError
from kubectl_rapt.model.kinds import TOOL, Ref
from kubectl_rapt.objects import labels, tools
from kubectl_rapt.objects.tools import Source
from kubectl_rapt.ports.git import Commit
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Origin:
    """The commit that defined a tool, proved by the digest of the tool's file.

    Args:
        commit: The commit on main.
        change: The change it speaks of; None for a commit made by hand.
    """

    commit: Commit
    change: Change | None


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
    origin, no_origin = _origin(world, source, environment, tool)
    return Explanation(
        found,
        tool=tool,
        environment=environment,
        requested_by=run.requested_by if run else "cron",
        answers=run.answers if run else {},
        source=source,
        origin=origin,
        no_origin=no_origin,
        outcome=_outcome(found),
    )


def _outcome(found: Found) -> Outcome | None:
    """What the Run has recorded, with the evidence that is still there; without a record, what can be seen."""
    seen = outcomes.of(found.job, found.pods) if found.job else None
    recorded = outcomes.recorded(found.run) if found.run else None
    if recorded and seen:
        return replace(recorded, evidence=seen.evidence)
    return recorded or seen


def _source_of_tool(world: World, tool: str, namespace: str) -> Source | None:
    """The source of the Tool as it is today: all that is known of a Job that a CronJob made."""
    try:
        return tools.from_manifest(world.cluster.get(Ref(TOOL, tool, namespace))).source if tool else None
    except NotFound:
        return None


def _origin(world: World, source: Source | None, environment: str, tool: str) -> tuple[Origin | None, str]:
    if source is None or not source.definition:
        return None, "the tool was not made from a config repository"
    if not world.settings.repository:
        return None, "no config repository is set up here"
    try:
        found = repository.read(world)
    except RaptError as error:
        return None, error.message
    path = layout.definition(environment, tool)
    for commit in world.git.log(found.remote, found.head, paths=[path]):
        content = world.git.files(found.remote, commit.id, path).get(path)
        if content is not None and installation.digest(content) == source.definition:
            return Origin(commit, changes.read(commit.message)), ""
    return None, f"no commit of {found.remote.url} has that definition"
