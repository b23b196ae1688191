"""What a schedule started and no Run has recorded: every command knows it by the name that `runs` shows."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person

NAME = "nightly-29933370"
MARKS = {"labels": {"rapt.dev/tool": "nightly"}}


def of_kubectl(user: Path, *words: str) -> str:
    command = [str(kubectl.program()), f"--kubeconfig={user}", *words]
    return subprocess.check_output(command, timeout=150, text=True)


def a_job(script: str) -> dict[str, Any]:
    container = {"name": "tool", "image": "busybox:1.35", "command": ["sh", "-c", script]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {"metadata": MARKS, "spec": {"backoffLimit": 0, "template": {"metadata": MARKS, "spec": pod}}}


@pytest.fixture(scope="module")
def user(cluster: Cluster) -> Path:
    """Someone whose schedule has fired once, and failed."""
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    job = a_job("echo said; sleep 2; exit 9")
    metadata = {"name": "nightly", **MARKS}
    tool = {"apiVersion": "rapt.dev/v1alpha1", "kind": "Tool", "metadata": metadata, "spec": {"job": job}}
    spec = {"schedule": "0 3 1 1 *", "jobTemplate": job}
    cron_job = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}
    namespaces.apply(user, tool, cron_job)
    uid = json.loads(of_kubectl(user, "get", "cronjob", "nightly", "-o", "json"))["metadata"]["uid"]
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": "nightly",
        "uid": uid,
        "controller": True,
    }
    made = {"apiVersion": "batch/v1", "kind": "Job", **job}
    made["metadata"] = {"name": NAME, **MARKS, "ownerReferences": [owner]}
    namespaces.apply(user, made)
    of_kubectl(user, "wait", "--for=condition=Failed", "--timeout=120s", f"job/{NAME}")
    return user


@pytest.fixture(scope="module")
def ann(user: Path, tmp_path_factory: pytest.TempPathFactory) -> Person:
    return Person(tmp_path_factory.mktemp("ann"), user).follows_hints()


def test_it_is_explained_kept_and_tried_again_by_the_name_that_the_list_shows(
    ann: Person, user: Path
) -> None:
    (row,) = ann.types("runs", "--no-headers").stdout.splitlines()
    assert row.split()[:5] == [NAME, "nightly", "ExitCode", "1", "cron"], row
    why = ann.types("why", NAME)
    assert why.exit_code == 0, why
    assert "ExitCode" in why.stdout
    assert "asked by  cron" in why.stdout
    described = ann.types("describe", NAME)
    assert described.exit_code == 0, described
    assert "Requested by:    cron" in described.stdout
    assert "ExitCode" in described.stdout
    assert ann.types("logs", NAME).stdout == "said\n"
    told = ann.types("attach", NAME)
    assert (told.exit_code, "no Run has recorded it yet" in told.stderr) == (4, True), told
    kept = ann.types("clean", "nightly", "--older-than", "0s", "--dry-run")
    assert "no Run has recorded this failure yet: kubectl rapt reconcile" in kept.stdout + kept.stderr, kept

    shown = ann.types("retry", NAME, "--dry-run")
    assert (shown.exit_code, f"name: {NAME}-2" in shown.stdout) == (0, True), shown
    assert not json.loads(of_kubectl(user, "get", "runs.rapt.dev", "-o", "json"))["items"]
    again = ann.types("retry", NAME, "--wait")
    assert again.exit_code == 9, again
    assert f"recorded what a schedule started as run {NAME}" in again.stderr
    (row,) = ann.types("runs", "--no-headers").stdout.splitlines()
    assert row.split()[:5] == [NAME, "nightly", "ExitCode", "2", "cron"], row
    job = json.loads(of_kubectl(user, "get", "job", NAME, "-o", "json"))
    (run,) = json.loads(ann.types("runs", "-o", "json").stdout)["items"]
    assert run["spec"]["requestedBy"] == "cron"
    assert run["status"]["attempts"][0]["startedAt"] == job["status"]["startTime"]
    # The container has ended, which is enough for retry; Kubernetes says so of the Job some seconds later.
    of_kubectl(user, "wait", "--for=condition=Failed", "--timeout=120s", f"job/{NAME}-2")
    gone = ann.types("clean", "nightly", "--older-than", "0s", "-y")
    assert gone.exit_code == 0, gone
    assert "2 Jobs deleted" in gone.stderr


def test_what_somebody_started_by_hand_from_a_schedule_becomes_a_run_of_nobody(
    ann: Person, user: Path
) -> None:
    of_kubectl(user, "create", "job", "by-hand", "--from=cronjob/nightly")
    of_kubectl(user, "wait", "--for=condition=Failed", "--timeout=120s", "job/by-hand")
    assert "asked by" not in ann.types("why", "by-hand").stdout
    done = ann.types("reconcile")
    assert (done.exit_code, "became run/by-hand" in done.stdout) == (0, True), done
    run = json.loads(of_kubectl(user, "get", "runs.rapt.dev", "by-hand", "-o", "json"))
    assert "requestedBy" not in run["spec"]
