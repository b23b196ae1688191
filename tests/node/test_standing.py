"""What is shown of runs that nobody follows: on a real node, all at once, without a record of any end."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import failing, namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person

PATIENCE_SECONDS = 150
BUSYBOX = "busybox:1.35"


@dataclass(frozen=True)
class Scenario:
    """A tool whose one run is left alone.

    Args:
        name: Of the tool and of the run.
        status: What `runs` shows in the end.
        why: What `describe` says besides.
        pod: What its pod has, beside what every pod has.
        container: What its container has.
        job: What its Job has.
        spec: What the Tool has.
    """

    name: str
    status: str
    why: str = ""
    pod: dict[str, Any] | None = None
    container: dict[str, Any] | None = None
    job: dict[str, Any] | None = None
    spec: dict[str, Any] | None = None


def says(script: str) -> dict[str, Any]:
    return {"command": ["sh", "-c", script]}


HUGE = {"resources": {"requests": {"memory": "900Gi"}, "limits": {"memory": "900Gi"}}}
PROXY = {"name": "proxy", "image": BUSYBOX, "command": ["sleep", "300"]}
RETRY = {"retry": {"name": "twice", "summary": "Twice", "attempts": 2, "delay": "1h"}}
SCENARIOS = (
    Scenario("ends", "ExitCode", 'container "tool" ended with exit code 127', container=says("exit 127")),
    Scenario("works", "Succeeded", container=says("true")),
    Scenario("tries", "Retrying", container=says("exit 3"), spec=RETRY),
    Scenario("runs", "Running", container=says("sleep 300")),
    Scenario("image", "Waiting:ImageNotFound", "does not exist there", container={"image": "REGISTRY/absent:1"}),
    Scenario("node", "Waiting:Unschedulable", "no node takes its pod", container=HUGE),
    Scenario("lingers", "Running", 'container "proxy" still runs', container=says("exit 0"), pod={"more": PROXY}),
    Scenario("cancelled", "Cancelled", container=says("trap 'exit 0' TERM; sleep 300 & wait")),
    Scenario("suspended", "Suspended", "its Job is suspended", container=says("sleep 300")),
    Scenario("quota", "Waiting:QuotaExceeded", "quota none refuses it", container=says("true")),
    Scenario("deleted", "Deleted", "its Job was deleted", container=says("sleep 300")),
)  # fmt: skip


def a_tool(one: Scenario, registry: str) -> dict[str, Any]:
    pod = dict(one.pod or {})
    more = [pod.pop("more")] if "more" in pod else []
    container = {"name": "tool", "image": BUSYBOX, **(one.container or says("true"))}
    container["image"] = container["image"].replace("REGISTRY", registry)
    labels = {"labels": {"rapt.dev/tool": one.name}}
    template = {
        "metadata": labels,
        "spec": {"restartPolicy": "Never", **pod, "containers": [container, *more]},
    }
    job = {"metadata": labels, "spec": {"backoffLimit": 0, **(one.job or {}), "template": template}}
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": one.name},
        "spec": {**(one.spec or {}), "job": job},
    }


def a_schedule(registry: str) -> dict[str, Any]:
    """A schedule of the tool `image`, whose Jobs cannot start, and which forbids two at once."""
    job = a_tool(next(one for one in SCENARIOS if one.name == "image"), registry)["spec"]["job"]
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "image", "labels": {"rapt.dev/tool": "image"}},
        "spec": {"schedule": "* * * * *", "concurrencyPolicy": "Forbid", "jobTemplate": job},
    }


class Stage:
    """A namespace in which every run was begun and left, and somebody who looks at them."""

    def __init__(self, person: Person, kubeconfig: Path) -> None:
        self.person = person
        self._kubeconfig = kubeconfig

    def kubectl(self, *words: str) -> str:
        command = [str(kubectl.program()), f"--kubeconfig={self._kubeconfig}", *words]
        return subprocess.check_output(command, text=True, timeout=120)

    def status(self, name: str) -> str:
        """The status that `runs` shows of it."""
        rows = self.person.types("runs", "--no-headers").stdout.splitlines()
        return next((row.split()[2] for row in rows if row.split()[0] == name), "")

    def becomes(self, name: str, wanted: str) -> str:
        """The status once it is that; the last one where it never is."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while (found := self.status(name)) != wanted and time.monotonic() < ends_at:
            time.sleep(1)
        return found


@pytest.fixture(scope="module")
def stage(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    with failing.registry() as address:
        person = Person(tmp_path_factory.mktemp("ann"), user)
        namespaces.apply(user, *(a_tool(one, address) for one in SCENARIOS))
        stage = Stage(person, user)
        namespaces.apply(user, a_schedule(address))
        for one in SCENARIOS:
            if one.name != "quota":
                ended = person.types("run", one.name, "--request-id", one.name, "--detach")
                assert ended.exit_code == 0, ended
        stage.kubectl(
            "wait", "--for=condition=Ready", "--timeout=120s", "pod", "-l", "rapt.dev/tool=cancelled"
        )
        cancels = {"spec": {"cancelledBy": f"user-of-{namespace}"}}
        stage.kubectl("patch", "runs.rapt.dev", "cancelled", "--type=merge", "-p", json.dumps(cancels))
        for name in ("cancelled-1", "suspended-1"):
            stage.kubectl("patch", "job", name, "--type=merge", "-p", '{"spec":{"suspend":true}}')
        stage.kubectl("delete", "job", "deleted-1")
        administrator = (str(kubectl.program()), f"--kubeconfig={cluster.kubeconfig}", "-n", namespace)
        subprocess.check_call([*administrator, "create", "quota", "none", "--hard=pods=0"], timeout=60)
        stage.kubectl("wait", "--for=jsonpath={.status.hard.pods}=0", "--timeout=60s", "quota/none")
        assert person.types("run", "quota", "--request-id", "quota", "--detach").exit_code == 0
        yield stage


@pytest.mark.parametrize("one", SCENARIOS, ids=[one.name for one in SCENARIOS])
def test_what_job_and_pods_say_is_shown_though_no_run_records_it(stage: Stage, one: Scenario) -> None:
    assert stage.becomes(one.name, one.status) == one.status
    recorded = json.loads(stage.kubectl("get", "runs.rapt.dev", one.name, "-o", "json"))["status"]["state"]
    assert recorded == "Running", "nobody was there to record anything"


@pytest.mark.parametrize("one", SCENARIOS, ids=[one.name for one in SCENARIOS])
def test_describe_says_the_same_and_why(stage: Stage, one: Scenario) -> None:
    assert stage.becomes(one.name, one.status) == one.status
    told = stage.person.types("describe", f"run/{one.name}").stdout
    assert re.search(rf"^Status: +{re.escape(one.status)}( |,|$)", told, re.M), told
    assert one.why in told
    recorded = json.loads(stage.kubectl("get", "runs.rapt.dev", one.name, "-o", "json"))["status"]
    is_over = one.status.partition(":")[0] in ("Succeeded", "Retrying", "ExitCode", "Cancelled", "Deleted")
    assert is_over is (recorded["state"] != "Running"), "who sees the end records it"
    assert len(recorded["attempts"]) == 1, "and starts nothing"


def test_the_list_names_the_container_that_is_waited_for_and_status_counts_what_waits(stage: Stage) -> None:
    assert stage.becomes("lingers", "Running") == "Running"
    said = stage.person.types("runs").stderr
    remark = (
        'note: lingers: container "tool" ended with exit code 0; it is not over because container "proxy"'
    )
    assert remark in said, said
    waiting = stage.person.types("runs", "--status", "waiting", "--no-headers").stdout.split("\n")
    names = sorted(row.split()[0] for row in waiting if row)
    assert [one for one in names if not one.startswith("image-")] == ["image", "node", "quota"]
    told = stage.person.types("status").stdout
    assert re.search(r"[34] runs wait: ", told), told


def test_a_schedule_that_a_job_holds_back_says_by_which_and_how_it_is_ended(stage: Stage) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while "blocked" not in (told := stage.person.types("schedule").stderr) and time.monotonic() < ends_at:
        time.sleep(2)
    found = re.search(r"^blocked    image in \S+: held back by job/(image-\d+) for [0-9ms ]+, ", told, re.M)
    assert found, told
    command = re.search(r"end it: (kubectl delete job \S+ -n \S+)", told)
    assert command, told
    assert f"held back by job/{found[1]}" in stage.person.types("status").stdout
    stage.kubectl(*command[1].split()[1:])
    assert f"job/{found[1]}" not in stage.person.types("schedule").stderr
