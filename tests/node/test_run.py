"""What a run is given and how it takes its turn, on a real node, killed at every write."""

import json
import random
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Ended, Kill, Person, each, end, kills
from tests.servers import remembering_server

CODE = 7
SECRET = "correct-horse-battery-staple"


@dataclass(frozen=True)
class Stage:
    """Someone who runs tools, and a server that each of their containers tells of its start."""

    person: Person
    kubeconfig: Path
    url: str
    starts: list[str]

    def tool(self, name: str, script: str, **spec: Any) -> None:
        """Write a Tool by hand; its script first tells the server of its start."""
        told = f"wget -q -O /dev/null {self.url}/$HOSTNAME; {script}"
        labels = {"labels": {"rapt.dev/tool": name}}
        container: dict[str, Any] = {"name": "tool", "image": "busybox:1.35", "command": ["sh", "-c", told]}
        if "parameters" in spec:
            container["env"] = [{"name": one["name"].upper(), "value": ""} for one in spec["parameters"]]
        pod = {"restartPolicy": "Never", "containers": [container]}
        template = {"metadata": labels, "spec": pod}
        job = {"metadata": labels, "spec": {"backoffLimit": 0, "template": template}}
        namespaces.apply(
            self.kubeconfig,
            {
                "apiVersion": "rapt.dev/v1alpha1",
                "kind": "Tool",
                "metadata": {"name": name},
                "spec": {**spec, "job": job},
            },
        )

    def objects(self, kind: str, *more: str) -> list[Any]:
        """The objects of a kind."""
        command = [str(kubectl.program()), f"--kubeconfig={self.kubeconfig}", "get", kind, "-o", "json"]
        items: list[Any] = json.loads(subprocess.check_output([*command, *more], timeout=60))["items"]
        return items

    def started(self, request: str) -> int:
        """How many containers of a request have started."""
        return sum(pod.rsplit("-", 2)[0] == request for pod in self.starts)


@pytest.fixture
def stage(cluster: Cluster, user: Path, tmp_path: Path) -> Iterator[Stage]:
    assert cluster.node_address is not None
    with remembering_server(cluster.node_address) as (url, starts):
        yield Stage(Person(tmp_path / "sam", user), user, url, starts)


def test_files_and_folders_arrive_byte_for_byte_and_secrets_are_nowhere_else(
    stage: Stage, tmp_path: Path
) -> None:
    noise = random.Random(3).randbytes(300_000)
    folder = tmp_path / "conf"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "noise.bin").write_bytes(noise)
    (folder / "go").write_text("#!/bin/sh\necho it goes\n")
    (folder / "go").chmod(0o755)
    (tmp_path / "token").write_text(SECRET)
    stage.tool("reader", "md5sum < /conf/deep/noise.bin; /conf/go; md5sum < /run/token; ls -A /conf")
    given = ("--mount", f"{folder}:/conf", "--secret-mount", f"{tmp_path / 'token'}:/run/token")
    ended = stage.person.types("run", "reader", "--request-id", "reads", "--follow", *given)
    assert ended.exit_code == 0, ended
    sums = [_sum(noise), "it goes", _sum(SECRET.encode())]
    assert ended.stdout.splitlines()[:3] == sums
    (run,) = stage.objects("runs.rapt.dev")
    assert SECRET not in json.dumps([run, *stage.objects("jobs"), *stage.objects("configmaps")])
    owned = [*stage.objects("secrets"), *stage.objects("configmaps", "--selector=rapt.dev/run=reads")]
    assert {one["metadata"]["ownerReferences"][0]["uid"] for one in owned} == {run["metadata"]["uid"]}
    (folder / "go").write_text("#!/bin/sh\necho it went\n")
    other = stage.person.types("run", "reader", "--request-id", "reads", *given)
    assert (other.exit_code, "asked for something else" in other.stderr) == (7, True), other


def _sum(content: bytes) -> str:
    import hashlib

    return f"{hashlib.md5(content, usedforsecurity=False).hexdigest()}  -"


def test_what_is_too_large_or_looks_like_a_credential_is_refused_before_anything_is_written(
    stage: Stage, tmp_path: Path
) -> None:
    stage.tool("reader", "true")
    (tmp_path / "large").write_bytes(b"x" * (1024 * 1024 + 1))
    (tmp_path / "fits").write_bytes(random.Random(4).randbytes(1024 * 1024))
    (tmp_path / "key").write_text("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n")
    large = stage.person.types("run", "reader", "--mount", f"{tmp_path / 'large'}:/x")
    assert (large.exit_code, "1,048,576 bytes" in large.stderr) == (5, True), large
    key = stage.person.types("run", "reader", "--mount", f"{tmp_path / 'key'}:/x")
    assert (key.exit_code, "--secret-mount" in key.stderr, "MIIE" in key.stderr) == (6, True, False), key
    assert stage.objects("runs.rapt.dev") == []
    fits = stage.person.types("run", "reader", "--wait", "--mount", f"{tmp_path / 'fits'}:/x")
    assert fits.exit_code == 0, fits


def test_a_run_with_files_that_queues_is_finished_by_the_same_command_wherever_it_was_killed(
    stage: Stage, tmp_path: Path
) -> None:
    (tmp_path / "word").write_text("given")
    (tmp_path / "token").write_text(SECRET)

    def words(request: str) -> tuple[str, ...]:
        given = ("--mount", f"{tmp_path / 'word'}:/w", "--secret-mount", f"{tmp_path / 'token'}:/t")
        return ("run", request, "--request-id", request, "--follow", *given)

    def tool(name: str) -> None:  # one each, so that they need not wait for each other
        stage.tool(name, f"cat /w; exit {CODE}", concurrency="queue")

    tool("undisturbed")
    ended, written = stage.person.writes(*words("undisturbed"))
    assert ended.exit_code == CODE, ended
    assert len(written) == 11, (
        "Run, two mounts, lease, Job, record, release, end, two Events, lease: " + "\n".join(written)
    )

    def scenario(kill: Kill) -> None:
        tool(str(kill))
        assert stage.person.is_killed(kill, *words(str(kill))).was_killed
        again = stage.person.types(*words(str(kill)))
        assert (again.exit_code, again.stdout) == (CODE, "given\n"), again
        assert stage.started(str(kill)) == 1

    each(scenario, kills(written))


def test_a_second_run_waits_for_the_first_or_is_refused_with_its_name(stage: Stage) -> None:
    of_the_first = "case $HOSTNAME in first-*) sleep 40;; one-*) sleep 25;; *) sleep 1;; esac"
    stage.tool("slow", f"{of_the_first}; echo slept", concurrency="queue")
    stage.tool("alone", of_the_first, concurrency="forbid")
    assert stage.person.types("run", "slow", "--request-id", "first", "--detach").exit_code == 0
    waits = stage.person.starts("run", "slow", "--request-id", "second", "--follow")
    _until(waits, "second  queued behind run/first")
    assert stage.person.types("run", "alone", "--request-id", "one", "--detach").exit_code == 0
    refused = stage.person.types("run", "alone", "--request-id", "two", "--detach")
    assert (refused.exit_code, "run/one of alone is still running" in refused.stderr) == (6, True), refused
    second = end(waits)
    assert (second.exit_code, second.stdout) == (0, "slept\n"), second
    spans = {
        one["metadata"]["name"]: one["status"]["attempts"][0]
        for one in stage.objects("runs.rapt.dev")
        if one["spec"]["tool"] == "slow"
    }
    assert spans["second"]["startedAt"] >= spans["first"]["finishedAt"]
    third = stage.person.types("run", "alone", "--request-id", "three", "--wait")
    assert third.exit_code == 0, "the first is over by now, whoever looks: " + str(third)
    assert [one["metadata"]["name"] for one in stage.objects("leases")] == []


def test_a_job_of_the_schedule_counts_too(stage: Stage) -> None:
    stage.tool("nightly", "sleep 1", concurrency="forbid")
    (tool,) = stage.objects("tools.rapt.dev")
    job = tool["spec"]["job"]
    pod = job["spec"]["template"]["spec"]
    pod["containers"][0]["command"] = ["sleep", "120"]
    namespaces.apply(
        stage.kubeconfig,
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            **job,
            "metadata": {**job["metadata"], "name": "nightly-29"},
        },
    )
    refused = stage.person.types("run", "nightly", "--detach")
    assert (refused.exit_code, "job/nightly-29 of nightly is still running" in refused.stderr) == (6, True), (
        refused
    )
    assert stage.objects("leases") == [], "who was refused keeps nothing"


def test_a_matrix_runs_each_combination_once_and_ends_with_the_first_bad_code(stage: Stage) -> None:
    day = {"name": "day", "type": "choice", "choices": ["mon", "tue", "wed"]}
    at = ["/spec/template/spec/containers/0/env/0/value"]
    stage.tool("report", f'test "$DAY" != tue || exit {CODE}', parameters=[{**day, "at": at}])
    words = ("run", "report", "--matrix", "day=mon,tue,wed", "--request-id", "week", "-o", "json", "--wait")
    first = stage.person.types(*words)
    assert first.exit_code == CODE, first
    told = json.loads(first.stdout)["items"]
    assert [(one["answers"]["day"], one["exitCode"]) for one in told] == [("mon", 0), ("tue", 7), ("wed", 0)]
    again = stage.person.types(*words)
    assert (again.exit_code, json.loads(again.stdout)) == (CODE, json.loads(first.stdout)), again
    assert [stage.started(one["run"]) for one in told] == [1, 1, 1]
    wrong = stage.person.types("run", "report", "--matrix", "day=mon,sun", "--request-id", "other")
    assert (wrong.exit_code, "day=sun" in wrong.stderr) == (5, True), wrong
    assert len(stage.objects("runs.rapt.dev")) == 3, "none is begun where one is wrong"


@pytest.fixture
def reviewing(stage: Stage) -> Stage:
    """Someone with a config repository, and a tool in it."""
    assert stage.person.types("init", "--local").exit_code == 0
    script = f"wget -q -O /dev/null {stage.url}/$HOSTNAME; echo reviewed; sleep 1; exit {CODE}"
    added = stage.person.types("add", "hello", "--image", "busybox:1.35", "--", "sh", "-c", script)
    assert added.exit_code == 0, added
    return stage


def _until(process: "subprocess.Popen[str]", said: str) -> None:
    """Wait until a command says something on standard error."""
    assert process.stderr is not None
    assert any(said in line for line in process.stderr), end(process)


def _merge(stage: Stage) -> None:
    (change,) = [
        word for word in stage.person.types("changes").stdout.split() if len(word) == 6 and _is_hex(word)
    ]
    merged = stage.person.types("changes", "merge", change)
    assert merged.exit_code == 0, merged


def _is_hex(word: str) -> bool:
    return all(sign in "0123456789abcdef" for sign in word)


def test_a_reviewed_run_is_followed_from_its_review_to_its_container_also_after_a_kill(
    reviewing: Stage,
) -> None:
    words = ("run", "hello", "--in", "dev", "--review", "--request-id", "once", "--follow")
    for _ in range(2):
        process = reviewing.person.starts(*words)
        _until(process, "waits for its review on rapt/dev/once/")
        process.kill()
        end(process)
    assert reviewing.objects("runs.rapt.dev") == [], "nothing runs before its review"
    shown = reviewing.person.types("runs", "--in", "dev")
    (row,) = shown.stdout.splitlines()[1:]
    assert row.split()[:3] == ["once", "hello", "Review"], shown
    assert "once waits for the merge of change " in shown.stderr, shown
    follower = reviewing.person.starts(*words)
    _until(follower, "waits for its review")
    _merge(reviewing)
    ended = end(follower)
    assert (ended.exit_code, ended.stdout.splitlines()[-1]) == (CODE, "reviewed"), ended
    for _ in range(2):
        assert reviewing.person.types("sync", "--in", "dev").exit_code == 0
    assert reviewing.started("once") == 1
    again = reviewing.person.types(*words)
    assert (again.exit_code, reviewing.started("once")) == (CODE, 1), again
    other = reviewing.person.types(*words, "--env", "A=1")
    assert other.exit_code in (2, 7), other


def test_sync_starts_what_was_reviewed_once_wherever_it_was_killed(reviewing: Stage) -> None:
    def asked(request: str) -> Ended:
        return reviewing.person.types(
            "run", "hello", "--in", "dev", "--review", "--request-id", request, "--detach"
        )

    first_asked = asked("undisturbed")
    assert first_asked.exit_code == 0
    _merge(reviewing)
    ended, written = reviewing.person.writes("sync", "--in", "dev")
    assert "run.rapt.dev/undisturbed started" in ended.stdout, ended
    (hint,) = re.findall(r"follow: kubectl rapt (.*)", first_asked.stderr)
    followed = reviewing.person.types(*shlex.split(hint))
    assert followed.exit_code == CODE, followed
    first = next(index for index, one in enumerate(written) if one == "create run/undisturbed")
    for number in range(first + 1, len(written) + 1):
        request = f"killed-{number}"
        assert asked(request).exit_code == 0
        _merge(reviewing)
        assert reviewing.person.is_killed(Kill("after", number), "sync", "--in", "dev").was_killed
        assert reviewing.person.types("sync", "--in", "dev").exit_code == 0
        attached = reviewing.person.types("attach", request)
        assert (attached.exit_code, reviewing.started(request)) == (CODE, 1), attached
