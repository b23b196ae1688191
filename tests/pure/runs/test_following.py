"""Following: events go in, lines for a person and an end come out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.objects import jobs, pods
from kubectl_rapt.runs import following
from kubectl_rapt.runs.following import (
    EndedEarly,
    Event,
    Following,
    JobSeen,
    Line,
    LogEnded,
    LogLine,
    Note,
    PodSeen,
    PodsListed,
    Source,
    Started,
    Tick,
)
from tests.given import NOON, RUNNING, a_job, a_pod, ended, waiting

NAME = "backup-x7k2p-1-aaaaa"
TOOL = Source(NAME, "tool")
OTHER = Source(NAME, "other-1")
INIT = Source(NAME, "init-0")
CREATING = waiting("ContainerCreating")
STARTED = Started(NAME, queued_seconds=1, scheduled_seconds=2, started_seconds=10)
LISTED = PodsListed()


def a_job_seen(**how: Any) -> JobSeen:
    return JobSeen(jobs.from_manifest(a_job(**how)))


def a_pod_seen(*arguments: Any, **how: Any) -> PodSeen:
    return PodSeen(pods.from_manifest(a_pod(*arguments, **how)))


class Told:
    """What came of some events, each a second after the one before."""

    def __init__(self, *events: Event) -> None:
        self.state = Following()
        self.lines: list[Line] = []
        self.begun: list[Source] = []
        self.seconds = 100.0
        self.then(*events)

    def then(self, *events: Event, after: float = 1.0) -> "Told":
        for event in events:
            self.seconds += after
            taken = following.take(self.state, event, NOON + timedelta(seconds=self.seconds))
            self.state = taken.state
            self.lines += taken.lines
            self.begun += taken.begin
        return self

    @property
    def cause(self) -> str:
        return self.state.outcome.cause if self.state.outcome else ""


JOB, PENDING, RUNS, DONE = (
    a_job_seen(),
    a_pod_seen("Pending", CREATING),
    a_pod_seen("Running", RUNNING),
    a_pod_seen("Running", ended(0)),
)
COMPLETE = a_job_seen(ended="Complete")
HELLO = LogLine(TOOL, b"hello")
LOG_ENDS, GONE = LogEnded(TOOL), JobSeen(None)
FIRST_OF_TWO = a_pod_seen("Running", RUNNING, CREATING, init=[ended(0)])
BOTH = a_pod_seen("Running", RUNNING, RUNNING, init=[ended(0)])


FOLDS: list[tuple[str, Sequence[Event], list[Line], list[Source], str, bool]] = [
    ("nothing yet", [JOB, LISTED, Tick()], [], [], "", False),
    ("the pod is being made", [JOB, LISTED, PENDING], [], [], "", False),
    ("the container runs", [JOB, LISTED, PENDING, RUNS], [STARTED], [TOOL], "", False),
    ("a line is shown as it comes", [JOB, LISTED, RUNS, HELLO], [STARTED, HELLO], [TOOL], "", False),
    ("ended, its log is still read", [JOB, LISTED, RUNS, HELLO, DONE], [STARTED, HELLO], [TOOL], "Succeeded", False),
    ("ended, its log too", [JOB, LISTED, RUNS, HELLO, DONE, LOG_ENDS], [STARTED, HELLO], [TOOL], "Succeeded", True),
    ("its log ended first", [JOB, LISTED, RUNS, HELLO, LOG_ENDS, DONE], [STARTED, HELLO], [TOOL], "Succeeded", True),
    ("its log ended, it did not", [JOB, LISTED, RUNS, LOG_ENDS, Tick()], [STARTED], [TOOL], "", False),
    ("it had ended before", [JOB, DONE, LISTED, HELLO, LOG_ENDS], [STARTED, HELLO], [TOOL], "Succeeded", True),
    ("the Job is seen before its pods", [COMPLETE], [], [], "", False),
    ("the Job is seen before old pods", [COMPLETE, DONE, LISTED], [STARTED], [TOOL], "Succeeded", False),
    ("the pods are seen before the Job", [DONE, LISTED, JOB, LOG_ENDS], [STARTED], [TOOL], "Succeeded", True),
    ("the pods are gone, the Job is not", [COMPLETE, LISTED], [], [], "Succeeded", True),
    ("the Job was deleted before it started", [LISTED, JOB, GONE], [], [], "Deleted", True),
    ("there is no such Job", [GONE], [], [], "Deleted", False),
    ("there is no such Job, nor its pods", [GONE, LISTED], [], [], "Deleted", True),
    ("the Job was deleted while it ran", [JOB, LISTED, RUNS, GONE], [STARTED], [TOOL], "Deleted", False),
    ("the deleted Job's log ends", [JOB, LISTED, RUNS, GONE, LOG_ENDS], [STARTED], [TOOL], "Deleted", True),
    ("the Job was deleted after its end", [JOB, LISTED, DONE, LOG_ENDS, GONE], [STARTED], [TOOL], "Succeeded", True),
    (
        "a log cannot be read",
        [JOB, LISTED, DONE, LogEnded(TOOL, "the node is gone")],
        [STARTED, EndedEarly(TOOL, "the node is gone", False)],
        [TOOL],
        "Succeeded",
        True,
    ),
    (
        "every container has its log, init containers first",
        [JOB, LISTED, FIRST_OF_TWO, BOTH],
        [STARTED],
        [INIT, TOOL, OTHER],
        "",
        False,
    ),
    (
        "one of two logs is left",
        [JOB, LISTED, a_pod_seen("Running", ended(0), ended(0)), LogEnded(OTHER)],
        [STARTED],
        [TOOL, OTHER],
        "Succeeded",
        False,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "lines", "begun", "cause", "has_ended"),
    [row[1:] for row in FOLDS],
    ids=[row[0] for row in FOLDS],
)
def test_events_fold_into_lines_logs_and_an_end(
    events: Sequence[Event], lines: list[Line], begun: list[Source], cause: str, has_ended: bool
) -> None:
    told = Told(*events)
    assert told.lines == lines
    assert told.begun == begun
    assert told.cause == cause
    assert told.state.has_ended is has_ended


def test_a_deleted_job_says_so_and_when() -> None:
    outcome = Told(JOB, LISTED, JobSeen(None)).state.outcome
    assert outcome is not None
    assert (outcome.message, outcome.finished_at) == (
        "the job was deleted while it ran",
        NOON + timedelta(seconds=103),
    )


@pytest.mark.parametrize("silent_seconds", [0.0, 10.5, 86_400.0])
def test_a_log_is_over_when_it_says_so_however_long_it_is_silent(silent_seconds: float) -> None:
    told = Told(JOB, LISTED, RUNS, HELLO, DONE).then(Tick(), after=silent_seconds)
    assert not told.state.has_ended
    assert told.then(LogEnded(TOOL)).state.has_ended


@pytest.mark.parametrize("may_be_read_later", [True, False])
def test_a_log_that_ended_early_is_told_and_ends_the_waiting(may_be_read_later: bool) -> None:
    told = Told(JOB, LISTED, RUNS, DONE).then(LogEnded(TOOL, "it is gone", may_be_read_later))
    assert told.lines[-1] == EndedEarly(TOOL, "it is gone", may_be_read_later)
    assert told.state.has_ended


UNSCHEDULED = a_pod_seen("Pending", CREATING, CREATING, scheduled="0/3 nodes are available")
WORRIES: list[tuple[PodSeen, list[Line]]] = [
    (a_pod_seen("Pending", waiting("")), []),
    (PENDING, []),
    (a_pod_seen("Pending", waiting("PodInitializing")), []),
    (a_pod_seen("Pending", waiting("PodInitializing"), scheduled=""), []),
    (a_pod_seen("Pending", waiting("ImagePullBackOff")), [Note(f"{NAME} waits: ImagePullBackOff")]),
    (
        a_pod_seen("Pending", waiting("CreateContainerConfigError", 'secret "x" not found')),
        [Note(f'{NAME} waits: CreateContainerConfigError: secret "x" not found')],
    ),
    (UNSCHEDULED, [Note(f"{NAME} waits for a node: 0/3 nodes are available")]),
]


@pytest.mark.parametrize(("seen", "lines"), WORRIES)
def test_a_worry_is_told_once_and_a_mere_moment_never(seen: PodSeen, lines: list[Line]) -> None:
    assert Told(JOB, LISTED, seen, Tick(), seen).lines == lines


def test_a_pod_is_said_to_have_started_once_and_never_before_the_job_is_known() -> None:
    assert Told(RUNS, LISTED).lines == []
    assert Told(RUNS, LISTED, JOB, RUNS, DONE).lines == [STARTED]


def test_a_pod_that_needed_no_scheduler_counts_from_its_making() -> None:
    manifest = a_pod("Running", RUNNING)
    del manifest["status"]["conditions"]
    told = Told(JOB, LISTED, PodSeen(pods.from_manifest(manifest)))
    assert told.lines == [Started(NAME, 1, 1, 10)]


@pytest.mark.parametrize(
    ("restart", "phase", "node", "is_begun"),
    [
        ("OnFailure", "Pending", "node-1", True),
        ("OnFailure", "Pending", "", False),
        ("Never", "Pending", "node-1", False),
    ],
)
def test_the_log_of_a_container_that_may_restart_is_asked_for_before_it_is_seen(
    restart: str, phase: str, node: str, is_begun: bool
) -> None:
    manifest = a_pod(phase, CREATING)
    manifest["spec"] |= {"restartPolicy": restart, "nodeName": node}
    told = Told(JOB, LISTED, PodSeen(pods.from_manifest(manifest)))
    assert told.begun == ([TOOL] if is_begun else [])


def test_of_one_container_only_its_log_is_begun_and_it_needs_no_name() -> None:
    told = Told()
    told.state = Following(only="other-1")
    told.then(JOB, LISTED, BOTH, LogLine(OTHER, b"hello"))
    assert told.begun == [OTHER]
    assert told.lines[-1] == LogLine(OTHER, b"hello", has_others=False)


def test_each_pod_of_a_job_has_its_own_start_and_log() -> None:
    again = a_pod_seen("Running", RUNNING, name="again", created=70)
    told = Told(a_job_seen(backoffLimit=1), LISTED, a_pod_seen("Failed", ended(1)), again)
    said = f'{NAME} failed: container "tool" ended with exit code 1; Kubernetes starts another one (1 of 2)'
    assert told.lines == [STARTED, Note(said), Started("again", 70, 71, 10)]
    assert told.begun == [TOOL, Source("again", "tool")]
    assert told.cause == ""


def test_an_outcome_never_changes_once_it_is_certain() -> None:
    told = Told(
        JOB,
        LISTED,
        a_pod_seen("Running", ended(7)),
        a_job_seen(ended="Failed", reason="BackoffLimitExceeded"),
    )
    assert told.state.outcome is not None
    first = told.state.outcome
    assert first.exit_code == 7
    assert told.then(GONE).state.outcome == first


SUSPENDED = a_job_seen(suspend=True)


@pytest.mark.parametrize(
    ("events", "is_paused"),
    [
        ([JOB, LISTED, RUNS], False),
        ([SUSPENDED, LISTED], True),
        ([SUSPENDED], False),
        ([JOB, LISTED, RUNS, SUSPENDED], False),
        ([JOB, LISTED, RUNS, SUSPENDED, LOG_ENDS], True),
        ([JOB, LISTED, DONE, LOG_ENDS, SUSPENDED], False),
    ],
)
def test_a_job_that_was_suspended_is_followed_to_the_end_of_its_log(
    events: list[Event], is_paused: bool
) -> None:
    assert Told(*events).state.is_paused == is_paused


@pytest.mark.parametrize(
    ("events", "has_others"),
    [
        ([JOB, LISTED, RUNS], False),
        ([JOB, LISTED, BOTH], True),
        ([JOB, LISTED, RUNS, a_pod_seen("Running", RUNNING, name="another")], True),
        ([a_job_seen(parallelism=2, completions=2), LISTED, RUNS], True),
    ],
)
def test_a_line_says_whether_there_are_others_to_tell_it_from(events: list[Event], has_others: bool) -> None:
    told = Told(*events, HELLO)
    assert told.lines[-1] == LogLine(TOOL, b"hello", has_others)


def test_a_pod_that_was_deleted_while_it_ran_stays_so_when_the_kubelet_deletes_it_once_more() -> None:
    def a_deleted(pod: PodSeen, seconds: float) -> PodSeen:
        return PodSeen(replace(pod.pod, deleted_at=NOON + timedelta(seconds=seconds)))

    running = a_pod_seen("Running", RUNNING)
    ended_badly = a_pod_seen("Failed", ended(137, seconds=61))
    state = Following()
    for event in (a_job_seen(), PodsListed(), running, a_deleted(running, 59), a_deleted(ended_badly, 62)):
        state = following.take(state, event, NOON).state
    assert state.outcome is not None
    assert state.outcome.cause == "Deleted"


def test_each_pod_that_fails_before_the_last_one_is_told_once_and_counted_in_the_end() -> None:
    job = a_job_seen(backoffLimit=2)
    first = a_pod_seen("Failed", ended(9), name="first")
    told = Told(job, LISTED, first)
    said = 'first failed: container "tool" ended with exit code 9; Kubernetes starts another one (1 of 3)'
    assert [one.text for one in told.lines if isinstance(one, Note)] == [said]
    told.then(Tick(), first, a_pod_seen("Failed", ended(9), name="second", created=20))
    notes = [one.text for one in told.lines if isinstance(one, Note)]
    assert [one.split()[0] for one in notes] == ["first", "second"]
    assert notes[1].endswith("(2 of 3)")
    told.then(a_pod_seen("Failed", ended(7), name="third", created=40))
    assert len([one for one in told.lines if isinstance(one, Note)]) == 2, "the last one is the end"
    assert told.state.outcome is not None
    assert told.state.outcome.message == 'container "tool" ended with exit code 7, in pod 3 of this attempt'


def test_a_success_says_how_many_pods_failed_before() -> None:
    first = a_pod_seen("Failed", ended(9), name="first")
    told = Told(a_job_seen(backoffLimit=2), LISTED, first, a_pod_seen("Succeeded", ended(0), created=20))
    assert told.state.outcome is not None
    assert told.state.outcome.message == "1 pod of this attempt failed before"
