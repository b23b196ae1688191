"""List what ran: Runs, and the Jobs of CronJobs that have none, newest first."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kubectl_rapt.actions import threads
from kubectl_rapt.model.kinds import JOB, RUN, Kind, Manifest
from kubectl_rapt.objects import jobs, labels
from kubectl_rapt.ports.cluster import Event, Page
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import listed
from kubectl_rapt.runs.listed import Filter, Line

_IDLE_SECONDS = 60.0
_LOOKED_AT = 100
"""Of how many runs the Jobs are looked at; their names go into one address."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs.

    Args:
        namespace: Where; empty for everywhere.
        tool: Only of this tool; empty for any.
        environment: Only of this environment; empty for any.
        labels: A label selector besides.
        fields: A field selector, which only Runs have.
        filter: What else a line must be.
    """

    namespace: str
    tool: str = ""
    environment: str = ""
    labels: str = ""
    fields: str = ""
    filter: Filter = field(default_factory=Filter)

    @property
    def selector(self) -> str:
        """Its labels, as the API takes them."""
        named = {labels.TOOL: self.tool, labels.ENVIRONMENT: self.environment}
        own = labels.selector({key: value for key, value in named.items() if value})
        return ",".join(part for part in (own, self.labels) if part)

    @property
    def of_jobs(self) -> str:
        """The selector of Jobs that a schedule made: those of Runs say so."""
        return ",".join(part for part in (self.selector, labels.TOOL, f"!{labels.RUN}") if part)


def lines(world: World, wanted: Wanted) -> list[str]:
    """Every line that is wanted, newest first and packed: see ``listed.packed``.

    Runs are read as the server prints them, a tenth of their size; so memory holds the packed lines and one page.

    Args:
        world: Where to read.
        wanted: Which.

    Raises:
        NotFound: Rapt is not installed.
    """
    # Runs are asked for first, so that who may not list them is told so; the Jobs come with the first of their rows.
    pages = world.cluster.table(RUN, wanted.namespace, labels=wanted.selector, fields=wanted.fields)
    first = next(pages, None)
    scheduled = _scheduled(world, wanted)
    found = _of_runs(itertools.chain([first] if first else [], pages), wanted, scheduled)
    found += [listed.packed(listed.fields(one)) for one in scheduled.values() if wanted.filter.accepts(one)]
    found.sort(reverse=True)
    return found


def unrecorded(world: World, wanted: Wanted, packed: Iterable[str]) -> int:
    """How many of the newest runs that go on, as they say, have a Job that has ended: nobody was there to record it.

    Args:
        world: Where to read.
        wanted: Which were listed.
        packed: Their lines.
    """
    going = [text for text in packed if listed.is_running(text)][:_LOOKED_AT]
    if not going:
        return 0
    lines = [listed.line(listed.unpacked(text)) for text in going]
    names = {
        jobs.attempt_name(one.name, int(one.attempts.partition("/")[0])) for one in lines if one.attempts
    }
    rows = [
        dict(zip(page.columns, row, strict=False))
        for selector in labels.one_of(labels.RUN, (one.name for one in lines))
        for page in world.cluster.table(JOB, wanted.namespace, labels=selector)
        for row in page.rows
    ]
    return sum(row["Name"] in names and row.get("Status") in ("Complete", "Failed") for row in rows)


def _of_runs(pages: Iterable[Page], wanted: Wanted, scheduled: dict[tuple[str, str], Line]) -> list[str]:
    """The lines of Runs; Jobs that one of them has adopted, which is then called like the Job, are dropped."""
    found = []
    accepts = None if wanted.filter.is_open else wanted.filter.accepts
    for page in pages:
        for fields in map(listed.reader(page.columns), page.rows):
            if scheduled:
                scheduled.pop((fields[1], fields[2]), None)
            if accepts is None or accepts(listed.line(fields)):
                found.append(listed.packed(fields))
    return found


def _scheduled(world: World, wanted: Wanted) -> dict[tuple[str, str], Line]:
    if wanted.fields:
        return {}
    found = (listed.of_job(one) for one in world.cluster.list(JOB, wanted.namespace, labels=wanted.of_jobs))
    return {(line.namespace, line.name): line for line in found}


def objects(world: World, wanted: Wanted) -> list[Manifest]:
    """The same as objects, newest first. Raises as ``lines`` does."""
    found = list(world.cluster.list(RUN, wanted.namespace, labels=wanted.selector, fields=wanted.fields))
    taken = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in found}
    if not wanted.fields:
        found += [
            one
            for one in world.cluster.list(JOB, wanted.namespace, labels=wanted.of_jobs)
            if (one["metadata"]["namespace"], one["metadata"]["name"]) not in taken
        ]
    if not wanted.filter.is_open:
        found = [one for one in found if _is_wanted(one, wanted.filter)]
    return sorted(found, key=lambda one: str(one["metadata"]["creationTimestamp"]), reverse=True)


def _is_wanted(one: Manifest, chosen: Filter) -> bool:
    """Whether a filter accepts an object; what is too broken to tell is shown."""
    try:
        return chosen.accepts(line_of(one))
    except (KeyError, TypeError, ValueError, AttributeError):
        return True


def line_of(one: Manifest) -> Line:
    """The line of a Run or a Job. Raises whatever a broken one leads to."""
    return listed.of_run(one) if one["kind"] == RUN.name else listed.of_job(one)


def changes(world: World, wanted: Wanted) -> Iterator[Manifest | None]:
    """What there is, then None, then each object that comes or changes, for ever; Jobs without a Run included."""
    merged: threads.Merge[tuple[Kind, Event] | None] = threads.Merge()
    kinds = [(RUN, wanted.selector)] + ([] if wanted.fields else [(JOB, wanted.of_jobs)])
    for kind, selector in kinds:
        events = world.cluster.watch(kind, wanted.namespace, labels=selector, fields=wanted.fields)
        merged.add(zip(itertools.repeat(kind), events))
    unsynced = {kind for kind, _ in kinds}
    for item in merged.read(_IDLE_SECONDS, None):
        if item is None:
            continue
        kind, event = item
        if event.type == "synced":
            unsynced.discard(kind)
            if not unsynced:
                yield None
        elif event.type != "deleted" and _is_wanted(event.object, wanted.filter):
            yield event.object
