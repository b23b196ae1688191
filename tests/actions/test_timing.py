"""Versions of a tool compared by the runs that there are, on a fake cluster."""

from datetime import timedelta

import pytest

from kubectl_rapt.actions import dead, find, timing
from kubectl_rapt.actions.timing import OfTool
from kubectl_rapt.errors import Invalid, NotFound
from kubectl_rapt.model.kinds import RUN, Ref
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Attempt
from kubectl_rapt.objects.tools import Source
from tests.fakes.world import FakeWorld
from tests.given import NOON, a_run


def ran(world: FakeWorld, name: str, version: str, seconds: float, state: str = "Succeeded") -> None:
    """A run of the tool that ended, and whose Job and pods are gone."""
    source = Source("acme", "backup", version, "tree", "sha256:aa", "sha256:bb", "repo")
    marks = {"rapt.dev/run": name, "rapt.dev/tool": "backup"}
    run = a_run(name=name, namespace="default", labels=marks, source=source)
    stored = runs.from_manifest(world.cluster.create(runs.to_manifest(run)))
    begun = NOON + timedelta(seconds=5)
    attempt = Attempt(1, f"{name}-1", "u", begun, begun + timedelta(seconds=seconds), 0, state)
    status = {"state": state, "attempts": [runs.attempt_to_data(attempt)]}
    world.cluster.patch(stored.ref, {"status": status}, subresource="status")


def test_a_version_that_became_slower_is_told_and_runs_that_failed_say_nothing(ann: FakeWorld) -> None:
    for index, seconds in enumerate((40, 41, 45)):
        ran(ann, f"old-{index}", "1.9.0", seconds)
        ran(ann, f"new-{index}", "1.10.0", seconds * 2)
    ran(ann, "failed", "1.10.0", 1, state="Failed")
    told = timing.of(ann, "backup", "default")
    assert isinstance(told, OfTool)
    assert [(one.version, one.runs, one.medians["run"]) for one in told.paces] == [
        ("1.9.0", 3, 41),
        ("1.10.0", 3, 82),
    ]
    assert [(one.phase, one.before, one.version) for one in told.slower if one.phase == "run"] == [
        ("run", "1.9.0", "1.10.0")
    ]
    assert told.others == 1, "what failed is not counted, and that is told"
    assert all("pull" not in one.medians for one in told.paces), "nobody knows it any more"


def test_a_tool_that_never_ended_well_has_nothing_to_compare(ann: FakeWorld) -> None:
    with pytest.raises(NotFound, match='no tool or run "backup"'):
        timing.of(ann, "backup", "default")
    ran(ann, "one", "1.0.0", 4)
    assert isinstance(timing.of(ann, "tool/backup", "default"), OfTool)


def test_a_run_with_an_odd_time_is_left_out_and_told_and_alone_it_is_refused(ann: FakeWorld) -> None:
    ran(ann, "good", "1.0.0", 4)
    ran(ann, "odd", "1.0.0", 4)
    attempts = ann.cluster.get(Ref(RUN, "odd", "default"))["status"]["attempts"]
    odd = [{**attempts[0], "finishedAt": "2026-11-30T01:00:00X5Z"}]
    ann.cluster.patch(Ref(RUN, "odd", "default"), {"status": {"attempts": odd}}, subresource="status")
    told = timing.of(ann, "tool/backup", "default")
    assert isinstance(told, OfTool)
    assert [one.runs for one in told.paces] == [1]
    assert [one.partition(":")[0] for one in told.unread] == ["run/odd cannot be read"]
    for verb in ("why", "logs"):
        with pytest.raises(Invalid, match="run/odd cannot be read") as refused:
            find.execution(ann, "odd", "default", verb)
        assert (refused.value.exit_code, refused.value.code) == (5, "unreadable-object")
    plan = dead.drop(ann, list(ann.cluster.list(RUN, "default")))
    assert [one.where for one in plan.broken] == ["run/odd in default"]
    assert [one.item.ref.name for one in plan.verdicts] == ["good"]
