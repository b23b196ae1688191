"""Objects whose every text steers a terminal: no command that shows them lets any of it through."""

import os
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.cli import main
from kubectl_rapt.model.kinds import JOB, POD, RUN, Ref
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests import finished
from tests.cluster import kubectl
from tests.hostile import HOSTILE, assert_harmless
from tests.killing import Person
from tests.repositories import SOMEONE

COMMANDS = {
    "list": ("", "wide", "json", "yaml", "name"),
    "runs": ("", "wide", "json", "yaml", "name"),
    "runs evil": ("", "json"),
    "describe evil": ("", "json", "yaml"),
    "describe run/evil-1": ("", "json", "yaml"),
    "describe job/evil-job": ("",),
    "why evil-1": ("", "json", "yaml"),
    "why": ("", "json"),
    "logs evil-1": ("",),
    "events evil": ("", "json", "yaml"),
    "events evil-1": ("", "json"),
    "timing evil": ("", "json"),
    "timing evil-1": ("", "json"),
    "status": ("",),
    "status evil": ("",),
    "schedule": ("", "json"),
    "dead": ("", "json"),
    "dead export evil-1": ("",),
    "clean --dry-run": ("", "json"),
    "reconcile --dry-run": ("", "json"),
    "run evil --dry-run": ("", "json"),
    "run evil --set x=1": ("",),
    "run evil --set word=1": ("",),
    "retry evil-1 --dry-run": ("", "json"),
    "attach evil-1": ("",),
    "cancel evil-1 --dry-run": ("",),
    "delete evil --dry-run": ("",),
    "shell evil-1": ("",),
    "doctor": ("", "json"),
}
"""Every command that shows what is in the cluster, and the forms of its output."""


@pytest.fixture
def hostile(admin: tuple[World, Writers], namespace: str) -> None:
    """A tool, its run, a Job, a schedule and events."""
    world, writers = admin
    container = {
        "name": "tool",
        "image": "busybox:1.35",
        "command": ["echo", HOSTILE],
        "args": [HOSTILE],
        "env": [{"name": "A", "value": HOSTILE}],
    }
    job = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}
    word = {
        "name": "word",
        "type": "choice",
        "description": HOSTILE,
        "choices": [HOSTILE, "x"],
        "example": HOSTILE,
        "at": ["/spec/template/spec/containers/0/args/0"],
    }
    tool = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": "evil", "namespace": namespace, "annotations": {"rapt.dev/a": HOSTILE}},
        "spec": {"summary": HOSTILE, "parameters": [word], "job": job},
    }
    run = finished.a_run(
        "evil-1", namespace, "evil", requestedBy=HOSTILE, answers={"word": HOSTILE}, env={"A": HOSTILE}
    )
    made, run = map(dict, finished.create(writers, tool, run))
    (ended,) = finished.jobs(
        writers, finished.owned(run, "evil-job", annotations={"a": HOSTILE}), how="Failed"
    )
    finished.close(writers, run, "Exhausted", 1, ended)
    status = world.cluster.get(Ref(RUN, "evil-1", namespace))["status"]
    status["log"] = "one\n" + HOSTILE.replace("\r\n", "")  # a log's line may say what it likes
    for one in (*status["conditions"], *status["attempts"]):
        one["message"] = HOSTILE
    status["attempts"][0]["evidence"] = HOSTILE
    writers.cluster.patch(Ref(RUN, "evil-1", namespace), {"status": status}, subresource="status")
    for about in (made, run, ended):
        writers.cluster.create(_event(about))


FAR = "9999-12-31T23:59:59Z"
ATTEMPT = {"number": 1, "job": "x", "uid": "y"}
IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "no-end": {"state": "Running", "attempts": [{**ATTEMPT, "cause": "Failed"}]},
    "no-end-of-a-success": {"state": "Succeeded", "attempts": [{**ATTEMPT, "cause": "Succeeded"}]},
    "end-of-time": {"state": "Retrying", "attempts": [{**ATTEMPT, "cause": "Failed", "finishedAt": FAR}]},
    "begun-at-no-time": {"state": "Running", "attempts": [{**ATTEMPT, "startedAt": FAR}]},
    "due-at-no-time": {"state": "Retrying", "nextAttemptAt": FAR, "attempts": [ATTEMPT]},
    "over-while-it-runs": {"state": "Succeeded", "attempts": [ATTEMPT]},
    "job-without-a-name": {"state": "Running", "attempts": [{**ATTEMPT, "job": ""}]},
    "job-elsewhere": {"state": "Running", "attempts": [{**ATTEMPT, "job": "../../secrets/a"}]},
}
"""Statuses that the API server takes from whoever may write them, and that nobody's run can have."""


def test_runs_that_nobody_can_have_had_stop_no_list_and_are_named(
    admin: tuple[World, Writers], namespace: str, user: Path, tmp_path: Path
) -> None:
    _, writers = admin
    retry = {"name": "r", "summary": "s", "attempts": 5, "delay": "60s", "factor": 1, "otherwise": "retry"}
    for name, status in IMPOSSIBLE.items():
        finished.create(writers, finished.a_run(name, namespace, retry=retry))
        writers.cluster.patch(Ref(RUN, name, namespace), {"status": status}, subresource="status")
    finished.create(writers, finished.a_run("good", namespace, concurrency="queue"))
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": {"holderIdentity": "x"}}
    metadata = {"name": "rapt-backup", "namespace": namespace, "annotations": {"rapt.dev/attempt": "²"}}
    writers.cluster.create({**lease, "metadata": {**metadata, "labels": {"rapt.dev/tool": "backup"}}})
    ann = Person(tmp_path / "ann", user)
    for command, shows in (
        ("runs", "good"),
        ("runs -o wide", "good"),
        ("status", "1 Pending"),
        ("reconcile --dry-run", "good"),
    ):
        ended = ann.types(*command.split())
        text = ended.stdout + ended.stderr
        assert "  report: " not in text, f"{command}: {text}"
        assert shows in text, f"{command}: {text}"
    broken = ann.types("runs").stdout
    for name in IMPOSSIBLE:
        assert name in broken
        assert "Broken: " in ann.types("describe", name).stdout
        for verb in (("why",), ("cancel",), ("logs",), ("retry", "--detach")):
            ended = ann.types(verb[0], name, *verb[1:])
            said = ended.stdout + ended.stderr
            assert "  report: " not in said, f"{verb} {name}: {said}"
            assert ended.exit_code == 5, f"{verb} {name}: {said}"
            assert f"run/{name} cannot be read: " in said, f"{verb} {name}: {said}"


def test_a_pod_of_somebody_else_with_the_labels_of_a_job_says_nothing_of_its_run(
    admin: tuple[World, Writers], namespace: str, user: Path, tmp_path: Path
) -> None:
    _, writers = admin
    (run,) = finished.create(writers, finished.a_run("mine", namespace))
    (job,) = finished.create(writers, finished.owned(run, "mine-1"))
    uid = job["metadata"]["uid"]
    attempts = [{"number": 1, "job": "mine-1", "uid": uid}]
    status = {"status": {"state": "Running", "attempts": attempts}}
    writers.cluster.patch(Ref(RUN, "mine", namespace), status, subresource="status")
    core = {"apiVersion": "v1", "metadata": {"name": "owner", "namespace": namespace}}
    owner = writers.cluster.create({**core, "kind": "ConfigMap"})["metadata"]
    marks = {
        "rapt.dev/run": "mine",
        "rapt.dev/tool": "backup",
        "rapt.dev/attempt": "1",
        "batch.kubernetes.io/job-name": "mine-1",
        "batch.kubernetes.io/controller-uid": uid,
    }
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["uid"]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "evil",
            "namespace": namespace,
            "labels": marks,
            "ownerReferences": [{**reference, "controller": True}],
        },
        "spec": {
            "restartPolicy": "Never",
            "nodeSelector": {"of": "nobody"},
            "containers": [{"name": "tool", "image": "busybox:1.35"}],
        },
    }
    writers.cluster.create(pod)
    end = {"exitCode": 0, "startedAt": "2026-12-01T00:00:00Z", "finishedAt": "2026-12-01T00:00:01Z"}
    ended = {"name": "tool", "ready": False, "restartCount": 0, "image": "x", "imageID": "x"}
    said = {
        "phase": "Succeeded",
        "containerStatuses": [{**ended, "state": {"terminated": {**end, "message": "forged"}}}],
    }
    writers.cluster.patch(Ref(POD, "evil", namespace), {"status": said}, subresource="status")
    ann = Person(tmp_path / "ann", user)
    for command in (
        *("runs", "why mine", "describe mine", "timing mine", "logs mine", "attach mine --timeout 2s"),
        *("reconcile", "runs"),
    ):
        ended_ = ann.types(*command.split())
        text = ended_.stdout + ended_.stderr
        assert "Succeeded" not in text, f"{command}: {text}"
        assert "forged" not in text, f"{command}: {text}"
        assert "evil" not in text, f"{command}: {text}"


def test_a_job_of_somebody_else_with_the_name_of_an_attempt_is_not_the_runs(
    admin: tuple[World, Writers], namespace: str, user: Path, tmp_path: Path
) -> None:
    _, writers = admin
    (run, begun) = finished.create(
        writers, finished.a_run("mine", namespace), finished.a_run("begun", namespace)
    )
    (job,) = finished.jobs(writers, finished.owned(run, "mine-1"), how="Failed")
    finished.close(writers, run, "Failed", 1, job)
    writers.cluster.delete(Ref(JOB, "mine-1", namespace), uid=job["metadata"]["uid"])
    marks: dict[str, Any] = {"labels": {"rapt.dev/run": "mine"}, "annotations": {"said": "forged"}}
    (other,) = finished.jobs(writers, finished.a_job("mine-1", namespace, **marks), how="Complete")
    uid = other["metadata"]["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "mine-1", "uid": uid, "controller": True}
    metadata = {
        "name": "evil",
        "namespace": namespace,
        "labels": {"batch.kubernetes.io/job-name": "mine-1", "batch.kubernetes.io/controller-uid": uid},
        "ownerReferences": [owner],
    }
    container = {"name": "tool", "image": "busybox:1.35"}
    spec = {"restartPolicy": "Never", "nodeSelector": {"of": "nobody"}, "containers": [container]}
    writers.cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    finished.jobs(writers, finished.a_job("begun-1", namespace), how="Complete")
    ann = Person(tmp_path / "ann", user)
    for command in ("logs mine", "why mine", "describe mine", "timing mine", "describe begun", "why begun"):
        ended = ann.types(*command.split())
        text = ended.stdout + ended.stderr
        assert "Succeeded" not in text.replace("Succeeded   False", ""), f"{command}: {text}"
        assert "forged" not in text, f"{command}: {text}"
        assert "evil" not in text, f"{command}: {text}"
    assert begun["metadata"]["name"] in ann.types("runs").stdout


def _event(about: Any) -> dict[str, Any]:
    metadata = about["metadata"]
    keys = ("name", "namespace", "uid")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"of-{metadata['name']}", "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            **{key: metadata[key] for key in keys},
        },
        "type": "Warning",
        "reason": HOSTILE[:100],
        "message": HOSTILE,
        "source": {"component": HOSTILE},
        "lastTimestamp": "2026-12-01T00:00:00Z",
    }


def test_no_command_lets_through_what_steers_a_terminal(
    hostile: None,
    user: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in os.environ if name.startswith(("XDG_", "RAPT_", "GIT_", "KUBE"))]:
        monkeypatch.delenv(name)
    path = f"{kubectl.program().parent}:{os.environ['PATH']}"
    for name, value in {**SOMEONE, "HOME": tmp_path, "KUBECONFIG": user, "PATH": path}.items():
        monkeypatch.setenv(name, str(value))
    told = {}
    for command, forms in COMMANDS.items():
        for form in forms:
            words = [*command.split(), *(["-o", form] if form else [])]
            main.run(words)
            ended = capfd.readouterr()
            told[" ".join(words)] = ended.out + ended.err
    for typed, text in told.items():
        assert "  report: " not in text, f"{typed}: {text}"
        assert_harmless(text, typed)
    shown = [typed for typed, text in told.items() if "touch pwned" in text]
    assert len(shown) >= 20, shown
