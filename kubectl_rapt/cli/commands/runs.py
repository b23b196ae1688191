"""``kubectl rapt runs``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from kubectl_rapt.actions import find
from kubectl_rapt.actions import listing as listings
from kubectl_rapt.actions.listing import Listing, Wanted
from kubectl_rapt.cli import columns, listing, options, terminal
from kubectl_rapt.cli.columns import Drop, Shorten, Table
from kubectl_rapt.cli.listing import Form
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import runs as run_states
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import listed
from kubectl_rapt.runs.listed import Fields, Filter, Line

_HEADER = ("RUN", "TOOL", "STATUS", "ATTEMPTS", "BY", "DURATION", "AGE")
_WIDE = ("EXIT", "ENVIRONMENT")
_STEPS = (
    Shorten("BY", 13),
    Shorten("STATUS", 20),
    Drop("TOOL"),  # the name of a run begins with it
    Shorten("BY", 10),
    Drop("BY"),
    Drop("ATTEMPTS"),
    Shorten("NAMESPACE", 12),
    Drop("DURATION"),
    Shorten("STATUS", 16),
    Drop("AGE"),
    Shorten("NAMESPACE", 8),
    Shorten("STATUS", 8),
)
"""What a narrow terminal goes without. The name of a run stays whole: it is what people copy."""
_BAD = "bad"
_BAD_STATES = (run_states.FAILED, run_states.EXHAUSTED, run_states.NOT_STARTED, listed.BROKEN)
_PEOPLE = 10
"""How many people who asked for runs are named."""
_REMARKS = 5
"""How many runs are remarked on by name."""


def runs(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="[TOOL]", help="Only this tool")] = "",
    status: Annotated[
        str, typer.Option(metavar="STATUS,…", help="Only these: pending, running, retrying, failed, dead, …")
    ] = "",
    by: Annotated[
        str, typer.Option("--by", metavar="USER", help="Only runs of this user; cron means schedules")
    ] = "",
    since: Annotated[
        float | None,
        typer.Option(parser=options.seconds, metavar="TIME", help="Only runs newer than 24h, 7d, …"),
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option(parser=options.seconds, metavar="TIME", help="Only runs older than 24h, 7d, …"),
    ] = None,
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Watch for changes, one line each")] = False,
    selector: listing.Labels = "",
    field_selector: listing.Fields = "",
    all_namespaces: listing.AllNamespaces = False,
    sort_by: listing.SortBy = "",
    no_headers: listing.NoHeaders = False,
    output: listing.Output = "",
) -> int:
    """List runs, newest first. Those that schedules started are included.

    Example: kubectl rapt runs http-check --status failed --since 24h
    """
    form = listing.form(output, sort_by=sort_by, no_headers=no_headers)
    if watch and (sort_by or not form.is_table):
        raise UsageError("bad-usage", "--watch shows lines as they come", "kubectl rapt runs --watch")
    statuses = options.words(status)
    for one in statuses:
        if not listed.is_status(one):
            near = listed.near_status(one)
            what = f'--status does not take "{one}": no run has that status'
            meant = ",".join(near if other == one else other for other in statuses)
            raise UsageError("bad-flag", what, f"--status {shell.word(meant)}" if near else "--help")
    with options.open_world(context) as (world, _):
        now = world.now()
        namespace = listing.namespace(world, all_namespaces=all_namespaces)
        all_namespaces = not namespace
        wanted = Wanted(
            namespace,
            tool,
            options.named_environment(context),
            selector,
            field_selector,
            Filter.ago(now, statuses=statuses, by=by, since=since, older_than=older_than),
        )
        shown = _Table(form, all_namespaces)
        if watch:
            _watch(world, wanted, shown)
        elif not form.is_table:
            found = [one for one, _ in listings.objects(world, wanted)]
            return listing.objects(listing.ordered(found, form), form)
        elif form.sort_by:
            pairs = listings.objects(world, wanted)
            lines = {id(one): line for one, line in pairs}
            ordered = listing.ordered([one for one, _ in pairs], form)
            shown.whole([shown.cells(one, lines[id(one)], now) for one in ordered])
        else:
            all_ = listings.found(world, wanted)
            if all_.packed:
                shown.all(all_.packed, now)
                _tell(all_)
            else:
                if tool and wanted.namespace:
                    find.tool(world, tool, wanted.namespace, "runs")  # a mistyped name is no empty answer
                where = f"namespace {wanted.namespace}" if wanted.namespace else "any namespace"
                terminal.say(f"No runs found in {where}.{_others(world, wanted)}")
    return 0


def _others(world: World, wanted: Wanted) -> str:
    """Whose runs there are, if nobody of the name that was asked for has any: it may be mistyped."""
    by = wanted.filter.by
    known = listings.requesters(world, wanted) if by else []
    if not known or by in known:
        return ""
    more = f", and {len(known) - _PEOPLE} more" if len(known) > _PEOPLE else ""
    return terminal.clean(
        f" None is by {terminal.repeated(by)}; there are runs by {', '.join(known[:_PEOPLE])}{more}."
    )


def _tell(found: Listing) -> None:
    """What the rows do not say."""
    for remark in found.remarks[:_REMARKS]:
        terminal.say(f"note: {terminal.clean(terminal.shorten(remark, 300))}")
    if (more := len(found.remarks) - _REMARKS) > 0:
        terminal.say(f"note: the same holds for {more} more: kubectl rapt why RUN")
    for one in found.left():
        terminal.say(f"note: {one}")


def _watch(world: World, wanted: Wanted, shown: "_Table") -> None:
    first: list[tuple[Manifest, Line | None]] | None = []
    for one in listings.changes(world, wanted):
        now = world.now()
        if one is not None and first is not None:
            first.append(one)
        elif one is not None:
            shown.more(shown.cells(*one, now))
        elif first is not None:
            first.sort(key=listings.age, reverse=True)
            shown.whole([shown.cells(*each, now) for each in first])
            first = None


class _Table:
    """The table of runs."""

    def __init__(self, form: Form, has_namespace: bool) -> None:
        self._has_namespace = has_namespace
        self._is_wide = form.kind == "wide"
        header = [*(["NAMESPACE"] if has_namespace else []), *_HEADER, *(_WIDE if self._is_wide else ())]
        self._table = Table(
            header, _STEPS, is_wide=self._is_wide, has_header=form.has_header, painted="STATUS"
        )

    def row(self, fields: Fields, now: datetime) -> list[str]:
        """A line's cells, and whether it tells of a failure."""
        created, namespace, name, tool, status, state, attempts, by, started, finished, code, environment = (
            fields
        )
        took, age = listed.spell_duration(started, finished, now), listed.spell_age(created, now)
        row = [name, tool, status, attempts, by, took, age]
        if self._has_namespace:
            row.insert(0, namespace)
        if self._is_wide:
            row += [code, environment]
        return [*columns.cells(row), _BAD if state in _BAD_STATES else ""]

    def cells(self, one: Manifest, line: Line | None, now: datetime) -> list[str]:
        """An object's cells, also of a broken one, which has no line."""
        metadata = one["metadata"]
        broken = Line(metadata["namespace"], metadata["name"], "", listed.BROKEN, listed.BROKEN, "", "", "")
        return self.row(listed.fields(line or broken), now)

    def all(self, packed: list[str], now: datetime) -> None:
        """Print the header and packed lines, which are used up: each is replaced by its row, so memory stays flat."""
        for index, text in enumerate(packed):
            row = self.row(listed.unpacked(text), now)
            self._table.measure(row)
            packed[index] = listed.packed(tuple(row))
        self._table.measured(list(listed.unpacked(text)) for text in packed)

    def whole(self, rows: Sequence[list[str]]) -> None:
        """Print the header and all rows."""
        self._table.whole(rows)

    def more(self, row: list[str]) -> None:
        """Print one more row."""
        self._table.more(row)
