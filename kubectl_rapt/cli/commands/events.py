"""``kubectl rapt events``."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from kubectl_rapt.actions import events as reading
from kubectl_rapt.actions import find
from kubectl_rapt.cli import columns, listing, options, show, terminal
from kubectl_rapt.cli.columns import Drop, Shorten, Wrap
from kubectl_rapt.cli.listing import Form
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects.events import Event

_HEADER = ("LAST", "COUNT", "TYPE", "REASON", "OBJECT", "MESSAGE")
_WIDTHS = (5, 5, 7, 20, 30, 0)
"""How wide the columns are at least if lines come one by one."""
_STEPS = (
    Wrap("MESSAGE", 32),
    Drop("COUNT"),
    Shorten("OBJECT", 30),
    Drop("TYPE"),
    Wrap("MESSAGE", 20),
    Shorten("REASON", 10),
    Shorten("OBJECT", 20),
)


def events(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(metavar="TOOL|RUN|job/NAME|pod/NAME", help="What to list; of a tool, its newest run"),
    ],
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Watch for new events")] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml", help="Output format")
    ] = "",
) -> None:
    """List the events of a run, its jobs and their pods, in order of time.

    Example: kubectl rapt events http-check
    """
    form = listing.form(output, forms="wide|json|yaml")
    with options.open_world(context) as (world, _):
        namespace = world.cluster.namespace()
        found = find.execution(world, what, namespace, "events")
        kind, _, name = what.rpartition("/")
        whose = reading.about(found, pod=name if kind.startswith("po") else "")
        if watch:
            _show_each(reading.follow(world, whose, namespace, _leave_out), form, world.now)
            return
        listed = reading.read(world, whose, namespace, _leave_out)
        now = world.now()
    if not form.is_table:
        terminal.out(show.document(show.listed([manifest for _, manifest in listed]), output))
    elif not listed:
        terminal.say(f"No events of {terminal.repeated(what)}: Kubernetes keeps them for an hour.")
    else:
        listing.table(_HEADER, [_row(event, now) for event, _ in listed], form, _STEPS)


def _leave_out(error: RaptError) -> None:
    terminal.say(terminal.clean(f"note: left out: {error.message}"))


def _show_each(seen: Iterator[tuple[Event, Manifest]], form: Form, now: Any) -> None:
    """One after the other: as lines of a table, or as one document each."""
    table = columns.Table(_HEADER, _STEPS, is_wide=form.kind == "wide")
    table.measure([" " * width for width in _WIDTHS])
    if form.is_table:
        table.whole([])
    for event, manifest in seen:
        if form.kind == "yaml":
            terminal.out(terminal.Neutral(f"---\n{show.document(manifest, form.kind)}"))
        elif not form.is_table:
            from kubectl_rapt import documents

            terminal.out(terminal.Neutral(documents.dump_json(manifest, indent=None).rstrip("\n")))
        else:
            table.more(columns.cells(_row(event, now())))


def _row(event: Event, now: datetime) -> list[str]:
    return [event.spell_age(now), str(event.count), event.type, event.reason, event.subject, event.message]
