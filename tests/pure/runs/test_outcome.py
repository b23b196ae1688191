"""How an attempt ended: what decides, when it is certain, and what is said about it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.model import times
from kubectl_rapt.objects import jobs, pods, runs
from kubectl_rapt.objects.runs import Attempt
from kubectl_rapt.runs import outcome
from kubectl_rapt.runs.outcome import Outcome
from tests.given import NOON, RUNNING, a_job, a_pod, a_run, at, ended, waiting

Pods = Sequence[dict[str, Any]]
OK, SEVEN, KILLED = ended(0), ended(7), ended(137)
NOT_YET = waiting("PodInitializing")
UNEXPLAINED = {"terminated": {"exitCode": 7, "startedAt": at(10), "finishedAt": at(60)}}
POLICY = {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3]}}]}


def of(job: dict[str, Any], *some: dict[str, Any]) -> Outcome | None:
    return outcome.of(jobs.from_manifest(job), [pods.from_manifest(one) for one in some])


OPEN: list[tuple[str, dict[str, Any], Pods]] = [
    ("no pod yet", a_job(), []),
    ("the container runs", a_job(), [a_pod("Running", RUNNING)]),
    ("the container waits", a_job(), [a_pod("Pending", waiting("ImagePullBackOff"))]),
    ("one of two containers ended well", a_job(), [a_pod("Running", OK, RUNNING)]),
    ("one of two containers ended badly", a_job(), [a_pod("Running", SEVEN, RUNNING)]),
    ("init failed, the pod may go on", a_job(), [a_pod("Pending", NOT_YET, init=[SEVEN])]),
    ("a replacement is due", a_job(backoffLimit=1), [a_pod("Failed", SEVEN)]),
    ("time is up, a replacement is due", a_job(backoffLimit=1), [a_pod("Failed", OK, reason="DeadlineExceeded")]),
    ("the replacement runs", a_job(backoffLimit=1), [a_pod("Failed", SEVEN), a_pod("Running", RUNNING, name="b")]),
    ("Kubernetes' own limit is six", a_job(backoffLimit=6), [a_pod("Failed", SEVEN, name=str(n)) for n in range(6)]),
    ("containers restart in place", a_job(restart="OnFailure"), [a_pod("Running", SEVEN)]),
    ("the pod is done, restarts in place", a_job(restart="OnFailure"), [a_pod("Succeeded", OK)]),
    ("a policy may forgive", a_job(podFailurePolicy=POLICY), [a_pod("Failed", SEVEN)]),
    ("one of three completions", a_job(completions=3, parallelism=1), [a_pod("Succeeded", OK)]),
    ("two at once", a_job(parallelism=2), [a_pod("Succeeded", OK), a_pod("Running", RUNNING, name="b")]),
    ("one of two at once failed", a_job(completions=1, parallelism=2), [a_pod("Failed", SEVEN)]),
]  # fmt: skip


@pytest.mark.parametrize(("job", "some"), [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
def test_it_is_open_as_long_as_it_may_go_either_way(job: dict[str, Any], some: Pods) -> None:
    assert of(job, *some) is None


SPAN: dict[str, Any] = {
    "started_at": NOON + timedelta(seconds=10),
    "finished_at": NOON + timedelta(seconds=60),
}
POD = "pod/backup-x7k2p-1-aaaaa"
EVICTED = "node node-1 had to be freed of its pod"
SAID_7 = 'container "tool" ended with exit code 7'
BY_7 = f'{POD} container "tool" terminated: Error, exit code 7'


def failed(reason: str, **spec: Any) -> dict[str, Any]:
    return a_job(ended="Failed", reason=reason, **spec)


CERTAIN: list[tuple[str, dict[str, Any], Pods, Outcome]] = [
    (
        "the container ended well",
        a_job(),
        [a_pod("Running", ended(0, message="42 files"))],
        Outcome("Succeeded", 0, "", f"{POD} Running", "42 files", **SPAN),
    ),
    (
        "the container ended badly",
        a_job(),
        [a_pod("Running", ended(7, message="disk full"))],
        Outcome("ExitCode", 7, SAID_7, BY_7, "disk full", **SPAN),
    ),
    (
        "memory ran out",
        a_job(),
        [a_pod("Failed", ended(137, reason="OOMKilled"))],
        Outcome(
            "OOMKilled",
            137,
            'container "tool" was killed because its node ran out of memory (no limit, peak unknown)',
            f'{POD} container "tool" terminated: OOMKilled, exit code 137',
            **SPAN,
        ),
    ),
    (
        "the node needed room",
        a_job(),
        [a_pod("Failed", KILLED, reason="Evicted", message="The node was low on resource: memory.")],
        Outcome(
            "Evicted",
            137,
            "node node-1 was low on memory (The node was low on resource: memory)",
            f"{POD} Failed: Evicted",
            **SPAN,
        ),
    ),
    (
        "evicted before it started",
        a_job(),
        [a_pod("Failed", waiting(""), reason="Evicted", message="low on memory")],
        Outcome("Evicted", None, f"{EVICTED} (low on memory)", f"{POD} Failed: Evicted"),
    ),
    (
        "the pod's time is up, and it ended well when told to stop",
        a_job(),
        [a_pod("Failed", OK, reason="DeadlineExceeded", message="Pod was active too long")],
        Outcome("DeadlineExceeded", 0, "Pod was active too long", f"{POD} Failed: DeadlineExceeded", **SPAN),
    ),
    (
        "the pod failed and nobody says why",
        a_job(),
        [a_pod("Failed", OK)],
        Outcome("Failed", 0, "", f"{POD} Failed", **SPAN),
    ),
    (
        "an init container failed",
        a_job(),
        [a_pod("Failed", NOT_YET, init=[OK, ended(3)])],
        Outcome(
            "InitFailed",
            3,
            'init container "init-1" ended with exit code 3',
            f'{POD} init container "init-1" terminated: Error, exit code 3',
            **SPAN,
        ),
    ),
    (
        "a sidecar was stopped after all was done",
        a_job(),
        [a_pod("Succeeded", OK, init=[KILLED])],
        Outcome("Succeeded", 0, "", f"{POD} Succeeded", **SPAN),
    ),
    (
        "a sidecar was stopped after the failure",
        a_job(),
        [a_pod("Failed", SEVEN, init=[KILLED])],
        Outcome("ExitCode", 7, SAID_7, BY_7, **SPAN),
    ),
    (
        "nobody says why the container failed",
        a_job(),
        [a_pod("Running", UNEXPLAINED)],
        Outcome("ExitCode", 7, SAID_7, BY_7, **SPAN),
    ),
    (
        "one container ended well, the other never started",
        a_job(),
        [a_pod("Failed", OK, waiting(""), reason="Evicted")],
        Outcome("Evicted", 0, EVICTED, f"{POD} Failed: Evicted", **SPAN),
    ),
    (
        "evicted before it started, and the Job says when that was final",
        failed("BackoffLimitExceeded"),
        [a_pod("Failed", waiting(""), reason="Evicted")],
        Outcome(
            "Evicted", None, EVICTED, f"{POD} Failed: Evicted", finished_at=NOON + timedelta(seconds=100)
        ),
    ),
    (
        "the second of two containers failed",
        a_job(),
        [a_pod("Running", ended(0, seconds=50), ended(2, seconds=55))],
        Outcome(
            "ExitCode",
            2,
            'container "other-1" ended with exit code 2',
            f'{POD} container "other-1" terminated: Error, exit code 2',
            started_at=SPAN["started_at"],
            finished_at=NOON + timedelta(seconds=55),
        ),
    ),
    (
        "two containers ended well, one after the other",
        a_job(),
        [a_pod("Running", ended(0, seconds=90), ended(0, seconds=55))],
        Outcome(
            "Succeeded",
            0,
            "",
            f"{POD} Running",
            started_at=SPAN["started_at"],
            finished_at=NOON + timedelta(seconds=90),
        ),
    ),
    (
        "the replacement ended well",
        a_job(backoffLimit=1),
        [a_pod("Running", OK, created=30), a_pod("Failed", SEVEN, name="first")],
        Outcome("Succeeded", 0, "1 pod of this attempt failed before", f"{POD} Running", **SPAN),
    ),
    (
        "the last replacement failed too, and is the one that counts",
        a_job(backoffLimit=1),
        [a_pod("Failed", SEVEN, created=30), a_pod("Failed", ended(1), name="first")],
        Outcome("ExitCode", 7, f"{SAID_7}, in pod 2 of this attempt", BY_7, **SPAN),
    ),
    (
        "restarts in place: the Job's condition decides, the container says more",
        a_job(ended="Complete", restart="OnFailure"),
        [a_pod("Succeeded", ended(0, message="done"))],
        Outcome("Succeeded", 0, "", f"{POD} Succeeded", "done", **SPAN),
    ),
    (
        "complete, and the pods are gone",
        a_job(ended="Complete"),
        [],
        Outcome("Succeeded", finished_at=NOON + timedelta(seconds=100)),
    ),
    (
        "complete, and the pod was last seen running",
        a_job(ended="Complete"),
        [a_pod("Running", RUNNING)],
        Outcome("Succeeded", **{**SPAN, "finished_at": NOON + timedelta(seconds=100)}),
    ),
    (
        "all of several completed",
        a_job(ended="Complete", completions=2, parallelism=2),
        [
            a_pod("Succeeded", OK, created=5),
            a_pod("Succeeded", OK, name="first"),
            a_pod("Failed", SEVEN, name="bad"),
        ],
        Outcome("Succeeded", 0, "", f"{POD} Succeeded", **SPAN),
    ),
    (
        "a policy ended it",
        failed("PodFailurePolicy", podFailurePolicy=POLICY, backoffLimit=6),
        [a_pod("Failed", ended(3))],
        Outcome(
            "ExitCode",
            3,
            'container "tool" ended with exit code 3',
            f'{POD} container "tool" terminated: Error, exit code 3',
            **SPAN,
        ),
    ),
    (
        "too many of several failed",
        failed("BackoffLimitExceeded", completions=3, parallelism=3),
        [a_pod("Failed", SEVEN, created=20), a_pod("Failed", ended(1), name="first")],
        Outcome("ExitCode", 7, SAID_7, BY_7, **SPAN),
    ),
    (
        "too many of several failed, the last one did not",
        failed("BackoffLimitExceeded", completions=3, parallelism=3),
        [a_pod("Failed", SEVEN), a_pod("Running", OK, name="last", created=20)],
        Outcome("ExitCode", 7, SAID_7, BY_7, **SPAN),
    ),
    (
        "too many failed, and the pods are gone",
        failed("BackoffLimitExceeded"),
        [],
        Outcome(
            "BackoffLimitExceeded",
            None,
            "Kubernetes lets it fail with one pod, and no more (backoffLimit 0)",
            "job/backup-x7k2p-1 condition Failed: BackoffLimitExceeded",
            finished_at=NOON + timedelta(seconds=100),
        ),
    ),
    (
        "the Job's own time is up: its pod was told to stop",
        failed("DeadlineExceeded", restart="OnFailure"),
        [a_pod("Failed", KILLED)],
        Outcome(
            "DeadlineExceeded",
            None,
            "the Job was active for longer than its time limit (activeDeadlineSeconds)",
            "job/backup-x7k2p-1 condition Failed: DeadlineExceeded",
            started_at=SPAN["started_at"],
            finished_at=NOON + timedelta(seconds=100),
        ),
    ),
    (
        "the Job failed and nobody says why",
        failed(""),
        [],
        Outcome(
            "Failed",
            message="it failed, and no cause was found",
            evidence="job/backup-x7k2p-1 condition Failed: no reason",
            finished_at=NOON + timedelta(seconds=100),
        ),
    ),
]


@pytest.mark.parametrize(
    ("job", "some", "expected"), [row[1:] for row in CERTAIN], ids=[row[0] for row in CERTAIN]
)
def test_it_is_certain_with_one_cause_and_its_evidence(
    job: dict[str, Any], some: Pods, expected: Outcome
) -> None:
    found = of(job, *some)
    assert found and replace(found, container="", node="", pod="") == expected


def test_what_a_run_records_stands_whatever_became_of_the_job() -> None:
    first = Attempt(1, "j1", "u1", cause="OOMKilled", exit_code=137)
    last = Attempt(2, "j2", "u2", NOON, NOON + timedelta(seconds=60), 7, "ExitCode", SAID_7)
    run = a_run(attempts=(first, last), result="disk full")
    assert outcome.recorded(run) == Outcome(
        "ExitCode",
        7,
        SAID_7,
        "run/backup-x7k2p attempt 2",
        "disk full",
        started_at=NOON,
        finished_at=NOON + timedelta(seconds=60),
    )


@pytest.mark.parametrize(
    "attempts", [(), (Attempt(1, "j", "u"),), (Attempt(1, "j", "u", cause="Evicted"), Attempt(2, "j", "u"))]
)
def test_a_run_whose_last_attempt_is_open_records_no_outcome(attempts: tuple[Attempt, ...]) -> None:
    assert outcome.recorded(a_run(attempts=attempts)) is None


def test_each_attempt_that_is_recorded_has_its_outcome() -> None:
    run = a_run(
        attempts=(Attempt(1, "j-1", "u1", cause="OOMKilled"), Attempt(2, "j-2", "u2", cause="Evicted"))
    )
    told = [outcome.recorded(run, number) for number in (1, 2, 3, 0)]
    assert [one and one.cause for one in told] == ["OOMKilled", "Evicted", None, "Evicted"]


def test_only_success_is_success() -> None:
    assert Outcome("Succeeded").is_success
    assert not any(Outcome(cause).is_success for cause in ("ExitCode", "Deleted", "Failed", "OOMKilled"))


def test_pods_that_were_made_in_the_same_second_are_told_apart_by_their_names() -> None:
    first, second = a_pod("Failed", ended(1), name="a"), a_pod("Failed", ended(2), name="b")
    for order in ([first, second], [second, first]):
        found = of(a_job(backoffLimit=1), *order)
        assert found is not None
        assert found.exit_code == 2


OURS = {
    "rules": [
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [126, 127]}},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [42, 127]}},
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42, 43], "containerName": "tool"}},
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [44]}},
    ]
}


MADE_ROOM = "its pod made room on node node-1 for one of higher priority (because)"
WENT_AWAY = "node node-1 went away or may not be used any more (because)"
DRAINED = "it was evicted from node node-1, as `kubectl drain` does (because)"


def a_disrupted_pod(reason: str, *states: dict[str, Any], why: str = "") -> dict[str, Any]:
    pod = a_pod("Failed", *states, reason=why)
    condition = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": "because"}
    pod["status"]["conditions"].append(condition)
    return pod


@pytest.mark.parametrize(
    ("code", "is_certain"),
    [(0, True), (126, True), (127, True), (44, True), (7, False), (42, False), (43, False), (137, False)],
)
def test_a_policy_about_failures_is_certain_early_where_it_lets_the_job_fail(
    code: int, is_certain: bool
) -> None:
    found = of(
        a_job(podFailurePolicy=OURS, backoffLimit=3), a_pod("Failed" if code else "Running", ended(code))
    )
    assert (found is not None) == is_certain
    assert found is None or found.exit_code == code


def test_whoever_is_disrupted_is_not_judged_by_its_exit_code() -> None:
    pod = a_disrupted_pod("DeletionByTaintManager", ended(126))
    assert of(a_job(podFailurePolicy=OURS, backoffLimit=3), pod) is None


@pytest.mark.parametrize(
    ("disruption", "reason", "cause", "message"),
    [
        ("PreemptionByScheduler", "", "Preempted", MADE_ROOM),
        ("EvictionByEvictionAPI", "", "Evicted", DRAINED),
        ("DeletionByTaintManager", "", "NodeLost", WENT_AWAY),
        ("DeletionByPodGC", "", "NodeLost", WENT_AWAY),
        ("TerminationByKubelet", "Evicted", "Evicted", f"{EVICTED} (because)"),
        ("TerminationByKubelet", "Preempting", "Preempted", MADE_ROOM),
        ("TerminationByKubelet", "Terminated", "NodeLost", WENT_AWAY),
        ("SomethingNew", "", "Evicted", "Kubernetes ended its pod on node node-1: SomethingNew (because)"),
    ],
)
def test_a_pod_that_kubernetes_ends_has_a_cause_that_policies_know(
    disruption: str, reason: str, cause: str, message: str
) -> None:
    found = of(a_job(), a_disrupted_pod(disruption, KILLED, why=reason))
    assert found
    assert (found.cause, found.message) == (cause, message)


def test_a_pod_that_vanished_while_it_ran_still_says_why() -> None:
    pod = a_disrupted_pod("EvictionByEvictionAPI", RUNNING)
    pod["status"]["phase"] = "Running"
    found = of(a_job(ended="Failed", reason="BackoffLimitExceeded"), pod)
    assert found
    assert found.cause == "Evicted"


def test_what_pods_of_a_suspended_job_end_with_is_not_its_outcome_unless_they_were_done() -> None:
    assert of(a_job(suspend=True), a_pod("Failed", ended(143))) is None
    found = of(a_job(suspend=True), a_pod("Succeeded", OK))
    assert found
    assert found.is_success


def spell(found: Outcome | None) -> str:
    assert found and found.started_at and found.finished_at
    return times.spell_seconds((found.finished_at - found.started_at).total_seconds())


def a_failed_pod(number: int, start: float, end: float) -> dict[str, Any]:
    state = {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": at(start), "finishedAt": at(end)}}
    return a_pod("Failed", state, name=f"backup-x7k2p-1-{number}", created=start)


def test_what_a_run_took_counts_all_of_its_pods_from_its_release() -> None:
    job = a_job(backoffLimit=2)
    job["status"] = {"startTime": at(4)}
    assert spell(of(job, a_failed_pod(1, 5, 5), a_failed_pod(2, 20, 21), a_failed_pod(3, 52, 52))) == "48s"
    del job["status"]
    assert spell(of(job, a_failed_pod(1, 5, 5), a_failed_pod(2, 20, 21), a_failed_pod(3, 52, 52))) == "47s", (
        "as far as is known"
    )


def test_what_several_pods_took_ends_with_the_last_of_them() -> None:
    job = a_job(ended="Complete", completions=2, parallelism=2)
    job["status"]["startTime"] = at(0)
    done = [a_pod("Succeeded", ended(0, seconds=90), name="a"), a_pod("Succeeded", OK, name="b", created=2)]
    assert spell(of(job, *done)) == "90s"


def test_what_never_started_has_no_start_in_1970() -> None:
    epoch = "1970-01-01T00:00:00Z"
    state = {"terminated": {"exitCode": 128, "reason": "StartError", "startedAt": epoch, "finishedAt": at(7)}}
    pod = a_pod("Failed", state)
    assert pods.from_manifest(pod).containers[0].started_at is None
    found = of(a_job(), pod)
    assert found and (found.started_at, found.finished_at) == (None, NOON + timedelta(seconds=7))
    job = a_job()
    job["status"] = {"startTime": at(1)}
    assert spell(of(job, pod)) == "6s"
    record = {"attempts": [{"number": 1, "job": "j", "uid": "u", "startedAt": epoch, "finishedAt": at(7)}]}
    run = {**runs.to_manifest(a_run()), "status": record}
    assert runs.from_manifest(run).attempts[0].started_at is None, "an older Rapt recorded it"
