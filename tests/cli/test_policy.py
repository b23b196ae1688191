"""``kubectl rapt policy`` as it reads, on a fake cluster; and what ``run``, ``attach`` and ``retry`` do not take."""

import contextlib
import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kubectl_rapt.adapters.bundle import PackagedBundle
from kubectl_rapt.cli import options
from kubectl_rapt.objects import retry_policies, runs
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.runs import Attempt
from tests.cli.conftest import Ask
from tests.fakes.cluster import FakeCluster
from tests.given import NOON, a_run


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """What the commands see."""
    cluster = FakeCluster(lambda: NOON)
    now = NOON + timedelta(hours=1)
    world = SimpleNamespace(cluster=cluster, bundle=PackagedBundle(), location=None, now=lambda: now)
    monkeypatch.setattr(options, "open_world", lambda context: contextlib.nullcontext((world, None)))
    return cluster


def test_the_policies_of_a_namespace_are_listed_with_who_does_them(ask: Ask, cluster: FakeCluster) -> None:
    own = RetryPolicy("spot", "Our own", 2)
    cluster.create(retry_policies.to_manifest(own, "default"))
    rows = [line.split() for line in ask("policy").stdout.splitlines()]
    assert rows[0] == ["NAME", "ATTEMPTS", "DELAY", "DONE", "BY", "FROM", "SUMMARY"]
    told = {row[0]: " ".join(row[1:]) for row in rows[1:]}
    assert list(told) == ["never", "out-of-memory", "spot", "standard", "transient"]
    assert told["spot"] == "2 10s ×2, at most 6m Kubernetes retrypolicy/spot Our own"
    assert told["never"].startswith("1 - none rapt")
    assert ask("policy", "-o", "name").stdout.split() == list(told)
    listed = json.loads(ask("policy", "-o", "json").stdout)
    assert [one["metadata"]["name"] for one in listed["items"]] == list(told)


def test_a_policy_is_shown_failure_by_failure(ask: Ask, cluster: FakeCluster) -> None:
    assert ask("policy", "show", "out-of-memory").stdout.splitlines()[2:] == [
        "attempts  4",
        "delay     10s ×2, at most 5m",
        "done by   Rapt",
        "",
        "FAILURE                        UP TO   THEN",
        "OOMKilled                      -       try again with memory ×2, at most 8Gi",
        "Evicted, Preempted, NodeLost   5       try again, which does not count",
        "any other                      -       give up",
    ]


def test_a_compiled_policy_shows_what_kubernetes_does(ask: Ask, cluster: FakeCluster) -> None:
    shown = ask("policy", "show", "standard", "--compiled").stdout
    assert "spec:\n  backoffLimit: 3\n  podFailurePolicy:" in shown
    assert "spec:\n  backoffLimitPerIndex: 3\n" in shown
    assert shown.splitlines()[-1].split() == ["any", "other", "-", "try", "again", "Kubernetes"]
    rapt = ask("policy", "show", "transient", "--compiled").stdout
    assert "spec:\n  backoffLimit: 0\n" in rapt
    assert "Kubernetes" not in rapt
    data = json.loads(ask("policy", "show", "standard", "--compiled", "-o", "json").stdout)
    assert (data["job"]["backoffLimit"], data["indexedJob"]["backoffLimitPerIndex"]) == (3, 3)


def test_past_failures_are_replayed_and_old_ones_left_out(ask: Ask, cluster: FakeCluster) -> None:
    for name, attempts in (("a", 1), ("b", 1)):
        run = replace(a_run(), name=name, namespace="default")
        cluster.create(runs.to_manifest(run))
        ended = [
            runs.attempt_to_data(
                Attempt(number, f"{name}-{number}", "u", finished_at=NOON, cause="ExitCode", exit_code=1)
            )
            for number in range(1, attempts + 1)
        ]
        cluster.patch(
            replace(run).ref, {"status": {"state": "Failed", "attempts": ended}}, subresource="status"
        )
    done = ask("policy", "simulate", "transient")
    assert [line.split()[:5] for line in done.stdout.splitlines()] == [
        ["RUN", "TOOL", "ATTEMPT", "CAUSE", "WAS"],
        ["a", "backup", "1", "ExitCode", "gave"],
        ["b", "backup", "1", "ExitCode", "gave"],
    ]
    assert done.stderr == "2 failures in 2 runs; 2 decisions would change\n"
    assert ask("policy", "simulate", "never").stdout == ""
    assert ask("policy", "simulate", "transient", "--since", "30m").stderr.startswith("0 failures in 0 runs")
    data: Any = json.loads(ask("policy", "simulate", "transient", "-o", "json", "--tool", "backup").stdout)
    assert data["failures"] == 0, "no run has the label of that tool"


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (
            ("policy", "show", "transiant"),
            4,
            'no retry policy "transiant" in namespace default; did you mean: transient?',
        ),
        (
            ("policy", "show", "never", "-o", "name"),
            2,
            '-o does not take "name": it takes wide, json or yaml',
        ),
        (
            ("policy", "simulate", "never", "--since", "soon"),
            2,
            '--since expects a time such as 90s, 5m or 1h, got "soon"',
        ),
        (("attach", "x", "-o", "yaml"), 2, '-o does not take "yaml": it takes json'),
        (("retry", "x", "--set", "memory"), 2, "--set is invalid"),
        (("run", "x", "--wait", "--detach"), 2, "--wait and --detach contradict each other"),
    ],
)
def test_what_is_not_right_is_said_in_one_line(
    ask: Ask, cluster: FakeCluster, words: tuple[str, ...], code: int, error: str
) -> None:
    ended = ask(*words)
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert ended.stderr.startswith(f"error: {error}\n")
