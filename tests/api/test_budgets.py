"""Budgets against a real API server: fifty failing tools start as many retries as are left, and no more."""

import copy
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.actions import advance, recent, retry
from kubectl_rapt.model import times
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import JOB, RUN, Ref
from kubectl_rapt.model.plan import Create, Patch
from kubectl_rapt.model.target import Target
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import budgets, lifecycle
from kubectl_rapt.runs.lifecycle import Later, Seen, Wait
from kubectl_rapt.writes import Writers, apply
from tests.cluster import kubectl
from tests.given import a_run, a_template
from tests.killing import Person

FAILING = 50
LEFT = 5
AGAIN = RetryPolicy("stubborn", "A hundred attempts, at once", 100, delay=Duration(0))
Opened = tuple[World, Writers]


@pytest.fixture
def opened(user: Path, namespace: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """The cluster as an ordinary user has it."""
    monkeypatch.setenv("PATH", str(kubectl.program().parent), prepend=os.pathsep)
    with wiring.open_world(Target(kubeconfig=str(user), namespace=namespace)) as opened:
        yield opened


def a_past(opened: Opened, namespace: str, tool: str, attempts: int, state: str, ended: datetime) -> Run:
    """A run in the cluster that had so many attempts, the last of which failed then."""
    world, writers = opened
    wanted = replace(
        a_run(name=f"{tool}-{attempts}-{state.lower()}", namespace=namespace, tool=tool),
        requested_by=world.cluster.user(),
        retry=AGAIN,
        job=_job(),
    )
    apply(writers, Create(runs.to_manifest(wanted)))
    run = runs.from_manifest(world.cluster.get(wanted.ref))
    last = Attempt(
        attempts,
        f"{run.name}-{attempts}",
        "gone",
        started_at=ended,
        finished_at=ended,
        exit_code=1,
        cause="ExitCode",
    )
    earlier = [replace(last, number=number, job=f"{run.name}-{number}") for number in range(1, attempts)]
    status = {"state": state, "attempts": [runs.attempt_to_data(one) for one in (*earlier, last)]}
    apply(writers, Patch(run.ref, {"status": status}, subresource="status"))
    return run


def _job() -> Any:
    template = copy.deepcopy(a_template())
    template["spec"]["template"]["spec"]["containers"][0]["command"] = ["true"]
    return template


def test_fifty_failing_tools_start_what_is_left_of_the_namespaces_budget(
    opened: Opened, namespace: str
) -> None:
    world, writers = opened
    now = world.now().replace(microsecond=0)
    spent = budgets.PER_NAMESPACE - LEFT
    for number, retries in enumerate([budgets.PER_TOOL - 1] * (spent // 59) + [spent % 59]):
        a_past(opened, namespace, f"spent-{number}", retries + 1, "Succeeded", now - timedelta(minutes=1))
    failing = [a_past(opened, namespace, f"tool-{number}", 1, "Retrying", now) for number in range(FAILING)]
    ends = []
    for run in failing:
        seen = advance.advance(world, writers, advance.observe(world, Seen(run)))
        ends.append(lifecycle.next_step(seen, world.now()))
    assert [type(one) for one in ends] == [*[Wait] * LEFT, *[Later] * (FAILING - LEFT)]
    held = ends[-1]
    assert isinstance(held, Later)
    assert held.is_held
    assert held.what == "the namespace has had its 300 retries of an hour"
    assert len(list(world.cluster.list(JOB, namespace))) == LEFT


def test_a_tool_whose_last_runs_used_up_their_attempts_waits_and_a_person_need_not(
    opened: Opened, namespace: str
) -> None:
    world, writers = opened
    now = world.now().replace(microsecond=0)
    for number in range(budgets.BROKEN_AFTER):
        a_past(opened, namespace, "broken", number + 1, "Exhausted", now - timedelta(minutes=number + 1))
    run = a_past(opened, namespace, "broken", 2, "Retrying", now)
    seen = advance.advance(world, writers, advance.observe(world, Seen(run)))
    held = lifecycle.next_step(seen, world.now())
    assert isinstance(held, Later)
    assert (held.is_held, held.at) == (True, now + timedelta(minutes=59))
    assert held.what == "the last 5 runs of broken used up their attempts"
    asked, number, _ = retry.retry(world, writers, run.name, namespace, {})
    assert (number, isinstance(lifecycle.next_step(asked, world.now()), Wait)) == (3, True)


def test_what_runs_have_had_is_read_as_the_server_prints_it(opened: Opened, namespace: str) -> None:
    world, _ = opened
    now = world.now().replace(microsecond=0)
    run = a_past(opened, namespace, "told", 3, "Exhausted", now - timedelta(minutes=2))
    created = runs.from_manifest(world.cluster.get(Ref(RUN, run.name, namespace))).created_at
    (past,) = recent.of_namespace(world, namespace)
    assert (past.tool, past.state, past.attempts) == ("told", "Exhausted", 3)
    assert (past.created_at, past.last_at) == (created, times.parse(times.spell(now - timedelta(minutes=2))))


def test_a_retry_that_is_held_back_is_told_alike_by_why_reconcile_and_a_dry_run(
    opened: Opened, namespace: str, user: Path, tmp_path: Path
) -> None:
    world, _ = opened
    now = world.now().replace(microsecond=0)
    for number in range(budgets.BROKEN_AFTER):
        a_past(opened, namespace, "broken", number + 1, "Exhausted", now - timedelta(minutes=number + 1))
    run = a_past(opened, namespace, "broken", 2, "Retrying", now)
    at = times.spell(now + timedelta(minutes=59))
    said = (
        f"is held back until {at}: the last 5 runs of broken used up their attempts; "
        f"at once: kubectl rapt retry {run.name}"
    )
    ann = Person(tmp_path / "ann", user)
    for words in (("reconcile", "--dry-run"), ("reconcile",)):
        assert f"run/{run.name}: {said}" in ann.types(*words).stdout, words
    assert f"retry     {said}" in ann.types("why", run.name).stdout
