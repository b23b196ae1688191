"""Runs named by their tool, several at once and by labels: on a real node."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person

SLEEPS = "trap 'exit 0' TERM; echo begun; sleep 300 & wait"


def a_tool(name: str, script: str, **spec: Any) -> dict[str, Any]:
    marks = {"labels": {"rapt.dev/tool": name}}
    container = {"name": "tool", "image": "busybox:1.35", "command": ["sh", "-c", script]}
    template = {"metadata": marks, "spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {"metadata": marks, "spec": {"backoffLimit": 0, "template": template}}
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name},
        "spec": {**spec, "job": job},
    }


@pytest.fixture(scope="module")
def user(cluster: Cluster) -> Path:
    namespace = namespaces.prepare(cluster)
    return cluster.user(f"user-of-{namespace}", namespace=namespace)


@pytest.fixture(scope="module")
def ann(user: Path, tmp_path_factory: pytest.TempPathFactory) -> Person:
    twice = {"retry": {"name": "twice", "summary": "Twice", "attempts": 2, "delay": "1h"}}
    tools = [a_tool(name, f"{SLEEPS}; echo {name}") for name in ("one", "two", "three")]
    namespaces.apply(user, *tools, a_tool("fails", "echo said; sleep 1; exit 3", **twice))
    huge = a_tool("huge", "exit 0")
    (container,) = huge["spec"]["job"]["spec"]["template"]["spec"]["containers"]
    container["resources"] = {"requests": {"cpu": "900"}}
    namespaces.apply(user, a_tool("broken", "exit 1"), a_tool("fine", "exit 0"), huge)
    return Person(tmp_path_factory.mktemp("ann"), user).follows_hints()


@pytest.fixture(scope="module")
def begun(ann: Person, user: Path) -> Iterator[None]:
    for name in ("one", "two", "three"):
        assert ann.types("run", name, "--request-id", f"{name}-x", "--detach").exit_code == 0
    waits = (
        "wait",
        "--for=condition=Ready",
        "--timeout=120s",
        "pod",
        "-l",
        "rapt.dev/tool in (one,two,three)",
    )
    subprocess.check_call([str(kubectl.program()), f"--kubeconfig={user}", *waits], timeout=150)
    yield


def test_logs_of_several_say_whose_each_line_is(ann: Person, begun: None) -> None:
    told = ann.types("logs", "one", "run/two-x", "nothing")
    assert told.exit_code == 4, told
    assert [line.split("-x-")[0].lstrip("[") for line in told.stdout.splitlines()] == ["one", "two"]
    assert 'no tool or run "nothing"' in told.stderr
    by_label = ann.types("logs", "-l", "rapt.dev/tool in (two,three)")
    assert by_label.exit_code == 0
    assert sorted(line.partition("] ")[2] for line in by_label.stdout.splitlines()) == ["begun", "begun"]
    assert ann.types("logs", "one", "-l", "a=b").exit_code == 2
    assert ann.types("logs", "one", "two", "-f").exit_code == 2


def test_cancel_takes_tools_several_runs_and_labels(ann: Person, begun: None) -> None:
    planned = ann.types("cancel", "one", "two-x", "--dry-run")
    assert planned.stdout.splitlines() == [
        "run.rapt.dev/one-x would be cancelled (Running)",
        "run.rapt.dev/two-x would be cancelled (Running)",
    ]
    assert planned.stderr == "one: its newest run is one-x\n"
    told = ann.types("cancel", "one", "two-x")
    assert (told.exit_code, told.stdout) == (
        0,
        "run.rapt.dev/one-x cancelled\nrun.rapt.dev/two-x cancelled\n",
    )
    again = ann.types("cancel", "one", "two-x")
    assert (again.exit_code, again.stderr.count("is over: Cancelled")) == (1, 2), again
    alone = ann.types("cancel", "one")
    assert alone.exit_code == 6, alone
    (row,) = ann.types("runs", "one", "--no-headers").stdout.splitlines()
    name, _, status, attempts, _, took, _ = row.split()
    assert (name, status, attempts) == ("one-x", "Cancelled", "1")
    assert took != "-", "it ran from its release to its end"
    assert ann.types("runs", "--status", "cancelled", "--no-headers").stdout.split()[0] in ("one-x", "two-x")
    assert not ann.types("runs", "--status", "failed").stdout
    counted = ann.types("status").stdout
    assert "2 Cancelled" in counted, counted
    assert "Failed" not in counted
    log = ann.types("logs", "one-x")
    assert (log.exit_code, "has no pods any more" in log.stderr) == (4, True), log
    by_label = ann.types("cancel", "-l", "rapt.dev/tool in (one,two,three)")
    assert (by_label.exit_code, by_label.stdout) == (0, "run.rapt.dev/three-x cancelled\n")
    none = ann.types("cancel", "-l", "rapt.dev/tool=three")
    assert (none.exit_code, none.stderr) == (0, "No runs to cancel with the labels rapt.dev/tool=three.\n")


@pytest.mark.parametrize(
    ("tool", "kind", "status"), [("broken", "Failed", "ExitCode"), ("fine", "Complete", "Succeeded")]
)
def test_a_run_whose_end_nobody_has_recorded_is_over_for_cancel_too(
    ann: Person, user: Path, tool: str, kind: str, status: str
) -> None:
    assert ann.types("run", tool, "--request-id", f"{tool}-x", "--detach").exit_code == 0
    on = (str(kubectl.program()), f"--kubeconfig={user}")
    waits = ("wait", f"--for=condition={kind}", "--timeout=120s", f"job/{tool}-x-1")
    subprocess.check_call([*on, *waits], timeout=150)
    planned = ann.types("cancel", f"{tool}-x", "--dry-run")
    for told in (planned, ann.types("cancel", f"{tool}-x"), ann.types("cancel", f"{tool}-x")):
        assert (told.exit_code, told.stdout) == (6, ""), told
        assert f'error: run "{tool}-x" is over: {status}\n  try: kubectl rapt why {tool}-x\n' in told.stderr
    got = subprocess.check_output([*on, "get", "runs.rapt.dev", f"{tool}-x", "-o", "json"], timeout=60)
    run = json.loads(got)
    assert "cancelledBy" not in run["spec"]
    assert run["status"]["attempts"][-1]["cause"] == status
    (row,) = ann.types("runs", tool, "--no-headers").stdout.splitlines()
    assert row.split()[2] == status


def test_a_run_that_has_not_started_in_time_says_so_and_what_it_waits_for(ann: Person) -> None:
    ended = ann.types("run", "huge", "--request-id", "huge-x", "--follow", "--timeout", "8s")
    assert ended.exit_code == 124, ended
    said = "error: huge-x did not end within 8 s; it has not started: Unschedulable: no node takes its pod"
    assert said in ended.stderr, ended
    assert "still running" not in ended.stderr


def test_logs_that_see_the_end_record_it_and_start_nothing(ann: Person, user: Path) -> None:
    begun = ann.types("run", "fails", "--request-id", "fails-x", "--detach")
    assert "retry:  when you attach to it or reconcile: kubectl rapt reconcile" in begun.stderr
    told = ann.types("logs", "fails", "--follow")
    assert (told.exit_code, told.stdout) == (3, "said\n"), told
    assert "  retry: attempt 2 of 2 in " in told.stderr
    get = (str(kubectl.program()), f"--kubeconfig={user}", "get", "runs.rapt.dev", "fails-x", "-o", "json")
    status = json.loads(subprocess.check_output(get, timeout=60))["status"]
    assert (status["state"], len(status["attempts"])) == ("Retrying", 1)
    assert status["attempts"][0]["cause"] == "ExitCode"
    assert 'last line "said"' in status["attempts"][0]["message"]
    again = ann.types("retry", "fails", "--detach")
    assert (again.exit_code, again.stdout) == (0, "run.rapt.dev/fails-x attempt 2 created\n"), again
    assert again.stderr.startswith("fails: its newest run is fails-x\n")
    stopped = ann.types("cancel", "fails")
    assert stopped.stderr.startswith("fails: its newest run is fails-x\n"), stopped
    followed = ann.types("attach", "fails", "--timeout", "60s")
    assert followed.stderr.startswith("fails: its newest run is fails-x\n"), followed


@pytest.mark.parametrize("verb", ["retry", "attach", "debug", "cancel"])
def test_a_name_that_is_neither_a_tool_nor_a_run_is_told(ann: Person, verb: str) -> None:
    told = ann.types(verb, "fails-y")
    assert (told.exit_code, 'no tool or run "fails-y"' in told.stderr) == (4, True), told


def test_a_request_that_is_repeated_says_so_and_another_one_says_what_differs(
    ann: Person, user: Path
) -> None:
    asks = {
        "name": "word",
        "type": "string",
        "at": ["/spec/template/spec/containers/0/env/0/value"],
        "default": "",
    }
    tool = a_tool("asks", "true", parameters=[asks])
    tool["spec"]["job"]["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "WORD", "value": ""}]
    namespaces.apply(user, tool)
    words = ("run", "asks", "--request-id", "asks-x", "--set", "word=a", "--detach")
    first = ann.types(*words)
    assert (first.exit_code, "not started again" in first.stderr) == (0, False), first
    again = ann.types(*words)
    assert again.exit_code == 0, again
    assert re.match(r"asks-x was asked for \d+s ago; not started again\n", again.stderr), again
    other = ann.types("run", "asks", "--request-id", "asks-x", "--set", "word=b", "--detach")
    assert other.exit_code == 7, other
    assert 'for something else: word "a", now "b"\n' in other.stderr, other
    get = (
        str(kubectl.program()),
        f"--kubeconfig={user}",
        "get",
        "jobs",
        "-l",
        "rapt.dev/run=asks-x",
        "-o",
        "name",
    )
    assert subprocess.check_output(get, text=True, timeout=60) == "job.batch/asks-x-1\n"


def test_a_script_with_windows_line_ends_is_told_before_and_after(
    ann: Person, user: Path, tmp_path: Path
) -> None:
    tool = a_tool("script", "true")
    tool["spec"]["job"]["spec"]["template"]["spec"]["containers"][0]["command"] = ["sh", "-c", "/go"]
    namespaces.apply(user, tool)
    script = tmp_path / "go"
    script.write_bytes(b"#!/bin/sh\r\necho hello\r\n")
    script.chmod(0o755)
    told = ann.types("run", "script", "--request-id", "script-x", "--mount", f"{script}:/go", "--follow")
    assert told.exit_code == 127, told
    assert told.stderr.startswith(f"warning: {script} has Windows line ends (CRLF)"), told
    why = ann.types("why", "script-x").stdout
    assert "/go has Windows line ends (CRLF), so its interpreter is not found" in why, why
    (hint,) = re.findall(r"^try +(.*)$", why, re.M)
    subprocess.run(["sh", "-c", hint], check=True, timeout=60)
    mended = ann.types("run", "script", "--mount", f"{script}:/go", "--follow")
    assert (mended.exit_code, mended.stdout, "CRLF" in mended.stderr) == (0, "hello\n", False), mended
