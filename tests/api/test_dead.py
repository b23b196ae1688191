"""Dead letters on a real API server: looked at, run again exactly once, kept in files, dropped."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import documents, wiring
from kubectl_rapt.model.kinds import JOB, RUN, Manifest
from kubectl_rapt.model.target import Target
from kubectl_rapt.writes import Writers
from tests import finished
from tests.cli.endings import refused
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person

PARAMETER = {
    "name": "memory",
    "type": "quantity",
    "at": ["/spec/template/spec/containers/0/resources/limits/memory"],
    "default": "64Mi",
}
JOB_TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"rapt.dev/tool": "backup"}},
    "spec": {
        "backoffLimit": 0,
        "template": {
            "metadata": {"labels": {"rapt.dev/tool": "backup"}},
            "spec": {
                "restartPolicy": "Never",
                "nodeSelector": {"of": "nobody"},
                "containers": [
                    {
                        "name": "tool",
                        "image": "busybox:1.35",
                        "resources": {"limits": {"memory": "64Mi"}},
                    }
                ],
            },
        },
    },
}


@pytest.fixture
def admin(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writers]:
    monkeypatch.setenv("PATH", str(kubectl.program().parent), prepend=":")
    with wiring.open_world(Target(kubeconfig=str(cluster.kubeconfig))) as (_, writers):
        yield writers


@pytest.fixture
def ann(tmp_path: Path, user: Path) -> Person:
    return Person(tmp_path / "ann", user)


def objects(ann: Person, what: str) -> list[Manifest]:
    asked = ann.types("dead", "list", "-o", "json") if what == "dead" else ann.types("runs", "-o", "json")
    found: list[Manifest] = json.loads(asked.stdout)["items"]
    return found


@pytest.fixture
def dead(admin: Writers, namespace: str) -> Manifest:
    """A dead letter with its Job, beside a run that only failed; and the tool that they are of."""
    tool = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": "backup", "namespace": namespace},
        "spec": {"job": JOB_TEMPLATE, "parameters": [PARAMETER], "retry": retry()},
    }
    letter, other, _ = finished.create(
        admin,
        finished.a_run("letter", namespace, job=JOB_TEMPLATE, answers={"memory": "64Mi"}, retry=retry()),
        finished.a_run("other", namespace),
        tool,
    )
    job = finished.jobs(admin, finished.owned(letter, "letter-1"), how="Failed")[0]
    finished.close(admin, other, "Failed")
    return finished.close(admin, letter, "Exhausted", job=job)


def retry() -> dict[str, Any]:
    return {"name": "twice", "summary": "s", "attempts": 2}


def test_dead_letters_are_listed_and_shown_and_others_are_none(ann: Person, dead: Manifest) -> None:
    assert [one["metadata"]["name"] for one in objects(ann, "dead")] == ["letter"]
    listed = ann.types("dead", "list").stdout.splitlines()
    assert listed[0].split() == ["RUN", "TOOL", "CAUSE", "ATTEMPTS", "BY", "ENDED", "MESSAGE"]
    assert listed[1].split() == ["letter", "backup", "ExitCode", "1", "ann", "31d", "it", "failed"]
    shown = ann.types("dead", "show", "letter")
    assert shown.exit_code == 0
    for line in ("memory=64Mi", "ExitCode, exit code 3: it failed", "pod/x container tool", "  line 2"):
        assert line in shown.stdout
    assert ann.types("dead", "list", "-l", "rapt.dev/tool=other").stderr.startswith("No dead letters in")
    assert ann.types("dead", "show", "other") == refused(
        6, 'run "other" is Failed: it is no dead letter', "kubectl rapt why other", code="not-dead"
    )
    assert ann.types("dead", "show", "leter").stderr.splitlines()[1] == "  try: kubectl rapt dead show letter"


def test_the_commands_that_are_shown_work_as_they_are_where_the_namespace_was_typed(
    cluster: Cluster, namespace: str, dead: Manifest, tmp_path: Path
) -> None:
    elsewhere = Person(tmp_path / "ann", cluster.user(f"user-of-{namespace}", namespace="default"))
    shown = elsewhere.types("dead", "show", "letter", "-n", namespace)
    assert shown.exit_code == 0, shown
    lines = [line.partition("kubectl rapt ") for line in shown.stdout.splitlines()]
    manifest, again = (shlex.split(command) for _, program, command in lines if program)
    assert manifest == ["dead", "show", "-n", namespace, "letter", "-o", "yaml"]
    assert documents.load(elsewhere.types(*manifest).stdout, "manifest")["metadata"]["name"] == "letter"
    replayed = elsewhere.types(*again)
    assert replayed.exit_code == 0, replayed
    assert namespace in elsewhere.types("dead", "show", "leter", "-n", namespace).stderr.splitlines()[1]


def test_a_dead_letter_is_replayed_once_for_each_set_of_changes(ann: Person, dead: Manifest) -> None:
    would = ann.types("dead", "replay", "letter", "--dry-run")
    assert "would be created (replays letter)" in would.stdout
    assert len(objects(ann, "runs")) == 2
    first, again = (ann.types("dead", "replay", "letter") for _ in range(2))
    assert (first.exit_code, again.exit_code) == (0, 0), first.stderr + again.stderr
    name = first.stdout.split()[0]
    assert again.stdout == f"{name} exists already (replays letter)\n"
    more = ann.types("dead", "replay", "-l", "rapt.dev/tool=backup", "--set", "memory=2Gi")
    assert more.exit_code == 0, more.stderr
    made = {one["metadata"]["name"]: one for one in objects(ann, "runs")}
    assert len(made) == 4
    same, bigger = made[name.partition("/")[2]], made[more.stdout.split()[0].partition("/")[2]]
    assert [one["spec"]["replayOf"] for one in (same, bigger)] == ["letter", "letter"]
    assert same["spec"]["job"] == dead["spec"]["job"]
    pod = bigger["spec"]["job"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"] == {"memory": "2Gi"}
    assert bigger["spec"]["requestedBy"].startswith("user-of-")
    wrong = ann.types("dead", "replay", "letter", "--set", "memry=2Gi")
    assert wrong.exit_code == 5
    assert "memory" in wrong.stderr


def test_a_dead_letter_is_kept_in_files_and_dropped(
    ann: Person, dead: Manifest, namespace: str, tmp_path: Path, cluster: Cluster
) -> None:
    done = ann.types("dead", "export", "letter", "--to", str(tmp_path / "kept"))
    assert done.exit_code == 0, done.stderr
    folders = sorted((tmp_path / "kept" / namespace).iterdir())
    assert [one.name.rpartition("-")[0] for one in folders] == ["job-letter-1", "run-letter"]
    run = folders[1]
    assert {one.name for one in run.iterdir()} == {
        "manifest.yaml",
        "answers.yaml",
        "cause.yaml",
        "last-lines.log",
    }
    assert documents.load((run / "answers.yaml").read_text(), "answers") == {"memory": "64Mi"}
    assert (run / "last-lines.log").read_text() == "line 1\nline 2\n"

    asked = ann.types("dead", "drop", "letter")
    assert asked.exit_code == 2
    assert "-y" in asked.stderr
    dropped = ann.types("dead", "drop", "letter", "-y")
    assert (dropped.exit_code, dropped.stderr) == (0, "1 Job and 1 Run deleted, 0 stay\n")
    with wiring.open_world(Target(kubeconfig=str(cluster.kubeconfig))) as (world, _):
        there = [
            one["metadata"]["name"] for kind in (JOB, RUN) for one in world.cluster.list(kind, namespace)
        ]
    assert there == ["other"]


def test_a_held_dead_letter_is_not_dropped(
    ann: Person, dead: Manifest, admin: Writers, namespace: str
) -> None:
    held = {"metadata": {"labels": {"rapt.dev/keep": "audit"}}}
    admin.cluster.patch(finished.ref("letter-1", namespace), held)
    kept = ann.types("dead", "drop", "letter", "-y")
    assert kept.exit_code == 1
    assert "job/letter-1 stays: held by rapt.dev/keep" in kept.stdout
