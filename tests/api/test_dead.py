"""Dead runs on a real API server: listed, described, run again exactly once, written to files, deleted."""

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
    return Person(tmp_path / "ann", user).follows_hints()


def objects(ann: Person, *flags: str) -> list[Manifest]:
    found: list[Manifest] = json.loads(ann.types("runs", *flags, "-o", "json").stdout)["items"]
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


def test_dead_runs_are_those_that_runs_lists_as_dead(ann: Person, dead: Manifest) -> None:
    assert [one["metadata"]["name"] for one in objects(ann, "--status", "dead")] == ["letter"]
    every = ann.types("dead", "export", "-l", "rapt.dev/tool", "--dry-run")
    assert [line.split()[0] for line in every.stdout.splitlines() if line.startswith("run/")] == [
        "run/letter"
    ]
    assert ann.types("dead", "drop", "-l", "rapt.dev/tool=other", "-y") == refused(
        4,
        f"no dead run in namespace {dead['metadata']['namespace']} has labels rapt.dev/tool=other",
        "kubectl rapt runs --status dead",
        code="no-run",
    )
    assert ann.types("dead", "replay", "other") == refused(
        6, 'run "other" is Failed: it did not use up its attempts', "kubectl rapt why other", code="not-dead"
    )
    assert ann.types("dead", "drop", "leter").stderr.splitlines()[1] == "  try: kubectl rapt dead drop letter"


def test_a_dead_run_is_described_with_its_evidence_and_its_last_lines(ann: Person, dead: Manifest) -> None:
    shown = ann.types("describe", "letter")
    assert shown.exit_code == 0, shown
    for line in ("memory=64Mi", "it failed", "Evidence:        pod/x container tool", "  line 2"):
        assert line in shown.stdout
    assert shown.stdout.splitlines()[-1] == "Try: kubectl rapt dead replay letter"


def test_the_commands_that_are_shown_work_as_they_are_where_the_namespace_was_typed(
    cluster: Cluster, namespace: str, dead: Manifest, tmp_path: Path
) -> None:
    elsewhere = Person(tmp_path / "ann", cluster.user(f"user-of-{namespace}", namespace="default"))
    shown = elsewhere.types("describe", "letter", "-n", namespace)
    assert shown.exit_code == 0, shown
    again = shlex.split(shown.stdout.splitlines()[-1].partition("kubectl rapt ")[2])
    replayed = elsewhere.types(*again)
    assert replayed.exit_code == 0, replayed
    assert namespace in elsewhere.types("dead", "drop", "leter", "-n", namespace).stderr.splitlines()[1]


def test_a_dead_letter_is_replayed_once_for_each_set_of_changes(ann: Person, dead: Manifest) -> None:
    would = ann.types("dead", "replay", "letter", "--dry-run")
    assert "would be created (replays letter)" in would.stdout
    assert len(objects(ann)) == 2
    first, again = (ann.types("dead", "replay", "letter") for _ in range(2))
    assert (first.exit_code, again.exit_code) == (0, 0), first.stderr + again.stderr
    name = first.stdout.split()[0]
    assert again.stdout == f"{name} exists already (replays letter)\n"
    more = ann.types("dead", "replay", "-l", "rapt.dev/tool=backup", "--set", "memory=2Gi")
    assert more.exit_code == 0, more.stderr
    made = {one["metadata"]["name"]: one for one in objects(ann)}
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
