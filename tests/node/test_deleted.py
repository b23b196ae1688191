"""A pod that somebody deletes while it runs, on a real node: its run is Deleted, and not tried again for that."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import kubectl
from tests.killing import Person, end


@pytest.fixture
def ann(user: Path, tmp_path: Path) -> Person:
    found = Person(tmp_path / "ann", user)
    assert found.types("init", "--local").exit_code == 0
    added = found.types("add", "hello", "--image", "busybox:1.35", "--", "sh", "-c", "sleep 600")
    assert added.exit_code == 0, added
    return found


def does(user: Path, *words: str) -> str:
    command = [str(kubectl.program()), f"--kubeconfig={user}", *words]
    return subprocess.check_output(command, text=True, timeout=60)


def deleted(user: Path, request: str) -> None:
    """Delete the pod of a run once it runs, as ``kubectl delete pod`` does."""
    selector = f"--selector=rapt.dev/run={request}"
    ends_at = time.monotonic() + 60
    while "Running" not in (found := does(user, "get", "pods", selector, "--no-headers")):
        assert time.monotonic() < ends_at, found
        time.sleep(0.2)
    does(user, "delete", "pod", found.split()[0], "--grace-period=2")


def attempts(user: Path, request: str) -> list[Any]:
    found = json.loads(does(user, "get", "runs.rapt.dev", request, "-o", "json"))
    return [one["cause"] for one in found["status"]["attempts"]]


def test_a_pod_that_was_deleted_while_somebody_follows_is_told_as_deleted(ann: Person, user: Path) -> None:
    running = ann.starts("run", "hello", "--request-id", "followed", "--follow")
    deleted(user, "followed")
    ended = end(running)
    assert "Deleted: its pod was deleted while it ran" in ended.stderr, ended
    assert attempts(user, "followed") == ["Deleted"]


def test_a_pod_that_was_deleted_is_told_as_deleted_by_whoever_records_it_later(
    ann: Person, user: Path
) -> None:
    assert ann.types("run", "hello", "--request-id", "detached").exit_code == 0
    deleted(user, "detached")  # it waits until the pod is gone
    ends_at = time.monotonic() + 30
    while not (told := ann.types("reconcile").stdout):
        assert time.monotonic() < ends_at
    assert "run/detached: attempt 1 ended: Deleted" in told
    assert attempts(user, "detached") == ["Deleted"]
