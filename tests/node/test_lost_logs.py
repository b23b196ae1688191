"""Runs whose log is read through a network that stalls: every line arrives, or it is said that some did not."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import faults, namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.faults import Act, BlackHole, Faults, StallAfter
from tests.killing import Person

LOGS = "GET .*/log[?]"
# kubectl holds back what it has of a chunk that is not complete: what is to arrive comes well before what is not.
BURSTS = "seq 1 500; sleep 2; seq 501 2000"


def a_tool(name: str, script: str) -> dict[str, Any]:
    container = {"name": "main", "image": "busybox:1.35", "command": ["sh", "-c", script]}
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {"spec": {"backoffLimit": 0, "template": pod}}
    metadata = {"name": name}
    return {"apiVersion": "rapt.dev/v1alpha1", "kind": "Tool", "metadata": metadata, "spec": {"job": job}}


@pytest.fixture(scope="module")
def user(cluster: Cluster) -> Path:
    """Someone in whose namespace there are tools that say much."""
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    tools = [
        a_tool("few", "seq 1 200; sleep 1"),
        a_tool("many", f"{BURSTS}; sleep 1"),
        a_tool("failing", f"{BURSTS}; echo the end; sleep 1; exit 3"),
    ]
    namespaces.apply(user, *tools)
    return user


@pytest.fixture
def between(tmp_path: Path, user: Path) -> Iterator[Faults]:
    with faults.between(tmp_path, user) as between:
        yield between


@pytest.mark.parametrize(
    ("tool", "count", "stall"),
    [("few", 200, BlackHole()), ("many", 2000, StallAfter(25_000))],
    ids=["half-open", "stalled"],
)
def test_every_line_of_a_log_that_stalls_arrives_once_and_soon(
    between: Faults, tmp_path: Path, tool: str, count: int, stall: Act
) -> None:
    between.on(LOGS, stall)
    begun = time.monotonic()
    ended = Person(tmp_path / "sam", between.kubeconfig).types("run", tool, "--follow")
    assert ended.exit_code == 0, ended
    assert ended.stdout.splitlines() == [str(number) for number in range(1, count + 1)]
    assert len(between.asked(LOGS)) >= 2
    assert time.monotonic() - begun < 30


def test_a_log_that_cannot_be_had_is_said_to_have_ended_early_and_no_line_of_it_is_recorded_as_the_last(
    between: Faults, user: Path, tmp_path: Path
) -> None:
    between.on(LOGS, StallAfter(25_000), *[BlackHole()] * 50)
    person = Person(tmp_path / "sam", between.kubeconfig)
    ended = person.types("run", "failing", "--request-id", "early", "--follow")
    assert ended.exit_code == 3, ended
    lines = ended.stdout.splitlines()
    assert lines == [str(number) for number in range(1, len(lines) + 1)]
    assert 500 <= len(lines) < 2000
    (said,) = [line for line in ended.stderr.splitlines() if "ended early" in line]
    assert said.endswith("; kubectl rapt logs early has the rest")
    command = [str(kubectl.program()), f"--kubeconfig={user}", "get", "runs.rapt.dev", "early", "-o", "json"]
    run = json.loads(subprocess.check_output(command, timeout=60))
    assert "last line" not in json.dumps(run)
    rest = Person(tmp_path / "ann", user).types("logs", "early")
    assert rest.stdout.splitlines()[-2:] == ["2000", "the end"]


def test_a_log_that_cannot_be_read_to_its_end_is_a_failure_of_logs(
    between: Faults, user: Path, tmp_path: Path
) -> None:
    Person(tmp_path / "ann", user).types("run", "many", "--request-id", "whole", "--follow")
    between.on(LOGS, StallAfter(25_000), *[BlackHole()] * 50)
    ended = Person(tmp_path / "sam", between.kubeconfig).types("logs", "whole")
    assert ended.exit_code == 8, ended
    assert ended.stderr.startswith("error: the end of the log of pod/whole-1-")
    assert "help errors log-incomplete" in ended.stderr
