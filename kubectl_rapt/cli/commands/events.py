"""``kubectl rapt events``."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from kubectl_rapt.actions import events as reading
from kubectl_rapt.actions import find
from kubectl_rapt.cli import options, show, terminal
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects.events import Event

_HEADER = ("LAST", "COUNT", "TYPE", "REASON", "OBJECT", "MESSAGE")
_WIDTHS = (5, 5, 7, 20, 30, 0)
"""Of the columns where lines come one by one."""


def events(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(metavar="TOOL|RUN|job/NAME|pod/NAME", help="What to list; of a tool, its newest run"),
    ],
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Watch for new events")] = False,
    output: Annotated[str, typer.Option("-o", "--output", metavar="json|yaml", help="Output format")] = "",
) -> None:
    """List the events of a run, its jobs and their pods, in order of time.

    Example: kubectl rapt events http-check
    """
    options.one_of("-o", output, ("json", "yaml"))
    with options.open_world(context) as (world, _):
        namespace = world.cluster.namespace()
        found = find.execution(world, what, namespace, "events")
        kind, _, name = what.rpartition("/")
        whose = reading.about(found, pod=name if kind.startswith("po") else "")
        if watch:
            _show_each(reading.follow(world, whose, namespace, _leave_out), output, world.now)
            return
        listed = reading.read(world, whose, namespace, _leave_out)
        now = world.now()
    if output:
        terminal.out(show.document(show.listed([manifest for _, manifest in listed]), output))
    elif not listed:
        terminal.say(f"No events of {what}: Kubernetes keeps them for an hour.")
    else:
        terminal.out(show.table(_HEADER, [_row(event, now) for event, _ in listed]))


def _leave_out(error: RaptError) -> None:
    terminal.say(terminal.clean(f"note: left out: {error.message}"))


def _show_each(seen: Iterator[tuple[Event, Manifest]], output: str, now: Any) -> None:
    """One after the other: as lines of a table, or as one document each."""
    if not output:
        terminal.out(_line(_HEADER))
    for event, manifest in seen:
        if output == "yaml":
            terminal.out(f"---\n{show.document(manifest, output)}")
        elif output:
            from kubectl_rapt import documents

            terminal.out(documents.dump_json(manifest, indent=None).rstrip("\n"))
        else:
            terminal.out(_line([terminal.clean(cell) for cell in _row(event, now())]))


def _line(cells: Any) -> str:
    return "   ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()


def _row(event: Event, now: datetime) -> list[str]:
    age = times.spell_seconds((now - event.last_at).total_seconds())
    return [age, str(event.count), event.type, event.reason, event.subject, terminal.shorten(event.message)]
