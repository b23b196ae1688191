"""Whose log is printed: all attempts of a run, one of them, one container, the last moments, and what a Run keeps."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person


def a_tool(name: str, *scripts: str, **spec: Any) -> dict[str, Any]:
    containers = [
        {"name": f"c{index}", "image": "busybox:1.35", "command": ["sh", "-c", script]}
        for index, script in enumerate(scripts)
    ]
    pod = {"spec": {"restartPolicy": "Never", "containers": containers}}
    job = {"spec": {"backoffLimit": 0, "template": pod}}
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name},
        "spec": {"job": job, **spec},
    }


@pytest.fixture(scope="module")
def ann(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Person:
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    retry = {"name": "twice", "summary": "Twice", "attempts": 2, "delay": "0s"}
    namespaces.apply(
        user,
        # Debian's containerd may lose what a container writes that ends at once, whoever reads.
        a_tool("twice", "echo said; sleep 1; exit 1", retry=retry),
        a_tool("pair", "echo one; sleep 1", "echo two; sleep 1"),
        a_tool("slow", "echo early; sleep 6; echo late; sleep 1"),
        a_tool("talk", "sleep 4; echo mine; sleep 1", "echo old; sleep 4; echo yours; sleep 1; exit 3"),
    )
    return Person(tmp_path_factory.mktemp("home") / "ann", user)


def kubectl_does(person: Person, *words: str) -> None:
    subprocess.run([str(kubectl.program()), *words], env=person.environ, check=True, capture_output=True)


def name_of_newest(person: Person, tool: str) -> str:
    items = json.loads(person.types("runs", tool, "-o", "json").stdout)["items"]
    return str(items[0]["metadata"]["name"])


def test_a_run_prints_all_attempts_or_the_one_that_is_asked_for(ann: Person) -> None:
    ann.types("run", "twice", "--follow")
    name = name_of_newest(ann, "twice")
    kubectl_does(ann, "wait", "--for=condition=failed", "--timeout=180s", f"job/{name}-2")
    lines = ann.types("logs", name).stdout.splitlines()
    assert [line.startswith(f"[{name}-{number}-") for number, line in enumerate(lines, 1)] == [True, True]
    assert all(line.endswith(" c0] said") for line in lines)
    assert ann.types("logs", name, "--attempt", "2").stdout == "said\n"
    missing = ann.types("logs", name, "--attempt", "3")
    assert (missing.exit_code, "2 attempts, and no attempt 3" in missing.stderr) == (4, True)


def test_one_container_is_printed_without_its_name(ann: Person) -> None:
    ann.types("run", "pair", "--follow")
    assert len(ann.types("logs", "pair").stdout.splitlines()) == 2
    assert ann.types("logs", "pair", "-c", "c1").stdout == "two\n"
    unknown = ann.types("logs", "pair", "--container", "c2")
    assert (unknown.exit_code, "it has c0, c1" in unknown.stderr) == (4, True)


def test_the_last_moments_and_the_time_of_each_line(ann: Person) -> None:
    assert ann.types("run", "slow", "--follow").stdout == "early\nlate\n"
    stamped = [line.split() for line in ann.types("logs", "slow", "--timestamps").stdout.splitlines()]
    assert [words[1] for words in stamped] == ["early", "late"]
    assert stamped[0][0] < stamped[1][0]
    time.sleep(2)
    assert ann.types("logs", "slow", "--since", "1s").stdout == ""
    assert ann.types("logs", "slow", "--since", "1h").stdout == "early\nlate\n"


def test_what_is_followed_is_narrowed_in_the_same_words(ann: Person) -> None:
    ann.types("run", "talk", "--request-id", "talk", "--detach")
    followed = ann.types(
        "logs", "run/talk", "--follow", "--container", "c1", "--attempt", "1", "--since", "1h"
    )
    assert (followed.exit_code, followed.stdout) == (3, "old\nyours\n"), followed
    again = ann.types("logs", "talk", "--follow", "-c", "c1", "--since", "1h", "--timestamps")
    assert [line.split()[1] for line in again.stdout.splitlines()] == ["old", "yours"]
    assert ann.types("logs", "talk", "--follow", "--since", "1s", "--tail", "0").stdout == ""
    unknown = ann.types("logs", "talk", "--follow", "-c", "c2")
    assert (unknown.exit_code, "it has c0, c1" in unknown.stderr) == (4, True)
    missing = ann.types("logs", "run/talk", "--follow", "--attempt", "2")
    assert (missing.exit_code, "1 attempt, and no attempt 2" in missing.stderr) == (4, True)


def test_an_attempt_that_is_over_is_followed_to_its_own_end(ann: Person) -> None:
    ann.types("run", "twice", "--request-id", "over", "--follow")
    first = ann.types("logs", "over", "--follow", "--attempt", "1")
    assert (first.exit_code, first.stdout) == (1, "said\n")
    kubectl_does(ann, "delete", "job", "over-1", "--cascade=foreground")
    recorded = ann.types("logs", "over", "--follow", "--attempt", "1")
    assert (recorded.exit_code, recorded.stdout) == (1, "")
    assert 'container "c0" ended with exit code 1' in recorded.stderr


def test_the_lines_that_a_run_keeps_are_printed_where_its_pods_are_gone(ann: Person, tmp_path: Path) -> None:
    ann.types("run", "pair", "--follow")
    name = name_of_newest(ann, "pair")
    kubectl_does(ann, "delete", "job", f"{name}-1", "--cascade=foreground")
    assert ann.types("logs", name).exit_code == 4
    status = json.dumps({"status": {"log": "last\n\x1b[2Jwords\n"}})
    kubectl_does(ann, "patch", "runs.rapt.dev", name, "--subresource=status", "--type=merge", "-p", status)
    kept = ann.types("logs", name)
    assert (kept.exit_code, kept.stdout) == (0, "last\n\\x1b[2Jwords\n")
    assert ann.types("logs", name, "--tail", "1").stdout == "\\x1b[2Jwords\n"
