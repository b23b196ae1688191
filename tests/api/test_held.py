"""What Kubernetes itself deletes: never a Job that nobody has recorded, never one that somebody holds."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from kubectl_rapt.actions import advance, reconcile
from kubectl_rapt.actions.passing import Scope, Told
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model.kinds import CRON_JOB, JOB, RUN, Manifest, Ref
from kubectl_rapt.objects import runs
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.writes import Writers
from tests import due, finished
from tests.due import Scene

pytestmark = pytest.mark.usefixtures("kubectl_on_path")
Both = tuple[World, Writers]
KEEP = {"rapt.dev/keep": "incident 7"}
LIMIT_SECONDS = 60


def passed(both: Both, namespace: str, *, is_dry: bool = False) -> list[str]:
    told: list[Told] = []
    reconcile.reconcile(*both, Scope(namespace), told.append, is_dry=is_dry)
    return sorted(f"{one.ref}: {one.error.code if one.error else one.what}" for one in told)


def ended(scene: Scene, name: str, ttl: int, **metadata: Any) -> tuple[Ref, Ref]:
    """A detached run that succeeded a minute ago, whose policy keeps its Jobs for so many seconds."""
    spec = due.JOB_AS_TOOL["spec"] | {"ttlSecondsAfterFinished": ttl}
    marks = {"rapt.dev/tool": "backup", "rapt.dev/run": name, "rapt.dev/cleanup-policy": "short"}
    run = finished.a_run(
        name,
        scene.namespace,
        job={**due.JOB_AS_TOOL, "spec": spec},
        metadata={"labels": marks, **metadata},
    )
    made = runs.from_manifest(finished.create(scene.admin, run)[0])
    # As it is released: without a time to live.
    job = {**finished.owned(finished_run(made, run), f"{name}-1", labels=marks)}
    stored = finished.create(scene.admin, job)[0]
    attempt = {"number": 1, "job": f"{name}-1", "uid": stored["metadata"]["uid"]}
    status = {"status": {"state": "Running", "attempts": [attempt]}}
    scene.admin.cluster.patch(made.ref, status, subresource="status")
    ref = Ref(JOB, f"{name}-1", scene.namespace)
    finished.end(scene.admin, ref, "Complete", days=60 / 86400)
    return made.ref, ref


def finished_run(made: runs.Run, run: Manifest) -> Manifest:
    return {**run, "metadata": {**run["metadata"], "uid": made.uid}}


def comes(what: Callable[[], bool], said: str) -> None:
    ends_at = time.monotonic() + LIMIT_SECONDS
    while not what():
        assert time.monotonic() < ends_at, said
        time.sleep(0.2)


def is_gone(world: World, ref: Ref) -> bool:
    try:
        world.cluster.get(ref)
    except NotFound:
        return True
    return False


def ttl(world: World, ref: Ref) -> int | None:
    found: int | None = world.cluster.get(ref)["spec"].get("ttlSecondsAfterFinished")
    return found


def test_a_detached_run_is_recorded_as_it_ended_however_long_after_its_time_to_live(
    scene: Scene, door: Both
) -> None:
    run, job = ended(scene, "nobody-looked", 1)
    time.sleep(3)
    assert not is_gone(door[0], job), "Kubernetes deletes nothing that nobody has recorded"
    assert "run/nobody-looked: attempt 1 ended: Succeeded" in passed(door, scene.namespace)
    assert door[0].cluster.get(run)["status"]["state"] == "Succeeded"
    comes(lambda: is_gone(door[0], job), "Kubernetes did not delete what is recorded")
    passed(door, scene.namespace)
    assert [one["cause"] for one in door[0].cluster.get(run)["status"]["attempts"]] == ["Succeeded"]


@pytest.mark.parametrize("held", ["job", "run"])
def test_what_is_held_gets_no_time_to_live_and_loses_it_when_the_hold_comes(
    scene: Scene, door: Both, held: str
) -> None:
    world, writers = door
    run, job = ended(scene, "held-before", 1)
    writers.cluster.patch(run if held == "run" else job, {"metadata": {"annotations": KEEP}})
    passed(door, scene.namespace)
    assert world.cluster.get(run)["status"]["state"] == "Succeeded"
    assert ttl(world, job) is None

    later_run, later = ended(scene, "held-later", 3600)
    passed(door, scene.namespace)
    assert ttl(world, later) == 3600
    writers.cluster.patch(later_run if held == "run" else later, {"metadata": {"annotations": KEEP}})
    would = f"{later}: is held: would be taken out of Kubernetes' own cleanup"
    assert passed(door, scene.namespace, is_dry=True) == [would]
    assert ttl(world, later) == 3600
    assert passed(door, scene.namespace) == [would.replace("would be taken", "taken")]
    assert ttl(world, later) is None
    assert passed(door, scene.namespace) == []


def test_of_two_passes_that_meet_on_a_held_job_the_slower_one_finds_it_done(scene: Scene, door: Both) -> None:
    world, writers = door
    _, job = ended(scene, "met", 3600)
    passed(door, scene.namespace)
    writers.cluster.patch(job, {"metadata": {"annotations": KEEP}})
    told: list[list[str]] = []

    class Slower:
        """Another pass does it first."""

        def patch(self, ref: Ref, patch: Any, **more: Any) -> Manifest:
            if not told:
                told.append([])
                told[0] = passed(door, scene.namespace)
            return writers.cluster.patch(ref, patch, **more)

        def __getattr__(self, name: str) -> Any:
            return getattr(writers.cluster, name)

    class Late:
        cluster = Slower()

        def __getattr__(self, name: str) -> Any:
            return getattr(writers, name)

    late: Any = Late()
    assert passed((world, late), scene.namespace) == []
    assert told == [[f"{job}: is held: taken out of Kubernetes' own cleanup"]]
    assert ttl(world, job) is None


def test_a_time_to_live_that_is_late_loses_against_a_hold(scene: Scene, door: Both) -> None:
    world, writers = door
    run_ref, job = ended(scene, "raced", 1)
    run = runs.from_manifest(world.cluster.get(run_ref))

    class HeldMeanwhile:
        """Somebody holds the Job while the time to live is on its way to it."""

        def patch(self, ref: Ref, patch: Any, **more: Any) -> Manifest:
            if ref == job and "ttlSecondsAfterFinished" in patch.get("spec", {}):
                writers.cluster.patch(job, {"metadata": {"annotations": KEEP}})
            return writers.cluster.patch(ref, patch, **more)

        def __getattr__(self, name: str) -> Any:
            return getattr(writers.cluster, name)

    class Late:
        cluster = HeldMeanwhile()

        def __getattr__(self, name: str) -> Any:
            return getattr(writers, name)

    late: Any = Late()
    advance.carry(world, late, advance.observe(world, Seen(run)))
    assert world.cluster.get(run_ref)["status"]["state"] == "Succeeded"
    assert ttl(world, job) is None


def test_a_held_job_of_a_schedule_is_out_of_reach_of_its_history_limits(scene: Scene, door: Both) -> None:
    world, writers = door
    made = scene.failed_slot("backup-1", world=world)
    job = Ref(JOB, "backup-1", scene.namespace)
    writers.cluster.patch(job, {"metadata": {"annotations": KEEP}})
    told = passed(door, scene.namespace)
    assert f"{job}: became run/backup-1" in "\n".join(told), "a failure becomes a run first"
    told += passed(door, scene.namespace)
    assert f"{job}: is held: taken out of Kubernetes' own cleanup" in told
    owners = world.cluster.get(job)["metadata"].get("ownerReferences", [])
    assert not [one for one in owners if one["kind"] == CRON_JOB.name]
    assert made["metadata"]["ownerReferences"][0]["kind"] == CRON_JOB.name
    assert world.cluster.get(Ref(RUN, "backup-1", scene.namespace))["spec"]["adopted"]["job"] == "backup-1"
