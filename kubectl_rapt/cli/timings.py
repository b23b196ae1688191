"""How timings are told: as lines with a chart, and as JSON data."""

from collections.abc import Iterator, Sequence
from typing import Any

from kubectl_rapt.actions.profile import Profile
from kubectl_rapt.actions.timing import OfRun, OfTool
from kubectl_rapt.cli import charts, copying
from kubectl_rapt.cli.columns import Drop
from kubectl_rapt.model import times
from kubectl_rapt.objects.pod_usage import Usage
from kubectl_rapt.runs import pace, timing
from kubectl_rapt.runs.pace import Regression
from kubectl_rapt.runs.timing import Lap

_BESIDE = 22
"""What stands before a bar."""


def of_run(told: OfRun) -> Iterator[str]:
    """A run's phases, one below the other, and what it used."""
    template = f", template {told.version}" if told.version else ""
    tool = f" of {told.tool}" if told.tool else ""
    yield f"{told.name}{tool}{template}: {told.status}"
    whole, width, plain = told.timing.seconds, charts.room(_BESIDE), charts.is_plain()
    spans = told.timing.spans
    start = spans[0].start if spans else None
    many = len(told.timing.laps) > 1
    for lap in told.timing.laps:
        if many:
            yield f"attempt {lap.attempt}{f'  pod/{lap.pod}' if lap.pod else ''}"
        for span in lap.spans:
            assert start is not None, "a lap with a span"
            began = (span.start - start).total_seconds()
            drawn = charts.bar(began, began + span.seconds, whole, width, plain=plain)
            yield f"  {span.phase:<9}{times.spell_seconds(span.seconds):>9}  {drawn}".rstrip()
        yield from (f"  {one}" for one in _notes(lap))
    until = "now" if told.timing.is_open else "its end was recorded"
    yield f"  {'total':<9}{times.spell_seconds(whole):>9}  from its request until {until}"
    if told.duration:
        yield f"  {'duration':<9}{told.duration:>9}  from its release to its end, as in runs"
    yield from _usage(told, plain)


def _notes(lap: Lap) -> Iterator[str]:
    for pull in lap.pulls:
        took = "was on the node" if pull.seconds is None else f"was pulled in {pull.seconds:.1f} s"
        yield f"image {pull.image} {took}"
    if lap.note:
        yield lap.note


def _usage(told: OfRun, plain: bool) -> Iterator[str]:
    if not told.usages:
        if told.source:
            yield f"  usage is not known: {told.source}"
        elif not told.timing.is_open:
            yield copying.here("  usage is measured while it runs: kubectl rapt timing RUN --watch")
        return
    width = charts.room(_BESIDE + 18)
    cores = [one.millicores for one in told.usages if one.millicores is not None]
    memory = [float(one.memory) for one in told.usages if one.memory is not None]
    for name, values, spell in (("cpu", cores, _cores), ("memory", memory, _bytes)):
        if values:
            most = f"at most {spell(max(values))}" if len(values) > 1 else ""
            drawn = charts.line(values, width, plain=plain) if len(values) > 1 else ""
            yield f"  {name:<9}{spell(values[-1]):>9}  {most:<16}  {drawn}".rstrip()
    count = "1 sample" if len(told.usages) == 1 else f"{len(told.usages)} samples"
    yield f"  {count} by {told.source}"


def sample(usage: Usage) -> list[str]:
    """One sample as cells of a table."""
    return [
        times.spell(usage.at),
        "unknown" if usage.millicores is None else _cores(usage.millicores),
        "unknown" if usage.memory is None else _bytes(usage.memory),
    ]


def _cores(millicores: float) -> str:
    return f"{millicores:.0f}m" if millicores >= 10 or not millicores else f"{millicores:.1f}m"


def _bytes(amount: float) -> str:
    for unit, size in (("Gi", 2**30), ("Mi", 2**20)):
        if amount >= size:
            return f"{amount / size:.1f}{unit}"
    return f"{amount / 2**10:.0f}Ki"


STEPS = (Drop("RUNS"), Drop("CLOSE"), Drop("QUEUE"), Drop("SCHEDULE"))
PACE = ("VERSION", "RUNS", *(phase.upper() for phase in (*timing.PHASES, pace.TOTAL)))


def of_tool(told: OfTool) -> list[list[str]]:
    """A line for each version, with medians; what nobody knows of any run is left out."""
    phases = (*timing.PHASES, pace.TOTAL)
    return [
        [one.version or "none", str(one.runs), *(_seconds(one.medians.get(phase)) for phase in phases)]
        for one in told.paces
    ]


def chart(told: OfTool) -> Iterator[str]:
    """A bar for each version: how long its container ran."""
    width, plain = charts.room(_BESIDE), charts.is_plain()
    known = [
        (one.version or "none", one.medians[timing.RUN]) for one in told.paces if timing.RUN in one.medians
    ]
    longest = max((seconds for _, seconds in known), default=0)
    for version, seconds in known if width and len(known) > 1 else ():
        drawn = charts.bar(0, seconds, longest, width, plain=plain)
        yield f"run of {version:<10} {_seconds(seconds):>5}  {drawn}".rstrip()


def slower(one: Regression) -> str:
    """What became slower, in one line."""
    what = "as a whole" if one.phase == pace.TOTAL else f"in {one.phase}"
    more = f" (+{(one.seconds / one.seconds_before - 1) * 100:.0f} %)" if one.seconds_before else ""
    version, before = one.version or "none", one.before or "none"
    return f"slower {what}: {version} takes {_seconds(one.seconds)}, {before} took {_seconds(one.seconds_before)}{more}"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    return f"{seconds:.1f}s" if seconds < 10 and seconds % 1 else times.spell_seconds(seconds)


def of_self(told: Profile) -> Iterator[str]:
    """Where the time of a command goes."""
    yield f"{' '.join(told.command)}: medians of {told.rounds} runs"
    width, plain, at = charts.room(_BESIDE), charts.is_plain(), 0.0
    parts = (("start", told.start), ("imports", told.imports), ("requests", told.requests))
    for name, spent in parts:
        drawn = charts.bar(at, at + spent, told.total, width, plain=plain)
        yield f"  {name:<9}{spent:>6.0f} ms  {drawn}".rstrip()
        at += spent
    yield f"  {'total':<9}{told.total:>6.0f} ms"
    if told.kubectl is not None:
        yield f"  kubectl version --client takes {told.kubectl:.0f} ms here"
    if told.modules:
        yield f"  slowest to import: {', '.join(f'{name} {spent:g} ms' for name, spent in told.modules)}"


def run_data(told: OfRun) -> dict[str, Any]:
    """A run's timing as JSON data; times in seconds, CPU in millicores, memory in bytes."""
    return {
        "name": told.name,
        "tool": told.tool,
        "version": told.version,
        "status": told.status,
        "isOpen": told.timing.is_open,
        "seconds": round(told.timing.seconds, 3),
        "phases": _phases(told.timing.laps),
        "attempts": [_lap(lap) for lap in told.timing.laps],
        "usage": [
            {"at": times.spell(one.at), "millicores": one.millicores, "memoryBytes": one.memory}
            for one in told.usages
        ],
        "usageSource": told.source,
    }


def _phases(laps: Sequence[Lap]) -> dict[str, float | None]:
    """Phase to seconds over all attempts: what the pod's end took along is null, unless some of it is known."""
    unknown = sum(lap.seconds(timing.UNKNOWN) for lap in laps)
    lost = timing.HIDDEN if any(lap.is_partial for lap in laps) else ()
    found: dict[str, float | None] = {}
    for phase in timing.PHASES:
        seconds = round(sum(lap.seconds(phase) for lap in laps), 3)
        found[phase] = None if phase in lost and not seconds else seconds
    between = sum(lap.seconds(timing.BETWEEN) for lap in laps)
    return {**found, timing.BETWEEN: round(between, 3), timing.UNKNOWN: round(unknown, 3)}


def _lap(lap: Lap) -> dict[str, Any]:
    return {
        "attempt": lap.attempt,
        "job": lap.job,
        "pod": lap.pod,
        "spans": [
            {
                "phase": span.phase,
                "start": span.start.isoformat().replace("+00:00", "Z"),
                "seconds": round(span.seconds, 3),
            }
            for span in lap.spans
        ],
        "images": [{"image": one.image, "pullSeconds": one.seconds} for one in lap.pulls],
        "note": lap.note,
    }


def tool_data(told: OfTool) -> dict[str, Any]:
    """The versions of a tool as JSON data."""
    return {
        "tool": told.tool,
        "versions": [
            {"version": one.version, "runs": one.runs, "medianSeconds": dict(one.medians)}
            for one in told.paces
        ],
        "regressions": [
            {
                "version": one.version,
                "before": one.before,
                "phase": one.phase,
                "seconds": one.seconds,
                "secondsBefore": one.seconds_before,
            }
            for one in told.slower
        ],
        "notSucceeded": told.others,
        "unreadable": len(told.unread),
    }


def self_data(told: Profile) -> dict[str, Any]:
    """A profile as JSON data, in milliseconds."""
    return {
        "command": list(told.command),
        "rounds": told.rounds,
        "milliseconds": {
            "start": round(told.start, 1),
            "imports": round(told.imports, 1),
            "requests": round(told.requests, 1),
            "total": round(told.total, 1),
        },
        "kubectlMilliseconds": None if told.kubectl is None else round(told.kubectl, 1),
        "slowestImports": [{"package": name, "milliseconds": spent} for name, spent in told.modules],
    }
