"""Following an attempt: a fold over what was seen, into lines for a person and an end."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs import standing
from kubectl_rapt.runs.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Source:
    """Where log lines come from: one container of one pod."""

    pod: str
    container: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a container's log, without its line end.

    Args:
        source: Whose it is.
        line: What it says.
        has_others: Whether there are other containers that it is to be told from.
    """

    source: Source
    line: bytes
    has_others: bool = False


@dataclass(frozen=True, slots=True)
class LogEnded:
    """A container's log is complete, or it ended before that.

    Args:
        source: Whose it is.
        problem: Why it ended early; empty for one that is complete.
        may_be_read_later: Whether what is missing may still be had.
    """

    source: Source
    problem: str = ""
    may_be_read_later: bool = False


@dataclass(frozen=True, slots=True)
class PodSeen:
    """A pod of the attempt as it is now."""

    pod: Pod


@dataclass(frozen=True, slots=True)
class PodsListed:
    """Every pod that there was at the beginning has been seen."""


@dataclass(frozen=True, slots=True)
class JobSeen:
    """The attempt's Job as it is now; None when it is gone."""

    job: Job | None


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = LogLine | LogEnded | PodSeen | PodsListed | JobSeen | Tick


@dataclass(frozen=True, slots=True)
class Started:
    """The first container of a pod started; seconds since the Job was created."""

    pod: str
    queued_seconds: float
    scheduled_seconds: float
    started_seconds: float


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know while they wait."""

    text: str


@dataclass(frozen=True, slots=True)
class EndedEarly:
    """A container's log ended before all of it had arrived.

    Args:
        source: Whose it is.
        why: What happened.
        may_be_read_later: Whether what is missing may still be had.
    """

    source: Source
    why: str
    may_be_read_later: bool


Line = LogLine | Started | Note | EndedEarly


@dataclass(frozen=True, slots=True)
class Following:
    """What is known so far.

    Args:
        only: The name of the containers whose logs are read; empty for all.
        job: The Job; None until it was seen.
        pods: Pod name to pod.
        has_listed: Whether the pods that there were at the beginning are among them: before, nothing is certain.
        open: Logs that are being read.
        closed: Logs that were read to their end.
        told: What was said once already.
        outcome: How it ended, once certain.
        has_ended: Whether there is nothing more to wait for.
    """

    only: str = ""
    job: Job | None = None
    pods: dict[str, Pod] = field(default_factory=dict)
    has_listed: bool = False
    open: frozenset[Source] = frozenset()
    closed: frozenset[Source] = frozenset()
    told: frozenset[str] = frozenset()
    outcome: Outcome | None = None
    has_ended: bool = False

    @property
    def has_several(self) -> bool:
        """Whether more than one container says something."""
        is_wide = self.job is not None and max(self.job.completions, self.job.parallelism) > 1
        has_more = not self.only and any(len(pod.containers) > 1 for pod in self.pods.values())
        return is_wide or len(self.pods) > 1 or has_more

    @property
    def is_paused(self) -> bool:
        """Whether somebody has suspended the Job, and its pods have ended because of that."""
        is_still = self.job is not None and self.job.is_suspended and not self.job.active
        return is_still and self.has_listed and self.outcome is None and not self.open


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer to one event: the new state, what to show, and which logs to begin to read."""

    state: Following
    lines: tuple[Line, ...] = ()
    begin: tuple[Source, ...] = ()


def take(state: Following, event: Event, now: datetime) -> Taken:
    """Take one event in.

    Args:
        state: What is known so far.
        event: What was seen.
        now: When.
    """
    lines: list[Line] = []
    match event:
        case LogLine():
            return Taken(state, (replace(event, has_others=True) if state.has_several else event,))
        case LogEnded(source, problem, may_be_read_later):
            state = replace(state, open=state.open - {source}, closed=state.closed | {source})
            if problem:
                lines.append(EndedEarly(source, problem, may_be_read_later))
        case PodSeen(pod):
            state = replace(state, pods={**state.pods, pod.name: _as_first_deleted(pod, state)})
        case PodsListed():
            state = replace(state, has_listed=True)
        case JobSeen(None):
            gone = outcomes.Outcome(
                outcomes.DELETED,
                message="the job was deleted while it ran",
                started_at=state.job.started_at if state.job else None,
                finished_at=now,
            )
            state = replace(state, outcome=state.outcome or gone)
        case JobSeen(job):
            state = replace(state, job=job)
        case Tick():
            pass
    begin = _logs_to_begin(state)
    state = replace(state, open=state.open | set(begin))
    state, told = _tell(state)
    lines.extend(told)
    if state.outcome is None and state.job is not None and state.has_listed:
        state = replace(state, outcome=outcomes.of(state.job, list(state.pods.values())))
    state, told = _tell_failures(state)
    lines.extend(told)
    state = replace(state, has_ended=state.outcome is not None and state.has_listed and not state.open)
    return Taken(state, tuple(lines), begin)


def _logs_to_begin(state: Following) -> tuple[Source, ...]:
    return tuple(
        source
        for pod in state.pods.values()
        for container in pod.containers
        if (container.state != "waiting" or _may_be_missed(pod)) and state.only in ("", container.name)
        for source in [Source(pod.name, container.name)]
        if source not in state.open and source not in state.closed
    )


def _may_be_missed(pod: Pod) -> bool:
    """Whether a log is to be asked for before its container is seen to have started.

    A container that is started again in place has the log of the time before only until it ends again, which may be
    sooner than anybody is told that it ever began.
    """
    return pod.may_restart and bool(pod.node) and pod.phase == "Pending"


def _tell(state: Following) -> tuple[Following, list[Line]]:
    lines: list[Line] = []
    told = set(state.told)
    for pod in state.pods.values():
        for container in pod.containers:
            reason = _worry(pod, container)
            if reason and reason not in told:
                told.add(reason)
                lines.append(Note(reason))
        if (waits := standing.lingering(pod)) and f"lingers {pod.name}" not in told:
            told.add(f"lingers {pod.name}")
            lines.append(Note(f"{pod.name}: {waits}"))
            lines.append(Note(f"  {standing.SIDECAR}"))
        started = [one.started_at for one in pod.containers if one.started_at]
        if started and state.job and f"started {pod.name}" not in told:
            told.add(f"started {pod.name}")
            begin = state.job.created_at
            lines.append(
                Started(
                    pod.name,
                    (pod.created_at - begin).total_seconds(),
                    ((pod.scheduled_at or pod.created_at) - begin).total_seconds(),
                    (min(started) - begin).total_seconds(),
                )
            )
    return replace(state, told=frozenset(told)), lines


def _tell_failures(state: Following) -> tuple[Following, list[Line]]:
    """A line for each pod that failed without deciding its Job."""
    job = state.job
    if job is None or state.outcome is not None or job.is_suspended or not state.has_listed:
        return state, []
    lines: list[Line] = []
    told = set(state.told)
    pods = sorted(state.pods.values(), key=lambda one: (one.created_at, one.name))
    failed = [(pod, end) for pod in pods if (end := outcomes.of_pod(job, (pod,), pod))]
    for number, (pod, end) in enumerate(failed, 1):
        if f"failed {pod.name}" not in told:
            told.add(f"failed {pod.name}")
            cause = "" if end.cause == outcomes.EXIT_CODE and end.message else f"{end.cause}: "
            then = f"; Kubernetes starts another one ({number} of {job.backoff_limit + 1})"
            said = f"{pod.name} failed: {cause}{end.message}".removesuffix(": ")
            lines.append(Note(said + (then if job.is_simple else "")))
    return replace(state, told=frozenset(told)), lines


def _worry(pod: Pod, container: Container) -> str:
    """Why a container does not start, where that is not just a matter of a moment."""
    if container.state == "waiting" and container.reason not in ("", "ContainerCreating", "PodInitializing"):
        return f"{pod.name} waits: {container.reason}" + (
            f": {container.message}" if container.message else ""
        )
    if pod.unscheduled:
        return f"{pod.name} waits for a node: {pod.unscheduled}"
    return ""


def _as_first_deleted(pod: Pod, state: Following) -> Pod:
    """A pod with the time at which somebody deleted it; at its end the kubelet deletes it once more."""
    known = state.pods.get(pod.name)
    if known is None or known.uid != pod.uid or known.deleted_at is None or pod.deleted_at is None:
        return pod
    return replace(pod, deleted_at=min(known.deleted_at, pod.deleted_at))
