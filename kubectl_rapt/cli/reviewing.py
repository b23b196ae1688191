"""Asking for a reviewed run, and following it: review, merge, run, pod."""

from datetime import datetime, timedelta

import typer

from kubectl_rapt.actions import desired, find, repository, reviewed
from kubectl_rapt.actions import run as running
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.cli import options, proposing, show, terminal, watching
from kubectl_rapt.cli.views.run import Manner
from kubectl_rapt.config import changes, layout
from kubectl_rapt.errors import Refused, Unavailable, UsageError
from kubectl_rapt.model import shell, times
from kubectl_rapt.model.kinds import RUN, Ref
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.writes import Writers

_LOOK_SECONDS = 5.0


def carry_out(
    context: typer.Context,
    world: World,
    writers: Writers,
    wanted: Run,
    tool_environment: str,
    manner: Manner,
) -> int:
    """Push the change that asks for a run, and follow it to its end where that was asked.

    Args:
        context: The command.
        world: Where to read.
        writers: The door's ports.
        wanted: The run.
        tool_environment: The environment of its tool; empty where nobody said.
        manner: How it is shown.

    Returns:
        The container's exit code; 1 where it was not merged or came too late, 124 on timeout; 0 where nobody follows.

    Raises:
        UsageError: Nobody says in which environment.
        RaptError: What making a change and following raise.
    """
    environment = options.named_environment(context) or tool_environment
    if not environment:
        raise UsageError("no-environment", "no environment is named", "--in ENV")
    reviewed.check_folder(world, wanted, environment)
    make = reviewed.draft(world, wanted, environment)
    document = ""
    if manner.output and (manner.dry_run or manner.shows != "events"):
        document = show.document(runs.to_manifest(wanted), manner.output, show.name(wanted.ref))
    how = proposing.Manner(bool(manner.dry_run), document=document)
    proposing.carry_out(context, world, writers, make, how)
    if manner.dry_run:
        return 0
    words = options.words_given(context)
    if not any(word.startswith("--request-id") for word in words):
        words += ["--request-id", wanted.name]
    words = [word for word in words if word != "--detach"]
    again = shell.join(["kubectl", "rapt", *words, *([] if manner.shows else ["--follow"])])
    if not manner.shows:
        terminal.say(f"  follow: {again}")
        return 0
    try:
        return _follow(world, writers, wanted, environment, manner)
    except KeyboardInterrupt:
        terminal.say(f"{wanted.name} goes its way: {again}")
        raise


def _follow(world: World, writers: Writers, wanted: Run, environment: str, manner: Manner) -> int:
    started = world.now()
    ends_at = started + timedelta(seconds=manner.timeout_seconds) if manner.timeout_seconds else None
    told = ""
    while True:
        found = repository.read(world)
        state, run = _standing(world, writers, found, wanted, environment)
        if state != told:
            terminal.say(terminal.clean(f"{wanted.name}  {state}"))
            told = state
        if state == "was not merged":
            return watching.FAILED_WITHOUT_CODE
        if run is not None:
            break
        if ends_at and world.now() >= ends_at:
            terminal.say(f"{wanted.name}  {state} after {times.spell_seconds(manner.timeout_seconds)}")
            return watching.TIMED_OUT
        _sleep(world, wanted)
    seen = running.start(world, writers, Seen(run))
    left = manner.timeout_seconds and max(0.001, _left(world, ends_at))
    shows = manner.shows or "log"
    return watching.attach(world, writers, seen, timeout_seconds=left, raw=manner.raw, shows=shows)


def _left(world: World, ends_at: datetime | None) -> float:
    return (ends_at - world.now()).total_seconds() if ends_at else 0


def _standing(
    world: World, writers: Writers, found: Repository, wanted: Run, environment: str
) -> tuple[str, Run | None]:
    """How far it is, in words; and the run once there is one to follow, started by whoever was first."""
    known = find.perhaps(world, Ref(RUN, wanted.name, wanted.namespace))
    if known is not None:
        return "is merged, and started", runs.from_manifest(known)
    if layout.run(environment, wanted.name) not in found.files:
        start = f"{changes.BRANCHES}{environment}/{wanted.name}/"
        branch = next((ref for ref in sorted(found.refs) if ref.startswith(start)), "")
        if not branch:
            return "was not merged", None
        return f"waits for its review on {branch.removeprefix('refs/heads/')}", None
    run = reviewed.read(world, found, environment, wanted.name)
    if run.not_after and world.now() >= run.not_after:
        what = f"{run.name} was to begin before {times.spell(run.not_after)}"
        raise Refused("too-late", what, f"kubectl rapt run {shell.word(run.tool)} --review")
    desired.check_cluster(world, found.project().environment(environment))
    try:
        running.start(world, writers, Seen(run))
    except Refused as error:
        if error.code != "no-right":
            raise
        return "is merged, and waits for who may start it: kubectl rapt sync", None
    return "is merged, and started", run


def _sleep(world: World, wanted: Run) -> None:
    """Wait a little, or until somebody else has started it."""
    fields = f"metadata.name={wanted.name}"
    events = world.cluster.watch(RUN, wanted.namespace, fields=fields, timeout_seconds=_LOOK_SECONDS)
    try:
        for event in events:
            if event.type == "added":
                break
    except Unavailable:
        pass
    events.close()
