"""A run that is cancelled while its release is on its way never starts, however late the release arrives."""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import faults
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.faults import Hold
from tests.killing import Ended, Person, each, end, goes_on
from tests.servers import remembering_server

LOOK_SECONDS = 5.0
"""How long a container that must not start would have had to start."""
RELEASE = 4
"""Which write of ``run`` it is: the Run, its Job and the record come before it."""


@dataclass(frozen=True)
class Stage:
    """A tool called ``hello``, whose containers tell a server of their start, and two people who use it."""

    ann: Person
    bob: Person
    kubeconfig: Path
    starts: list[str]

    def object(self, name: str) -> Any:
        """A Run or a Job as the cluster has it, by ``kind/name``."""
        command = [str(kubectl.program()), f"--kubeconfig={self.kubeconfig}", "get", name, "-o", "json"]
        return json.loads(subprocess.check_output(command, timeout=60))

    def was_cancelled(self, request: str, cancelled: Ended) -> None:
        """The cancellation held: nothing has started and nothing will."""
        assert (cancelled.exit_code, cancelled.stdout) == (0, f"run.rapt.dev/{request} cancelled\n"), (
            cancelled
        )
        time.sleep(LOOK_SECONDS)
        assert not [pod for pod in self.starts if pod.startswith(f"{request}-")], "a cancelled run started"
        run, job = self.object(f"runs.rapt.dev/{request}"), self.object(f"job/{request}-1")
        (attempt,) = run["status"]["attempts"]
        assert (run["status"]["state"], attempt["cause"]) == ("Failed", "Cancelled")
        assert job["spec"]["suspend"] is True
        assert not job["status"].get("active")


@pytest.fixture
def stage(cluster: Cluster, user: Path, tmp_path: Path) -> Iterator[Stage]:
    assert cluster.node_address is not None
    ann = Person(tmp_path / "ann", user)
    assert ann.types("init", "--local").exit_code == 0
    with remembering_server(cluster.node_address) as (url, starts):
        script = f"wget -q -O /dev/null {url}/$HOSTNAME; sleep 600"
        added = ann.types("add", "hello", "--image", "busybox:1.35", "--", "sh", "-c", script)
        assert added.exit_code == 0, added
        yield Stage(ann, Person(tmp_path / "bob", user), user, starts)


def test_a_release_whose_request_is_late_loses_against_a_cancellation(stage: Stage, tmp_path: Path) -> None:
    with faults.between(tmp_path, stage.kubeconfig) as between:
        slow = Person(tmp_path / "slow", between.kubeconfig)

        def scenario(request: str) -> None:
            release = Hold()
            between.on(rf"PATCH .*/jobs/{request}-1\?", release)
            running = slow.starts("run", "hello", "--request-id", request)
            assert release.arrived.wait(60), "it was not released"
            cancelled = stage.bob.types("cancel", request)
            release.let_go()
            end(running)
            stage.was_cancelled(request, cancelled)

        each(scenario, [f"slow-{number}" for number in range(3)])


def test_a_process_that_was_stopped_before_the_release_loses_against_a_cancellation(stage: Stage) -> None:
    def scenario(request: str) -> None:
        running = stage.ann.is_paused(RELEASE, "run", "hello", "--request-id", request)
        assert stage.object(f"job/{request}-1")["metadata"]["labels"]["rapt.dev/unreleased"] == "true"
        cancelled = stage.bob.types("cancel", request)
        goes_on(running)
        stage.was_cancelled(request, cancelled)

    each(scenario, [f"stopped-{number}" for number in range(5)])


def test_a_retry_that_was_stopped_before_its_release_loses_against_a_cancellation(stage: Stage) -> None:
    assert stage.ann.types("run", "hello", "--request-id", "again").exit_code == 0
    assert stage.bob.types("cancel", "again").exit_code == 0
    stage.starts.clear()
    # The wish, the second Job and its record come before its release.
    retrying = stage.ann.is_paused(4, "retry", "again")
    cancelled = stage.bob.types("cancel", "again")
    assert cancelled.exit_code == 0, cancelled
    goes_on(retrying)
    time.sleep(LOOK_SECONDS)
    assert not stage.starts, "a cancelled retry started"
    attempts = stage.object("runs.rapt.dev/again")["status"]["attempts"]
    assert [one["cause"] for one in attempts] == ["Cancelled", "Cancelled"]


def test_a_retry_that_is_cancelled_before_its_job_is_there_says_so_and_never_starts(stage: Stage) -> None:
    assert stage.ann.types("run", "hello", "--request-id", "wished").exit_code == 0
    assert stage.bob.types("cancel", "wished").exit_code == 0
    stage.starts.clear()
    retrying = stage.ann.is_paused(2, "retry", "wished")  # it has asked for the attempt
    cancelled = stage.bob.types("cancel", "wished")
    assert (cancelled.exit_code, cancelled.stdout) == (0, "run.rapt.dev/wished cancelled\n"), cancelled
    ended = goes_on(retrying)
    assert (ended.exit_code, "cancelled-meanwhile" in ended.stderr) == (7, True), ended
    time.sleep(LOOK_SECONDS)
    assert not stage.starts
    attempts = stage.object("runs.rapt.dev/wished")["status"]["attempts"]
    assert [one["cause"] for one in attempts] == ["Cancelled", "Cancelled"]
