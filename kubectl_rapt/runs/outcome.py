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
            ``OOMKilled``, ``Evicted``, ``DeadlineExceeded``, …; ``Preempted`` and ``NodeLost`` for what Kubernetes
            says in more words.
        exit_code: The code of the container that decided it; None where no container ended.
        message: One line more, for people.
        evidence: The object and the fact that it rests on.
        result: The container's termination message.
        started_at: When its first container started.
        finished_at: When it ended.
        container: The container that decided it.
        node: Where its pod ran.
        pod: That pod.
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
    pod: str = ""
    log: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the tool did what it was asked."""
        return self.cause == SUCCEEDED


def recorded(run: Run, number: int = 0) -> Outcome | None:
    """What the Run says of an attempt: it stands, whatever became of the Job; None while that is open.

    Args:
        run: The Run.
        number: The attempt's number; 0 for the last one.
    """
    attempt = next((one for one in run.attempts if one.number == number), None) if number else None
    if number == 0 and run.attempts:
        attempt = run.attempts[-1]
    if attempt is None or not attempt.cause:
        return None
    return Outcome(
        attempt.cause,
        attempt.exit_code,
        attempt.message,
        attempt.evidence or f"run/{run.name} attempt {attempt.number}",
        run.result if attempt is run.attempts[-1] else "",
        attempt.started_at,
        attempt.finished_at,
    )


def of(job: Job, pods: Sequence[Pod]) -> Outcome | None:
    """The outcome of a Job with its pods, or None while it is open.

    A single pod that ends well decides its Job, and so does the last failure that is permitted, or one with an exit
    code that its podFailurePolicy does not permit: Kubernetes writes the Job's condition two seconds later. For
    every other Job its terminal condition decides. What pods of a suspended Job end with is the suspension's doing.
    """
    in_order = sorted(pods, key=lambda pod: (pod.created_at, pod.name))
    if job.is_single:
        for pod in in_order:
            if _ended_well(pod):
                return _of_pod(job, pod)
    if not job.ended:
        decisive = None if job.is_suspended else _decisive(job, in_order)
        return _of_pod(job, decisive) if decisive else None
    if job.ended == "Complete":
        ended = [pod for pod in in_order if _ended_well(pod)]
        return _of_pod(job, ended[-1]) if ended else Outcome(SUCCEEDED, finished_at=job.ended_at)
    failed = [pod for pod in in_order if _ended_badly(pod) or pod.disruption]
    if failed and job.reason in ("BackoffLimitExceeded", "PodFailurePolicy"):
        return _of_pod(job, failed[-1])
    return Outcome(
        job.reason or "Failed",
        message=job.message,
        evidence=f"job/{job.name} condition Failed: {job.reason}",
        started_at=_started_at(in_order),
        finished_at=job.ended_at,
    )


def _decisive(job: Job, in_order: Sequence[Pod]) -> Pod | None:
    """The failed pod after which there will be no other."""
    failed = [pod for pod in in_order if _ended_badly(pod)]
    if job.is_simple and len(failed) > job.backoff_limit:
        return failed[-1]
    for pod in failed if job.is_single else ():
        codes = {one.exit_code for one in pod.containers if one.exit_code}
        if codes & job.final_codes and not pod.disruption:
            return pod
    return None


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
            _disruption(pod) or cause,
            exit_code=ended.exit_code,
            message=pod.message or pod.disruption_message,
            evidence=f"pod/{pod.name} {pod.phase}" + (f": {pod.reason}" if pod.reason else ""),
            result=ended.message.strip(),
            started_at=_started_at([pod]),
            finished_at=ended.finished_at or job.ended_at,
            container=ended.name,
            node=pod.node,
            pod=pod.name,
        )
    reason = pod.reason or (decisive.reason if decisive.reason not in ("", "Error") else EXIT_CODE)
    role = "init container" if decisive.is_init else "container"
    said = f'{role} "{decisive.name}" ended with exit code {decisive.exit_code}'
    return Outcome(
        _disruption(pod) or reason,
        exit_code=decisive.exit_code,
        message=pod.message or pod.disruption_message or said,
        evidence=f'pod/{pod.name} {role} "{decisive.name}" terminated: {decisive.reason or "Error"}, '
        f"exit code {decisive.exit_code}",
        result=decisive.message.strip(),
        started_at=_started_at([pod]),
        finished_at=decisive.finished_at,
        container=decisive.name,
        node=pod.node,
        pod=pod.name,
    )


_DISRUPTIONS = {
    "PreemptionByScheduler": "Preempted",
    "EvictionByEvictionAPI": "Evicted",
    "DeletionByTaintManager": "NodeLost",
    "DeletionByPodGC": "NodeLost",
}


def _disruption(pod: Pod) -> str:
    """The cause, where Kubernetes itself has ended a pod; empty where it has not."""
    if pod.disruption == "TerminationByKubelet":
        # Out of resources, for a pod that matters more, or because the node shuts down.
        return {"Evicted": "Evicted", "Preempting": "Preempted"}.get(pod.reason, "NodeLost")
    return _DISRUPTIONS.get(pod.disruption, "") if not _ended_well(pod) else ""


def _started_at(pods: Sequence[Pod]) -> datetime | None:
    times = [one.started_at for pod in pods for one in pod.containers if one.started_at]
    return min(times, default=None)
