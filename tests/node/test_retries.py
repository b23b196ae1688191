"""Runs that are tried again: what a follower shows over all attempts, and what is left of them, on the real node."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Ended, Person, end, let_pass

QUICK = {"summary": "Three attempts", "attempts": 3, "delay": "2s", "factor": 1, "jitterPercent": 0}
TWICE = {**QUICK, "attempts": 2, "delay": "0s"}
SLOW = {**QUICK, "delay": "1h"}
GROW = {
    **QUICK,
    "attempts": 4,
    "otherwise": "give-up",
    "rules": [{"action": "retry", "causes": ["OOMKilled"], "memory": {"factor": 2, "max": "100Mi"}}],
}
OWN = {"summary": "Kubernetes' own", "attempts": 3, "rules": [{"action": "give-up", "exitCodes": [127]}]}
POLICIES = {"quick": QUICK, "twice": TWICE, "slow": SLOW, "grow": GROW, "own": OWN}

# Debian's containerd may lose what a container writes that ends at once, whoever reads.
TRIES = "echo this is ${HOSTNAME%-*}; sleep 1; "
TOOLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "flaky": ("quick", TRIES + "case $HOSTNAME in *-3-*) exit 0;; esac; exit 7", {}),
    "chatty": (
        "twice",
        "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done; printf '\\377'; sleep 1; exit 7",
        {},
    ),
    "hungry": (
        "grow",
        "a=$(head -c 12000000 /dev/zero | tr '\\0' x); echo has $((${#a} / 1000000)) MB",
        {"resources": {"requests": {"memory": "16Mi"}, "limits": {"memory": "16Mi"}}},
    ),
    "stingy": (
        "twice",
        "a=$(head -c 90000000 /dev/zero | tr '\\0' x); echo $((${#a} / 1000000)) MB",
        {"resources": {"requests": {"memory": "16Mi"}, "limits": {"memory": "16Mi"}}},
    ),
    "waiting": ("slow", TRIES + "exit 7", {}),
    "gone": ("own", "exit 127", {}),
    "endless": ("quick", "trap 'exit 9' TERM; echo begun; while :; do sleep 0.1; done", {}),
}
IN_PLACE = "echo x >> /v/n; echo start $(wc -l < /v/n); printf 'no end'; sleep 1; test $(wc -l < /v/n) -ge 2"


@pytest.fixture(scope="module")
def place(cluster: Cluster) -> str:
    return namespaces.prepare(cluster)


@pytest.fixture(scope="module")
def kubeconfig(cluster: Cluster, place: str) -> Path:
    return cluster.user(f"user-of-{place}", namespace=place)


@pytest.fixture(scope="module")
def ann(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Person:
    policies = [_object("RetryPolicy", name, spec) for name, spec in POLICIES.items()]
    tools = [_tool(name, policy, script, **more) for name, (policy, script, more) in TOOLS.items()]
    restarting = _tool("restarting", "", IN_PLACE, volumeMounts=[{"name": "v", "mountPath": "/v"}])
    pod = restarting["spec"]["job"]["spec"]["template"]["spec"]
    pod |= {"restartPolicy": "OnFailure", "volumes": [{"name": "v", "emptyDir": {}}]}
    restarting["spec"]["job"]["spec"]["backoffLimit"] = 3
    both = _tool("both", "", "echo one; sleep 1")
    containers = both["spec"]["job"]["spec"]["template"]["spec"]["containers"]
    containers.append({**containers[0], "name": "other", "command": ["sh", "-c", "echo two; sleep 1"]})
    namespaces.apply(kubeconfig, *policies, *tools, restarting, both)
    return Person(tmp_path_factory.mktemp("ann"), kubeconfig)


def _object(kind: str, name: str, spec: Any) -> dict[str, Any]:
    return {"apiVersion": "rapt.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _tool(name: str, policy: str, script: str, **container: Any) -> dict[str, Any]:
    container = {"name": "tool", "image": "busybox:1.35", "command": ["sh", "-c", script], **container}
    pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 10, "containers": [container]}
    policies = {"policies": {"retry": policy}} if policy else {}
    return _object("Tool", name, {**policies, "job": {"spec": {"template": {"spec": pod}}}})


@pytest.fixture(scope="module")
def started(ann: Person) -> Iterator[dict[str, "subprocess.Popen[str]"]]:
    """Everything that the tests wait for, at once."""
    commands = {
        "flaky": "run flaky --request-id flaky --follow",
        "events": "run flaky --request-id events --follow -o json",
        "phases": "run flaky --request-id phases --wait",
        "chatty": "run chatty --request-id chatty --follow",
        "shared": "run chatty --request-id shared --wait",
        "hungry": "run hungry --request-id hungry --follow",
        "meagre": "run stingy --request-id meagre --follow",
        "waiting": "run waiting --request-id waiting --follow",
        "brought-forward": "run waiting --request-id brought-forward --follow",
        "timed": "run waiting --request-id timed --follow --timeout 75s",
        "gone": "run gone --request-id gone --follow",
        "stopped": "run endless --request-id stopped --follow",
        "restarting": "run restarting --request-id restarting --follow",
        "both": "run both --request-id both --follow",
    }
    processes = {name: ann.starts(*command.split()) for name, command in commands.items()}
    yield processes
    for process in processes.values():
        process.kill()
        with process:  # closes its pipes
            pass


@pytest.fixture
def get(kubeconfig: Path) -> Any:
    """Reads an object with kubectl."""

    def get(what: str, name: str) -> Any:
        command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", "get", what, name, "-o", "json"]
        return json.loads(subprocess.check_output(command, timeout=60))

    return get


def _patch(kubeconfig: Path, what: str, name: str, patch: Any) -> None:
    command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", "patch", what, name, "--type=merge"]
    subprocess.run([*command, "-p", json.dumps(patch)], check=True, capture_output=True, timeout=60)


def _until(process: "subprocess.Popen[str]", text: str) -> None:
    """Read standard error up to a line that holds a text."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"it never said {text}")


def _causes(run: Any) -> list[str]:
    return [attempt["cause"] for attempt in run["status"]["attempts"]]


def test_a_follower_goes_on_over_all_attempts_and_ends_with_the_last_ones_code(
    started: Any, get: Any
) -> None:
    ended: Ended = end(started["flaky"])
    assert ended.exit_code == 0, ended
    assert ended.stdout.splitlines() == [f"this is flaky-{number}" for number in (1, 2, 3)]
    said = re.sub(r"[0-9]+s", "_", ended.stderr)
    failure = [
        "flaky  queued _  scheduled _  started _",
        "flaky  attempt {} of 3 failed after _, exit code 7",
        '  cause: container "tool" ended with exit code 7, last line "this is flaky-{}"',
        "  why:   kubectl rapt why flaky",
        "  retry: attempt {} of 3 {} (policy quick); kubectl rapt attach flaky",
    ]
    lines = [re.sub(r"of 3 (in _|now)", "of 3 {}", line) for line in said.splitlines()]
    assert lines == [
        *(line.replace("{}", "2" if "retry" in line else "1", 1) for line in failure),
        *(line.replace("{}", "3" if "retry" in line else "2", 1) for line in failure),
        "flaky  queued _  scheduled _  started _",
        "flaky  succeeded after _",
    ]
    run = get("run", "flaky")
    assert run["status"]["state"] == "Succeeded"
    assert _causes(run) == ["ExitCode", "ExitCode", "Succeeded"]
    assert [get("job", f"flaky-{number}")["spec"]["backoffLimit"] for number in (1, 2, 3)] == [0, 0, 0]


def test_events_are_json_one_a_line(started: Any) -> None:
    ended: Ended = end(started["events"])
    assert (ended.exit_code, ended.stderr) == (0, ""), ended
    events = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [one["type"] for one in events if one["type"] not in ("started", "note")] == [
        *("log", "ended") * 3,
        "over",
    ]
    first = next(one for one in events if one["type"] == "ended")
    assert (first["number"], first["exitCode"], first["next"]) == (1, 7, "attempt 2 of 3 (policy quick)")
    assert events[-1]["state"] == "Succeeded"


def test_waiting_shows_what_happens_without_the_log(started: Any) -> None:
    ended: Ended = end(started["phases"])
    assert (ended.exit_code, ended.stdout) == (0, ""), ended
    assert "phases  succeeded" in ended.stderr


def test_a_run_that_used_up_its_attempts_keeps_its_last_words(started: Any, get: Any) -> None:
    ended: Ended = end(started["chatty"])
    assert ended.exit_code == 7
    assert "retry: none, policy twice allows 2 attempts; kubectl rapt retry chatty" in ended.stderr
    run = get("run", "chatty")
    assert run["status"]["state"] == "Exhausted"
    kept = [*(f"line {number}" for number in range(101, 300)), "\\xff"]
    assert run["status"]["log"].splitlines() == kept


def test_every_command_says_the_same_of_a_run_that_a_person_tried_again(started: Any, ann: Person) -> None:
    assert end(started["meagre"]).exit_code == 137
    again = ann.types("retry", "meagre", "--set", "memory=18Mi", "--follow")
    assert "meagre  attempt 3 of 4 failed after " in again.stderr
    told = dict(re.findall(r"^(state|cause|try) +(.*)$", ann.types("why", "meagre").stdout, re.M))
    assert told["state"] == "OOMKilled (Exhausted), attempt 4 of 4"
    assert told["cause"].startswith("OOMKilled: ")
    assert told["try"] == "kubectl rapt retry meagre --set memory=36Mi"
    assert re.search(rf"^Status: +{re.escape(told['state'])}$", ann.types("describe", "meagre").stdout, re.M)
    assert re.search(r"^meagre  +stingy  +OOMKilled  +4/4 dead  +", ann.types("why", "--failed").stdout, re.M)
    row = re.split(r"  +", ann.types("runs", "stingy").stdout.splitlines()[1])
    assert row[3] == "4/4 dead"
    took = re.search(r"^Duration: +(.*)$", ann.types("describe", "meagre").stdout, re.M)
    assert took
    assert row[5] == took[1]
    assert re.search(rf"^  duration +{took[1]} ", ann.types("timing", "meagre").stdout, re.M)
    assert re.search(rf"^meagre  failed after {took[1]}, exit code 137$", again.stderr, re.M)


def test_memory_is_doubled_until_it_is_enough(started: Any, get: Any) -> None:
    ended: Ended = end(started["hungry"])
    assert (ended.exit_code, ended.stdout) == (0, "has 12 MB\n"), ended
    run = get("run", "hungry")
    causes = _causes(run)
    assert causes == [*["OOMKilled"] * (len(causes) - 1), "Succeeded"]
    assert len(causes) > 1
    for number in range(1, len(causes) + 1):
        (container,) = get("job", f"hungry-{number}")["spec"]["template"]["spec"]["containers"]
        wanted = f"{16 * 2 ** (number - 1)}Mi"
        assert container["resources"] == {"limits": {"memory": wanted}, "requests": {"memory": wanted}}


def test_what_kubernetes_does_itself_is_certain_as_early(started: Any, get: Any) -> None:
    ended: Ended = end(started["gone"])
    assert ended.exit_code == 127
    assert "retry: none, policy own gives up after ExitCode" in ended.stderr
    job = get("job", "gone-1")
    assert job["spec"]["backoffLimit"] == 2
    assert job["spec"]["podFailurePolicy"]["rules"][0]["action"] == "FailJob"
    assert get("run", "gone")["status"]["state"] == "Failed"


def test_a_container_that_restarts_in_place_is_followed_on(started: Any) -> None:
    ended: Ended = end(started["restarting"])
    assert ended.exit_code == 0
    assert ended.stdout.splitlines() == ["start 1", "no end", "start 2", "no end"]


def test_two_containers_are_told_from_each_other(started: Any) -> None:
    ended: Ended = end(started["both"])
    assert ended.exit_code == 0
    said = sorted(re.sub(r"-[a-z0-9]{5} ", " ", line) for line in ended.stdout.splitlines())
    assert said == ["[both-1 other] two", "[both-1 tool] one"]


def test_a_timeout_counts_over_all_attempts(started: Any) -> None:
    ended: Ended = end(started["timed"])
    assert ended.exit_code == 124
    assert "retry: attempt 2 of 3 in" in ended.stderr
    assert ended.stderr.endswith(
        "error: timed did not end within 75 s; it is still running\n  try: kubectl rapt attach timed\n"
        "  see: kubectl rapt help errors timed-out\n"
    )


def test_a_run_is_cancelled_under_the_eyes_of_its_follower(
    started: Any, kubeconfig: Path, place: str, get: Any
) -> None:
    process = started["stopped"]
    assert process.stdout.readline() == "begun\n"
    _patch(kubeconfig, "run", "stopped", {"spec": {"cancelledBy": f"user-of-{place}"}})
    _patch(kubeconfig, "job", "stopped-1", {"spec": {"suspend": True}})
    ended = end(process)
    assert ended.exit_code != 0
    assert re.search(r"^stopped  cancelled after \d+s$", ended.stderr, re.M), ended
    assert f"Cancelled: cancelled by user-of-{place}" in ended.stderr
    assert "failed" not in ended.stderr
    run = get("run", "stopped")
    assert (run["status"]["state"], _causes(run)) == ("Failed", ["Cancelled"])


def test_who_waits_for_an_attempt_follows_it_when_a_person_asks_for_it(
    started: Any, ann: Person, get: Any
) -> None:
    process = started["brought-forward"]
    _until(process, "retry: attempt 2 of 3")
    assert ann.types("retry", "brought-forward", "--detach").stdout == (
        "run.rapt.dev/brought-forward attempt 2 created\n"
    )
    begun = time.monotonic()
    assert process.stdout is not None
    assert process.stdout.readline() == "this is brought-forward-1\n"
    assert process.stdout.readline() == "this is brought-forward-2\n"
    assert time.monotonic() - begun < 60
    _until(process, "retry: attempt 3 of 4")
    assert _causes(get("run", "brought-forward")) == ["ExitCode", "ExitCode"]


def test_a_follower_that_is_killed_is_replaced_by_attach(started: Any, ann: Person) -> None:
    process = started["waiting"]
    _until(process, "retry: attempt 2 of 3")
    process.kill()
    attached = ann.starts("attach", "waiting")
    _until(attached, "waiting  waits: attempt 2 of 3 in")
    asked = ann.types("retry", "waiting", "--set", "memory=64Mi", "--follow", "--timeout", "40s")
    assert asked.stdout == "this is waiting-2\n"
    assert asked.exit_code == 124
    attached.kill()
    with attached:
        pass


def test_five_who_ask_at_once_get_one_attempt(started: Any, ann: Person, get: Any, tmp_path: Path) -> None:
    assert end(started["shared"]).exit_code == 7
    askers = [ann.hesitates(tmp_path, "retry", "shared", "--wait") for _ in range(5)]
    let_pass(tmp_path, len(askers))
    for asker in askers:
        assert end(asker).exit_code == 7
    run = get("run", "shared")
    assert run["status"]["state"] == "Exhausted"
    assert len(run["status"]["attempts"]) == 4, (
        "two, the one that was asked for, and the one that the policy adds"
    )
