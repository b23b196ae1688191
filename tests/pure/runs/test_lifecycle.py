"""The next step of a run: one row for each moment at which whoever drives it may have been killed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.model.kinds import JOB, RUN, Ref
from kubectl_rapt.model.plan import Create, Delete, Patch
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.runs import lifecycle
from kubectl_rapt.runs.lifecycle import Done, Seen, Taken, Wait
from kubectl_rapt.runs.outcome import Outcome
from tests.given import NOON, a_job, a_run, a_template, at

WANTED = a_run()
RUN_ONLY = replace(WANTED, uid="run-1", resource_version="7", generation=1)
RECORDED = replace(RUN_ONLY, resource_version="8", attempts=(Attempt(1, "backup-x7k2p-1", "job-1"),))
CLOSED_ATTEMPT = replace(RECORDED.attempts[0], cause="Succeeded", exit_code=0, finished_at=NOON)
CLOSED = replace(RECORDED, resource_version="9", attempts=(CLOSED_ATTEMPT,))
SUSPENDED = jobs.from_manifest(a_job(suspend=True))
RELEASED = jobs.from_manifest(a_job(suspend=False))
AGAIN = jobs.from_manifest(a_job(suspend=True, uid="job-2"))
FOREIGN = jobs.from_manifest(a_job(uid="job-3", owner="someone"))
NOBODYS = jobs.from_manifest(a_job(uid="job-4", owner=""))
SUCCEEDED = Outcome(
    "Succeeded", 0, "", "pod", "42 files", NOON + timedelta(seconds=10), NOON + timedelta(seconds=60)
)
FAILED = Outcome("OOMKilled", 137, "too much", "pod", "", None, NOON + timedelta(seconds=60))
LATER = NOON + timedelta(seconds=90)
PRECONDITIONS = {"uid": "run-1", "resourceVersion": "8"}
RECORD = {"number": 1, "job": "backup-x7k2p-1", "uid": "job-1"}


def seen(
    run: Run | None, job: Job | None = None, outcome: Outcome | None = None, wanted: Run = WANTED
) -> Seen:
    """What is known, with an outcome of the Job that every Run here has recorded."""
    return Seen(wanted, run, job, outcome, "job-1" if outcome else "")


def a_record(
    run_version: str,
    attempt: dict[str, Any],
    result: str = "",
    *conditions: dict[str, Any],
    state: str = "Running",
) -> Patch:
    status: dict[str, Any] = {"attempts": [attempt], "state": state}
    if result:
        status["result"] = result
    if conditions:
        status["conditions"] = list(conditions)
    metadata = {"uid": "run-1", "resourceVersion": run_version}
    return Patch(Ref(RUN, "backup-x7k2p", "team"), {"metadata": metadata, "status": status}, "status")


def a_condition(kind: str, is_true: bool, reason: str, message: str, time: str) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "True" if is_true else "False",
        "reason": reason,
        "message": message,
        "lastTransitionTime": time,
        "observedGeneration": 1,
    }


def a_deletion(version: str) -> Patch:
    message = "job/backup-x7k2p-1 was deleted"
    attempt = {**RECORD, "finishedAt": at(90), "cause": "Deleted", "message": message}
    finished = a_condition("Finished", True, "Deleted", message, at(90))
    return a_record(
        version, attempt, "", finished, {**finished, "type": "Succeeded", "status": "False"}, state="Failed"
    )


RELEASE = Patch(
    Ref(JOB, "backup-x7k2p-1", "team"),
    {"metadata": {"uid": "job-1"}, "spec": {"suspend": False, "ttlSecondsAfterFinished": 604800}},
)
CLOSE_WELL = a_record(
    "8",
    {
        **RECORD,
        "startedAt": at(10),
        "finishedAt": at(60),
        "exitCode": 0,
        "cause": "Succeeded",
        "evidence": "pod",
    },
    "42 files",
    a_condition("Finished", True, "Succeeded", "", at(60)),
    a_condition("Succeeded", True, "Succeeded", "", at(60)),
    state="Succeeded",
)
CLOSE_BADLY = a_record(
    "8",
    {
        **RECORD,
        "finishedAt": at(60),
        "exitCode": 137,
        "cause": "OOMKilled",
        "message": "too much",
        "evidence": "pod",
    },
    "",
    a_condition("Finished", True, "OOMKilled", "too much", at(60)),
    a_condition("Succeeded", False, "OOMKilled", "too much", at(60)),
    state="Failed",
)

PREFIXES: list[tuple[str, Run | None, Job | None, Outcome | None, object]] = [
    ("nothing is there", None, None, None, Create(runs.to_manifest(WANTED))),
    ("only the Run", RUN_ONLY, None, None, Create(jobs.of_attempt(RUN_ONLY, 1))),
    ("the Job is not recorded", RUN_ONLY, SUSPENDED, None, a_record("7", RECORD)),
    ("recorded, still suspended", RECORDED, SUSPENDED, None, RELEASE),
    ("released", RECORDED, RELEASED, None, Wait(RELEASED)),
    ("ended well", RECORDED, RELEASED, SUCCEEDED, CLOSE_WELL),
    ("ended badly", RECORDED, RELEASED, FAILED, CLOSE_BADLY),
    ("ended, the Job is gone already", RECORDED, None, SUCCEEDED, CLOSE_WELL),
    ("closed", CLOSED, RELEASED, None, Done(CLOSED_ATTEMPT)),
    ("closed, and seen to end by another", CLOSED, RELEASED, FAILED, Done(CLOSED_ATTEMPT)),
    ("closed, the Job is gone", CLOSED, None, None, Done(CLOSED_ATTEMPT)),
    ("recorded and lost", RECORDED, None, None, a_deletion("8")),
    ("recorded, lost and made again", RECORDED, AGAIN, None, Delete(AGAIN.ref, "job-2")),
    ("closed, lost and made again", CLOSED, AGAIN, None, Delete(AGAIN.ref, "job-2")),
    ("recorded, lost, its name taken", RECORDED, FOREIGN, None, a_deletion("8")),
    ("closed, its name taken", CLOSED, FOREIGN, None, Done(CLOSED_ATTEMPT)),
]


@pytest.mark.parametrize(
    ("run", "job", "outcome", "step"), [row[1:] for row in PREFIXES], ids=[row[0] for row in PREFIXES]
)
def test_every_prefix_of_a_run_has_its_next_step(
    run: Run | None, job: Job | None, outcome: Outcome | None, step: object
) -> None:
    assert lifecycle.next_step(seen(run, job, outcome), LATER) == step


@pytest.mark.parametrize("job", [FOREIGN, NOBODYS])
def test_a_job_that_is_not_ours_is_left_alone_and_named(job: Job) -> None:
    step = lifecycle.next_step(Seen(WANTED, RUN_ONLY, job), LATER)
    assert step == Taken(
        "name-taken", 'job "backup-x7k2p-1" exists and does not belong to run "backup-x7k2p"'
    )


@pytest.mark.parametrize("run", [RUN_ONLY, RECORDED, CLOSED])
def test_a_run_of_another_request_is_never_carried_on(run: Run) -> None:
    other = replace(WANTED, digest="sha256:bb")
    assert lifecycle.next_step(Seen(other, run, SUSPENDED), LATER) == Taken(
        "request-differs", 'run "backup-x7k2p" exists and was asked for something else'
    )


def test_the_same_request_may_come_with_a_job_that_was_rendered_since() -> None:
    """The Run's own template counts, not that of whoever carries it on."""
    newer = replace(WANTED, job=a_template(backoffLimit=5))
    step = lifecycle.next_step(Seen(newer, RUN_ONLY), LATER)
    assert isinstance(step, Create)
    assert step.manifest["spec"]["backoffLimit"] == 0


def test_an_outcome_without_a_time_is_closed_now() -> None:
    step = lifecycle.next_step(seen(RECORDED, RELEASED, Outcome("Evicted")), LATER)
    assert isinstance(step, Patch)
    assert step.patch["status"]["attempts"] == [{**RECORD, "finishedAt": at(90), "cause": "Evicted"}]


def test_closing_a_later_attempt_keeps_the_earlier_ones_as_they_are() -> None:
    second = Attempt(2, "backup-x7k2p-2", "job-9")
    run = replace(CLOSED, attempts=(CLOSED_ATTEMPT, second))
    step = lifecycle.next_step(Seen(WANTED, run, None, FAILED, "job-9"), LATER)
    assert isinstance(step, Patch)
    first, last = step.patch["status"]["attempts"]
    assert first == {**RECORD, "finishedAt": at(0), "exitCode": 0, "cause": "Succeeded"}
    assert (last["number"], last["uid"], last["cause"]) == (2, "job-9", "OOMKilled")


def test_every_write_to_a_run_holds_only_for_the_version_that_was_read() -> None:
    for _, run, job, outcome, _ in PREFIXES:
        step = lifecycle.next_step(seen(run, job, outcome), LATER)
        if isinstance(step, Patch) and step.ref.kind is RUN:
            assert run is not None
            assert step.patch["metadata"] == {"uid": "run-1", "resourceVersion": run.resource_version}
            assert step.subresource == "status"
