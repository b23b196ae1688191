"""Looking closely at what ran, on a real node: where its time went, a shell in it, and its pod once more, held."""

import json
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person

SPIN = "e=$(($(date +%s) + 10)); while [ $(date +%s) -lt $e ]; do :; done; echo spun"


@dataclass(frozen=True)
class Stage:
    """An ordinary user with tools, and who built the cluster."""

    ann: Person
    user: Path
    administrator: Path
    namespace: str

    def gets(self, kind: str, *more: str) -> list[Any]:
        command = [str(kubectl.program()), f"--kubeconfig={self.user}", "get", kind, "-o", "json", *more]
        items: list[Any] = json.loads(subprocess.check_output(command, timeout=60))["items"]
        return items

    def times(self, *words: str) -> dict[str, Any]:
        ended = self.ann.types("timing", *words, "-o", "json")
        assert ended.exit_code == 0, ended
        told: dict[str, Any] = json.loads(ended.stdout)
        return told


def a_tool(
    name: str, script: str, *, init: str = "", image: str = "busybox:1.35", **spec: Any
) -> dict[str, Any]:
    marks = {"labels": {"rapt.dev/tool": name}}
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "activeDeadlineSeconds": 1800,
        "containers": [{"name": "tool", "image": image, "command": ["sh", "-c", script]}],
    }
    if init:
        pod["initContainers"] = [{"name": "prepare", "image": image, "command": ["sh", "-c", init]}]
    job = {"metadata": marks, "spec": {"backoffLimit": 0, "template": {"metadata": marks, "spec": pod}}}
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name},
        "spec": {**spec, "job": job},
    }


@pytest.fixture(scope="module")
def stage(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Tools, of which one sleeps and one has failed."""
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    ann = Person(tmp_path_factory.mktemp("ann"), user)
    broken = a_tool("broken", 'echo "looking for $0"; sleep 1; exit 3', concurrency="forbid")
    namespaces.apply(user, a_tool("spin", SPIN, init="sleep 2"), a_tool("sleep", "sleep 1800"), broken)
    assert ann.types("run", "sleep", "--request-id", "sleeps", "--detach").exit_code == 0
    assert ann.types("run", "broken", "--request-id", "fails", "--wait").exit_code == 3
    return Stage(ann, user, cluster.kubeconfig, namespace)


def until(holds: Callable[[], Any], seconds: float = 180) -> None:
    ends_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends_at, "it never came"
        time.sleep(0.5)


def test_a_run_is_measured_while_it_runs_and_its_phases_sum_to_its_wall_time(
    stage: Stage, tmp_path: Path
) -> None:
    administrator = Person(tmp_path / "administrator", stage.administrator)
    assert stage.ann.types("run", "spin", "--request-id", "spins", "--detach").exit_code == 0
    words = ("timing", "spins", "--watch", "--every", "2s", "-n", stage.namespace, "-o", "json")
    watched = administrator.types(*words)
    assert watched.exit_code == 0, watched
    told = json.loads(watched.stdout)
    assert told["usageSource"] == "kubelet"
    assert max(one["millicores"] or 0 for one in told["usage"]) > 50, told["usage"]
    assert any(one["memoryBytes"] for one in told["usage"])
    ((job,), phases) = (stage.gets("jobs", "--selector=rapt.dev/run=spins"), told["phases"])
    (run,) = [one for one in stage.gets("runs.rapt.dev") if one["metadata"]["name"] == "spins"]
    asked, done = run["metadata"]["creationTimestamp"], job["status"]["completionTime"]
    wall = time.mktime(time.strptime(done, "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(
        time.strptime(asked, "%Y-%m-%dT%H:%M:%SZ")
    )
    assert abs(sum(phases.values()) - wall) <= 1, (phases, wall)
    assert (1 <= phases["init"] <= 30, 9 <= phases["run"] <= 60, told["isOpen"]) == (True, True, False), (
        phases
    )


def test_who_may_not_ask_the_kubelet_is_told_so(stage: Stage) -> None:
    until(lambda: _runs(stage, "sleeps"))
    told = stage.times("sleeps")
    assert told["usage"] == []
    assert "nodes/proxy" in told["usageSource"], told


def _runs(stage: Stage, run: str) -> bool:
    found = stage.gets("pods", f"--selector=rapt.dev/run={run}")
    return any(one["status"].get("phase") == "Running" for one in found)


def test_a_run_whose_pod_is_gone_says_what_is_not_known(stage: Stage) -> None:
    command = [
        str(kubectl.program()),
        f"--kubeconfig={stage.user}",
        "delete",
        "pods",
        "-l",
        "rapt.dev/run=fails",
    ]
    subprocess.run([*command, "--now"], check=True, capture_output=True, timeout=60)
    told = stage.times("fails")
    assert [told["phases"][one] for one in ("schedule", "pull", "init")] == [None, None, None]
    assert told["status"] == "ExitCode"
    text = stage.ann.types("timing", "fails").stdout
    assert "its pod is gone" in text
    assert re.search(r"^  total +\d+s  from its request until its end was recorded$", text, re.M), text


def test_a_shell_is_opened_in_what_runs_and_its_command_is_told_without_a_terminal(stage: Stage) -> None:
    until(lambda: _runs(stage, "sleeps"))
    asked = stage.ann.types("shell", "sleeps", "--", "sh", "-c", "hostname; exit 5")
    assert (asked.exit_code, asked.stdout.startswith("sleeps-1-")) == (5, True), asked
    printed = stage.ann.types("shell", "sleeps")
    assert re.match(r"kubectl exec -i -t sleeps-1-\w+ --namespace=\S+ --container=tool ", printed.stdout), (
        printed
    )
    dry = stage.ann.types("shell", "sleeps", "--dry-run", "--", "grep", "-i", "a b")
    assert dry.stdout.endswith(" -- grep -i 'a b'\n"), dry
    wrong = stage.ann.types("shell", "sleeps", "-c", "tol")
    assert (wrong.exit_code, "-c tool" in wrong.stderr) == (4, True), wrong
    refused = stage.ann.types("shell", "sleeps", "--image", "busybox:1.35", "--", "true")
    assert (refused.exit_code, "pods/ephemeralcontainers" in refused.stderr) == (6, True), refused


def test_a_container_without_a_shell_gets_one_beside_it(
    stage: Stage, cluster: Cluster, tmp_path: Path
) -> None:
    """An image with one program alone, which sleeps."""
    busybox = Path("/bin/busybox")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sleep").write_bytes(busybox.read_bytes())
    (tmp_path / "bin" / "sleep").chmod(0o755)
    layer = tmp_path / "layer.tar"
    subprocess.run(["tar", "-C", str(tmp_path), "-cf", str(layer), "bin"], check=True)
    cluster.add_image(["docker.io/library/bare:1"], layer, command=["/bin/sleep", "600"])
    container = {
        "name": "tool",
        "image": "bare:1",
        "imagePullPolicy": "Never",
        "command": ["/bin/sleep", "600"],
    }
    bare = a_tool("bare", "")
    bare["spec"]["job"]["spec"]["template"]["spec"]["containers"] = [container]
    namespaces.apply(stage.user, bare)
    assert stage.ann.types("run", "bare", "--request-id", "bare", "--detach").exit_code == 0
    until(lambda: _runs(stage, "bare"))
    administrator = Person(tmp_path / "administrator", stage.administrator)
    printed = administrator.types("shell", "bare", "-n", stage.namespace)
    assert re.match(r"kubectl debug -i -t bare-1-\w+ .*--target=tool --image=busybox:1.35", printed.stdout), (
        printed
    )
    words = ("--image", "busybox:1.35", "--", "sh", "-c", "echo beside; ps | grep -c '[s]leep 600'")
    beside = administrator.types("shell", "bare", "-n", stage.namespace, *words)
    assert (beside.exit_code, beside.stdout.split()) == (0, ["beside", "1"]), beside
    stuck = stage.ann.types("debug", "bare", "--after", "--", "true")
    assert (stuck.exit_code, "--image busybox:1.35" in stuck.stderr) == (6, True), stuck
    assert stage.gets("jobs", "--selector=rapt.dev/debug") == []


def test_a_debug_clone_counts_as_no_run_and_goes_when_its_command_ends(stage: Stage) -> None:
    dry = yaml.safe_load(stage.ann.types("debug", "fails", "--dry-run").stdout)
    assert dry["spec"]["activeDeadlineSeconds"] == 3630
    assert dry["spec"]["ttlSecondsAfterFinished"] == 60
    assert "rapt.dev/tool" not in dry["metadata"]["labels"]
    done = stage.ann.types("debug", "fails", "--", "sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '; exit 4")
    assert (done.exit_code, done.stdout) == (4, "sleep 3600 "), done
    assert "its own command: sh -c" in done.stderr
    until(lambda: not stage.gets("jobs", "--selector=rapt.dev/debug"))


def test_what_is_held_after_its_failure_shows_its_log_and_does_not_stand_in_the_way(stage: Stage) -> None:
    kept = stage.ann.types("debug", "fails", "--after", "--for", "300s", "--keep")
    assert kept.exit_code == 0, kept
    *log, command = kept.stdout.splitlines()
    assert log == ["looking for sh", "", "rapt debug: its command ended with 3"]
    assert command.startswith("kubectl exec -i -t fails-debug-")
    (clone,) = stage.gets("jobs", "--selector=rapt.dev/debug=fails")
    name = clone["metadata"]["name"]
    # One run of this tool at a time, and the clone is none.
    again = stage.ann.types("run", "broken", "--request-id", "again", "--wait")
    assert again.exit_code == 3, again
    listed = stage.ann.types("runs", "broken", "-o", "name").stdout
    assert sorted(listed.split()) == ["run.rapt.dev/again", "run.rapt.dev/fails"]
    for words in (("reconcile",), ("clean", "--dry-run")):
        said = stage.ann.types(*words)
        assert name not in said.stdout + said.stderr, said
    command_line = [str(kubectl.program()), f"--kubeconfig={stage.user}", "delete", "job", name, "--now"]
    subprocess.run(command_line, check=True, capture_output=True, timeout=60)


def test_at_a_terminal_debug_is_a_shell_that_leaves_nothing_behind(stage: Stage) -> None:
    said, code = _types_at_a_terminal(stage.ann, "debug fails", b"echo in-$((40 + 2)); exit 7\n")
    assert code == 7, said
    assert "in-42" in said
    assert re.search(r"job.batch/fails-debug-\w+ deleted", said), said
    until(lambda: not stage.gets("jobs", "--selector=rapt.dev/debug"))


def _types_at_a_terminal(who: Person, command: str, answer: bytes) -> tuple[str, int]:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("kubectl-rapt", ["kubectl-rapt", *command.split()], who.environ)
    said, was_answered, ends_at = b"", False, time.monotonic() + 180
    while time.monotonic() < ends_at:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            said += os.read(terminal, 4096)
        except OSError:
            break
        if not was_answered and b"# " in said:
            os.write(terminal, answer)
            was_answered = True
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return said.decode("utf-8", "replace"), os.waitstatus_to_exitcode(status)
