"""What schedules will do and did not do: firings to come in their own zones, clocks that are set, slots missed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kubectl_rapt.model import names, times
from kubectl_rapt.model.kinds import CRON_JOB, Manifest
from kubectl_rapt.objects import labels, reading
from kubectl_rapt.runs import schedules

MOST_MISSED = 1000
"""How far missed slots are counted."""
GRACE = timedelta(seconds=30)
"""How long Kubernetes may take to start what is due."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One schedule of a tool.

    Args:
        tool: The tool's name.
        environment: Its environment; empty where nobody said.
        namespace: Where it runs; empty in the config repository, where several may be meant.
        name: The CronJob's name.
        cron: The expression.
        time_zone: Its zone; empty for that of the cluster's controller, mostly UTC.
        is_suspended: Whether it is stopped for a while.
        last: When it fired last; None where it never did, or nobody knows.
        created: When the CronJob was made; None in the config repository.
        problem: Why Kubernetes would not fire it; empty where it does.
    """

    tool: str
    environment: str
    namespace: str
    name: str
    cron: str
    time_zone: str = ""
    is_suspended: bool = False
    last: datetime | None = None
    created: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing to come.

    Args:
        at: When, in the schedule's own zone.
        entry: Of which schedule.
        wall: What a clock on the wall shows then, which may be a time that does not exist.
        note: What there is to know: a clock that is set.
        is_skipped: Whether it will not happen.
    """

    at: datetime
    entry: Entry
    wall: datetime
    note: str = ""
    is_skipped: bool = False


@reading.reader(CRON_JOB)
def from_cron_job(manifest: Manifest) -> Entry:
    """The schedule of a CronJob. Raises Invalid: ``unreadable-object``."""
    metadata, spec, status = manifest["metadata"], manifest["spec"], manifest.get("status") or {}
    marks, last = metadata.get("labels") or {}, status.get("lastScheduleTime")
    return checked(
        Entry(
            marks.get(labels.TOOL, ""),
            marks.get(labels.ENVIRONMENT, ""),
            metadata["namespace"],
            metadata["name"],
            spec["schedule"],
            spec.get("timeZone") or "",
            bool(spec.get("suspend")),
            times.parse(last) if last else None,
            times.parse(metadata["creationTimestamp"]),
        )
    )


def checked(entry: Entry) -> Entry:
    """An entry, with what is wrong with its expression or zone."""
    zone = schedules.check_time_zone(entry.time_zone) if entry.time_zone else ""
    return replace(entry, problem=schedules.check(entry.cron) or zone)


def coming(entries: Iterable[Entry], now: datetime, count: int) -> list[Firing]:
    """The next firings of all of them together, in order; what a clock skips among them is told and not counted."""
    found = [one for entry in entries for one in _of(entry, now, count)]
    found.sort(key=lambda one: (one.at, one.entry.tool, one.entry.name, one.wall))
    kept, fired = [], 0
    for one in found:
        if fired == count:
            break
        kept.append(one)
        fired += not one.is_skipped
    return kept


def _of(entry: Entry, now: datetime, count: int) -> Iterator[Firing]:
    if entry.is_suspended or entry.problem:
        return
    moments = schedules.next_firings(entry.cron, entry.time_zone, now, count)
    for moment in moments:
        yield Firing(moment, entry, moment.replace(tzinfo=None), _double(moment))
    if moments:
        yield from _skipped(entry, now, moments[-1], count)


def _double(moment: datetime) -> str:
    """What to say of a time that the clock shows twice."""
    if moment.replace(fold=0).utcoffset() == moment.replace(fold=1).utcoffset():
        return ""
    which = "second" if moment.fold else "first"
    return f"the clock is set back: {moment:%H:%M} comes twice, this is the {which}"


def _skipped(entry: Entry, now: datetime, until: datetime, count: int) -> Iterator[Firing]:
    """Times on the wall between now and then that no clock will show."""
    if not entry.time_zone or entry.cron.startswith("@every"):
        return
    zone = ZoneInfo(entry.time_zone)
    start = now.astimezone(zone).replace(tzinfo=UTC)
    for shown in schedules.next_firings(entry.cron, "UTC", start, count + 100):
        wall = shown.replace(tzinfo=None)
        moment = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
        if moment > until:
            return
        if moment.replace(tzinfo=None) != wall:
            note = f"skipped: the clock is set forward, and there is no {wall:%H:%M}"
            yield Firing(moment, entry, wall, note, is_skipped=True)


def missed(entry: Entry, now: datetime) -> tuple[int, datetime | None]:
    """How many slots have passed since the schedule fired last, and the first of them; at most ``MOST_MISSED``.

    What is suspended misses nothing, and what Kubernetes is just about to start is not missed yet.
    """
    since = entry.last or entry.created
    if since is None or entry.is_suspended or entry.problem:
        return 0, None
    passed = list(slots(entry, since, now - GRACE, MOST_MISSED))
    return len(passed), passed[0] if passed else None


def slots(entry: Entry, after: datetime, until: datetime, most: int) -> Iterator[datetime]:
    """The times of a schedule later than one time and not later than another, at most so many."""
    for moment in schedules.next_firings(entry.cron, entry.time_zone, after, most):
        if moment > until:
            return
        yield moment


def run_name(entry: Entry, slot: datetime, limit: int) -> str:
    """The name of the run for a slot: that of the Job which Kubernetes itself makes for it.

    ``getJobName`` of the CronJob controller: the CronJob's name and the minutes since 1970. So whatever ran for a
    slot, by schedule or by hand, is known by its name.
    """
    suffix = f"-{int((slot - _EPOCH).total_seconds()) // 60}"
    return names.shorten(entry.name, limit - len(suffix)) + suffix
