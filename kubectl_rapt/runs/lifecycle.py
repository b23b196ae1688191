"""The next step of a run: at most one Job an attempt, whoever asks and whoever was killed.

The order is the guarantee. The Run is the lock and the record; its Job is created suspended, so that nothing runs
before the Run has recorded the Job's UID; only a recorded Job is released, and a recorded attempt is never created
again, whether or not its Job still exists. A retry is the next attempt of the same Run, by the same rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.plan import Create, Delete, Patch
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.leases import Lease
from kubectl_rapt.objects.runs import Attempt, Mount, Run
from kubectl_rapt.runs import budgets, retries, turns
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.budgets import Past
from kubectl_rapt.runs.outcome import Outcome
from kubectl_rapt.runs.retries import Again, Over

Step = Create | Patch | Delete

MANAGER = "rapt"
"""The field manager of all that a run writes: a Job that another one has suspended is left to them."""

PATIENCE = timedelta(minutes=10)
"""How long files that were given to a run may be missing: only the command that was given them has them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a run.

    Args:
        wanted: The run as it was asked for.
        run: The Run as it exists; None where there is none.
        job: The Job that ``job_name`` names as it exists; None where there is none.
        outcome: How an attempt ended, once that is certain.
        outcome_of: The UID of that attempt's Job: others may have gone on meanwhile.
        mounted: The names of the mounts that exist.
        contents: The mounts by name, whose content is at hand.
        past: The namespace's runs of the last hour; None where they were not read.
        lease: The tool's lease as it exists, where its runs go on one at a time; None where there is none.
        is_held: Whether another run, which is not over, has that lease.
        firing: The tool's Job that a CronJob made and that goes on; empty for none, None where nobody looked.
        is_end_known: Whether the pods of the Job were looked at: ``outcome`` says how it ended, if it has.
    """

    wanted: Run
    run: Run | None = None
    job: Job | None = None
    outcome: Outcome | None = None
    outcome_of: str = ""
    mounted: frozenset[str] = frozenset()
    contents: Mapping[str, Manifest] = field(default_factory=dict)
    past: Sequence[Past] | None = None
    lease: Lease | None = None
    is_held: bool = False
    firing: str | None = None
    is_end_known: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is to be done until the Job goes on: it was released, or somebody else has suspended it."""

    job: Job


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing is to be done until then.

    Args:
        at: When.
        what: What it waits for, for people.
        by: Who says so, where that is a policy or a person.
        is_held: Whether it is due and a budget holds it back.
        behind: The run or Job that goes first, where only one may go on at a time.
    """

    at: datetime
    what: str
    by: str = ""
    is_held: bool = False
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """Something must be read first.

    Args:
        what: What the namespace has had in the last hour, the tool's other Jobs, or whether the attempt has ended.
    """

    what: Literal["past", "firing", "end"] = "past"


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is to be done any more; None where no attempt was ever started."""

    attempt: Attempt | None


@dataclass(frozen=True, slots=True)
class Taken:
    """The name belongs to something else, and why."""

    code: str
    reason: str


Settled = Step | Wait | Later | Done | Taken
"""A decision that nothing more need be read for."""
Decision = Settled | Look


def held_back(run: Run, later: Later) -> str:
    """What is said of a retry that is due and that a budget holds back: the same words wherever it is told."""
    what = f"is held back until {times.spell(later.at)}: {later.what}"
    return f"{what}; at once: kubectl rapt retry {run.name}"


def job_name(run: Run) -> str:
    """The name of the Job to look at: of the attempt that is open, of the one that is due, or of the last one."""
    if not run.attempts:
        return run.adopted.job if run.adopted else jobs.attempt_name(run.name, 1)
    last = run.attempts[-1]
    if last.cause and isinstance(again := retries.after(run), Again):
        return jobs.attempt_name(run.name, again.number)
    return last.job


def next_step(seen: Seen, now: datetime) -> Decision:
    """Decide the one next step of a run.

    Args:
        seen: What is known; each ``None`` was looked for and not found, or is not yet asked for.
        now: The time that a record gets.

    Returns:
        A step to write, after which the same question is asked again with what it answered; or an end.
    """
    decision = _decide(seen, now)
    if isinstance(decision, Done) and seen.run and seen.lease and seen.lease.holder == seen.run.name:
        return Delete(seen.lease.ref, seen.lease.uid, seen.lease.resource_version)
    return decision


def _decide(seen: Seen, now: datetime) -> Decision:
    run = seen.run
    if run is None:
        return Create(runs.to_manifest(seen.wanted))
    if run.digest != seen.wanted.digest:
        differs = "; ".join(runs.differences(run, seen.wanted))
        what = f'run "{run.name}" exists and was asked for something else'
        return Taken("request-differs", f"{what}: {differs}" if differs else what)
    if not run.attempts:
        return _begin(seen, run, now)
    attempt = run.attempts[-1]
    if not attempt.cause:
        return _carry(seen, run, attempt, now)
    then = retries.after(run)
    if isinstance(then, Again):
        return _again(seen, run, then, now)
    if run.cancelled_by and run.is_wished:
        return _never_begun(run, attempt.number + 1, now)
    if run.state == runs.RETRYING:
        # It was to be tried again, and is not: somebody has cancelled it meanwhile.
        return _patch(run, {"nextAttemptAt": None, **_ending(run, attempt, then, now)})
    return _stray(seen, run, attempt) or Done(attempt)


def _again(seen: Seen, run: Run, again: Again, now: datetime) -> Decision:
    """An attempt after others: due, within the budgets, and begun once."""
    if again.at > now:
        return Later(again.at, again.what, again.by)
    has_begun = seen.job is not None and seen.job.name == jobs.attempt_name(run.name, again.number)
    if not again.is_wish and not has_begun:
        if seen.past is None:
            return Look()
        if held := budgets.held(run.name, run.tool, seen.past, now):
            return Later(held.at, held.why, is_held=True)
    step = _start(seen, run, again.number, now)
    if isinstance(step, Later) and run.state != runs.RETRYING:
        # A person has asked for it, and it is not its turn: lists and passes know of it by the state alone.
        return _patch(run, _ending(run, run.attempts[-1], replace(again, at=now), now))
    return step


def _begin(seen: Seen, run: Run, now: datetime) -> Decision:
    """A run that has started nothing yet: its files first, then its first Job."""
    if run.is_finished:
        return Done(None)
    if run.cancelled_by:
        return _not_started(run, outcomes.CANCELLED, f"cancelled by {run.cancelled_by}", now)
    if run.not_after and now >= run.not_after:
        message = f"it was to begin before {times.spell(run.not_after)}"
        return _not_started(run, "TooLate", message, now)
    if run.adopted:
        return _record(run, Attempt(1, run.adopted.job, run.adopted.uid))
    for mount in run.mounts:
        if not mount.is_of(run.name):
            # Whoever carries it out may read more than whoever wrote it.
            return _not_started(run, "MountMissing", f"{mount.ref('')} is not a file of this run", now)
        if mount.name in seen.mounted:
            continue
        if mount.name in seen.contents:
            return Create(_mounted(run, seen.contents[mount.name]))
        return _lacking(run, mount, now)
    return _start(seen, run, 1, now)


def _lacking(run: Run, mount: Mount, now: datetime) -> Decision:
    assert run.created_at is not None, "a run that exists has a time"
    if now < run.created_at + PATIENCE:
        what = f"{mount.ref('')} is missing, and only who asked can bring it"
        return Later(run.created_at + PATIENCE, what)
    return _not_started(run, "MountMissing", f"{mount.ref('')} was never brought", now)


def _mounted(run: Run, content: Manifest) -> Manifest:
    metadata = {**content["metadata"], "namespace": run.namespace, "ownerReferences": [jobs.owner(run)]}
    return {**content, "metadata": metadata}


def _start(seen: Seen, run: Run, number: int, now: datetime) -> Decision:
    if turn := _turn(seen, run, number, now):
        return turn
    job = seen.job
    if job is None or job.name != jobs.attempt_name(run.name, number):
        return Create(jobs.of_attempt(run, number, retries.changes(run, number)))
    if run.uid not in job.owner_uids:
        return Taken("name-taken", f'job "{job.name}" exists and does not belong to run "{run.name}"')
    return _record(run, Attempt(number, job.name, job.uid))


def _turn(seen: Seen, run: Run, number: int, now: datetime) -> Decision | None:
    """What must happen before an attempt may go on, where the tool's runs go on one at a time."""
    match turns.turn(run, number, seen.lease, is_held=seen.is_held, firing=seen.firing, now=now):
        case turns.Unknown():
            return Look("firing")
        case turns.Behind(who):
            if run.concurrency == "forbid" and not run.attempts:
                what = f"{who} of {run.tool} is still running, and only one may run at a time"
                return _not_started(run, turns.FORBIDDEN, what, now)
            return Later(now + turns.LOOK_AGAIN, f"queued behind {who}", behind=who)
        case step:
            return step


def _stray(seen: Seen, run: Run, attempt: Attempt) -> Delete | None:
    """The end of a Job that someone created who had not yet seen the record: it was never released."""
    job = seen.job
    if job is None or job.name != attempt.job or job.uid == attempt.uid or run.uid not in job.owner_uids:
        return None
    return Delete(job.ref, job.uid, job.resource_version)


def _carry(seen: Seen, run: Run, attempt: Attempt, now: datetime) -> Decision:
    """An attempt that is recorded and open."""
    if stray := _stray(seen, run, attempt):
        return stray
    job = seen.job if seen.job is not None and seen.job.uid == attempt.uid else None
    if seen.outcome is not None and seen.outcome_of == attempt.uid:
        is_stopped = run.cancelled_by and job is not None and job.is_suspended
        outcome = seen.outcome
        if is_stopped and not outcome.is_success:
            assert job is not None, "a Job that is suspended is there"
            if not (job.is_cancelled or job.ended):
                return jobs.stop(job)
            # Whatever its container ended with: it was told to stop.
            outcome = replace(outcome, cause=outcomes.CANCELLED, message=f"cancelled by {run.cancelled_by}")
        return _close(run, attempt, outcome, now)
    if job is None:
        return _close(run, attempt, Outcome(outcomes.DELETED, message=f"job/{attempt.job} was deleted"), now)
    if run.cancelled_by:
        return _cancel(seen, run, attempt, job, now)
    is_ours = attempt.number > 1 or not run.adopted
    if job.is_cancelled:
        # Somebody has cancelled the run since it was read; they, or whoever looks next, close it.
        return Wait(job)
    if job.is_suspended and is_ours and job.suspended_by in ("", MANAGER):
        if turn := _turn(seen, run, attempt.number, now):
            return turn
        return jobs.release(job)
    return Wait(job)


def _cancel(seen: Seen, run: Run, attempt: Attempt, job: Job, now: datetime) -> Decision:
    """Suspending a Job ends its pods as gracefully as they can be ended, and keeps the Job.

    What has ended before, and nobody has recorded, is not stopped: it is closed as it ended.

    The Job is marked before the attempt is closed, also where it is suspended already: otherwise a release that
    was decided before the cancellation, and arrives after it, would start a run that is closed.
    """
    if job.ended:
        return Wait(job)
    if not (job.is_suspended or seen.is_end_known):
        return Look("end")
    if not (job.is_suspended and job.is_cancelled):
        return jobs.stop(job)
    if job.active:
        return Wait(job)
    stopped = Outcome(
        outcomes.CANCELLED,
        message=f"cancelled by {run.cancelled_by}",
        evidence=f"run/{run.name}",
        started_at=job.started_at,
    )
    return _close(run, attempt, stopped, now)


def _never_begun(run: Run, number: int, now: datetime) -> Patch:
    """The record of an attempt that somebody asked for, and that was cancelled before it had a Job.

    Without it, the result of the attempt before would be shown as its own. A Job that is created late is a stray.
    """
    cancelled = Outcome(outcomes.CANCELLED, message=f"cancelled by {run.cancelled_by} before it began")
    none = closed(Attempt(number, jobs.attempt_name(run.name, number), ""), cancelled, now)
    kept = (*run.attempts, none)
    return _patch(
        run,
        {
            "attempts": [runs.attempt_to_data(one) for one in kept],
            "nextAttemptAt": None,
            "result": None,
            "log": None,
            **_ending(run, none, retries.after(replace(run, attempts=kept)), now),
        },
    )


def _close(run: Run, attempt: Attempt, outcome: Outcome, now: datetime) -> Patch:
    return _record(run, closed(attempt, outcome, now), outcome)


def closed(attempt: Attempt, outcome: Outcome, now: datetime) -> Attempt:
    """An attempt as it is recorded once it has ended like this."""
    return replace(
        attempt,
        started_at=outcome.started_at,
        finished_at=outcome.finished_at or now,
        exit_code=outcome.exit_code,
        cause=outcome.cause,
        message=outcome.message,
        evidence=outcome.evidence,
        container=outcome.container,
        node=outcome.node,
    )


def _record(run: Run, attempt: Attempt, outcome: Outcome | None = None) -> Patch:
    """Write an attempt into the Run's status, provided that the Run is as it was read."""
    kept = (*run.attempts[: attempt.number - 1], attempt)
    status: dict[str, Any] = {"attempts": [runs.attempt_to_data(one) for one in kept], "state": runs.RUNNING}
    if outcome is None:
        if run.state:
            # An attempt after others: what was said of their end does not hold any more.
            status |= {"conditions": [], "nextAttemptAt": None, "result": None, "log": None}
        return _patch(run, status)
    if outcome.result:
        status["result"] = outcome.result
    then = retries.after(replace(run, attempts=kept))
    assert attempt.finished_at is not None, "an attempt that ended has a time"
    status |= _ending(run, attempt, then, attempt.finished_at)
    if outcome.log and status["state"] == runs.EXHAUSTED:
        status["log"] = outcome.log
    return _patch(run, status)


def expiry(run: Run, job: Job) -> Patch | None:
    """What is to change about the time after which Kubernetes deletes a Job; None for nothing.

    Only a Job whose end is recorded gets one, and none that a person holds, or whose Run is held. From a Job that was
    held later, or whose end is not recorded, it is taken off.
    """
    attempt = next((one for one in run.attempts if one.uid == job.uid), None)
    if attempt is None or not attempt.cause or job.is_held or run.is_held:
        return jobs.expire(job, None) if job.ttl_seconds is not None else None
    wanted = run.template(attempt.number)["spec"].get("ttlSecondsAfterFinished")
    return jobs.expire(job, wanted) if job.ttl_seconds is None and wanted is not None else None


def would_exhaust(run: Run, outcome: Outcome, now: datetime) -> bool:
    """Whether a run has used up what its policy allows if its open attempt ends like this."""
    last = closed(run.attempts[-1], outcome, now)
    then = retries.after(replace(run, attempts=(*run.attempts[:-1], last)))
    return isinstance(then, Over) and then.is_exhausted


def state_after(attempt: Attempt, then: Again | Over) -> str:
    """The state of a run after an attempt of it has ended."""
    if isinstance(then, Again):
        return runs.RETRYING
    if attempt.cause == outcomes.SUCCEEDED:
        return runs.SUCCEEDED
    return runs.EXHAUSTED if then.is_exhausted else runs.FAILED


def _ending(run: Run, attempt: Attempt, then: Again | Over, at: datetime) -> dict[str, Any]:
    """State and conditions after an attempt has ended."""
    is_success = attempt.cause == outcomes.SUCCEEDED
    reason, message = attempt.cause, attempt.message
    if run.cancelled_by and (reason == outcomes.CANCELLED or _would_go_on(run, attempt)):
        reason, message = outcomes.CANCELLED, f"cancelled by {run.cancelled_by}"
    conditions = [
        _condition("Finished", isinstance(then, Over), reason, message, at, run),
        _condition("Succeeded", is_success, reason, message, at, run),
    ]
    state = state_after(attempt, then)
    if isinstance(then, Again):
        return {"state": state, "nextAttemptAt": times.spell(then.at), "conditions": conditions}
    if state == runs.EXHAUSTED:
        conditions.append(_condition("Exhausted", True, reason, then.why, at, run))
    return {"state": state, "conditions": conditions}


def _would_go_on(run: Run, attempt: Attempt) -> bool:
    """Whether a run whose last attempt ended so would be tried again if nobody had cancelled it."""
    kept = (*run.attempts[: attempt.number - 1], attempt)
    return isinstance(retries.after(replace(run, attempts=kept, cancelled_by="")), Again)


def _not_started(run: Run, cause: str, message: str, now: datetime) -> Patch:
    conditions = [_condition("Finished", True, cause, message, now, run)]
    conditions.append(_condition("Succeeded", False, cause, message, now, run))
    return _patch(run, {"state": runs.NOT_STARTED, "conditions": conditions})


def _patch(run: Run, status: Mapping[str, Any]) -> Patch:
    metadata = {"uid": run.uid, "resourceVersion": run.resource_version}
    return Patch(run.ref, {"metadata": metadata, "status": status}, subresource="status")


def _condition(
    name: str, is_true: bool, reason: str, message: str, at: datetime, run: Run
) -> Mapping[str, Any]:
    return {
        "type": name,
        "status": "True" if is_true else "False",
        "reason": reason,
        "message": message,
        "lastTransitionTime": times.spell(at),
        "observedGeneration": run.generation,
    }
