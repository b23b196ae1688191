"""How an attempt ended, as soon as that is certain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.objects.runs import Run

SUCCEEDED = "Succeeded"
EXIT_CODE = "ExitCode"
DELETED = "Deleted"
CANCELLED = "Cancelled"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an attempt.

    Args:
        cause: ``Succeeded``, ``ExitCode``, ``Deleted``, or the reason that Kubernetes gave:
            ``OOMKilled``, ``Evicted``, ``DeadlineExceeded``, …
        exit_code: The code of the container that decided it; None where no container ended.
        message: One line more, for people.
        evidence: The object and the fact that it rests on.
        result: The container's termination message.
        started_at: When its first container started.
        finished_at: When it ended.
        container: The container that decided it.
        node: Where its pod ran.
        log: The last lines it said, where somebody has read them.
    """

    cause: str
    exit_code: int | None = None
    message: str = ""
    evidence: str = ""
    result: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    container: str = ""
    node: str = ""
    log: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the tool did what it was asked."""
        return self.cause == SUCCEEDED


def recorded(run: Run) -> Outcome | None:
    """What the Run says of its last attempt: it stands, whatever became of the Job; None while that is open."""
    if not run.attempts or not run.attempts[-1].cause:
        return None
    last = run.attempts[-1]
    return Outcome(
        last.cause,
        last.exit_code,
        last.message,
        last.evidence or f"run/{run.name} attempt {last.number}",
        run.result,
        last.started_at,
        last.finished_at,
    )


def of(job: Job, pods: Sequence[Pod]) -> Outcome | None:
    """The outcome of a Job with its pods, or None while it is open.

    A simple Job is decided by its containers: Kubernetes writes the Job's condition two seconds later. For every
    other Job its terminal condition decides.
    """
    in_order = sorted(pods, key=lambda pod: (pod.created_at, pod.name))
    if job.is_simple:
        for pod in in_order:
            if _ended_well(pod):
                return _of_pod(job, pod)
        failed = [pod for pod in in_order if _ended_badly(pod)]
        if len(failed) > job.backoff_limit:
            return _of_pod(job, failed[-1])
    if not job.ended:
        return None
    if job.ended == "Complete":
        ended = [pod for pod in in_order if _ended_well(pod)]
        return _of_pod(job, ended[-1]) if ended else Outcome(SUCCEEDED, finished_at=job.ended_at)
    failed = [pod for pod in in_order if _ended_badly(pod)]
    if failed and job.reason in ("BackoffLimitExceeded", "PodFailurePolicy"):
        return _of_pod(job, failed[-1])
    return Outcome(
        job.reason or "Failed",
        message=job.message,
        evidence=f"job/{job.name} condition Failed: {job.reason}",
        started_at=_started_at(in_order),
        finished_at=job.ended_at,
    )


def _main(pod: Pod) -> list[Container]:
    return [container for container in pod.containers if not container.is_init]


def _ended_well(pod: Pod) -> bool:
    # Containers may end well when they are told to stop, because the pod's time is up: then its phase is Failed.
    return pod.phase != "Failed" and all(container.exit_code == 0 for container in _main(pod))


def _ended_badly(pod: Pod) -> bool:
    main = _main(pod)
    every_container_ended = all(container.state == "terminated" for container in main)
    return pod.phase == "Failed" or (every_container_ended and any(container.exit_code for container in main))


def _of_pod(job: Job, pod: Pod) -> Outcome:
    main = _main(pod)
    # An init container may be a sidecar, which is stopped when all is done: its code counts where none other does.
    by_weight = [] if _ended_well(pod) else [*main, *(one for one in pod.containers if one.is_init)]
    decisive = next((one for one in by_weight if one.exit_code), None)
    if decisive is None:
        ended = max(main, key=lambda one: one.finished_at or pod.created_at)
        cause = pod.reason or "Failed" if pod.phase == "Failed" else SUCCEEDED
        return Outcome(
            cause,
            exit_code=ended.exit_code,
            message=pod.message,
            evidence=f"pod/{pod.name} {pod.phase}" + (f": {pod.reason}" if pod.reason else ""),
            result=ended.message.strip(),
            started_at=_started_at([pod]),
            finished_at=ended.finished_at or job.ended_at,
            container=ended.name,
            node=pod.node,
        )
    reason = pod.reason or (decisive.reason if decisive.reason not in ("", "Error") else EXIT_CODE)
    role = "init container" if decisive.is_init else "container"
    return Outcome(
        reason,
        exit_code=decisive.exit_code,
        message=pod.message or f'{role} "{decisive.name}" ended with exit code {decisive.exit_code}',
        evidence=f'pod/{pod.name} {role} "{decisive.name}" terminated: {decisive.reason or "Error"}, '
        f"exit code {decisive.exit_code}",
        result=decisive.message.strip(),
        started_at=_started_at([pod]),
        finished_at=decisive.finished_at,
        container=decisive.name,
        node=pod.node,
    )


def _started_at(pods: Sequence[Pod]) -> datetime | None:
    times = [one.started_at for pod in pods for one in pod.containers if one.started_at]
    return min(times, default=None)
