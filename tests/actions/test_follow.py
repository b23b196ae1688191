"""Following a Job whose events do not come in the usual order."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from kubectl_rapt.actions import follow
from kubectl_rapt.model.kinds import JOB, POD, Kind, Ref
from kubectl_rapt.ports.cluster import Event
from kubectl_rapt.runs.following import LogLine
from kubectl_rapt.runs.outcome import Outcome
from tests.given import NOON, a_job, a_pod, ended

NAME = "backup-x7k2p-1"


class Log:
    """One line; it may be told that its end is due."""

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"hello"])

    def expect_end(self) -> None:
        """It has ended."""


class LatePods:
    """A cluster whose watch of pods is late: the Job has ended before it tells of any."""

    def watch(self, kind: Kind, namespace: str, **_: Any) -> Iterator[Event]:
        if kind == JOB:
            yield Event("added", a_job(ended="Failed", reason="BackoffLimitExceeded", backoffLimit=0))
        yield Event("synced", {})
        threading.Event().wait()  # in a thread that ends with the tests

    def list(self, kind: Kind, namespace: str, **_: Any) -> Iterator[Any]:
        return iter([a_pod("Failed", ended(7))] if kind == POD else [])

    def logs(self, *_: Any, **__: Any) -> Log:
        return Log()


def test_a_job_that_ends_before_its_pods_are_seen_is_followed_to_its_exit_code_with_its_log() -> None:
    world: Any = SimpleNamespace(cluster=LatePods(), now=lambda: NOON)
    *lines, outcome = follow.follow(world, Ref(JOB, NAME, "team"))
    assert [one.line for one in lines if isinstance(one, LogLine)] == [b"hello"]
    assert isinstance(outcome, Outcome)
    assert (outcome.cause, outcome.exit_code) == ("ExitCode", 7)
