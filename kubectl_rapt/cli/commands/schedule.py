"""``kubectl rapt schedule``."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import typer

from kubectl_rapt.actions import run as running
from kubectl_rapt.actions import schedule as scheduling
from kubectl_rapt.actions import stuck
from kubectl_rapt.actions.schedule import Slot
from kubectl_rapt.actions.stuck import Stuck
from kubectl_rapt.cli import listing, options, show, terminal
from kubectl_rapt.cli.columns import Drop, Shorten
from kubectl_rapt.errors import Refused, UsageError
from kubectl_rapt.model import shell, times
from kubectl_rapt.objects import jobs
from kubectl_rapt.runs import agenda, lifecycle
from kubectl_rapt.runs.agenda import Entry, Firing
from kubectl_rapt.runs.lifecycle import Later, Seen

ASKS_ABOVE = 20
"""More runs than this are started only by somebody who said so."""
_STEPS = (
    Shorten("NOTE", 16),
    Drop("ZONE"),
    Drop("ENVIRONMENT"),
    Shorten("NAMESPACE", 12),
    Shorten("NOTE", 10),
    Drop("SCHEDULE"),
    Drop("NOTE"),
    Drop("IN"),
    Drop("NAMESPACE"),
)
_SLOT_STEPS = (Shorten("STATE", 9), Shorten("SLOT", 17), Drop("STATE"))
_FORMS = "wide|json|yaml|jsonpath=…"

Tool = Annotated[str, typer.Argument(metavar="TOOL", help="The tool")]
Number = Annotated[int, typer.Option("--schedule", metavar="N", help="Only its Nth schedule, from 1")]


def schedule(
    context: typer.Context,
    tool: Annotated[str, typer.Option("--tool", metavar="TOOL", help="Only this tool")] = "",
    next_: Annotated[int, typer.Option("--next", metavar="N", help="How many times to show")] = 10,
    from_repository: Annotated[
        bool, typer.Option("--repository", help="List the config repository, all environments")
    ] = False,
    selector: listing.Labels = "",
    all_namespaces: listing.AllNamespaces = False,
    no_headers: listing.NoHeaders = False,
    output: Annotated[str, typer.Option("-o", "--output", metavar=_FORMS, help="Output format")] = "",
) -> None:
    """Show what runs next, each in the time zone of its schedule, and what was missed.

    Example: kubectl rapt schedule --in prod --next 20
    """
    form = listing.form(output, no_headers=no_headers, forms=_FORMS)
    if not 1 <= next_ <= agenda.MOST_MISSED:
        raise UsageError("bad-flag", f"--next expects 1 to {agenda.MOST_MISSED}, got {next_}", "--next 10")
    environment = options.named_environment(context)
    with options.open_world(context) as (world, _):
        now = world.now()
        held: list[Stuck] = []
        if from_repository:
            found, broken = scheduling.in_repository(world, environment, tool)
        else:
            namespace = listing.namespace(world, all_namespaces=all_namespaces)
            all_namespaces = not namespace
            found, broken = scheduling.in_cluster(
                world, namespace, environment=environment, tool=tool, selector=selector
            )
            held = stuck.found(world, namespace, tool=tool, environment=environment)
    firings = agenda.coming(found, now, next_)
    if not form.is_table:
        listing.document(_data(found, firings, now), form)
        return
    if firings:
        header = ["NEXT", "IN", "TOOL", "ENVIRONMENT", "SCHEDULE", "ZONE", "NOTE"]
        header[2:2] = ["NAMESPACE"] if all_namespaces else []
        listing.table(header, [_row(one, now, all_namespaces) for one in firings], form, _STEPS)
    elif not found:
        terminal.say("No schedules found.")
    blocked = [f"blocked    {_where(one.tool, one.cron_job, one.namespace)}: {one.told(now)}" for one in held]
    for line in (*blocked, *_remarks(found, now, all_namespaces), *broken):
        terminal.say(terminal.clean(line))


def _row(one: Firing, now: datetime, has_namespace: bool) -> list[str]:
    entry = one.entry
    wall = f"{one.wall:%a %d %b %H:%M}" + (f":{one.wall:%S}" if one.wall.second else "")
    row = [
        wall if one.is_skipped else f"{wall} {one.at:%Z}",
        "never" if one.is_skipped else times.spell_seconds((one.at - now).total_seconds()),
        entry.tool,
        entry.environment,
        entry.cron,
        entry.time_zone or "the cluster's",
        one.note,
    ]
    row[2:2] = [entry.namespace] if has_namespace else []
    return row


def _remarks(found: Sequence[Entry], now: datetime, has_namespace: bool) -> list[str]:
    """What is no firing to come: what was missed, what is stopped, what never fires."""
    lines = []
    for one in found:
        count, first = agenda.missed(one, now)
        there = f" -n {shell.word(one.namespace)}" if has_namespace else ""
        where = _where(one.tool, one.name, one.namespace)
        if one.problem:
            lines.append(f"broken     {where}: {one.problem}")
        elif one.is_suspended:
            lines.append(f"suspended  {where}: kubectl rapt schedule resume {shell.word(one.tool)}{there}")
        elif count and first:
            number = f"{count} or more" if count == agenda.MOST_MISSED else str(count)
            slots = "slot" if count == 1 else "slots"
            back = f"kubectl rapt schedule backfill {shell.word(one.tool)} --from {times.spell(first)}{there}"
            lines.append(f"missed     {where}: {number} {slots} since {times.spell(first)}; {back}")
    return lines


def _where(tool: str, cron_job: str, namespace: str) -> str:
    """Which schedule; of most tools it has the tool's own name, which is told once."""
    names = tool if cron_job in ("", tool) else f"{tool} ({cron_job})"
    return f"{names} in {namespace}" if namespace else names


def _data(found: Sequence[Entry], firings: Sequence[Firing], now: datetime) -> dict[str, Any]:
    return {
        "firings": [
            {
                "at": None if one.is_skipped else times.spell(one.at),
                "shown": one.wall.isoformat(timespec="seconds"),
                "timeZone": one.entry.time_zone,
                "tool": one.entry.tool,
                "namespace": one.entry.namespace,
                "environment": one.entry.environment,
                "cronJob": one.entry.name,
                "schedule": one.entry.cron,
                "skipped": one.is_skipped,
                "note": one.note,
            }
            for one in firings
        ],
        "schedules": [
            {
                "tool": one.tool,
                "namespace": one.namespace,
                "environment": one.environment,
                "cronJob": one.name,
                "schedule": one.cron,
                "timeZone": one.time_zone,
                "suspended": one.is_suspended,
                "last": times.spell(one.last) if one.last else None,
                "missed": agenda.missed(one, now)[0],
                "problem": one.problem,
            }
            for one in found
        ],
    }


def suspend(context: typer.Context, tool: Tool, number: Number = 0, dry_run: options.DryRun = "none") -> None:
    """Suspend a tool's schedules until you resume them. A sync does not undo this.

    Example: kubectl rapt schedule suspend backup
    """
    _switch(context, tool, number, dry_run, suspend=True)


def resume(context: typer.Context, tool: Tool, number: Number = 0, dry_run: options.DryRun = "none") -> None:
    """Resume a tool's schedules.

    Example: kubectl rapt schedule resume backup
    """
    _switch(context, tool, number, dry_run, suspend=False)


def _switch(context: typer.Context, tool: str, number: int, dry_run: str, *, suspend: bool) -> None:
    is_dry = options.is_dry(dry_run)
    verb = "suspend" if suspend else "resume"
    with options.open_world(context) as (world, writers):
        for one in scheduling.of_tool(world, tool, world.cluster.namespace(), verb, number):
            switch = scheduling.Switch(one, suspend)
            if not is_dry:
                scheduling.carry_out(world, writers, switch)
            said = f"{verb}{'d' if verb.endswith('e') else 'ed'}" if switch.changes else "unchanged"
            dry = " (dry run)" if is_dry and switch.changes else ""
            terminal.out(f"{show.name(switch.ref)} {said}{dry}")


def trigger(
    context: typer.Context,
    tool: Tool,
    number: Number = 0,
    dry_run: options.DryRun = "none",
    output: Annotated[str, typer.Option("-o", "--output", metavar="name", help="Print the Run's name")] = "",
) -> None:
    """Run a tool now, with the answers of its schedule.

    Example: kubectl rapt schedule trigger backup
    """
    options.one_of("-o", output, ("name",))
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        namespace = world.cluster.namespace()
        run = scheduling.trigger(world, scheduling.one_of_tool(world, tool, namespace, "trigger", number))
        if is_dry:
            terminal.out(show.document(jobs.of_attempt(run, 1), "yaml"))
            return
        running.start(world, writers, Seen(run))
    terminal.out(show.name(run.ref) if output else f"{show.name(run.ref)} created")
    if not output:
        terminal.say(f"  follow: kubectl rapt attach {run.name}")


def backfill(
    context: typer.Context,
    tool: Tool,
    start: Annotated[
        str, typer.Option("--from", metavar="TIME", help="First time, such as 2026-11-01T00:00:00Z")
    ],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="Last time; by default, now")] = "",
    number: Number = 0,
    slot_as: Annotated[
        str, typer.Option("--slot-as", metavar="NAME", help="Set this parameter to the time of each run")
    ] = "",
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help=f"Do not ask, even for more than {ASKS_ABOVE} runs")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until the run of every time has started")
    ] = False,
    dry_run: options.DryRun = "none",
) -> int:
    """Run a schedule for past times: one run for each time at which none ran.

    If only one run of the tool may run at a time, they take turns. Exits with 1 while some wait.

    Example: kubectl rapt schedule backfill report --from 2026-11-01T00:00:00Z --dry-run
    """
    is_dry = options.is_dry(dry_run)
    first = _time(start, "--from")
    with options.open_world(context) as (world, writers):
        now = world.now()
        last = _time(end, "--to") if end else now
        cron_job = scheduling.one_of_tool(world, tool, world.cluster.namespace(), "backfill", number)
        slots = scheduling.passed(world, cron_job, first, last, now)
        due = [one for one in slots if not one.ran]
        if not slots:
            terminal.say(f"{tool} has no slot between {times.spell(first)} and {times.spell(last)}.")
            return 0
        if due or slot_as:
            # What is refused is refused before anything runs or is told.
            scheduling.backfilled(world, cron_job, slots[0], slot_as)
        if is_dry:
            listing.table(
                ["SLOT", "RUN", "STATE"], [_planned(one) for one in slots], listing.Form(), _SLOT_STEPS
            )
            return 0
        if len(due) > ASKS_ABOVE and not yes:
            _ask(tool, len(due))
        left = [one.name for one in due]
        try:
            for one in slots:
                if one.ran:
                    terminal.out(f"run.rapt.dev/{one.name} skipped: {one.ran} ran")
                    continue
                run = scheduling.backfilled(world, cron_job, one, slot_as)
                seen = scheduling.fill(world, writers, run, one)
                if wait:
                    seen = scheduling.await_turn(world, writers, seen, partial(_say_waiting, one.name))
                has_begun, what = _became(seen, world.now())
                terminal.out(terminal.clean(f"run.rapt.dev/{one.name} {what}"))
                if has_begun:
                    left.remove(one.name)
        finally:
            _say_left(left, len(due))
    return 1 if left else 0


def _became(seen: Seen, now: datetime) -> tuple[bool, str]:
    """Whether the run of a slot has begun, and what became of it."""
    run = seen.run
    assert run is not None, "a run that was advanced exists"
    if run.attempts:
        return True, "created"
    if run.is_finished:
        return False, f"did not run: {run.message}"
    step = lifecycle.next_step(seen, now)
    return False, f"waits: {step.what}" if isinstance(step, Later) else "has not begun"


def _say_waiting(name: str, step: Later) -> None:
    terminal.say(terminal.clean(f"run.rapt.dev/{name} waits: {step.what}"))


def _say_left(left: Sequence[str], count: int) -> None:
    if left:
        terminal.say(
            f"{len(left)} of {count} slots have not run yet: type the same command again, or "
            "kubectl rapt reconcile"
        )


def _planned(one: Slot) -> list[str]:
    return [times.spell(one.at), one.name, f"{one.ran} ran" if one.ran else "would run"]


def _ask(tool: str, count: int) -> None:
    what = f"that is {count} runs of {tool}"
    if not terminal.is_interactive():
        raise Refused("needs-yes", f"{what}, and this is not a terminal", "--yes")
    if not typer.confirm(f"{what[:1].upper()}{what[1:]}. Start them?", err=True):
        raise typer.Abort


def _time(text: str, flag: str) -> datetime:
    """A point in time with its zone, or a day, which begins in UTC. Raises UsageError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        what = f"{flag} expects a time such as 2026-11-01T00:00:00Z, got {text}"
        raise UsageError("bad-flag", what, f"{flag} 2026-11-01T00:00:00Z") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
