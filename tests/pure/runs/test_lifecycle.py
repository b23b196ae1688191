"""The next step of a run: one row for each moment at which whoever drives it may have been killed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import JOB, RUN, Ref
from kubectl_rapt.model.plan import Create, Delete, Patch
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.leases import Lease
from kubectl_rapt.objects.retry_policies import Changes, RetryPolicy, Rule
from kubectl_rapt.objects.runs import Adopted, Attempt, Mount, Run, Wish
from kubectl_rapt.runs import lifecycle
from kubectl_rapt.runs.budgets import Past
from kubectl_rapt.runs.lifecycle import Done, Later, Look, Seen, Taken, Wait
from kubectl_rapt.runs.outcome import Outcome
from tests.given import NOON, a_job, a_run, a_template, at

WANTED = a_run()
RUN_ONLY = replace(WANTED, uid="run-1", resource_version="7", generation=1)
RECORDED = replace(RUN_ONLY, resource_version="8", attempts=(Attempt(1, "backup-x7k2p-1", "job-1"),))
CLOSED_ATTEMPT = replace(RECORDED.attempts[0], cause="Succeeded", exit_code=0, finished_at=NOON)
CLOSED = replace(RECORDED, resource_version="9", attempts=(CLOSED_ATTEMPT,))
SUSPENDED = jobs.from_manifest(a_job(suspend=True, labels={"rapt.dev/unreleased": "true"}))
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
    {
        "metadata": {"uid": "job-1", "labels": {"rapt.dev/unreleased": None}},
        "spec": {"suspend": False},
    },
    expects={"/metadata/labels/rapt.dev~1unreleased": "true"},
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
    ("recorded, lost and made again", RECORDED, AGAIN, None, Delete(AGAIN.ref, "job-2", "5")),
    ("closed, lost and made again", CLOSED, AGAIN, None, Delete(AGAIN.ref, "job-2", "5")),
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


POLICY = RetryPolicy(
    "grow",
    "Three attempts, twice the memory",
    3,
    delay=Duration(20),
    jitter_percent=0,
    rules=(Rule("retry", ("OOMKilled",), changes=Changes(memory_factor=2)), Rule("give-up", exit_codes=(3,))),
)
SIZED = a_template()
SIZED["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"memory": "16Mi"}}
LEARNER = replace(RECORDED, retry=POLICY, job=SIZED)
"""A run with a policy whose first attempt is recorded and open."""
FAILED_ONCE = Attempt(
    1, "backup-x7k2p-1", "job-1", finished_at=NOON + timedelta(seconds=60), exit_code=137, cause="OOMKilled"
)
RETRYING = replace(LEARNER, resource_version="9", attempts=(FAILED_ONCE,), state="Retrying")
SECOND = Attempt(2, "backup-x7k2p-2", "job-9")
TWO = replace(RETRYING, resource_version="10", attempts=(FAILED_ONCE, SECOND), state="Running")
DUE = NOON + timedelta(seconds=80)
SOON = DUE - timedelta(seconds=1)


def second(uid: str = "job-9", owner: str = "run-1", **spec: Any) -> Job:
    manifest = a_job(uid=uid, owner=owner, **spec)
    manifest["metadata"]["name"] = "backup-x7k2p-2"
    return jobs.from_manifest(manifest)


def status_of(step: object) -> dict[str, Any]:
    assert isinstance(step, Patch)
    assert step.subresource == "status"
    return dict(step.patch["status"])


def kind_of(step: object) -> str:
    """A step in one word or two."""
    match step:
        case Create(manifest):
            return f"create {manifest['metadata']['name']}"
        case Delete(ref, uid):
            return f"delete {ref.name} {uid}"
        case Patch(ref, patch, "status"):
            attempts = patch["status"].get("attempts") or [{"number": 0}]
            last = attempts[-1]
            return f"record {last['number']} {last.get('cause', 'open')}: {patch['status']['state']}"
        case Patch(ref, patch):
            return f"{ref.name} suspend={patch['spec']['suspend']}"
        case _:
            return type(step).__name__


LOST = Outcome("Deleted", message="somebody deleted it")
NONE: tuple[Past, ...] = ()
GIVES_UP = Outcome("ExitCode", 3, finished_at=NOON + timedelta(seconds=70))
THRICE = replace(
    TWO,
    attempts=(
        FAILED_ONCE,
        replace(FAILED_ONCE, number=2, job="backup-x7k2p-2", uid="job-9"),
        Attempt(3, "backup-x7k2p-3", "job-5"),
    ),
)
WISHED = replace(
    CLOSED,
    attempts=(replace(CLOSED_ATTEMPT, cause="ExitCode", exit_code=7),),
    state="Failed",
    wish=Wish(2, "ann"),
)

SECOND_ATTEMPT: list[tuple[str, Seen, Any, str]] = [
    ("failed, and another is allowed", seen(LEARNER, RELEASED, FAILED), LATER, "record 1 OOMKilled: Retrying"),
    ("failed with what gives up", seen(LEARNER, RELEASED, GIVES_UP), LATER, "record 1 ExitCode: Failed"),
    ("deleted: nobody knows what it did", seen(LEARNER, None), LATER, "record 1 Deleted: Failed"),
    ("not yet due", seen(RETRYING, RELEASED), SOON, "Later"),
    ("due, budgets unread", seen(RETRYING, RELEASED), DUE, "Look"),
    ("due", replace(seen(RETRYING, RELEASED), past=NONE), DUE, "create backup-x7k2p-2"),
    ("due, the first Job is gone", replace(seen(RETRYING), past=NONE), DUE, "create backup-x7k2p-2"),
    ("its Job is unrecorded", seen(RETRYING, second(suspend=True)), DUE, "record 2 open: Running"),
    ("its name is taken", seen(RETRYING, second(owner="someone")), DUE, "Taken"),
    ("recorded, suspended", seen(TWO, second(suspend=True)), DUE, "backup-x7k2p-2 suspend=False"),
    ("released", seen(TWO, second()), DUE, "Wait"),
    ("recorded and lost", seen(TWO), DUE, "record 2 Deleted: Failed"),
    ("made again", seen(TWO, second("job-8")), DUE, "delete backup-x7k2p-2 job-8"),
    ("an outcome of the first comes late", seen(TWO, second(), FAILED), DUE, "Wait"),
    ("ended", Seen(WANTED, TWO, second(), FAILED, "job-9"), DUE, "record 2 OOMKilled: Retrying"),
    ("used up", Seen(WANTED, THRICE, None, FAILED, "job-5"), DUE, "record 3 OOMKilled: Exhausted"),
    ("ended well at last", Seen(WANTED, THRICE, None, SUCCEEDED, "job-5"), DUE, "record 3 Succeeded: Succeeded"),
    ("a person asks for another", seen(WISHED, RELEASED), NOON, "create backup-x7k2p-2"),
    ("a person asks while it waits", seen(replace(RETRYING, wish=Wish(2, "ann"))), SOON, "create backup-x7k2p-2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "now", "step"), [row[1:] for row in SECOND_ATTEMPT], ids=[row[0] for row in SECOND_ATTEMPT]
)
def test_every_prefix_of_a_retry_has_its_next_step(known: Seen, now: Any, step: str) -> None:
    assert kind_of(lifecycle.next_step(known, now)) == step


CANCELLED = replace(LEARNER, cancelled_by="ann")
MARKED = replace(SUSPENDED, is_cancelled=True)
STOPPED = Outcome("ExitCode", 143, finished_at=NOON + timedelta(seconds=70))
CANCELS: list[tuple[str, Seen, str]] = [
    ("before its first Job", seen(replace(RUN_ONLY, cancelled_by="ann")), "record 0 open: NotStarted"),
    ("running, and nobody has looked whether it ended", seen(CANCELLED, RELEASED), "Look"),
    ("running", replace(seen(CANCELLED, RELEASED), is_end_known=True), "backup-x7k2p-1 suspend=True"),
    ("not released, or by somebody who is late", seen(CANCELLED, SUSPENDED), "backup-x7k2p-1 suspend=True"),
    ("suspended, its pods are ending", seen(CANCELLED, replace(MARKED, active=1)), "Wait"),
    ("suspended, its pods are gone", seen(CANCELLED, MARKED), "record 1 Cancelled: Failed"),
    ("its container ended because of that", seen(CANCELLED, MARKED, STOPPED), "record 1 Cancelled: Failed"),
    ("it ended, and nobody marked the Job", seen(CANCELLED, SUSPENDED, STOPPED), "backup-x7k2p-1 suspend=True"),
    ("it had failed before", seen(CANCELLED, RELEASED, FAILED), "record 1 OOMKilled: Failed"),
    ("it had succeeded before", seen(CANCELLED, SUSPENDED, SUCCEEDED), "record 1 Succeeded: Succeeded"),
    ("its Job has ended, nobody says how", seen(CANCELLED, jobs.from_manifest(a_job(ended="Failed"))), "Wait"),
    ("its Job is gone", seen(CANCELLED), "record 1 Deleted: Failed"),
    ("while it waits for its next attempt", seen(replace(RETRYING, cancelled_by="ann")), "record 0 open: Failed"),
    ("after that", seen(replace(RETRYING, cancelled_by="ann", state="Failed")), "Done"),
    ("somebody cancelled it since it was read", seen(RECORDED, MARKED), "Wait"),
    (
        "before the attempt that somebody asked for",
        seen(replace(CLOSED, state="Failed", wish=Wish(2, "bob"), cancelled_by="ann")),
        "record 2 Cancelled: Failed",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("known", "step"), [row[1:] for row in CANCELS], ids=[row[0] for row in CANCELS])
def test_a_run_that_is_cancelled_stops_wherever_it_stands(known: Seen, step: str) -> None:
    assert kind_of(lifecycle.next_step(known, LATER)) == step


def test_stopping_changes_the_job_also_where_it_is_suspended_so_that_a_late_release_fails() -> None:
    step = lifecycle.next_step(seen(CANCELLED, SUSPENDED), LATER)
    assert step == Patch(
        SUSPENDED.ref,
        {
            "metadata": {
                "uid": "job-1",
                "resourceVersion": "5",
                "labels": {"rapt.dev/unreleased": None, "rapt.dev/cancelled": "true"},
            },
            "spec": {"suspend": True},
        },
    )


def test_a_cancelled_attempt_has_lasted_from_its_release_though_kubernetes_forgets_that() -> None:
    running = replace(RELEASED, started_at=NOON)
    step = lifecycle.next_step(replace(seen(CANCELLED, running), is_end_known=True), LATER)
    assert isinstance(step, Patch)
    assert step.patch["metadata"]["annotations"] == {"rapt.dev/released": at(0)}
    stopped = a_job(suspend=True, labels={"rapt.dev/cancelled": "true"})
    stopped["metadata"]["annotations"] = {"rapt.dev/released": at(0)}
    status = status_of(lifecycle.next_step(seen(CANCELLED, jobs.from_manifest(stopped)), LATER))
    assert (status["attempts"][0]["startedAt"], status["attempts"][0]["finishedAt"]) == (at(0), at(90))


def test_a_job_gets_a_time_to_live_when_its_end_is_recorded_and_none_while_somebody_holds_it() -> None:
    fresh = replace(RELEASED, ttl_seconds=None)
    assert lifecycle.expiry(RECORDED, fresh) is None, "its end is not recorded"
    given = lifecycle.expiry(CLOSED, fresh)
    metadata = {"uid": "job-1", "resourceVersion": "5"}
    assert given == Patch(fresh.ref, {"metadata": metadata, "spec": {"ttlSecondsAfterFinished": 604800}})
    assert lifecycle.expiry(CLOSED, replace(fresh, ttl_seconds=604800)) is None, "it has it already"
    held_run = replace(CLOSED, annotations={"rapt.dev/keep": "incident 7"})
    for run, job in ((CLOSED, replace(fresh, is_held=True)), (held_run, fresh)):
        assert lifecycle.expiry(run, job) is None
    taken = Patch(fresh.ref, {"metadata": metadata, "spec": {"ttlSecondsAfterFinished": None}})
    for run, job in ((CLOSED, replace(fresh, is_held=True)), (held_run, fresh), (RECORDED, fresh)):
        assert lifecycle.expiry(run, replace(job, ttl_seconds=604800)) == taken


def test_a_cancelled_retry_says_who_cancelled_it_and_waits_no_more() -> None:
    status = status_of(lifecycle.next_step(seen(replace(RETRYING, cancelled_by="ann")), LATER))
    assert status["nextAttemptAt"] is None
    assert [one["reason"] for one in status["conditions"]] == ["Cancelled", "Cancelled"]
    assert status["conditions"][0]["message"] == "cancelled by ann"
    assert status["conditions"][0]["lastTransitionTime"] == at(90)


@pytest.mark.parametrize(
    ("retry", "reason"),
    [(None, "OOMKilled"), (POLICY, "Cancelled")],
    ids=["never", "it would be tried again"],
)
def test_what_failed_before_it_was_cancelled_is_over_because_of_that_unless_it_would_be_tried_again(
    retry: Any, reason: str
) -> None:
    failed = replace(CANCELLED, retry=retry)
    status = status_of(lifecycle.next_step(seen(failed, RELEASED, FAILED), LATER))
    assert status["attempts"][0]["cause"] == "OOMKilled"
    assert [one["reason"] for one in status["conditions"]] == [reason, reason]


MOUNT = Mount("ConfigMap", "backup-x7k2p-1", "sha256:cc", "/data")
FILES = {"metadata": {"name": MOUNT.name}, "kind": "ConfigMap", "apiVersion": "v1", "data": {"a": "b"}}
FED = replace(RUN_ONLY, mounts=(MOUNT,), created_at=NOON)
STRANGE = replace(FED, mounts=(replace(MOUNT, kind="Secret", name="postgres"),))
MOUNTS: list[tuple[str, Seen, Any, str]] = [
    ("missing, brought", replace(seen(FED), contents={MOUNT.name: FILES}), LATER, "create backup-x7k2p-1"),
    ("there", replace(seen(FED), mounted=frozenset({MOUNT.name})), LATER, "create backup-x7k2p-1"),
    ("missing, who has them may come", seen(FED), LATER, "Later"),
    ("missing for ten minutes", seen(FED), NOON + lifecycle.PATIENCE, "record 0 open: NotStarted"),
    (
        "not its own",
        replace(seen(STRANGE), mounted=frozenset({"postgres"})),
        LATER,
        "record 0 open: NotStarted",
    ),
    ("too late to begin", seen(replace(RUN_ONLY, not_after=LATER)), LATER, "record 0 open: NotStarted"),
    ("in time", seen(replace(RUN_ONLY, not_after=LATER)), LATER - timedelta(seconds=1), "create backup-x7k2p-1"),
    ("closed as never started", seen(replace(RUN_ONLY, state="NotStarted")), LATER, "Done"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "now", "step"), [row[1:] for row in MOUNTS], ids=[row[0] for row in MOUNTS]
)
def test_a_run_begins_with_its_files_and_in_time_or_not_at_all(known: Seen, now: Any, step: str) -> None:
    assert kind_of(lifecycle.next_step(known, now)) == step


def test_who_waits_for_files_is_told_until_when() -> None:
    assert lifecycle.next_step(seen(FED), LATER) == Later(
        NOON + lifecycle.PATIENCE, "configmap/backup-x7k2p-1 is missing, and only who asked can bring it"
    )


@pytest.mark.parametrize("holder", ["backup-x7k2p", "another"])
def test_a_run_that_is_over_gives_back_its_own_turn_and_no_other(holder: str) -> None:
    lease = Lease("rapt-backup", "team", holder, 1, "lease-1", "3")
    step = lifecycle.next_step(replace(seen(CLOSED), lease=lease), LATER)
    assert step == (Delete(lease.ref, "lease-1", "3") if holder == CLOSED.name else Done(CLOSED_ATTEMPT))


def test_the_files_of_a_run_belong_to_it() -> None:
    step = lifecycle.next_step(replace(seen(FED), contents={MOUNT.name: FILES}), LATER)
    assert isinstance(step, Create)
    assert step.manifest["metadata"]["namespace"] == "team"
    assert step.manifest["metadata"]["ownerReferences"][0]["uid"] == "run-1"


ADOPTED = replace(RUN_ONLY, retry=POLICY, adopted=Adopted("backup-29000", "cron-1"))
ADOPTED_OPEN = replace(ADOPTED, attempts=(Attempt(1, "backup-29000", "cron-1"),), state="Running")
ADOPTED_FAILED = replace(
    ADOPTED_OPEN, attempts=(replace(FAILED_ONCE, job="backup-29000", uid="cron-1"),), state="Retrying"
)
ADOPTED_TWICE = replace(ADOPTED_FAILED, attempts=(*ADOPTED_FAILED.attempts, SECOND), state="Running")
CRONS = replace(FOREIGN, name="backup-29000", uid="cron-1", ended="Failed", reason="BackoffLimitExceeded")
ADOPTIONS: list[tuple[str, Seen, str]] = [
    ("found", seen(ADOPTED, CRONS), "record 1 open: Running"),
    ("recorded", seen(ADOPTED_OPEN, CRONS), "Wait"),
    ("suspended by whoever made it", seen(ADOPTED_OPEN, replace(CRONS, ended="", is_suspended=True)), "Wait"),
    ("its end is known", Seen(WANTED, ADOPTED_OPEN, CRONS, FAILED, "cron-1"), "record 1 OOMKilled: Retrying"),
    ("gone", seen(ADOPTED_OPEN), "record 1 Deleted: Failed"),
    ("its retry is due", replace(seen(ADOPTED_FAILED, CRONS), past=NONE), "create backup-x7k2p-2"),
    ("its retry has a Job of its own", seen(ADOPTED_TWICE, second(suspend=True)), "backup-x7k2p-2 suspend=False"),
]  # fmt: skip


@pytest.mark.parametrize(("known", "step"), [row[1:] for row in ADOPTIONS], ids=[row[0] for row in ADOPTIONS])
def test_a_job_of_a_schedule_is_carried_on_like_any_other(known: Seen, step: str) -> None:
    assert kind_of(lifecycle.next_step(known, LATER)) == step


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (RUN_ONLY, "backup-x7k2p-1"),
        (RECORDED, "backup-x7k2p-1"),
        (CLOSED, "backup-x7k2p-1"),
        (RETRYING, "backup-x7k2p-2"),
        (TWO, "backup-x7k2p-2"),
        (WISHED, "backup-x7k2p-2"),
        (ADOPTED, "backup-29000"),
        (ADOPTED_FAILED, "backup-x7k2p-2"),
    ],
)
def test_the_job_to_look_at_is_the_open_one_or_the_one_that_is_due(run: Run, name: str) -> None:
    assert lifecycle.job_name(run) == name


@pytest.mark.parametrize(
    "run", [TWO, replace(TWO, attempts=(FAILED_ONCE, replace(SECOND, cause="Succeeded", finished_at=DUE)))]
)
def test_the_job_of_an_earlier_attempt_is_never_taken_for_a_stray_one(run: Run) -> None:
    assert not isinstance(lifecycle.next_step(seen(run, RELEASED), LATER), Delete)


def test_a_job_that_somebody_else_has_suspended_is_left_to_them() -> None:
    by_hand = replace(SUSPENDED, suspended_by="kubectl-patch")
    assert lifecycle.next_step(seen(RECORDED, by_hand), LATER) == Wait(by_hand)
    ours = replace(SUSPENDED, suspended_by="rapt")
    assert lifecycle.next_step(seen(RECORDED, ours), LATER) == RELEASE


def test_a_later_attempt_takes_back_what_was_said_of_the_end_of_the_one_before() -> None:
    status = status_of(lifecycle.next_step(seen(RETRYING, second(suspend=True)), DUE))
    assert {key: value for key, value in status.items() if key != "attempts"} == {
        "state": "Running",
        "conditions": [],
        "nextAttemptAt": None,
        "result": None,
        "log": None,
    }
    assert [one["number"] for one in status["attempts"]] == [1, 2]


def test_the_next_attempt_has_what_the_policy_changes() -> None:
    step = lifecycle.next_step(replace(seen(RETRYING), past=NONE), DUE)
    assert isinstance(step, Create)
    (container,) = step.manifest["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "32Mi"
    assert step.manifest["metadata"]["labels"]["rapt.dev/attempt"] == "2"
    assert step.manifest["spec"]["suspend"] is True


def test_who_waits_for_an_attempt_is_told_which_and_when() -> None:
    status = status_of(lifecycle.next_step(seen(LEARNER, RELEASED, FAILED), LATER))
    assert status["nextAttemptAt"] == at(80)
    assert [(one["type"], one["status"]) for one in status["conditions"]] == [
        ("Finished", "False"),
        ("Succeeded", "False"),
    ]
    assert lifecycle.next_step(seen(RETRYING), SOON) == Later(DUE, "attempt 2 of 3", "policy grow")


def test_an_attempt_that_a_person_asked_for_and_that_must_wait_is_recorded_as_one_to_come() -> None:
    failed = replace(CLOSED_ATTEMPT, cause="ExitCode", exit_code=1)
    over = replace(CLOSED, concurrency="forbid", state="Failed", attempts=(failed,))
    asked = replace(over, wish=Wish(2, "ann"))
    other = Lease("rapt-backup", "team", "other", 1, "lease-1", "4")
    known = replace(seen(asked), lease=other, is_held=True)
    status = status_of(lifecycle.next_step(known, LATER))
    assert (status["state"], status["nextAttemptAt"]) == ("Retrying", at(90))
    assert status["conditions"][0]["status"] == "False", "it is not finished"
    recorded = replace(asked, state="Retrying", next_attempt_at=LATER)
    step = lifecycle.next_step(replace(known, run=recorded), LATER)
    assert isinstance(step, Later)
    assert step.behind == "run/other"
    cancelled = lifecycle.next_step(replace(known, run=replace(recorded, cancelled_by="ben")), LATER)
    assert status_of(cancelled)["state"] == "Failed"


def test_only_a_run_that_is_given_up_keeps_its_last_words() -> None:
    loud = replace(FAILED, log="out of memory\n")
    status = status_of(lifecycle.next_step(Seen(WANTED, THRICE, None, loud, "job-5"), DUE))
    assert status["log"] == "out of memory\n"
    assert status["conditions"][-1]["type"] == "Exhausted"
    assert status["conditions"][-1]["message"] == "policy grow allows 3 attempts"
    assert "log" not in status_of(lifecycle.next_step(seen(LEARNER, RELEASED, loud), LATER))
    assert lifecycle.would_exhaust(THRICE, FAILED, DUE)
    assert not lifecycle.would_exhaust(TWO, FAILED, DUE)
    assert not lifecycle.would_exhaust(THRICE, SUCCEEDED, DUE)


def test_a_budget_that_is_spent_holds_a_retry_back_and_not_one_that_a_person_asked_for() -> None:
    spent = [Past("backup", "Retrying", 2, NOON, NOON)] * 60
    held = lifecycle.next_step(replace(seen(RETRYING), past=spent), DUE)
    assert isinstance(held, Later)
    assert held.is_held
    assert held.at > DUE
    wished = replace(RETRYING, wish=Wish(2, "ann"))
    assert kind_of(lifecycle.next_step(replace(seen(wished), past=spent), DUE)) == "create backup-x7k2p-2"
    begun = replace(seen(RETRYING, second(suspend=True)), past=spent)
    assert kind_of(lifecycle.next_step(begun, DUE)) == "record 2 open: Running"
    assert lifecycle.next_step(seen(RETRYING), DUE) == Look()
