"""Reconcile on a real node: a schedule's failure is tried again, and a cluster reconciles by itself."""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import documents
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Ended, Person
from tests.servers import remembering_server
from tests.shipped import interpreter

PATIENCE_SECONDS = 240
IMAGE = "localhost/rapt:tests"


@dataclass(frozen=True)
class Stage:
    """Someone with a namespace, and an administrator.

    Args:
        person: Who types.
        namespace: Theirs.
        admin: Who may do everything.
        starts: The pods that have told a server of their start.
        url: That server.
    """

    person: Person
    namespace: str
    admin: Path
    starts: list[str]
    url: str

    def get(self, what: str, *words: str, namespace: str = "") -> list[Any]:
        """Objects as they are."""
        command = [str(kubectl.program()), f"--kubeconfig={self.admin}", "get", what, "-o", "json", *words]
        found = subprocess.check_output([*command, "-n", namespace or self.namespace], timeout=60)
        items: list[Any] = json.loads(found)["items"]
        return items

    def administrate(self, *words: str, given: str = "") -> str:
        """A command of kubectl as the administrator."""
        command = [str(kubectl.program()), f"--kubeconfig={self.admin}", *words]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self) -> Any:
        """The only Run, or None while there is none."""
        found = self.get("runs.rapt.dev")
        assert len(found) < 2
        return found[0] if found else None

    def reconciles(self) -> Ended:
        """One pass in the namespace."""
        ended = self.person.types("reconcile")
        assert ended.exit_code == 0, ended
        return ended


@pytest.fixture
def stage(cluster: Cluster, namespace: str, user: Path, tmp_path: Path) -> Iterator[Stage]:
    assert cluster.node_address is not None
    person = Person(tmp_path / "sam", user)
    with remembering_server(cluster.node_address) as (url, starts):
        yield Stage(person, namespace, cluster.kubeconfig, starts, url)


def flaky(stage: Stage, *, with_schedule: bool) -> None:
    """A tool whose first attempt fails and whose second one succeeds, a second later."""
    tell = f"wget -q -O /dev/null {stage.url}/$HOSTNAME"
    script = f'{tell}; case "$HOSTNAME" in *-2-?????) exit 0;; *) exit 9;; esac'
    pod = {
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "tool",
                "image": "busybox:1.35",
                "imagePullPolicy": "IfNotPresent",
                "command": ["sh", "-c", script],
            }
        ],
    }
    marks = {"labels": {"rapt.dev/tool": "flaky"}}
    job = {"metadata": marks, "spec": {"backoffLimit": 0, "template": {"metadata": marks, "spec": pod}}}
    retry = {
        "name": "twice",
        "summary": "Two attempts",
        "attempts": 2,
        "delay": "1s",
        "factor": 1,
        "jitterPercent": 0,
        "rules": [{"action": "retry", "exitCodes": [9], "otherNode": True}],
    }
    metadata = {
        "name": "flaky",
        "namespace": stage.namespace,
        **marks,
        "annotations": {"rapt.dev/definition": "sha256:dd"},
    }
    tool: dict[str, Any] = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": metadata,
        "spec": {"job": job, "retry": retry, "source": {"definition": "sha256:dd"}},
    }
    items = [tool]
    if with_schedule:
        spec = {"schedule": "* * * * *", "concurrencyPolicy": "Forbid", "jobTemplate": job}
        items.append({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec})
    listed = documents.dump_json({"apiVersion": "v1", "kind": "List", "items": items})
    stage.administrate("create", "-f", "-", given=listed)


def soon(what: Any, why: str) -> Any:
    """What something comes to within some minutes."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        if found := what():
            return found
        time.sleep(1)
    raise AssertionError(why)


def test_the_failed_job_of_a_schedule_becomes_a_run_that_is_tried_again_and_succeeds(stage: Stage) -> None:
    flaky(stage, with_schedule=True)
    soon(lambda: stage.get("jobs"), "the schedule never fired")
    stop = '{"spec":{"suspend":true}}'  # before the next minute
    stage.administrate("patch", "cronjob", "flaky", "-n", stage.namespace, "-p", stop)
    (failed,) = soon(
        lambda: [one for one in stage.get("jobs") if (one.get("status") or {}).get("failed")],
        "it never failed",
    )
    name = failed["metadata"]["name"]

    def is_over() -> Any:
        stage.reconciles()
        run = stage.run()
        return run if run and run.get("status", {}).get("state") == "Succeeded" else None

    run = soon(is_over, "it was not tried again")
    assert run["metadata"]["name"] == name
    assert [one["cause"] for one in run["status"]["attempts"]] == ["ExitCode", "Succeeded"]
    slot = failed["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    assert (run["spec"]["schedule"], run["spec"]["slot"][:16]) == ("flaky", slot[:16])
    assert len(stage.starts) == 2, stage.starts
    events = {one["reason"] for one in stage.get("events") if one["involvedObject"]["kind"] == "Run"}
    assert {"RunRetrying", "RunRetried", "RunRecovered"} <= events
    of_tool = [one for one in stage.get("events") if one["involvedObject"]["kind"] == "Tool"]
    assert [one["reason"] for one in of_tool] == ["RunRecovered"]
    assert stage.reconciles().stderr == "nothing is due\n"


def test_a_cluster_reconciles_by_itself_without_kubectl_and_with_few_rights(
    stage: Stage, cluster: Cluster, tmp_path: Path
) -> None:
    layer = tmp_path / "layer.tar"
    interpreter.write_layer(layer)
    cluster.add_image([IMAGE], layer, command=("kubectl-rapt",), env=interpreter.ENVIRONMENT)
    layer.unlink()
    own = f"{stage.namespace}-r"
    printed = Person(tmp_path / "admin", cluster.kubeconfig).types(
        *("install", "--reconciler", "--image", IMAGE, "-n", own, "--for", stage.namespace),
        *("--dry-run", "-o", "json"),
    )
    assert printed.exit_code == 0, printed
    of_reconciler = mine(json.loads(printed.stdout)["items"], own)
    stage.administrate(
        "apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": of_reconciler})
    )
    flaky(stage, with_schedule=False)
    begun = stage.person.types("run", "flaky", "--detach")
    assert begun.exit_code == 0, begun
    soon(
        lambda: [one for one in stage.get("jobs") if (one.get("status") or {}).get("failed")],
        "it never failed",
    )
    passes = iter(range(100))

    def is_over() -> Any:
        stage.administrate(
            "create", "job", f"pass-{next(passes)}", "--from=cronjob/rapt-reconcile", "-n", own
        )
        soon(
            lambda: all(one.get("status", {}).get("conditions") for one in stage.get("jobs", namespace=own)),
            "a pass hangs",
        )
        run = stage.run()
        return run if run["status"]["state"] == "Succeeded" else None

    run = soon(is_over, "the cluster did not do it")
    for one in stage.get("jobs", namespace=own):
        log = stage.administrate("logs", f"job/{one['metadata']['name']}", "-n", own)
        assert one["status"].get("succeeded") == 1, log
    assert [one["cause"] for one in run["status"]["attempts"]] == ["ExitCode", "Succeeded"]
    assert len(stage.starts) == 2, stage.starts


def mine(items: list[Any], own: str) -> list[Any]:
    """What ``--reconciler`` adds; a pass begins only where the test says so."""
    found = [one for one in items if one["metadata"]["name"] in ("rapt-reconcile", own)]
    assert [one["kind"] for one in found] == [
        "Namespace",
        "ServiceAccount",
        "ClusterRole",
        "RoleBinding",
        "CronJob",
    ]
    found[-1]["spec"]["suspend"] = True
    return found
