"""How a run stands now: the record, the Job and the pods, whichever says most."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.objects import events, jobs, pods
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.runs import FINISHED, Adopted, Attempt, Run, Wish
from kubectl_rapt.runs import outcome, standing
from kubectl_rapt.runs.standing import Standing
from tests.given import NOON, RUNNING, a_job, a_pod, a_run, at, ended, waiting

OPEN = Attempt(1, "backup-x7k2p-1", "job-1")
DONE = replace(
    OPEN,
    cause="ExitCode",
    exit_code=7,
    started_at=NOON + timedelta(seconds=2),
    finished_at=NOON + timedelta(seconds=60),
)
THRICE = RetryPolicy("thrice", "Three times", 3, Duration.parse("30s"), jitter_percent=0)
NOW = NOON + timedelta(minutes=17)
QUOTA = {
    "metadata": {"name": "e", "namespace": "team", "creationTimestamp": at(5)},
    "involvedObject": {"kind": "Job", "name": "backup-x7k2p-1", "uid": "job-1"},
    "reason": "FailedCreate",
    "message": 'Error creating: pods "x" is forbidden: exceeded quota: small, requested: cpu=1, limited: cpu=4',
}


def run(**other: Any) -> Run:
    return a_run(**{"uid": "run-1", "created_at": NOON, "attempts": (OPEN,), "state": "Running", **other})


def stands(
    one: Run,
    job: dict[str, Any] | None = None,
    *some: dict[str, Any],
    said: Sequence[dict[str, Any]] = (),
    behind: str = "",
    seconds: float = 1020,
) -> Standing:
    return standing.of_run(
        one,
        jobs.from_manifest(job) if job else None,
        [pods.from_manifest(pod) for pod in some],
        [events.from_manifest(event) for event in said],
        now=NOON + timedelta(seconds=seconds),
        behind=behind,
    )


def released(**other: Any) -> dict[str, Any]:
    job = a_job(**other)
    job.setdefault("status", {})["startTime"] = at(2)
    return job


def held(manager: str = "", **other: Any) -> dict[str, Any]:
    job = a_job(suspend=True, **other)
    if manager:
        job["metadata"]["managedFields"] = [{"manager": manager, "fieldsV1": {"f:spec": {"f:suspend": {}}}}]
    return job


NOT_YET = waiting("ContainerCreating")
NO_IMAGE = waiting("ImagePullBackOff", "not found")
NO_SECRET = waiting("CreateContainerConfigError", 'secret "db" not found')
NO_NODE = "0/3 nodes are available: 3 Insufficient cpu."
FAILED_127 = a_pod("Failed", ended(127))

TABLE: list[tuple[str, Run, dict[str, Any] | None, list[dict[str, Any]], str, str]] = [
    ("its pod runs", run(), released(), [a_pod("Running", RUNNING)], "Running", "Running"),
    ("no pod yet", run(), released(), [], "Pending", "Pending"),
    ("its image is being pulled", run(), released(), [a_pod("Pending", NOT_YET)], "Pending", "Pending"),
    (
        "its image is not there",
        run(),
        released(),
        [a_pod("Pending", NO_IMAGE)],
        "Waiting:ImageNotFound",
        "Waiting",
    ),
    (
        "a Secret is missing",
        run(),
        released(),
        [a_pod("Pending", NO_SECRET)],
        "Waiting:InvalidConfiguration",
        "Waiting",
    ),
    (
        "no node",
        run(),
        released(),
        [a_pod("Pending", NOT_YET, scheduled=NO_NODE)],
        "Waiting:Unschedulable",
        "Waiting",
    ),
    ("failed, and nobody recorded it", run(), released(), [FAILED_127], "ExitCode", "Failed"),
    (
        "succeeded, and nobody did",
        run(),
        released(ended="Complete"),
        [a_pod("Succeeded", ended(0))],
        "Succeeded",
        "Succeeded",
    ),
    ("failed, and is to be tried again", run(retry=THRICE), released(), [FAILED_127], "Retrying", "Retrying"),
    (
        "failed for the last time",
        run(retry=replace(THRICE, attempts=2), attempts=(DONE, replace(OPEN, number=2))),
        released(),
        [FAILED_127],
        "ExitCode",
        "Exhausted",
    ),
    ("its Job is gone", run(), None, [], "Deleted", "Failed"),
    ("another Job has its name", run(), released(uid="other"), [], "Deleted", "Failed"),
    (
        "cancelled, its pods are ending",
        run(cancelled_by="ann"),
        {**held(), "status": {"active": 1}},
        [a_pod("Running", RUNNING)],
        "Stopping",
        "Stopping",
    ),
    ("cancelled, its pods have ended", run(cancelled_by="ann"), held(), [], "Cancelled", "Failed"),
    (
        "cancelled, and it had done its work",
        run(cancelled_by="ann"),
        released(ended="Complete"),
        [a_pod("Succeeded", ended(0))],
        "Succeeded",
        "Succeeded",
    ),
    (
        "cancelled before it began",
        run(attempts=(), state="", cancelled_by="ann"),
        None,
        [],
        "NotStarted",
        "NotStarted",
    ),
    ("too late to begin", run(attempts=(), state="", not_after=NOON), None, [], "NotStarted", "NotStarted"),
    ("somebody suspended it", run(), held("kubectl-edit"), [], "Suspended", "Suspended"),
    (
        "Kueue holds it",
        run(),
        held("kueue", labels={"kueue.x-k8s.io/queue-name": "q"}),
        [],
        "Waiting:Queued",
        "Waiting",
    ),
    ("not released yet", run(), held("rapt"), [], "Pending", "Pending"),
    ("nothing was created yet", run(attempts=(), state=""), None, [], "Pending", "Pending"),
    (
        "adopted, and not recorded",
        run(attempts=(), state="", adopted=Adopted("backup-x7k2p-1", "job-1")),
        released(),
        [a_pod("Running", RUNNING)],
        "Running",
        "Running",
    ),
    (
        "waits for its next attempt",
        run(state="Retrying", retry=THRICE, attempts=(DONE,)),
        None,
        [],
        "Retrying",
        "Retrying",
    ),
    (
        "cancelled between attempts",
        run(state="Retrying", retry=THRICE, attempts=(DONE,), cancelled_by="ann"),
        None,
        [],
        "ExitCode",
        "Failed",
    ),
    (
        "over, whatever its Job says",
        run(state="Failed", attempts=(DONE,)),
        released(),
        [a_pod("Running", RUNNING)],
        "ExitCode",
        "Failed",
    ),
    (
        "over, and wished for again",
        run(state="Failed", attempts=(DONE,), wish=Wish(2, "ann")),
        None,
        [],
        "Retrying",
        "Retrying",
    ),
    (
        "one failed, the next one starts soon",
        run(),
        released(backoffLimit=3),
        [FAILED_127],
        "Running",
        "Running",
    ),
    (
        "the next one has no image",
        run(),
        released(backoffLimit=3),
        [FAILED_127, a_pod("Pending", NO_IMAGE, name="z", created=9)],
        "Waiting:ImageNotFound",
        "Waiting",
    ),
]


@pytest.mark.parametrize(
    ("one", "job", "some", "status", "state"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_is_shown_is_what_is_so(
    one: Run, job: dict[str, Any] | None, some: list[dict[str, Any]], status: str, state: str
) -> None:
    found = stands(one, job, *some)
    assert (found.status, found.state) == (status, state)
    assert found.state in standing.STATES
    has_news = found.state in ("Retrying", *FINISHED) and found.state != one.state
    assert found.is_recorded is (not has_news or bool(one.wish))


def test_a_quota_that_refuses_its_pods_is_in_events_alone() -> None:
    found = stands(run(), released(), said=[QUOTA])
    assert (found.status, found.state) == ("Waiting:QuotaExceeded", "Waiting")
    assert "quota small refuses it" in found.message


@pytest.mark.parametrize(
    ("one", "job"),
    [(run(attempts=(), state="", concurrency="queue"), None), (run(concurrency="queue"), held("rapt"))],
)
def test_what_waits_for_its_turn_says_for_whom(one: Run, job: dict[str, Any] | None) -> None:
    found = stands(one, job, behind="run/backup-aaaaa")
    assert (found.status, found.state, found.overdue) == ("Waiting:Turn", "Waiting", timedelta())
    assert found.message == "run/backup-aaaaa of backup is still running"


def test_an_end_that_nobody_recorded_is_told_as_it_would_be_recorded() -> None:
    found = stands(run(), released(), FAILED_127)
    assert (found.exit_code, found.attempt, found.is_recorded) == (127, 1, False)
    assert found.outcome == outcome.of(jobs.from_manifest(released()), [pods.from_manifest(FAILED_127)])
    assert (found.released_at, found.finished_at) == (
        NOON + timedelta(seconds=2),
        NOON + timedelta(seconds=60),
    )


def test_a_cancelled_run_is_told_in_one_word() -> None:
    assert Standing("Cancelled", "Failed").words == "Cancelled"
    assert Standing("OOMKilled", "Failed").words == "OOMKilled (Failed)"


def test_a_run_takes_from_its_first_release_to_its_last_end() -> None:
    second = replace(DONE, number=2, started_at=NOON + timedelta(seconds=90), finished_at=NOW)
    found = stands(run(state="Failed", attempts=(DONE, second)))
    assert (found.released_at, found.finished_at) == (DONE.started_at, NOW)
    unknown = stands(run(state="Failed", attempts=(replace(DONE, started_at=None), second)))
    assert unknown.released_at is None, "unknown is unknown"


def test_a_retry_that_nobody_starts_is_overdue() -> None:
    one = run(state="Retrying", retry=THRICE, attempts=(DONE,), next_attempt_at=NOON + timedelta(seconds=90))
    assert stands(one, seconds=100).overdue == timedelta()
    found = stands(one)
    assert found.overdue == timedelta(seconds=930)
    assert found.message == "attempt 2 of 3 was due at 12:01:30 UTC, and was not started"
    assert stands(one, behind="run/other").message == "run/other of backup is still running"


def test_a_run_whose_command_was_cut_off_is_overdue() -> None:
    half = run(attempts=(), state="")
    assert stands(half, seconds=10).overdue == timedelta()
    found = stands(half, seconds=40)
    assert (found.overdue, "was cut off" in found.message) == (timedelta(seconds=40), True)


def test_a_container_that_outlives_the_others_is_named() -> None:
    found = stands(run(), released(), a_pod("Running", ended(0), RUNNING, RUNNING))
    assert (found.status, found.message) == (
        "Running",
        'container "tool" ended with exit code 0; it is not over because containers "other-1" and "other-2" still run',
    )
    assert stands(run(), released(), a_pod("Running", RUNNING, RUNNING)).message == ""


def test_a_job_of_a_schedule_stands_as_its_pods_do() -> None:
    def of_job(job: dict[str, Any], *some: dict[str, Any]) -> tuple[str, str]:
        found = standing.of_job(jobs.from_manifest(job), [pods.from_manifest(one) for one in some])
        return found.status, found.state

    assert of_job(released(), a_pod("Pending", NO_IMAGE)) == ("Waiting:ImageNotFound", "Waiting")
    assert of_job(released(), FAILED_127) == ("ExitCode", "Failed")
    assert of_job(held("kubectl-edit")) == ("Suspended", "Suspended")
    assert of_job(released(), a_pod("Running", RUNNING)) == ("Running", "Running")
