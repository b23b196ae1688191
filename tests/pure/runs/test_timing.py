"""Phases follow each other without a gap and sum to the wall time, whatever is left of an execution."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_rapt.objects import events, jobs, pods
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.runs import timing
from kubectl_rapt.runs.timing import Pull, Timing
from tests.given import NOON, RUNNING, a_job, a_pod, a_run, at, ended, waiting

NOW = NOON + timedelta(seconds=200)


def phases(timed: Timing) -> list[tuple[str, float]]:
    return [(span.phase, span.seconds) for span in timed.spans]


def attempt(number: int = 1, uid: str = "job-1", job: str = "backup-x7k2p-1", **more: Any) -> Attempt:
    return Attempt(number, job, uid, **more)


def run_of(*attempts: Attempt, state: str = "Succeeded") -> Run:
    return a_run(created_at=NOON - timedelta(seconds=5), attempts=attempts, state=state)


def of(run: Run | None, job: Any, found: Sequence[Any], said: Sequence[Any] = ()) -> Timing:
    its_jobs = [jobs.from_manifest(job)] if job else []
    return timing.of(run, its_jobs, [pods.from_manifest(one) for one in found], list(said), NOW)


def whole(timed: Timing) -> float:
    return sum(span.seconds for span in timed.spans)


def test_every_phase_of_a_run_that_ended_has_its_place() -> None:
    init = {"terminated": {"exitCode": 0, "startedAt": at(4), "finishedAt": at(7)}}
    pod = a_pod("Succeeded", ended(0), init=[init])
    timed = of(run_of(attempt(cause="Succeeded")), a_job(ended="Complete"), [pod])
    assert phases(timed) == [
        *(("queue", 6), ("schedule", 1), ("pull", 2), ("init", 3), ("pull", 3)),
        *(("run", 50), ("close", 40)),
    ]
    assert (timed.seconds, whole(timed), timed.is_open) == (105, 105, False)


def test_what_goes_on_is_told_up_to_now() -> None:
    timed = of(run_of(attempt(), state="Running"), a_job(), [a_pod("Running", RUNNING)])
    assert phases(timed)[-1] == ("run", 190)
    assert (timed.is_open, timed.seconds) == (True, 205)


@pytest.mark.parametrize(
    ("pod", "last"),
    [
        (a_pod("Pending", {}, scheduled="0/1 nodes are available"), ("schedule", 199)),
        (a_pod("Pending", waiting("ImagePullBackOff")), ("pull", 198)),
        (
            a_pod("Pending", waiting("PodInitializing"), init=[{"running": {"startedAt": at(4)}}]),
            ("init", 196),
        ),
    ],
    ids=["no node", "no image", "init container"],
)
def test_what_a_pod_waits_for_is_what_it_does(pod: Any, last: tuple[str, float]) -> None:
    timed = of(run_of(attempt(), state="Running"), a_job(), [pod])
    assert phases(timed)[-1] == last
    assert whole(timed) == timed.seconds


def test_a_run_whose_job_waits_to_be_released_queues() -> None:
    timed = of(run_of(attempt(), state="Running"), a_job(suspend=True), [])
    assert phases(timed) == [("queue", 205)]
    assert timed.laps[0].note == "waits to be released"


def test_a_run_that_waits_for_its_next_attempt_is_between_two() -> None:
    run = run_of(attempt(cause="ExitCode"), state="Retrying")
    timed = of(run, a_job(ended="Failed"), [a_pod("Failed", ended(3))])
    assert phases(timed)[-2:] == [("close", 40), ("between", 100)]
    assert (timed.is_open, timed.seconds) == (True, 205)


def test_the_time_before_a_retry_is_asked_for_is_not_queued() -> None:
    first = attempt(cause="ExitCode", finished_at=NOON + timedelta(seconds=60))
    run = run_of(first, attempt(2, "job-2", "backup-x7k2p-2"), state="Running")
    old, new = a_job(ended="Failed"), a_job(uid="job-2")
    new["metadata"]["creationTimestamp"] = at(150)
    timed = timing.of(run, [jobs.from_manifest(one) for one in (old, new)], [], [], NOW)
    laps = {lap.attempt: [(one.phase, one.seconds) for one in lap.spans] for lap in timed.laps}
    assert laps[2] == [("between", 50), ("queue", 50)]
    assert whole(timed) == timed.seconds == 205


def test_a_job_that_has_ended_is_over_though_nobody_has_recorded_it() -> None:
    timed = of(run_of(attempt(), state="Running"), a_job(ended="Complete"), [a_pod("Succeeded", ended(0))])
    assert (timed.is_open, timed.seconds, len(timed.laps)) == (False, 105, 1)


def test_of_a_pod_that_is_gone_only_what_was_recorded_is_told() -> None:
    recorded = attempt(
        cause="Succeeded", started_at=NOON + timedelta(seconds=10), finished_at=NOON + timedelta(seconds=60)
    )
    timed = of(run_of(recorded), None, [])
    assert phases(timed) == [("unknown", 15), ("run", 50)]
    assert "not told apart" in timed.laps[0].note
    assert timed.laps[0].is_partial
    job = {**a_job(ended="Complete")}
    job["status"] = {**job["status"], "startTime": at(2)}
    with_job = of(run_of(recorded), job, [])
    assert phases(with_job) == [("queue", 7), ("unknown", 8), ("run", 50), ("close", 40)]


def test_attempts_follow_each_other_and_sum_to_the_wall_time() -> None:
    first = attempt(cause="ExitCode", finished_at=NOON + timedelta(seconds=60))
    second = attempt(
        2, "job-2", "backup-x7k2p-2", cause="Succeeded", finished_at=NOON + timedelta(seconds=170)
    )
    late = a_pod("Succeeded", ended(0, seconds=170), name="late", created=110)
    late["metadata"]["labels"] = {"batch.kubernetes.io/job-name": "backup-x7k2p-2"}
    late["status"]["containerStatuses"][0]["state"]["terminated"]["startedAt"] = at(120)
    timed = of(run_of(first, second), None, [a_pod("Failed", ended(1)), late])
    assert [(lap.attempt, lap.seconds("run")) for lap in timed.laps] == [(1, 50), (2, 50)]
    assert timed.laps[1].seconds("queue") == 50
    assert (whole(timed), timed.seconds) == (175, 175)


def test_pods_that_replaced_each_other_are_laps_and_those_beside_are_counted() -> None:
    first = a_pod("Failed", ended(1, seconds=20), name="first")
    beside = a_pod("Succeeded", ended(0, seconds=58), name="beside", created=22)
    second = a_pod("Succeeded", ended(0, seconds=60), name="second", created=21)
    second["status"]["containerStatuses"][0]["state"]["terminated"]["startedAt"] = at(30)
    timed = of(run_of(attempt(cause="Succeeded")), a_job(ended="Complete"), [second, beside, first])
    assert [(lap.pod, lap.note) for lap in timed.laps] == [
        ("first", ""),
        ("second", "1 more of its pods ran beside"),
    ]
    assert whole(timed) == timed.seconds == 105


def test_a_sidecar_is_no_initialising() -> None:
    sidecar = {"terminated": {"exitCode": 0, "startedAt": at(4), "finishedAt": at(62)}}
    timed = of(
        run_of(attempt(cause="Succeeded")),
        a_job(ended="Complete"),
        [a_pod("Succeeded", ended(0), init=[sidecar])],
    )
    assert ("init", 58) not in phases(timed)
    assert sum(seconds for phase, seconds in phases(timed) if phase == "run") == 50


def test_a_job_of_a_schedule_has_no_run() -> None:
    timed = of(None, a_job(ended="Complete"), [a_pod("Succeeded", ended(0))])
    assert (timed.seconds, timed.is_open, timed.laps[0].attempt) == (100, False, 1)


def test_events_tell_how_long_an_image_took() -> None:
    def said(message: str) -> events.Event:
        return events.Event(
            "e", "team", "Pod", "backup-x7k2p-1-aaaaa", "", "Normal", "Pulled", message, 1, NOON, NOON
        )

    messages = [
        'Successfully pulled image "busybox:1.35" in 1m2.5s (1m3s including waiting). Image size: 12 bytes.',
        'Successfully pulled image "tiny" in 850ms (850ms including waiting)',
        'Container image "there" already present on machine',
        "something else",
    ]
    timed = of(run_of(attempt(cause="Succeeded")), None, [a_pod("Succeeded", ended(0))], map(said, messages))  # type: ignore[arg-type]
    assert timed.laps[0].pulls == (Pull("busybox:1.35", 62.5), Pull("tiny", 0.85), Pull("there", None))


@given(st.lists(st.integers(-50, 150), min_size=6, max_size=6), st.booleans())
def test_times_in_any_order_never_overlap_and_leave_no_gap(moments: list[int], has_job: bool) -> None:
    created, scheduled, init_start, init_end, start, finish = moments
    init = {"terminated": {"exitCode": 0, "startedAt": at(init_start), "finishedAt": at(init_end)}}
    pod = a_pod("Succeeded", ended(0, seconds=finish), init=[init], created=created)
    pod["status"]["conditions"][0]["lastTransitionTime"] = at(scheduled)
    pod["status"]["containerStatuses"][0]["state"]["terminated"]["startedAt"] = at(start)
    run = run_of(attempt(cause="Succeeded", finished_at=NOON + timedelta(seconds=finish)))
    timed = of(run, a_job(ended="Complete") if has_job else None, [pod])
    spans = timed.spans
    assert all(one.end == two.start for one, two in pairwise(spans))
    assert all(span.seconds > 0 for span in spans)
    assert abs(whole(timed) - timed.seconds) < 1e-6


def test_nothing_has_no_time() -> None:
    run = replace(run_of(state=""), attempts=())
    assert [lap.note for lap in of(run, None, []).laps] == ["has not begun"]
    assert of(None, None, []).seconds == 0
