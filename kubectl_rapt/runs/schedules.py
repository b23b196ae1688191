"""Cron expressions as Kubernetes reads them: whether it accepts one, and when it will fire.

Kubernetes parses with ``ParseStandard`` of robfig/cron 3.0.1 and refuses time zones inside the expression
(``validateScheduleFormat`` in ``pkg/apis/batch/validation``, Kubernetes 1.35). Other readers of cron differ.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import cache

from kubectl_rapt.model import names

_YEARS_TO_SEARCH = 5
_MAX_INT64 = 2**63 - 1
_ZONE_PART = re.compile(r"[A-Za-z0-9._+][A-Za-z0-9._+-]{0,13}")
_SPACE = re.compile("[\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
"""What Go's ``strings.Fields`` splits at."""
_WHOLE = re.compile(r"\+?[0-9]+")
_EVERY = "@every "
_AMOUNT = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_AMOUNTS = re.compile(rf"[-+]?(?:0|(?:{_AMOUNT.pattern})+)")
"""What Go's ``time.ParseDuration`` reads."""
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_WORDS: Mapping[str, str] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five fields of an expression.

    Args:
        name: What people call it.
        least: Its least value.
        most: Its greatest value.
        expected: What to say where something else was given.
        words: Names of values.
    """

    name: str
    least: int
    most: int
    expected: str
    words: Mapping[str, int] = field(default_factory=dict)


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""The days of each month, in a leap year."""
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59, "0 to 59"),
    _Field("hour", 0, 23, "0 to 23"),
    _Field("day of month", 1, 31, "1 to 31"),
    _Field("month", 1, 12, "1 to 12 or jan to dec", {word: number for number, word in enumerate(_MONTHS, 1)}),
    _Field(
        "day of week",
        0,
        6,
        "0 (Sunday) to 6 or sun to sat",
        {word: number for number, word in enumerate(_WEEKDAYS)},
    ),
)
_FIVE = f"5 fields ({', '.join(one.name for one in _FIELDS)})"


@dataclass(frozen=True, slots=True)
class _Times:
    """What an expression matches.

    Args:
        minutes: 0 to 59.
        hours: 0 to 23.
        days: 1 to 31.
        months: 1 to 12.
        weekdays: 0 (Sunday) to 6.
        needs_both: Whether a day must match both day of month and day of week, and not only one of them.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    needs_both: bool


def check(cron: str) -> str:
    """Why Kubernetes refuses a cron expression, in one line; empty where it accepts it.

    What it accepts may still never fire, such as 30 February: see ``check_fires``.
    """
    try:
        _parse(cron)
    except ValueError as error:
        return str(error)
    return ""


def check_fires(cron: str) -> str:
    """Why a cron expression that ``check`` accepts never fires, in one line; empty where it does.

    Kubernetes accepts such a schedule, and nothing ever runs.
    """
    times = _parse(cron)
    if isinstance(times, int):
        return ""
    for numbers, one in zip((times.minutes, times.hours), _FIELDS, strict=False):
        if not numbers:
            return f"never fires: it names no {one.name}"
    if not times.months:
        return "never fires: it names no month"
    has_date = any(day <= _LENGTHS[month - 1] for month in times.months for day in times.days)
    if has_date and times.weekdays if times.needs_both else has_date or times.weekdays:
        return ""
    if not times.days or not times.weekdays:
        return "never fires: it names no day"
    days = " or ".join(map(str, sorted(times.days)))
    months = ", ".join(_MONTHS[month - 1].capitalize() for month in sorted(times.months))
    return f"never fires: {months} {'has' if len(times.months) == 1 else 'have'} no day {days}"


def check_time_zone(name: str) -> str:
    """Why Kubernetes refuses a time zone, in one line; empty where it accepts it.

    The zones are those of the ``tzdata`` package, the same for everybody; a cluster may know a few more.
    """
    if not name:
        return "a time zone has a name, such as Europe/Prague or UTC"
    if name.lower() == "local":
        return "Local is a different time zone on each machine: name one, such as Europe/Prague or UTC"
    if not all(_ZONE_PART.fullmatch(part) and part not in (".", "..") for part in name.split("/")):
        return f"{_shown(name)} is not a time zone; write it like Europe/Prague or UTC"
    if name not in _zones():
        from kubectl_rapt.model import names

        return f"no time zone {name}{names.did_you_mean(name, sorted(_zones()))}"
    return ""


def near_time_zone(name: str) -> str:
    """The time zone that was probably meant, or one that there is for certain."""
    from kubectl_rapt.model import names

    return names.nearest(name, sorted(_zones())) or "UTC"


@cache
def _zones() -> frozenset[str]:
    from importlib.resources import files

    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def zone_named(time_zone: str) -> str:
    """How the zone of ``next_firings`` is told to a person; empty is UTC, which is a guess of the cluster's."""
    return time_zone or "UTC (or the cluster's own time zone)"


def next_firings(cron: str, time_zone: str, after: datetime, count: int) -> list[datetime]:
    """When Kubernetes will fire next.

    As there, a local time that the clock skips does not fire, and one that it shows twice fires twice. On a
    day when a clock is set at midnight or off the hour, Kubernetes may skip more.

    Args:
        cron: An expression that ``check`` accepts. ``@every`` counts from ``after``, a CronJob from its
            creation.
        time_zone: A name that ``check_time_zone`` accepts; empty for UTC, which most clusters run in.
        after: An aware time; firings are later than it.
        count: How many, at most.

    Returns:
        Times in that time zone, ascending; fewer than ``count`` where there are no more within five years.

    Raises:
        ValueError: Kubernetes refuses the expression.
    """
    from itertools import islice
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(time_zone or "UTC")
    times = _parse(cron)
    moments = _every(times, after) if isinstance(times, int) else _at(times, after, zone)
    return [moment.astimezone(zone) for moment in islice(moments, count)]


def _every(seconds: int, after: datetime) -> Iterator[datetime]:
    moment = after.astimezone(UTC).replace(microsecond=0)
    while True:
        yield (moment := moment + timedelta(seconds=seconds))


def _at(times: _Times, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The days come from the calendar; when each of their times is, from the time zone."""
    from croniter import CroniterBadDateError, croniter

    cron = _days_for_croniter(times)
    if not (cron and times.hours and times.minutes):
        return
    before = datetime.combine(after.astimezone(zone), time.min) - timedelta(seconds=1)
    days = croniter(
        cron, before, datetime, day_or=not times.needs_both, max_years_between_matches=_YEARS_TO_SEARCH
    )
    while True:
        try:
            day: datetime = days.get_next()
        except CroniterBadDateError:
            return
        moments = {
            moment
            for hour in times.hours
            for minute in times.minutes
            for moment in _moments(day.replace(hour=hour, minute=minute), zone)
        }
        yield from sorted(moment for moment in moments if moment > after)


def _moments(shown: datetime, zone: tzinfo) -> Iterator[datetime]:
    """When a clock on the wall shows a time: once, twice (set back) or never (set forward)."""
    for fold in (0, 1):
        moment = shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None, fold=0) == shown:
            yield moment


def _days_for_croniter(times: _Times) -> str:
    """Midnight of each matching day in croniter's dialect; empty where no day matches.

    croniter takes a full list for a star, and asks for both kinds of day where there is a star.
    """
    days, weekdays = times.days, times.weekdays
    if not times.months or not (days and weekdays if times.needs_both else days or weekdays):
        return ""
    if not times.needs_both and (len(days) == 31 or len(weekdays) == 7):
        days = weekdays = frozenset()
    return "0 0 " + " ".join(
        ",".join(str(number) for number in sorted(numbers)) or "*"
        for numbers in (days, times.months, weekdays)
    )


def near_word(cron: str) -> str:
    """The word that was probably meant, such as ``@daily`` by ``@dialy``; empty if none is near."""
    return names.nearest(cron, _WORDS) or "" if cron.startswith("@") else ""


def _parse(cron: str) -> _Times | int:
    """What an expression matches, or the seconds that ``@every`` waits.

    Raises:
        ValueError: Why Kubernetes refuses it.
    """
    if "TZ" in cron:
        raise ValueError("a schedule has no TZ in it: the time zone is set on its own")
    if cron.startswith(_EVERY):
        return _seconds(cron.removeprefix(_EVERY))
    if cron.startswith("@") and cron not in _WORDS:
        raise ValueError(f"{_shown(cron)} is not a cron expression, {', '.join(_WORDS)} or @every 1h30m")
    parts = [part for part in _SPACE.split(_WORDS.get(cron, cron)) if part]
    if len(parts) != len(_FIELDS):
        raise ValueError(f"expects {_FIVE}, got {len(parts)}: {_shown(cron)}")
    minutes, hours, days, months, weekdays = (
        _numbers(part, one) for part, one in zip(parts, _FIELDS, strict=True)
    )
    needs_both = _has_star(parts[2]) or _has_star(parts[4])
    return _Times(minutes, hours, days, months, weekdays, needs_both)


def _has_star(text: str) -> bool:
    """Whether a field that can be read says "any" somewhere; a star in steps of two or more does not."""
    return any(part[0] in "*?" and _step(part)[1] == 1 for part in text.split(",") if part)


def _step(text: str) -> tuple[str, int]:
    """A range, and its step: 1 where there is none."""
    ends, *steps = text.split("/")
    if len(steps) > 1:
        raise ValueError(f"{_shown(text)} has more than one /")
    step = _number(steps[0]) if steps else 1
    if not step:
        raise ValueError(f"{_shown(text)} needs a whole number above 0 behind its /")
    return ends, step


def _numbers(text: str, one: _Field) -> frozenset[int]:
    """The values that a field matches."""
    return frozenset(number for part in text.split(",") if part for number in _range(part, one))


def _range(text: str, one: _Field) -> range:
    ends, step = _step(text)
    first, *others = ends.split("-")
    if first in ("*", "?"):  # whatever stands behind a dash is not looked at
        return range(one.least, one.most + 1, step)
    if len(others) > 1:
        raise ValueError(f"{_shown(text)} has more than one -")
    start = _value(first, one, text)
    end = _value(others[0], one, text) if others else one.most if "/" in text else start
    if start > end:
        raise ValueError(f"{_shown(text)} ends before it begins")
    return range(start, end + 1, step)


def _value(text: str, one: _Field, whole: str) -> int:
    number = one.words[text.lower()] if text.lower() in one.words else _number(text)
    if number is None or not one.least <= number <= one.most:
        raise ValueError(
            f"{_shown(whole)} is not {'an' if one.name == 'hour' else 'a'} {one.name}: expects {one.expected}"
        )
    return number


def _number(text: str) -> int | None:
    """A number as Go's ``strconv.Atoi`` reads it, not below 0; None where it is none."""
    if not _WHOLE.fullmatch(text) or len(text.lstrip("+0")) > 19:
        return None
    return number if (number := int(text)) <= _MAX_INT64 else None


def _seconds(delay: str) -> int:
    """Whole seconds of a delay in Go's spelling, at least one."""
    if not _AMOUNTS.fullmatch(delay):
        raise ValueError(f"{_shown(delay)} is not a delay; write it like @every 1h30m")
    nanoseconds = sum(int(Decimal(amount) * _NANOSECONDS[unit]) for amount, unit in _AMOUNT.findall(delay))
    if nanoseconds > _MAX_INT64:
        raise ValueError(f"{_shown(delay)} is too long a delay: at most 292 years")
    return max(1, (-1 if delay.startswith("-") else 1) * nanoseconds // 10**9)


def _shown(text: str) -> str:
    text = "".join(character if character.isprintable() else "?" for character in text)
    return f'"{text}"' if len(text) <= 40 else f'"{text[:37]}…"'
