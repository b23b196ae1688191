"""List what ran: Runs, and the Jobs of CronJobs that have none, newest first."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kubectl_rapt.actions import threads
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import JOB, POD, RUN, Kind, Manifest
from kubectl_rapt.objects import jobs, labels, reading, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.workloads import QUEUE
from kubectl_rapt.ports.cluster import Event, Page
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import listed
from kubectl_rapt.runs.listed import Filter, Line

if TYPE_CHECKING:
    from kubectl_rapt.runs.tracked import Tracked

Place = tuple[str, str]
"""Namespace and name."""


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


@dataclass(slots=True)
class Listing:
    """What was found.

    Args:
        packed: Every line that is wanted, newest first and packed: see ``listed.packed``.
        unrecorded: How many of them have ended and no Run says so: nobody was there to record it.
        overdue: How many of them are due for something that nobody does.
        remarks: What else a person should know of some of them.
    """

    packed: list[str] = field(default_factory=list)
    unrecorded: int = 0
    overdue: int = 0
    remarks: list[str] = field(default_factory=list)

    def left(self) -> list[str]:
        """What waits for somebody to reconcile, in a sentence each."""
        notes = []
        if count := self.unrecorded:
            what = "1 run ended but is" if count == 1 else f"{count} runs ended but are"
            notes.append(f"{what} not recorded yet: kubectl rapt reconcile")
        if count := self.overdue:
            what = (
                "run is due, and nothing starts it" if count == 1 else "runs are due, and nothing starts them"
            )
            notes.append(f"{count} {what}: kubectl rapt reconcile")
        return notes


def _only_waits(job: Job) -> bool:
    """Whether a Job is suspended and that is all there is to say of it."""
    return job.is_suspended and not job.active and QUEUE not in job.labels


@dataclass(slots=True)
class Scheduled:
    """A Job without a Run label.

    Args:
        line: Its line.
        job: The Job.
        is_adopted: Whether a Run has adopted it.
    """

    line: Line
    job: Job
    is_adopted: bool = False


def requesters(world: World, wanted: Wanted) -> list[str]:
    """Who has asked for runs, whatever else the filter says: those of most runs first.

    Args:
        world: Where to read.
        wanted: Of which tool, where.
    """
    lines = found(world, replace(wanted, filter=Filter())).packed
    counts = Counter(listed.line(listed.unpacked(one)).by for one in lines)
    return [name for name, _ in counts.most_common() if name]


def found(world: World, wanted: Wanted) -> Listing:
    """Every run that is wanted, as it stands now.

    Runs are read as the server prints them, a tenth of their size; so memory holds the packed lines and one page. Of
    those that are not recorded as over, the Jobs and the pods are looked at besides.

    Args:
        world: Where to read.
        wanted: Which.

    Raises:
        NotFound: Rapt is not installed.
    """
    # Runs are asked for first, so that who may not list them is told so; the Jobs come with the first of their rows.
    pages = world.cluster.table(RUN, wanted.namespace, labels=wanted.selector, fields=wanted.fields)
    first = next(pages, None)
    listing = Listing()
    scheduled = _scheduled(world, wanted, lambda error: listing.remarks.append(f"left out: {error.message}"))
    open_ = _take_runs(listing, itertools.chain([first] if first else [], pages), wanted, scheduled)
    for line in _as_they_stand(world, wanted, open_, scheduled, listing):
        if wanted.filter.accepts(line):
            listing.packed.append(listed.packed(listed.fields(line)))
    listing.packed.sort(reverse=True)
    _take_reviewed(world, wanted, listing)
    return listing


def _take_reviewed(world: World, wanted: Wanted, listing: Listing) -> None:
    """Put the reviewed runs first that have not begun; selectors choose objects, and they are none."""
    location = world.location
    if location is None or not world.settings.repository or wanted.labels or wanted.fields:
        return
    from kubectl_rapt.actions import awaited

    for one in awaited.found(world, location.environment):
        run = one.run
        line = Line(
            run.namespace,
            run.name,
            run.tool,
            one.status,
            one.status,
            "",
            run.requested_by,
            "",
            environment=location.environment,
        )
        is_here = wanted.namespace in ("", run.namespace) and wanted.tool in ("", run.tool)
        if is_here and wanted.filter.accepts(line):
            listing.packed.insert(0, listed.packed(listed.fields(line)))
            listing.remarks.append(f"{run.name} {one.told}: {one.next_step}")


def lines(world: World, wanted: Wanted) -> list[str]:
    """The packed lines of ``found``. Raises as it does."""
    return found(world, wanted).packed


def _take_runs(
    listing: Listing, pages: Iterable[Page], wanted: Wanted, scheduled: dict[Place, Scheduled]
) -> list[Line]:
    """Take the Runs that are over; those that are not come back.

    A Job that one of them has adopted, which is then called like the Job, is no line of its own.
    """
    open_ = []
    accepts = None if wanted.filter.is_open else wanted.filter.accepts
    for page in pages:
        for fields in map(listed.reader(page.columns), page.rows):
            if scheduled and (job := scheduled.get((fields[1], fields[2]))):
                job.is_adopted = True
            if listed.is_broken(fields):
                listing.remarks.append(f"run/{fields[2]} cannot be read: one of its times is not valid")
            if listed.is_open(fields):
                open_.append(listed.line(fields))
            elif accepts is None or accepts(listed.line(fields)):
                listing.packed.append(listed.packed(fields))
    return open_


def _as_they_stand(
    world: World,
    wanted: Wanted,
    open_: Sequence[Line],
    scheduled: Mapping[Place, Scheduled],
    listing: Listing,
) -> Iterator[Line]:
    """The lines of what is not recorded as over, and of all Jobs without a Run, as their Jobs and pods say."""
    own = [one for one in scheduled.values() if not one.is_adopted]
    # Of a failure its condition says only that there was one: its pods know the cause.
    looked_at = [one.job for one in own if one.job.ended != "Complete" and not _only_waits(one.job)]
    if not (open_ or looked_at):
        yield from (one.line for one in own)
        return
    from kubectl_rapt.actions import standings

    chosen = standings.Chosen(wanted.namespace, wanted.selector, wanted.fields)
    all_jobs = [one.job for one in scheduled.values()]
    of_runs = standings.unfinished(world, chosen, all_jobs) if open_ else {}
    of_jobs = standings.scheduled(world, wanted.namespace, looked_at) if looked_at else {}
    for line in open_:
        if (line.namespace, line.name) not in of_runs:
            yield line  # it is broken, or has ended just now
            continue
        run, now = of_runs[line.namespace, line.name]
        listing.unrecorded += not now.is_recorded
        listing.overdue += bool(now.overdue)
        if now.state == runs.RUNNING and now.message:
            listing.remarks.append(f"{line.name}: {now.message}")
        yield listed.as_it_stands(line, now, run)
    for one in own:
        now_of_job = of_jobs.get((one.line.namespace, one.line.name))
        if now_of_job and now_of_job.message and now_of_job.state == runs.RUNNING:
            listing.remarks.append(f"{one.line.name}: {now_of_job.message}")
        yield listed.as_it_stands(one.line, now_of_job) if now_of_job else one.line


def _scheduled(world: World, wanted: Wanted, tell: Callable[[RaptError], None]) -> dict[Place, Scheduled]:
    if wanted.fields:
        return {}
    return _read_scheduled(world.cluster.list(JOB, wanted.namespace, labels=wanted.of_jobs), tell)


def _read_scheduled(
    manifests: Iterable[Manifest], tell: Callable[[RaptError], None] = lambda _: None
) -> dict[Place, Scheduled]:
    made = reading.readable(_made, manifests, tell)
    return {(one.line.namespace, one.line.name): one for one in made}


@reading.reader(JOB)
def _made(manifest: Manifest) -> Scheduled:
    return Scheduled(listed.of_job(manifest), jobs.from_manifest(manifest))


def objects(world: World, wanted: Wanted) -> list[tuple[Manifest, Line | None]]:
    """The same as objects, newest first, each with its line; None of one that is too broken to have one.

    An object says what is recorded; its line says how it stands. Raises as ``found`` does.
    """
    all_ = list(world.cluster.list(RUN, wanted.namespace, labels=wanted.selector, fields=wanted.fields))
    ours: dict[Place, Manifest] = {_place(one): one for one in all_}
    made: list[Manifest] = []
    if not wanted.fields:
        made += world.cluster.list(JOB, wanted.namespace, labels=wanted.of_jobs)
    scheduled = _read_scheduled(made)
    for place, job in scheduled.items():
        job.is_adopted = place in ours
    all_ += [one for one in made if _place(one) not in ours]
    lines = {_place(one): line for one in all_ if (line := _line(one))}
    open_ = [
        lines[place]
        for place in map(_place, ours.values())
        if place in lines and listed.is_open(listed.fields(lines[place]))
    ]
    for line in _as_they_stand(world, wanted, open_, scheduled, Listing()):
        lines[line.namespace, line.name] = line
    chosen = [
        (one, line)
        for one in all_
        for line in [lines.get(_place(one))]
        if line is None or wanted.filter.accepts(line)
    ]
    return sorted(chosen, key=age, reverse=True)


def age(shown: tuple[Manifest, Line | None]) -> str:
    """What the newest first is decided by: since when an object's run is there."""
    one, line = shown
    return line.created if line else str(one["metadata"]["creationTimestamp"])


def _place(one: Manifest) -> Place:
    return one["metadata"]["namespace"], one["metadata"]["name"]


def _line(one: Manifest) -> Line | None:
    try:
        return line_of(one)
    except RaptError:
        return None


def line_of(one: Manifest) -> Line:
    """The line of a Run or a Job, as it is recorded. Raises Invalid: ``unreadable-object``."""
    return listed.of_run(one) if one["kind"] == RUN.name else listed.of_job(one)


def changes(world: World, wanted: Wanted) -> Iterator[tuple[Manifest, Line | None] | None]:
    """What there is, then None, then each run whose line changes, for ever; Jobs without a Run included.

    A run changes with its Job and its pods, which are watched. While one waits, events and leases are looked at now and
    then: they alone say for what.
    """
    from kubectl_rapt.runs.tracked import Tracked

    tracked = Tracked()
    merged: threads.Merge[tuple[Part, Event] | None] = threads.Merge()
    parts = ",".join(filter(None, (wanted.selector, labels.RUN if wanted.fields else labels.TOOL)))
    unsynced: set[Part] = set()
    for namespace in _watched(world, wanted.namespace):
        for kind, selector, fields in (
            (RUN, wanted.selector, wanted.fields),
            (JOB, parts, ""),
            (POD, parts, ""),
        ):
            events = world.cluster.watch(kind, namespace, labels=selector, fields=fields)
            unsynced.add((kind, namespace))
            merged.add(zip(itertools.repeat((kind, namespace)), events))
    looked_at: datetime | None = None
    for item in merged.read(_LOOK_AGAIN.total_seconds(), None):
        changed: set[Place] = set()
        is_first = False
        if item is not None:
            part, event = item
            if event.type != "synced":
                changed.add(tracked.take(part[0], event.object, is_gone=event.type == "deleted"))
            elif part in unsynced:
                unsynced.discard(part)
                is_first = not unsynced
        if unsynced:
            continue
        now = world.now()
        if is_first or (tracked.waits and (looked_at is None or now - looked_at >= _LOOK_AGAIN)):
            changed |= _look(world, wanted, tracked)
            looked_at = now
        if is_first:
            changed |= set(tracked.everything())
        told = (one for place in sorted(changed) if (one := tracked.news(place, now)))
        yield from (one for one in told if one[1] is None or wanted.filter.accepts(one[1]))
        if is_first:
            yield None


_LOOK_AGAIN = timedelta(seconds=5)
"""How often events and leases are looked at while something waits."""
Part = tuple[Kind, str]
"""What is watched: a kind in a namespace."""


def _watched(world: World, namespace: str) -> Sequence[str]:
    """The namespaces to watch, each by itself; an environment may have several."""
    return world.location.all_namespaces if world.location and not namespace else (namespace,)


def _look(world: World, wanted: Wanted, tracked: "Tracked") -> set[Place]:
    """Ask how what waits stands, as a list does; whoever may not is told what is watched alone."""
    from kubectl_rapt.actions import standings

    made = list(tracked.scheduled())
    going = [one for one in made if not one.ended and not _only_waits(one)]
    chosen = standings.Chosen(wanted.namespace, wanted.selector, wanted.fields)
    try:
        found = {place: now for place, (_, now) in standings.unfinished(world, chosen, made).items()}
        found |= standings.scheduled(world, wanted.namespace, going) if going else {}
    except RaptError:
        return set()
    tracked.looked = found
    return set(found)
