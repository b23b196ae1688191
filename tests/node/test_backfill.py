"""A backfill of a tool that runs once at a time, on a real node: every slot runs, one after the other."""

import itertools
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kubectl_rapt.model import times
from tests import namespaces
from tests.cluster import kubectl
from tests.killing import Person


@pytest.fixture
def ann(user: Path, tmp_path: Path) -> Person:
    return Person(tmp_path / "ann", user)


def ago(**span: float) -> str:
    return times.spell(datetime.now(UTC) - timedelta(**span))


def test_every_slot_of_a_tool_that_forbids_two_at_once_runs_one_after_the_other(
    ann: Person, user: Path
) -> None:
    container = {"name": "tool", "image": "busybox:1.35", "command": ["sh", "-c", "sleep 2"]}
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    job = {"spec": {"backoffLimit": 0, "template": pod}}
    minute = (datetime.now(UTC).minute + 30) % 60
    schedule = {"schedule": f"{minute} * * * *", "suspend": True, "jobTemplate": job}
    metadata = {"name": "report", "labels": {"rapt.dev/tool": "report"}}
    tool = {"job": job, "concurrency": "forbid"}
    namespaces.apply(
        user,
        {"apiVersion": "rapt.dev/v1alpha1", "kind": "Tool", "spec": tool, "metadata": metadata},
        {"apiVersion": "batch/v1", "kind": "CronJob", "spec": schedule, "metadata": metadata},
    )
    window = ("--from", ago(hours=2, minutes=1), "--to", ago(minutes=1))
    filled = ann.types("schedule", "backfill", "report", *window, "--wait")
    slots = filled.stdout.splitlines()
    assert len(slots) >= 2, filled
    assert (filled.exit_code, [line.split()[1] for line in slots]) == (0, ["created"] * len(slots)), filled
    command = [str(kubectl.program()), f"--kubeconfig={user}", "get", "jobs", "-o", "json"]
    found = json.loads(subprocess.check_output(command, timeout=60))["items"]
    spans = sorted((one["status"]["startTime"], one["status"].get("completionTime", "9")) for one in found)
    assert len(spans) == len(slots)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans)), spans
