"""The next step of a run: at most one Job an attempt, whoever asks and whoever was killed.

The order is the guarantee. The Run is the lock and the record; its Job is created suspended, so that nothing runs
before the Run has recorded the Job's UID; only a recorded Job is released, and a recorded attempt is never created
again, whether or not its Job still exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kubectl_rapt.model import times
from kubectl_rapt.model.plan import Create, Delete, Patch
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.outcome import Outcome

Step = Create | Patch | Delete


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a run.

    Args:
        wanted: The run as it was asked for.
        run: The Run as it exists; None where there is none.
        job: The Job with the attempt's name as it exists; None where there is none.
        outcome: How the attempt ended, once that is certain.
    """

    wanted: Run
    run: Run | None = None
    job: Job | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is to be done until the Job goes on; it was released."""

    job: Job


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is to be done any more."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Taken:
    """The name belongs to something else, and why."""

    code: str
    reason: str


def next_step(seen: Seen, now: datetime) -> Step | Wait | Done | Taken:
    """Decide the one next step of a run.

    Args:
        seen: What is known; each ``None`` was looked for and not found, or is not yet asked for.
        now: The time that a record gets.

    Returns:
        A step to write, after which the same question is asked again with what it answered; or an end.
    """
    run, job = seen.run, seen.job
    if run is None:
        return Create(runs.to_manifest(seen.wanted))
    if run.digest != seen.wanted.digest:
        return Taken("request-differs", f'run "{run.name}" exists and was asked for something else')
    if not run.attempts:
        if job is None:
            return Create(jobs.of_attempt(run, 1))
        if run.uid not in job.owner_uids:
            return Taken("name-taken", f'job "{job.name}" exists and does not belong to run "{run.name}"')
        return _record(run, Attempt(1, job.name, job.uid))
    attempt = run.attempts[-1]
    if job is not None and job.uid != attempt.uid:
        if run.uid in job.owner_uids:
            # Someone who had not yet seen the record created it again; it is suspended and was never released.
            return Delete(job.ref, job.uid)
        job = None
    if attempt.cause:
        return Done(attempt)
    if seen.outcome is not None:
        return _record(run, _closed(attempt, seen.outcome, now), seen.outcome.result)
    if job is None:
        return _record(
            run, _closed(attempt, Outcome(outcomes.DELETED, message=f"job/{attempt.job} was deleted"), now)
        )
    if job.is_suspended:
        return Patch(job.ref, jobs.release(run, job))
    return Wait(job)


def _closed(attempt: Attempt, outcome: Outcome, now: datetime) -> Attempt:
    return replace(
        attempt,
        started_at=outcome.started_at,
        finished_at=outcome.finished_at or now,
        exit_code=outcome.exit_code,
        cause=outcome.cause,
        message=outcome.message,
    )


def _record(run: Run, attempt: Attempt, result: str = "") -> Patch:
    """Write an attempt into the Run's status, provided that the Run is as it was read."""
    status: dict[str, Any] = {
        "attempts": [runs.attempt_to_data(one) for one in (*run.attempts[: attempt.number - 1], attempt)]
    }
    if result:
        status["result"] = result
    if attempt.finished_at:
        is_success = attempt.cause == outcomes.SUCCEEDED
        status["conditions"] = [
            _condition("Finished", True, attempt, run),
            _condition("Succeeded", is_success, attempt, run),
        ]
    metadata = {"uid": run.uid, "resourceVersion": run.resource_version}
    return Patch(run.ref, {"metadata": metadata, "status": status}, subresource="status")


def _condition(name: str, is_true: bool, attempt: Attempt, run: Run) -> Mapping[str, Any]:
    assert attempt.finished_at is not None
    return {
        "type": name,
        "status": "True" if is_true else "False",
        "reason": attempt.cause,
        "message": attempt.message,
        "lastTransitionTime": times.spell(attempt.finished_at),
        "observedGeneration": run.generation,
    }
