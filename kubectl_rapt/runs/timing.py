"""Where the time of an execution went: its phases, from the times that its objects bear themselves."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.objects.runs import Attempt, Run

QUEUE, SCHEDULE, PULL, INIT, RUN, CLOSE, BETWEEN, UNKNOWN = (
    *("queue", "schedule", "pull", "init", "run", "close"),
    *("between", "unknown"),
)
PHASES = (QUEUE, SCHEDULE, PULL, INIT, RUN, CLOSE)
"""Asked → pod there → on a node → containers can start → init containers → the container → all of it written down."""
"""``BETWEEN`` attempts a run waits for its policy's delay, or for a person to ask: nothing is queued."""
HIDDEN = (SCHEDULE, PULL, INIT)
"""What nothing tells apart once the pod is gone."""

_PULLED = re.compile(r'Successfully pulled image "([^"]*)" in (\S+)')
_PRESENT = re.compile(r'Container image "([^"]*)" already present on machine')
_GO_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:([\d.]+)s)?")
_JOB_NAME = "batch.kubernetes.io/job-name"


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of time.

    Args:
        phase: One of ``PHASES``, ``BETWEEN`` two attempts, or ``UNKNOWN`` where nothing tells any more what it was.
        start: When it began.
        end: When it ended; now, where it goes on.
    """

    phase: str
    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Pull:
    """What an event says of an image: how long it took; None where the node had it."""

    image: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Lap:
    """One pod of an attempt, or an attempt whose pods are gone; its spans follow each other without a gap.

    Args:
        attempt: The attempt's number.
        job: Its Job's name.
        pod: The pod's name; empty where it is gone, or not there yet.
        spans: Where the time went.
        pulls: What events say of its images.
        note: What is to be said of it, besides.
        is_partial: Whether its pod is gone: only when its first container started and when it ended was recorded.
    """

    attempt: int
    job: str
    pod: str
    spans: tuple[Span, ...]
    pulls: tuple[Pull, ...] = ()
    note: str = ""
    is_partial: bool = False

    def seconds(self, phase: str) -> float:
        """How long a phase took, all its pieces together."""
        return sum(span.seconds for span in self.spans if span.phase == phase)


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time of an execution went: the phases of its laps sum to its wall time.

    Args:
        laps: The attempts, and the pods of each that followed each other.
        is_open: Whether it goes on.
    """

    laps: tuple[Lap, ...]
    is_open: bool

    @property
    def spans(self) -> tuple[Span, ...]:
        """All pieces, in order."""
        return tuple(span for lap in self.laps for span in lap.spans)

    @property
    def seconds(self) -> float:
        """The wall time: from when it was asked for until its end was written down, or now."""
        return (self.spans[-1].end - self.spans[0].start).total_seconds() if self.spans else 0.0


class _Line:
    """A line of time that is cut from left to right; a time before the last cut is that cut, so nothing overlaps."""

    def __init__(self, start: datetime) -> None:
        self.at = start
        self.spans: list[Span] = []

    def cut(self, phase: str, at: datetime | None) -> None:
        if at is not None and at > self.at:
            self.spans.append(Span(phase, self.at, at))
            self.at = at

    def waited(self, phase: str, at: datetime | None) -> tuple[Span, ...]:
        """Only what is cut off now: before a lap begins."""
        self.spans = []
        self.cut(phase, at)
        return tuple(self.spans)


def of(
    run: Run | None, jobs: Sequence[Job], pods: Sequence[Pod], events: Sequence[Event], now: datetime
) -> Timing:
    """The phases of an execution.

    Args:
        run: The Run; None where a CronJob made the Job.
        jobs: Its Jobs that are still there.
        pods: Their pods that are still there.
        events: What is still said of them.
        now: The time.
    """
    by_uid = {job.uid: job for job in jobs}
    attempts = run.attempts if run else tuple(Attempt(1, job.name, job.uid) for job in jobs[:1])
    born = [job.created_at for job in jobs if attempts and job.uid == attempts[0].uid]
    asked = min((*((run.created_at,) if run and run.created_at else ()), *born), default=now)
    line = _Line(asked)
    laps: list[Lap] = []
    is_open = False
    for attempt in attempts:
        job = by_uid.get(attempt.uid)
        closed = (job.ended_at if job else None) or attempt.finished_at
        is_open = closed is None
        mine = [
            pod for pod in pods if pod.labels.get(_JOB_NAME) == attempt.job and pod.may_be_of(attempt.uid)
        ]
        waited = line.waited(BETWEEN, job.created_at if laps and job else None)
        first, *others = _laps(line, attempt, job, mine, events, closed or now)
        laps += [replace(first, spans=(*waited, *first.spans)), *others]
    is_waiting = not attempts or bool(attempts[-1].cause)
    if run and not run.is_finished and is_waiting:
        is_open = True  # it waits for its first or next attempt
        laps.append(_rest(line, len(attempts) + 1, now))
    return Timing(tuple(laps), is_open)


def _rest(line: _Line, number: int, now: datetime) -> Lap:
    spans = line.waited(BETWEEN if number > 1 else QUEUE, now)
    return Lap(number, "", "", spans, note="has not begun")


def _laps(
    line: _Line,
    attempt: Attempt,
    job: Job | None,
    pods: Sequence[Pod],
    events: Sequence[Event],
    until: datetime,
) -> list[Lap]:
    chain, others = _chain(pods)
    if not chain:
        line.spans = []
        return [_without_pods(line, attempt, job, until)]
    laps = []
    for pod in chain:
        line.spans = []
        is_last = pod is chain[-1]
        _cut(line, pod, until, is_last=is_last)
        note = f"{others} more of its pods ran beside" if is_last and others else ""
        pulls = tuple(_pulls(pod, events))
        laps.append(Lap(attempt.number, attempt.job, pod.name, tuple(line.spans), pulls, note))
    return laps


def _without_pods(line: _Line, attempt: Attempt, job: Job | None, until: datetime) -> Lap:
    """What Run and Job still tell: how long the container ran, and not what was before it."""
    is_ahead = job is not None and not job.ended and not attempt.cause
    if is_ahead:
        line.cut(QUEUE, until)
        note = "waits to be released" if job and job.is_suspended else "has no pod yet"
    else:
        line.cut(QUEUE, job.started_at if job else None)
        line.cut(UNKNOWN, attempt.started_at or until)
        line.cut(RUN, attempt.finished_at)
        line.cut(CLOSE, until)
        note = (
            "its pod is gone: what was before its first container is not told apart, and run begins with that"
        )
    return Lap(attempt.number, attempt.job, "", tuple(line.spans), note=note, is_partial=not is_ahead)


def _chain(pods: Sequence[Pod]) -> tuple[list[Pod], int]:
    """The pods that followed each other to the end, oldest first, and how many others there were."""
    left = sorted(pods, key=lambda pod: (_end(pod) is None, _end(pod) or pod.created_at, pod.name))
    chain = left[-1:]
    for pod in reversed(left[:-1]):
        end = _end(pod)
        if end is not None and end <= chain[0].created_at:
            chain.insert(0, pod)
    return chain, len(left) - len(chain)


def _main(pod: Pod) -> list[Container]:
    return [one for one in pod.containers if not one.is_init]


def _started(container: Container) -> datetime | None:
    """When it started first, as far as is known: of restarts Kubernetes keeps the last one."""
    return container.last.started_at if container.last else container.started_at


def _end(pod: Pod) -> datetime | None:
    ends = [one.finished_at for one in pod.containers if one.finished_at and one.state == "terminated"]
    is_over = pod.phase in ("Succeeded", "Failed") or all(one.state == "terminated" for one in _main(pod))
    return max(ends, default=pod.created_at) if is_over else None


def _cut(line: _Line, pod: Pod, until: datetime, *, is_last: bool) -> None:
    line.cut(QUEUE, pod.created_at)
    end = _end(pod)
    if pod.scheduled_at is None:
        line.cut(SCHEDULE, until if is_last else end)
        return
    line.cut(SCHEDULE, pod.scheduled_at)
    began = min((at for one in _main(pod) if (at := _started(one))), default=None)
    for one in pod.containers:
        if one.is_init and one.started_at:
            line.cut(PULL, _started(one))
            is_sidecar = one.finished_at is None or (began and one.finished_at > began)
            line.cut(INIT, (None if began else until) if is_sidecar else one.finished_at)
    if began is None:  # it never ran, or not yet: what it waits for is what it was doing
        line.cut(PULL, until if is_last else end)
        return
    line.cut(PULL, began)
    ran = [one.finished_at for one in _main(pod)]
    line.cut(RUN, max(at for at in ran if at) if all(ran) else until)
    if is_last:
        line.cut(CLOSE, until)


def _pulls(pod: Pod, events: Iterable[Event]) -> Iterable[Pull]:
    for event in events:
        if event.kind == "Pod" and event.about == pod.name and event.reason == "Pulled":
            if found := _PULLED.search(event.message):
                yield Pull(found[1], go_seconds(found[2]))
            elif found := _PRESENT.search(event.message):
                yield Pull(found[1], None)


def go_seconds(text: str) -> float:
    """A length of time as Go spells it: ``1m2.5s``, ``850ms``; 0 for what is none."""
    if text.endswith("ms") and re.fullmatch(r"[\d.]+", text[:-2]):
        return float(text[:-2]) / 1000
    found = _GO_DURATION.fullmatch(text)
    if not found:
        return 0.0
    hours, minutes, seconds = (float(one or 0) for one in found.groups())
    return hours * 3600 + minutes * 60 + seconds
