"""How a run stands now: what its Run records, and what its Job and its pods say that nobody has recorded yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kubectl_rapt.model import causes, times
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.objects.workloads import QUEUE
from kubectl_rapt.runs import counting, failures, lifecycle, retries
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.causes import beginnings
from kubectl_rapt.runs.causes import jobs as of_jobs
from kubectl_rapt.runs.causes.seen import Finding, Seen
from kubectl_rapt.runs.outcome import Outcome
from kubectl_rapt.runs.retries import Again

PENDING, WAITING, SUSPENDED, STOPPING = "Pending", "Waiting", "Suspended", "Stopping"
"""States that no Run records: it has not started; it cannot start yet; somebody suspended it; it was told to stop."""
STATES = (PENDING, WAITING, SUSPENDED, STOPPING, *runs.STATES)
TURN = "Turn"
"""What a run waits for while another one of its tool runs."""
SIDECAR = "a sidecar that is to end with the tool is an init container with restartPolicy: Always"
"""How to write a container that a pod is not to wait for."""
PATIENCE = timedelta(seconds=30)
"""How long something may be due before it is said that nobody does it: passes and followers are not that quick."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands now.

    Args:
        status: One word for people; with what it waits for where it waits: ``Waiting:ImageNotFound``.
        state: One of ``STATES``.
        attempt: The number of its latest attempt; 0 for none.
        released_at: When its first attempt was released; None where it was not, or nobody knows.
        finished_at: When its latest attempt ended; None where it has not.
        exit_code: The exit code of its latest attempt, if any.
        message: What it waits for, or what is odd about it, in one line; empty where the status says it all.
        is_recorded: Whether the Run says so too.
        overdue: For how long something has been due that nobody has done; zero for nothing.
        outcome: How its latest attempt ended, where nobody has recorded it yet.
    """

    status: str
    state: str
    attempt: int = 0
    released_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    message: str = ""
    is_recorded: bool = True
    overdue: timedelta = timedelta()
    outcome: Outcome | None = None

    @property
    def words(self) -> str:
        """The status, and the state where that says more: ``OOMKilled (Exhausted)``."""
        says_all = self.state in self.status or self.status == causes.CANCELLED
        return self.status if says_all else f"{self.status} ({self.state})"

    @property
    def is_over(self) -> bool:
        """Whether nothing of it will run any more unless somebody asks."""
        return self.state in runs.FINISHED


def spell(stands: Standing, run: Run | None) -> str:
    """How a run stands in one line, and with which of its attempts, if it may have several.

    Args:
        stands: How it stands.
        run: The Run; None of a Job that has none.
    """
    if run and stands.attempt and (run.allowed > 1 or stands.attempt > 1):
        return f"{stands.words}, {counting.named(stands.attempt, run.allowed, run.wished)}"
    return stands.words


def of_run(
    run: Run,
    job: Job | None,
    pods: Sequence[Pod] = (),
    events: Sequence[Event] = (),
    *,
    now: datetime,
    behind: str = "",
) -> Standing:
    """How a run stands.

    Args:
        run: The Run.
        job: The Job of its open attempt as it exists; None where there is none.
        pods: The pods of that Job.
        events: What was said of the Job and its pods, where somebody has read it: some reasons are in events alone.
        now: The time.
        behind: The run or the Job that goes first, where the tool's runs go one at a time; empty for none.
    """
    if run.is_finished and not _is_wished(run):
        return _recorded(run)
    last = run.attempts[-1] if run.attempts else None
    if last and last.cause:
        return _between(run, now, behind)
    is_its_job = job is not None and (not last or job.uid == last.uid)
    if last is None and not (run.adopted and is_its_job):
        return _before(run, job, now, behind)
    if not is_its_job or job is None:
        gone = Outcome(outcomes.DELETED, message="its Job was deleted", finished_at=None)
        return _ended(run, gone, now)
    outcome = outcomes.of(job, pods, events)
    if run.cancelled_by and not (outcome and outcome.is_success):
        if job.is_suspended and not job.active:
            said = f"cancelled by {run.cancelled_by}"
            return _ended(run, Outcome(outcomes.CANCELLED, message=said, started_at=job.started_at), now)
        if outcome is None:
            return _open(
                run, job, STOPPING, STOPPING, f"cancelled by {run.cancelled_by}; its pods are ending"
            )
    if outcome:
        return _ended(run, outcome, now)
    state, status, message = _of_open(Seen(job, tuple(pods), tuple(events), run=run), behind)
    return _open(run, job, state, status, message)


def of_job(job: Job, pods: Sequence[Pod] = (), events: Sequence[Event] = ()) -> Standing:
    """How a Job stands that has no Run. Args as of ``of_run``."""
    started = 1 if job.started_at else 0
    if outcome := outcomes.of(job, pods, events):
        state = runs.SUCCEEDED if outcome.is_success else runs.FAILED
        # The list of runs knows the Job alone of what a schedule started, and reads no pods of what went well.
        finished = job.ended_at if job.ended == "Complete" else outcome.finished_at
        code, message = outcome.exit_code, outcome.message
        return Standing(outcome.cause, state, started, job.started_at, finished, code, message)
    state, status, message = _of_open(Seen(job, tuple(pods), tuple(events)), "")
    return Standing(status, state, started, job.started_at, message=message)


def _is_wished(run: Run) -> bool:
    """Whether somebody has asked for another attempt of a run that is over."""
    return bool(run.attempts) and run.is_wished and isinstance(retries.after(run), Again)


def _recorded(run: Run) -> Standing:
    last = run.attempts[-1] if run.attempts else None
    return Standing(
        run.status,
        run.state,
        last.number if last else 0,
        _released_at(run),
        last.finished_at if last else None,
        last.exit_code if last else None,
        last.message if last else run.message,
    )


def _released_at(run: Run, job: Job | None = None) -> datetime | None:
    """When the first attempt was released."""
    if run.released_at:
        return run.released_at
    first = run.attempts[0] if run.attempts else None
    is_first = first is None or (job is not None and first.uid == job.uid)
    return job.started_at if job and is_first else None


def _open(run: Run, job: Job, state: str, status: str, message: str) -> Standing:
    number = run.attempts[-1].number if run.attempts else 1
    return Standing(status, state, number, _released_at(run, job), message=message)


def _before(run: Run, job: Job | None, now: datetime, behind: str) -> Standing:
    """A run that has recorded no attempt."""
    waited = now - (run.created_at or now)
    never = Standing(runs.NOT_STARTED, runs.NOT_STARTED, is_recorded=False)
    if run.cancelled_by:
        return replace(never, message=f"cancelled by {run.cancelled_by}")
    if run.not_after and now >= run.not_after:
        return replace(never, message=f"it was to begin before {times.spell(run.not_after)}")
    if behind:
        return Standing(f"{WAITING}:{TURN}", WAITING, message=f"{behind} of {run.tool} is still running")
    message = ""
    if waited > PATIENCE:
        message = "the command that asked for it was cut off before it had started it" + (
            "" if job is None else ": its Job is not released"
        )
    return Standing(PENDING, PENDING, message=message, overdue=waited if waited > PATIENCE else timedelta())


def _between(run: Run, now: datetime, behind: str) -> Standing:
    """A run whose latest attempt is closed, and which is not over."""
    last, then = run.attempts[-1], retries.after(run)
    if not isinstance(then, Again):
        state = lifecycle.state_after(last, then)
        done = replace(_recorded(run), is_recorded=state == run.state)
        return replace(done, state=state, status=last.cause)
    at = run.next_attempt_at or then.at
    late = now - at if now - at > PATIENCE else timedelta()
    message = f"{then.what} was due at {at:%H:%M:%S} UTC, and was not started" if late else ""
    if behind and now >= at:
        message = f"{behind} of {run.tool} is still running"
    if then.is_wish:
        message = f"{then.what} was {then.by}" + (f", and waits: {message}" if message else "")
    return replace(_recorded(run), status=runs.RETRYING, state=runs.RETRYING, message=message, overdue=late)


def _ended(run: Run, outcome: Outcome, now: datetime) -> Standing:
    """An attempt that has ended, and of which the Run does not say so yet."""
    attempts = run.attempts or ()
    number = attempts[-1].number if attempts else 1
    state, status = (runs.SUCCEEDED if outcome.is_success else runs.FAILED), outcome.cause
    if attempts:
        closed = lifecycle.closed(attempts[-1], outcome, now)
        then = retries.after(replace(run, attempts=(*attempts[:-1], closed)))
        state = lifecycle.state_after(closed, then)
        if state == runs.RETRYING:
            status = state
    released = _released_at(run) or (outcome.started_at if number == 1 else None)
    return Standing(
        status,
        state,
        number,
        released,
        outcome.finished_at,
        outcome.exit_code,
        outcome.message,
        is_recorded=False,
        outcome=outcome,
    )


def _of_open(seen: Seen, behind: str) -> tuple[str, str, str]:
    """State, status and message of a Job that has not ended."""
    job = seen.job
    assert job is not None, "what is open has a Job"
    if job.is_suspended:
        return _suspended(seen, job, behind)
    if running := [pod for pod in seen.pods if pod.phase == "Running" and not beginnings.never_ran(pod)]:
        return runs.RUNNING, runs.RUNNING, next(filter(None, map(lingering, running)), "")
    newest = max(seen.pods, key=lambda pod: (pod.created_at, pod.name), default=None)
    if newest is not None and not beginnings.never_ran(newest):
        return runs.RUNNING, runs.RUNNING, ""  # one has ended, and Kubernetes is about to start another
    if found := _blocking(seen, newest):
        return WAITING, f"{WAITING}:{found.cause}", found.message
    return PENDING, PENDING, ""


def _suspended(seen: Seen, job: Job, behind: str) -> tuple[str, str, str]:
    found = next(iter(of_jobs.held(seen)), None)
    message = found.message if found else ""
    if QUEUE in job.labels:
        return WAITING, f"{WAITING}:{causes.QUEUED}", message
    if seen.run and job.suspended_by in ("", lifecycle.MANAGER):
        if behind:
            return WAITING, f"{WAITING}:{TURN}", f"{behind} of {seen.run.tool} is still running"
        return PENDING, PENDING, message
    return SUSPENDED, SUSPENDED, message


def _blocking(seen: Seen, pod: Pod | None) -> Finding | None:
    """What keeps a Job from starting its next pod, or that pod from starting its containers."""
    found = list(failures.of_pod(pod, seen)) if pod else list(of_jobs.refused(seen))
    return next((one for one in found if causes.cause(one.cause).is_failure), None)


def lingering(pod: Pod) -> str:
    """Which container of a pod is waited for, where others have ended; empty where none has.

    Args:
        pod: The pod.
    """
    main = [one for one in pod.containers if not one.is_init]
    ended = [one for one in main if one.state == "terminated"]
    running = [one for one in main if one.state == "running"]
    if not (ended and running) or (pod.may_restart and any(one.exit_code for one in ended)):
        return ""
    plural = "s" if len(running) > 1 else ""
    return (
        f"{', '.join(map(_end, ended))}; it is not over because container{plural} "
        f"{_names(running)} still run{'' if plural else 's'}"
    )


def _end(container: Container) -> str:
    return f'container "{container.name}" ended with exit code {container.exit_code}'


def _names(containers: Sequence[Container]) -> str:
    return " and ".join(f'"{one.name}"' for one in containers)
