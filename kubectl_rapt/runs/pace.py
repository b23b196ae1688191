"""How long the versions of a tool take, phase by phase, and which of them became slower than the one before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles

from kubectl_rapt.model.versions import Version
from kubectl_rapt.runs import timing
from kubectl_rapt.runs.timing import Timing

TOTAL = "total"
LEAST_RUNS = 3
"""So many runs of each version before anything is said of a difference."""
_OF_THE_VERSION = (timing.SCHEDULE, timing.PULL, timing.INIT, timing.RUN, TOTAL)
"""What a template has a part in: who waits in a queue waits for others."""
_SLOWER = 1.25
_LEAST_SECONDS = 2.0
"""Kubernetes keeps times in whole seconds: less than this is no difference."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How long one run took that ended well: phase to seconds; one that nobody can tell any more is left out."""

    version: str
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the runs of one version take.

    Args:
        version: The template's version; empty where there is no template.
        runs: How many ended well.
        medians: Phase to seconds; also of ``total``.
    """

    version: str
    runs: int
    medians: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Regression:
    """A phase that takes longer than it did in the version before."""

    version: str
    before: str
    phase: str
    seconds: float
    seconds_before: float


def sample(version: str, timed: Timing, *, has_init: bool) -> Sample:
    """One run that ended well, by the attempt that did it: waiting for another one is no matter of the version.

    Args:
        version: Its template's version.
        timed: Its phases.
        has_init: Whether it has init containers: what is recorded of a pod that is gone does not tell them apart.
    """
    last = timed.laps[-1]
    laps = [lap for lap in timed.laps if lap.attempt == last.attempt]
    seconds = {phase: sum(lap.seconds(phase) for lap in laps) for phase in timing.PHASES}
    if last.attempt == 1:
        seconds[TOTAL] = timed.seconds
    if any(lap.is_partial for lap in laps):
        for phase in (timing.QUEUE, *timing.HIDDEN, *((timing.RUN,) if has_init else ())):
            del seconds[phase]
    elif last.attempt > 1:
        seconds.pop(timing.QUEUE, None)
    return Sample(version, seconds)


def compare(samples: Iterable[Sample]) -> tuple[list[Pace], list[Regression]]:
    """The versions, oldest first, and what became slower from one to the next.

    A phase is slower where its median is a quarter and two seconds longer, and longer than what three of four runs of
    the version before took: chance alone seldom does that.
    """
    by_version: dict[str, list[Sample]] = {}
    for one in samples:
        by_version.setdefault(one.version, []).append(one)
    ordered = sorted(by_version, key=_order)
    paces = [_pace(version, by_version[version]) for version in ordered]
    slower = [
        found
        for older, newer in pairwise(ordered)
        for phase in _OF_THE_VERSION
        if (found := _regression(phase, by_version[older], by_version[newer]))
    ]
    return paces, slower


def _order(version: str) -> tuple[int, Version, str]:
    try:
        return 1, Version.parse(version.replace("_", "+")), version
    except ValueError:
        return 0, Version(0, 0, 0), version


def _values(phase: str, samples: Sequence[Sample]) -> list[float]:
    return [one.seconds[phase] for one in samples if phase in one.seconds]


def _pace(version: str, samples: Sequence[Sample]) -> Pace:
    medians = {
        phase: median(values) for phase in (*timing.PHASES, TOTAL) if (values := _values(phase, samples))
    }
    return Pace(version, len(samples), medians)


def _regression(phase: str, older: Sequence[Sample], newer: Sequence[Sample]) -> Regression | None:
    before, after = _values(phase, older), _values(phase, newer)
    if min(len(before), len(after)) < LEAST_RUNS:
        return None
    was, now = median(before), median(after)
    usual = quantiles(before, n=4, method="inclusive")[2]
    if now <= max(was * _SLOWER, was + _LEAST_SECONDS - 1e-9, usual):
        return None
    return Regression(newer[0].version, older[0].version, phase, now, was)
