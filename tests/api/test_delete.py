"""``delete`` and ``cancel`` on a real API server: what git holds stays, what runs is told of first."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.target import Target
from kubectl_rapt.writes import Writers
from tests import finished
from tests.api.test_dead import JOB_TEMPLATE
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person


@pytest.fixture
def admin(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writers]:
    monkeypatch.setenv("PATH", str(kubectl.program().parent), prepend=":")
    with wiring.open_world(Target(kubeconfig=str(cluster.kubeconfig))) as (_, writers):
        yield writers


@pytest.fixture
def ann(tmp_path: Path, user: Path) -> Person:
    return Person(tmp_path / "ann", user).follows_hints()


def a_tool(name: str, namespace: str, **labels: str) -> Manifest:
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"job": JOB_TEMPLATE},
    }


def a_cron_job(name: str, namespace: str, tool: str) -> Manifest:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"rapt.dev/tool": tool} if tool else {},
        },
        "spec": {"schedule": "0 3 1 1 *", "jobTemplate": JOB_TEMPLATE},
    }


def there(user: Path, kinds: str) -> list[str]:
    command = [str(kubectl.program()), f"--kubeconfig={user}", "get", kinds, "-o", "json"]
    found = json.loads(subprocess.check_output(command))["items"]
    return sorted(f"{one['kind']}/{one['metadata']['name']}" for one in found)


UNSEEN = "note: you may not list rolebindings and roles: what the tools have of them stays\n"
KINDS = "tools.rapt.dev,cronjobs,jobs,runs.rapt.dev"


def test_a_tool_goes_with_what_serves_it_and_its_history_stays(
    ann: Person, admin: Writers, namespace: str, user: Path
) -> None:
    finished.create(
        admin,
        a_tool("old", namespace),
        a_tool("other", namespace),
        a_cron_job("old", namespace, "old"),
        finished.a_run("old-1", namespace, "old"),
    )
    job = finished.jobs(admin, finished.a_job("old-job", namespace, "old"))[0]
    active = ann.types("delete", "old", "-y")
    assert active.exit_code == 6
    assert "run/old-1" in active.stderr
    assert "try: kubectl rapt cancel old-1\n  or: kubectl rapt delete old -y --force\n" in active.stderr
    finished.close(admin, finished.a_run("old-1", namespace, "old"), "Succeeded", job=job)
    assert ann.types("delete", "old").exit_code == 2, "there is no terminal to ask on"
    dry = ann.types("delete", "old", "--dry-run")
    assert dry.stdout == "tool.rapt.dev/old would be deleted\ncronjob.batch/old would be deleted\n"
    done = ann.types("delete", "old", "-y")
    assert (done.exit_code, done.stderr) == (0, f"{UNSEEN}1 tool deleted\n")
    assert there(user, KINDS) == ["Job/old-job", "Run/old-1", "Tool/other"]
    assert ann.types("delete", "oter", "-y").stderr.splitlines()[1] == "  try: kubectl rapt delete other -y"


def test_what_git_holds_is_not_deleted(ann: Person, admin: Writers, namespace: str, user: Path) -> None:
    git: dict[str, str] = {"rapt.dev/repository": "0a1b2c3d", "rapt.dev/environment": "prod"}
    finished.create(admin, a_tool("of-git", namespace, **git), a_tool("by-hand", namespace))
    refused = ann.types("delete", "of-git", "by-hand", "-y")
    assert refused.exit_code == 6
    assert "try: kubectl rapt remove of-git --in prod" in refused.stderr
    assert there(user, KINDS) == ["Tool/by-hand", "Tool/of-git"]
    every = ann.types("delete", "--all", "-y")
    assert every.exit_code == 1
    assert "of-git stays: git holds it" in every.stderr
    assert there(user, KINDS) == ["Tool/of-git"]


def test_all_is_all_of_one_namespace(
    ann: Person, admin: Writers, namespace: str, user: Path, cluster: Cluster
) -> None:
    finished.create(
        admin, a_tool("a", namespace), a_tool("b", namespace), finished.a_run("r", namespace, "a")
    )
    assert ann.types("delete", "--all", "a").exit_code == 2
    assert ann.types("delete").exit_code == 2
    forced = ann.types("delete", "--all", "--force", "-y")
    assert (forced.exit_code, forced.stderr) == (0, f"{UNSEEN}2 tools deleted\n")
    assert there(user, KINDS) == ["Run/r"], "runs go on without their tool"
    assert ann.types("delete", "--all", "-y").stderr == f"No tools to delete in namespace {namespace}.\n"


def test_a_run_is_cancelled_and_closed_when_its_pods_are_gone(
    ann: Person, admin: Writers, namespace: str
) -> None:
    finished.create(admin, a_tool("slow", namespace))
    started = ann.types("run", "slow", "--request-id", "slow-1")
    assert started.exit_code == 0, started.stderr
    done = ann.types("cancel", "slow-1")
    assert (done.exit_code, done.stdout) == (0, "run.rapt.dev/slow-1 cancelled\n"), done.stderr
    run: dict[str, Any] = json.loads(ann.types("runs", "-o", "json").stdout)["items"][0]
    assert run["status"]["attempts"][0]["cause"] == "Cancelled"
    assert run["spec"]["cancelledBy"].startswith("user-of-")
    again = ann.types("cancel", "slow-1")
    assert again.exit_code == 6
    assert 'run "slow-1" is over: Cancelled' in again.stderr
    assert ann.types("cancel", "nobody").exit_code == 4
