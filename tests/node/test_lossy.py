"""Whole commands while answers are lost and requests fail: each completes soon, and nothing is done twice."""

import json
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from tests import faults, namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.faults import Act, DropReply, DropRequest, Faults, Reply, Sometimes
from tests.killing import Person
from tests.repositories import ConfigRepository
from tests.servers import remembering_server

CODE = 7
LINES = [f"line {number}" for number in range(1, 101)]
FAILED: list[Act] = [
    DropRequest(),
    Reply(500, b"unexpected EOF"),
    Reply(500, {"kind": "Status", "message": "etcdserver: leader changed", "code": 500}),
    Reply(502, b"<html>bad gateway</html>"),
    Reply(
        503, {"kind": "Status", "message": "etcd is not ready", "reason": "ServiceUnavailable", "code": 503}
    ),
    Reply(504, {"kind": "Status", "message": "timed out", "reason": "Timeout", "code": 504}),
    Reply(429, {"kind": "Status", "message": "too many", "reason": "TooManyRequests", "code": 429}),
]
WEATHER: dict[str, tuple[float, list[Act]]] = {"lost": (0.1, [DropReply()]), "failed": (0.3, FAILED)}
TOOLS = 40


@pytest.fixture
def calm(user: Path, tmp_path: Path) -> Iterator[Path]:
    """The kubeconfig of the same API server through the same detour without a fault."""
    (tmp_path / "calm").mkdir()
    with faults.between(tmp_path / "calm", user) as between:
        yield between.kubeconfig


@pytest.fixture(params=WEATHER)
def between(request: pytest.FixtureRequest, user: Path, tmp_path: Path) -> Iterator[Faults]:
    """An API server that loses a tenth of its answers, or fails three requests in ten."""
    share, acts = WEATHER[request.param]
    with faults.between(tmp_path, user) as between:
        between.on("", *[Sometimes(share, acts, random.Random(11))] * 20_000)
        yield between


def found(user: Path, *words: str) -> Any:
    command = [str(kubectl.program()), f"--kubeconfig={user}", "get", *words, "-o", "json"]
    return json.loads(subprocess.check_output(command, timeout=60))


def test_runs_are_followed_to_their_end_and_start_once(
    cluster: Cluster, between: Faults, calm: Path, user: Path, tmp_path: Path
) -> None:
    assert cluster.node_address is not None
    with remembering_server(cluster.node_address) as (url, starts):
        says = "for i in $(seq 1 100); do echo line $i; done"
        script = f"wget -q -O /dev/null {url}/$HOSTNAME; {says}; sleep 1; exit {CODE}"
        container = {"name": "main", "image": "busybox:1.35", "command": ["sh", "-c", script]}
        job = {
            "spec": {
                "backoffLimit": 0,
                "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
            }
        }
        tool = {
            "apiVersion": "rapt.dev/v1alpha1",
            "kind": "Tool",
            "metadata": {"name": "hello"},
            "spec": {"job": job},
        }
        namespaces.apply(user, tool)
        ann, sam = Person(tmp_path / "ann", calm), Person(tmp_path / "sam", between.kubeconfig)
        took = {ann: 0.0, sam: 0.0}
        for number in range(3):
            for person in (ann, sam):
                begun = time.monotonic()
                request = f"{person.home.name}-{number}"
                ended = person.types("run", "hello", "--request-id", request, "--follow")
                took[person] += time.monotonic() - begun
                assert ended.exit_code == CODE, ended
                assert ended.stdout.splitlines() == LINES, ended
        assert took[sam] < 3 * took[ann], (took[sam], took[ann])
        assert sorted(pod.rsplit("-", 2)[0] for pod in starts) == sorted(
            f"{name}-{number}" for name in ("ann", "sam") for number in range(3)
        )
    for run in found(user, "runs.rapt.dev")["items"]:
        (attempt,) = run["status"]["attempts"]
        assert (attempt["exitCode"], attempt["cause"]) == (CODE, "ExitCode")
    assert len(found(user, "jobs")["items"]) == 6


def test_each_command_completes(
    between: Faults, user: Path, namespace: str, cluster: Cluster, tmp_path: Path
) -> None:
    dev = Environment("dev", (namespace,), namespaces.uid(cluster), is_reviewed=False)
    repository = ConfigRepository(tmp_path / "team", dev)
    sam = Person(tmp_path / "sam", between.kubeconfig, repository=repository.path, environment="dev")

    def typed(*words: str) -> None:
        ended = sam.types(*words)
        assert ended.exit_code == 0, f"{words}: {ended}"

    typed("add", "hello", "--image", "busybox:1.35", "--schedule", "0 0 1 1 *", "--", "sleep", "5")
    assert len(repository.log()) == 2
    typed("list")
    typed("run", "hello", "--request-id", "one", "--detach")
    typed("attach", "one")
    typed("retry", "one", "--again", "--detach")
    typed("cancel", "one")
    typed("runs")
    typed("logs", "one")
    typed("describe", "hello")
    typed("why", "one")
    typed("schedule", "suspend", "hello")
    typed("schedule", "resume", "hello")
    typed("status")
    typed("reconcile")
    typed("sync")
    typed("clean", "--yes", "--older-than", "0s")
    (run,) = found(user, "runs.rapt.dev")["items"]
    assert len(run["status"]["attempts"]) == 2


def test_forty_tools_are_synced_once(
    between: Faults, calm: Path, user: Path, namespace: str, cluster: Cluster, tmp_path: Path
) -> None:
    uid = namespaces.uid(cluster)
    repository = ConfigRepository(tmp_path / "team", Environment("dev", (namespace,), uid, is_reviewed=False))
    ann = Person(tmp_path / "ann", calm, repository=repository.path, environment="dev")
    sam = Person(tmp_path / "sam", between.kubeconfig, repository=repository.path, environment="dev")
    assert ann.types("add", "tool-0", "--image", "busybox:1.35", "--", "true").exit_code == 0
    files: dict[str, bytes | None] = {}
    for path in (layout.definition("dev", "tool-0"), layout.rendered("dev", "tool-0")):
        content = repository.files()[path]
        for number in range(1, TOOLS):
            name = f"tool-{number}"
            files[path.replace("tool-0", name)] = content.replace(b"tool-0", name.encode())
    repository.commit(files)
    took = {ann: 0.0, sam: 0.0}
    for person in [ann, sam] * 3:
        delete = [str(kubectl.program()), f"--kubeconfig={user}", "delete", "tools.rapt.dev", "--all"]
        subprocess.run(delete, check=True, capture_output=True, timeout=120)
        begun = time.monotonic()
        ended = person.types("sync")
        took[person] += time.monotonic() - begun
        assert ended.exit_code == 0, ended
        assert len(found(user, "tools.rapt.dev")["items"]) == TOOLS
    assert took[sam] < 3 * took[ann], (took[sam], took[ann])


def test_a_change_is_merged_and_synced_though_a_quarter_of_the_answers_is_lost(
    user: Path, namespace: str, cluster: Cluster, tmp_path: Path
) -> None:
    dev = Environment("dev", (namespace,), namespaces.uid(cluster))
    repository = ConfigRepository(tmp_path / "team", dev)
    with faults.between(tmp_path, user) as between:
        between.on("", *[Sometimes(0.25, [DropReply()], random.Random(3))] * 5000)
        sam = Person(tmp_path / "sam", between.kubeconfig, repository=repository.path, environment="dev")
        added = sam.types("add", "hello", "--in", "dev", "--image", "busybox:1.35", "--", "true")
        assert added.exit_code == 0, added
        (branch,) = [name for name in repository.branches if name != "main"]
        merged = sam.types("changes", "merge", branch.rpartition("/")[2], "--sync", "--in", "dev")
        assert merged.exit_code == 0, merged
    assert [len(repository.log()), *repository.branches] == [2, "main"]
    assert [one["metadata"]["name"] for one in found(user, "tools.rapt.dev")["items"]] == ["hello"]
