"""Writes that are late: whoever was stopped between deciding and writing loses against a newer decision."""

import json
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.model.kinds import CRON_JOB, JOB, RUN, Ref
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests import finished
from tests.api.teams import kubectl_does
from tests.api.test_killed import Scenes
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.due import Scene
from tests.killing import Person, goes_on

pytestmark = pytest.mark.usefixtures("kubectl_on_path")
CHANGED, REFUSED = 7, 6


@pytest.fixture
def ann(user: Path, tmp_path: Path) -> Person:
    return _person("ann", user, tmp_path)


@pytest.fixture
def bob(user: Path, tmp_path: Path) -> Person:
    return _person("bob", user, tmp_path)


def _person(name: str, user: Path, folder: Path) -> Person:
    found = Person(folder / name, user)
    found.environ["PATH"] = f"{kubectl.program().parent}:{found.environ['PATH']}"
    return found


@pytest.mark.parametrize(
    ("late", "newer", "is_suspended"), [("suspend", "resume", False), ("resume", "suspend", True)]
)
def test_a_schedule_that_was_switched_meanwhile_stays_as_the_newer_decision_says(
    scene: Scene,
    door: tuple[World, Writers],
    ann: Person,
    bob: Person,
    late: str,
    newer: str,
    is_suspended: bool,
) -> None:
    world, _ = door
    ref = Ref(CRON_JOB, "backup", scene.namespace)
    # It is as the newer one wants it already, so that this one has nothing to change.
    assert bob.types("schedule", newer, "backup").exit_code == 0
    stopped = ann.is_paused(1, "schedule", late, "backup")
    assert bob.types("schedule", newer, "backup").stdout == "cronjob.batch/backup unchanged\n"
    ended = goes_on(stopped)
    assert (ended.exit_code, "switched-meanwhile" in ended.stderr) == (CHANGED, True), ended
    assert f"kubectl rapt schedule {late} backup" in ended.stderr
    assert bool(world.cluster.get(ref)["spec"].get("suspend")) is is_suspended
    assert ann.types("schedule", late, "backup").exit_code == 0, "it is the newer decision now"
    assert bool(world.cluster.get(ref)["spec"].get("suspend")) is not is_suspended


def test_a_schedule_that_only_fired_meanwhile_is_suspended_all_the_same(
    scene: Scene, admin: tuple[World, Writers], ann: Person
) -> None:
    world, writers = admin
    ref = Ref(CRON_JOB, "backup", scene.namespace)
    assert ann.types("schedule", "resume", "backup").exit_code == 0
    stopped = ann.is_paused(1, "schedule", "suspend", "backup")
    fired = {"status": {"lastScheduleTime": "2026-11-30T03:00:00Z"}}
    writers.cluster.patch(ref, fired, subresource="status")
    ended = goes_on(stopped)
    assert ended.exit_code == 0, ended
    assert world.cluster.get(ref)["spec"]["suspend"] is True


def test_a_clean_that_is_late_leaves_what_somebody_holds_meanwhile(
    scene: Scene, admin: tuple[World, Writers], ann: Person, user: Path
) -> None:
    world, writers = admin

    def a_job() -> None:
        finished.jobs(writers, finished.a_job("old", scene.namespace), days=9)

    def a_run() -> None:
        (run,) = finished.create(writers, finished.a_run("old-run", scene.namespace))
        finished.close(writers, run, "Failed", days=60)

    for begin, words, kind, name in (
        (a_job, ("clean", "--older-than", "1d", "--yes"), JOB, "old"),
        (a_run, ("clean", "--yes"), RUN, "old-run"),
    ):
        begin()  # no sooner: another test's pass over all namespaces may find it due
        stopped = ann.is_paused(1, *words)
        kubectl_does(user, "annotate", f"{kind.resource}/{name}", "rapt.dev/keep=incident-7")
        ended = goes_on(stopped)
        assert name in ended.stdout + ended.stderr
        assert world.cluster.get(Ref(kind, name, scene.namespace)), ended


def test_a_retry_that_is_late_loses_against_a_cancellation(
    scene: Scene, admin: tuple[World, Writers], ann: Person, bob: Person
) -> None:
    world, _ = admin
    patient = {
        "name": "later",
        "summary": "In an hour",
        "attempts": 2,
        "delay": "1h",
        "factor": 1,
        "jitterPercent": 0,
    }
    scene.ended("tried", "Failed", retry=patient)
    ann.types("reconcile")
    run = Ref(RUN, "tried", scene.namespace)
    assert world.cluster.get(run)["status"]["state"] == "Retrying"
    stopped = ann.is_paused(1, "retry", "tried")
    cancelled = bob.types("cancel", "tried")
    assert (cancelled.exit_code, cancelled.stdout) == (0, "run.rapt.dev/tried cancelled\n"), cancelled
    ended = goes_on(stopped)
    assert (ended.exit_code, "cancelled-meanwhile" in ended.stderr) == (CHANGED, True), ended
    after = world.cluster.get(run)
    assert "wish" not in after["spec"]
    assert (after["status"]["state"], len(after["status"]["attempts"])) == ("Failed", 1)
    assert ann.types("retry", "tried").exit_code == 0, "it is the newer decision now"


def test_a_cancellation_that_is_late_stops_only_what_it_was_about(
    scene: Scene, admin: tuple[World, Writers], ann: Person, bob: Person
) -> None:
    world, _ = admin
    scene.half_started("again")
    ann.types("reconcile")
    job = Ref(JOB, "again-1", scene.namespace)
    assert world.cluster.get(job)["spec"]["suspend"] is False
    stopped = ann.is_paused(2, "cancel", "again")  # it has asked, and is about to stop the Job
    assert bob.types("cancel", "again").exit_code == 0
    assert bob.types("retry", "again").exit_code == 0
    told = goes_on(stopped)
    assert 'another attempt of run "again" was asked for after it was cancelled' in told.stderr, told
    second = world.cluster.get(Ref(JOB, "again-2", scene.namespace))
    assert second["spec"]["suspend"] is False, "the attempt that was asked for later goes on"
    run = world.cluster.get(Ref(RUN, "again", scene.namespace))
    assert "cancelledBy" not in run["spec"]
    assert [one.get("cause") for one in run["status"]["attempts"]] == ["Cancelled", None]


@pytest.fixture
def scenes(cluster: Cluster, namespace: str, user: Path, tmp_path: Path) -> Scenes:
    found = kubectl_does(cluster.kubeconfig, "get", "namespace", "kube-system", "-o", "json")
    return Scenes(tmp_path, user, namespace, json.loads(found)["metadata"]["uid"])


def _other(scene: Any, user: Path) -> Person:
    """Somebody else who works with the same repository, on a machine of their own."""
    home = scene.person.home.parent / "other"
    return Person(home, user, repository=scene.repository.path, environment=scene.name)


def _change(scene: Any) -> str:
    """A change that waits for its review; its id."""
    added = scene.person.types(*scene.add)
    assert added.exit_code == 0, added
    (branch,) = (one for one in scene.repository.branches if one != "main")
    return str(branch.rpartition("/")[2])


def test_a_merge_that_is_late_does_not_bring_back_a_change_that_was_abandoned(
    scenes: Scenes, user: Path
) -> None:
    scene = scenes.make("merge-late", is_reviewed=True)
    change = _change(scene)
    stopped = scene.person.is_paused(1, "changes", "merge", change)
    abandoned = _other(scene, user).types("changes", "abandon", change)
    assert abandoned.exit_code == 0, abandoned
    ended = goes_on(stopped)
    assert ended.exit_code != 0, f"it was not merged: {ended}"
    assert change in ended.stderr
    assert [len(scene.repository.log()), *scene.repository.branches] == [1, "main"]


def test_an_abandonment_that_is_late_leaves_what_was_merged(scenes: Scenes, user: Path) -> None:
    scene = scenes.make("abandon-late", is_reviewed=True)
    change = _change(scene)
    stopped = scene.person.is_paused(1, "changes", "abandon", change)
    merged = _other(scene, user).types("changes", "merge", change)
    assert merged.exit_code == 0, merged
    goes_on(stopped)
    assert [len(scene.repository.log()), *scene.repository.branches] == [2, "main"]
