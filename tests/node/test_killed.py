"""Runs whose command is killed, cut off or typed five times at once: each container starts exactly once."""

import json
import random
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
from tests.faults import PASS, Act, DropReply, DropRequest
from tests.killing import Ended, Kill, Person, each, end, kills, let_pass
from tests.servers import remembering_server

CODE = 7
RANDOM_KILLS = 20
LONGEST_SECONDS = 2.0


@dataclass(frozen=True)
class Stage:
    """A tool called ``hello`` that tells a server of each start of its container, and someone who runs it."""

    person: Person
    kubeconfig: Path
    starts: list[str]

    def words(self, request: str) -> tuple[str, ...]:
        """The command that is the same request each time."""
        return ("run", "hello", "--request-id", request, "--follow")

    def objects(self, kind: str, request: str) -> list[Any]:
        """The objects of a kind that belong to a request."""
        command = [str(kubectl.program()), f"--kubeconfig={self.kubeconfig}", "get", kind, "-o", "json"]
        selected = [*command, f"--selector=rapt.dev/run={request}"]
        items: list[Any] = json.loads(subprocess.check_output(selected, timeout=60))["items"]
        return items

    def is_done_once(self, request: str, ended: Ended) -> None:
        """Hold the last command and what is left of its request against what one run is."""
        assert (ended.exit_code, ended.stdout) == (CODE, f"hello from {request}\n"), ended
        assert self.started(request) == 1, f"{request} started {self.started(request)} times"
        (run,) = self.objects("runs.rapt.dev", request)
        (job,) = self.objects("jobs", request)
        (attempt,) = run["status"]["attempts"]
        assert (attempt["uid"], attempt["exitCode"]) == (job["metadata"]["uid"], CODE)
        assert attempt["cause"] == "ExitCode"

    def started(self, request: str) -> int:
        """How many containers of a request have started, whatever became of their pods and Jobs."""
        return sum(pod.rsplit("-", 2)[0] == request for pod in self.starts)


@pytest.fixture
def stage(cluster: Cluster, user: Path, tmp_path: Path) -> Iterator[Stage]:
    assert cluster.node_address is not None
    person = Person(tmp_path / "sam", user)
    assert person.types("init", "--local").exit_code == 0
    with remembering_server(cluster.node_address) as (url, starts):
        script = f'wget -q -O /dev/null {url}/$HOSTNAME; echo "hello from ${{HOSTNAME%-*-*}}"; sleep 1; exit {CODE}'
        added = person.types("add", "hello", "--image", "busybox:1.35", "--", "sh", "-c", script)
        assert added.exit_code == 0, added
        yield Stage(person, user, starts)


def test_a_run_that_is_killed_before_or_after_any_write_is_finished_by_the_same_command(stage: Stage) -> None:
    undisturbed, written = stage.person.writes(*stage.words("undisturbed"))
    stage.is_done_once("undisturbed", undisturbed)
    steps = "the Run, its Job, the record, the release, the end, two events, and the time to live"
    assert len(written) == 8, f"{steps}: " + "\n".join(written)

    def scenario(kill: Kill) -> None:
        request = str(kill)
        killed = stage.person.is_killed(kill, *stage.words(request))
        assert killed.was_killed, killed
        stage.is_done_once(request, stage.person.types(*stage.words(request)))

    each(scenario, kills(written))
    again, written = stage.person.writes(*stage.words("after-8"))
    stage.is_done_once("after-8", again)
    assert written == ["create run/after-8"], "nothing is left to do but to learn that it exists"


def test_a_run_that_is_killed_at_any_moment_again_and_again_starts_once_and_leaves_no_process(
    stage: Stage,
) -> None:
    chance = random.Random(5)

    def scenario(request: str) -> None:
        for _ in range(2):
            process = stage.person.starts(*stage.words(request))
            time.sleep(chance.uniform(0.1, LONGEST_SECONDS))
            process.kill()
            end(process)
        stage.is_done_once(request, stage.person.types(*stage.words(request)))

    each(scenario, [f"moment-{number}" for number in range(RANDOM_KILLS // 2)])
    stage.person.leaves_nothing()


def test_five_who_send_the_same_request_at_once_share_one_run(stage: Stage, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.mkdir()
    requests = [f"shared-{number}" for number in range(2)]
    begun = [(one, stage.person.hesitates(gate, *stage.words(one))) for one in requests for _ in range(5)]
    let_pass(gate, len(begun))
    for request, ended in [(request, end(process)) for request, process in begun]:
        stage.is_done_once(request, ended)


WRITES: dict[str, tuple[str, list[Act]]] = {
    "the-run": (r"POST .*/runs\?", []),
    "the-job": (r"POST .*/jobs\?", []),
    "the-record": (r"PATCH .*/status\?", []),
    "the-release": (r"PATCH .*/jobs/", []),
    "the-end": (r"PATCH .*/status\?", [PASS]),
}


def test_a_run_whose_requests_or_answers_are_lost_goes_on_and_starts_once(
    stage: Stage, user: Path, tmp_path: Path
) -> None:
    def scenario(request: str) -> None:
        loss, _, write = request.partition("-of-")
        pattern, before = WRITES[write]
        with faults.between(tmp_path, user) as between:
            between.on(pattern, *before, DropReply() if loss == "reply" else DropRequest())
            person = Person(tmp_path / request, between.kubeconfig)
            ended = person.types(*stage.words(request))
            assert between.asked(pattern)
        stage.is_done_once(request, ended)

    each(scenario, [f"{loss}-of-{write}" for loss in ("reply", "request") for write in WRITES])


def test_a_request_whose_job_is_gone_is_answered_from_its_record(stage: Stage) -> None:
    stage.person.types(*stage.words("gone"))
    delete = [str(kubectl.program()), f"--kubeconfig={stage.kubeconfig}", "delete", "job", "gone-1"]
    subprocess.run(delete, check=True, capture_output=True, timeout=60)
    again = stage.person.types(*stage.words("gone"))
    assert again.exit_code == CODE, again
    assert stage.started("gone") == 1
    assert not stage.objects("jobs", "gone")
