"""How an attempt ended, as soon as that is certain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kubectl_rapt.model import causes
from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs import failures
from kubectl_rapt.runs.causes import containers
from kubectl_rapt.runs.causes import jobs as of_jobs
from kubectl_rapt.runs.causes.seen import Seen

SUCCEEDED = causes.SUCCEEDED
EXIT_CODE = causes.EXIT_CODE
DELETED = causes.DELETED
CANCELLED = causes.CANCELLED


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an attempt.

    Args:
        cause: A word of ``model.causes``, or a reason of Kubernetes for which that has none.
        exit_code: The code of the container that decided it; None where no container ended.
        message: One line more, for people.
        evidence: The object and the fact that it rests on.
        result: The container's termination message.
        started_at: When its Job was released: what it took counts all of its pods.
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


def of(job: Job, pods: Sequence[Pod], events: Sequence[Event] = ()) -> Outcome | None:
    """The outcome of a Job with its pods, or None while it is open.

    A single pod that ends well decides its Job, and so does the last failure that is permitted, or one with an exit
    code that its podFailurePolicy does not permit: Kubernetes writes the Job's condition two seconds later. For
    every other Job its terminal condition decides. A Job whose pod never begins is open: only
    a deadline gives it up.

    Args:
        job: The Job.
        pods: Its pods.
        events: What was said of them, where somebody has read it: some causes are in events alone.
    """
    in_order = sorted(pods, key=lambda pod: (pod.created_at, pod.name))
    seen = Seen(job, tuple(in_order), tuple(events))
    for pod in in_order if job.is_single else ():
        # Suspending a Job deletes its pods, and what they end with then is no outcome, unless they were done.
        if _ended_well(pod) and (pod.phase == "Succeeded" or not job.is_suspended):
            return _success(seen, job, pod)
    if not job.ended:
        decisive = None if job.is_suspended else _decisive(job, in_order)
        return _failure(seen, job, decisive) if decisive else None
    if job.ended == "Complete":
        ended = [pod for pod in in_order if _ended_well(pod)]
        if ended:
            return _success(seen, job, ended[-1])
        return Outcome(SUCCEEDED, started_at=_released_at(seen), finished_at=job.ended_at)
    # Kubernetes counts a pod that was deleted as failed, whether or not its node ever says that it ended.
    failed = [pod for pod in in_order if _ended_badly(pod) or pod.deleted_at or pod.disruption]
    if failed and job.reason in ("BackoffLimitExceeded", "PodFailurePolicy"):
        return _failure(seen, job, failed[-1])
    return _of_job(seen, job)


def of_pod(job: Job, pods: Sequence[Pod], pod: Pod) -> Outcome | None:
    """How one pod of a Job failed, whatever becomes of the Job; None where it has not. Args as of ``of``."""
    return _failure(Seen(job, tuple(pods)), job, pod) if _ended_badly(pod) else None


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


def _success(seen: Seen, job: Job, pod: Pod) -> Outcome:
    last = _last(pod)
    return Outcome(
        SUCCEEDED,
        exit_code=last.exit_code,
        message=pod.message or _after_failures(seen, job, pod),
        evidence=f"pod/{pod.name} {pod.phase}",
        result=last.message.strip(),
        started_at=_released_at(seen),
        finished_at=_finished_at(seen, last) or job.ended_at,
        container=last.name,
        node=pod.node,
        pod=pod.name,
    )


def _failure(seen: Seen, job: Job, pod: Pod) -> Outcome:
    found = failures.of_pod(pod, seen)
    # An init container may be a sidecar, which is stopped when all is done: its code counts where none other does.
    by_weight = [*_main(pod), *(one for one in pod.containers if one.is_init)]
    named = next((one for one in by_weight if found and one.name == found[0].container), None)
    decisive = named or next((one for one in by_weight if one.exit_code), _last(pod))
    return Outcome(
        found[0].cause if found else causes.FAILED,
        exit_code=None if decisive.reason == containers.LOST else decisive.exit_code,
        message=(found[0].message if found else pod.message) + _of_several(seen, job, pod),
        evidence=found[0].evidence if found else f"pod/{pod.name} {pod.phase}",
        result=decisive.message.strip() if decisive.state == "terminated" else "",
        started_at=_released_at(seen),
        finished_at=_finished_at(seen, decisive) or job.ended_at,
        container=decisive.name,
        node=pod.node,
        pod=pod.name,
    )


def _failed_before(seen: Seen, job: Job, pod: Pod) -> int:
    """How many pods failed before this one, of a Job whose pods run one after the other."""
    before = (one for one in seen.pods if (one.created_at, one.name) < (pod.created_at, pod.name))
    return sum(map(_ended_badly, before)) if job.is_single else 0


def _of_several(seen: Seen, job: Job, pod: Pod) -> str:
    failed = _failed_before(seen, job, pod)
    return f", in pod {failed + 1} of this attempt" if failed else ""


def _after_failures(seen: Seen, job: Job, pod: Pod) -> str:
    failed = _failed_before(seen, job, pod)
    return f"{failed} pod{'' if failed == 1 else 's'} of this attempt failed before" if failed else ""


def _last(pod: Pod) -> Container:
    return max(_main(pod), key=lambda one: one.finished_at or pod.created_at)


def _of_job(seen: Seen, job: Job) -> Outcome:
    """What the Job's condition says; where its pod never began, what that waited for."""
    found = next(iter((*of_jobs.refused(seen), *failures.of_gone(seen), *of_jobs.limits(seen))), None)
    return Outcome(
        found.cause if found else causes.FAILED,
        message=found.message if found else job.message,
        evidence=found.evidence if found else f"job/{job.name} condition Failed",
        started_at=_released_at(seen),
        finished_at=job.ended_at,
    )


def _released_at(seen: Seen) -> datetime | None:
    """When the Job was released; where the server does not say so, when its first container started."""
    if seen.job and seen.job.started_at:
        return seen.job.started_at
    started = [one.started_at for pod in seen.pods for one in pod.containers if one.started_at]
    return min(started, default=None)


def _finished_at(seen: Seen, decisive: Container) -> datetime | None:
    """When the container that decided it ended; of a Job with several pods at once, when the last one did."""
    if seen.job is None or max(seen.job.completions, seen.job.parallelism) == 1:
        return decisive.finished_at
    ended = [one.finished_at for pod in seen.pods for one in _main(pod) if one.finished_at]
    return max(ended, default=None)
