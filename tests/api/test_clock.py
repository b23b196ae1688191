"""A machine whose clock is wrong: ages and delays come from the API server's, and nothing is deleted by its age."""

from datetime import timedelta
from pathlib import Path

import pytest

from kubectl_rapt.model.kinds import JOB, RUN
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests import finished
from tests.cluster import kubectl
from tests.due import Scene
from tests.killing import Person

pytestmark = pytest.mark.usefixtures("kubectl_on_path")
AHEAD, BEHIND = timedelta(days=40), timedelta(hours=-2)


@pytest.fixture
def ann(user: Path, tmp_path: Path) -> Person:
    found = Person(tmp_path / "ann", user)
    found.environ["PATH"] = f"{kubectl.program().parent}:{found.environ['PATH']}"
    return found


def names(world: World, namespace: str) -> set[str]:
    return {one["metadata"]["name"] for kind in (JOB, RUN) for one in world.cluster.list(kind, namespace)}


@pytest.mark.parametrize(("off", "said"), [(AHEAD, "ahead of"), (BEHIND, "behind")])
def test_a_wrong_clock_deletes_nothing_and_says_so(
    scene: Scene,
    door: tuple[World, Writers],
    admin: tuple[World, Writers],
    ann: Person,
    off: timedelta,
    said: str,
) -> None:
    world, _ = door
    (run,) = finished.create(admin[1], finished.a_run("young", scene.namespace))
    finished.close(admin[1], run, "Failed", days=0.001)
    (old,) = finished.create(admin[1], finished.a_run("old", scene.namespace))
    (of_old,) = finished.jobs(admin[1], finished.owned(old, "of-old"), how="Failed", days=60)
    finished.close(admin[1], old, "Failed", days=60, job=of_old)
    job = finished.a_job("seconds-ago", scene.namespace)
    finished.jobs(admin[1], job, days=0.0001)
    before = names(world, scene.namespace)
    shown = ann.is_off_by(off, "clean", "--policy", "day", "--dry-run")
    assert "run/old" in shown.stdout.replace(".rapt.dev", ""), shown
    assert "deleted" not in shown.stdout.replace("would be deleted", ""), shown
    for words in (("clean", "--policy", "day", "--yes"), ("clean", "--older-than", "0s", "--yes")):
        refused = ann.is_off_by(off, *words)
        assert (refused.exit_code, "clock-differs" in refused.stderr) == (6, True), refused
        assert said in refused.stderr
    passed = ann.is_off_by(off, "reconcile")
    assert (passed.exit_code, "clock" in passed.stdout + passed.stderr) == (1, True), passed
    assert names(world, scene.namespace) == before
    cleaned = ann.types("clean", "--yes")
    assert cleaned.exit_code == 0, cleaned
    assert names(world, scene.namespace) == before - {"old", "of-old"}


def test_a_retry_is_due_by_the_servers_clock(scene: Scene, door: tuple[World, Writers], ann: Person) -> None:
    world, _ = door
    delayed = {**scene_retry(), "delay": "1h"}
    for name, off in (("too-early", AHEAD), ("due", BEHIND)):
        ends = timedelta(minutes=1) if name == "too-early" else timedelta(minutes=61)
        scene.ended(name, "Failed", ends.total_seconds(), retry=delayed)
        ann.types("reconcile")
        ann.is_off_by(off, "reconcile")
    attempts = {
        one["metadata"]["name"]: len(one["status"]["attempts"])
        for one in world.cluster.list(RUN, scene.namespace)
    }
    assert attempts == {"too-early": 1, "due": 2}


def scene_retry() -> dict[str, object]:
    return {
        "name": "hourly",
        "summary": "Two attempts, an hour apart",
        "attempts": 2,
        "factor": 1,
        "jitterPercent": 0,
        "rules": [{"action": "retry", "reason": "Test"}],
    }


def test_the_doctor_sees_the_wrong_clock(ann: Person) -> None:
    told = ann.is_off_by(AHEAD, "doctor")
    assert "s ahead of the API server's" in told.stdout, told
