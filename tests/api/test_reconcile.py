"""One pass over everything that is due, on a real API server: each thing exactly once, whatever happens meanwhile."""

import hmac
import json
import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.actions import reconcile
from kubectl_rapt.actions.passing import Scope, Told
from kubectl_rapt.model.kinds import CRON_JOB, EVENT, JOB, RUN, Ref
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests import due, faults, finished, namespaces
from tests.cluster import clusters, kubectl, processes
from tests.cluster.clusters import Cluster
from tests.due import RETRY, Scene
from tests.faults import PASS, Faults, Reply, Request
from tests.killing import Kill, Person, each, end, kills, let_pass
from tests.listener import listening


@pytest.fixture(autouse=True)
def _kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(kubectl.program().parent), prepend=":")


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[tuple[World, Writers]]:
    """Who may say in a Job's status that it has ended."""
    with wiring.open_world(Target(kubeconfig=str(cluster.kubeconfig))) as both:
        yield both


@pytest.fixture
def door(user: Path) -> Iterator[tuple[World, Writers]]:
    """The cluster, as an ordinary user."""
    with wiring.open_world(Target(kubeconfig=str(user))) as both:
        yield both


@pytest.fixture
def scene(admin: tuple[World, Writers], namespace: str) -> Scene:
    scene = Scene(admin[1], namespace)
    scene.tool()
    return scene


class LaterOn:
    """The same world at another time."""

    def __init__(self, world: World, later: timedelta) -> None:
        self._world, self._later = world, later

    def now(self) -> datetime:
        return self._world.now() + self._later

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)


def passed(
    world: World, writers: Writers, namespace: str, *, is_dry: bool = False, export: str = ""
) -> list[str]:
    told: list[Told] = []
    reconcile.reconcile(world, writers, Scope(namespace, export=export), told.append, is_dry=is_dry)
    return sorted(f"{one.ref}: {one.error.code if one.error else one.what}" for one in told)


def fill(scene: Scene, world: World) -> None:
    """One of each thing that is due at once."""
    scene.half_started("half")
    scene.ended("good", "Complete")
    scene.ended("bad", "Failed")
    scene.ended("again", "Failed", retry=RETRY)
    scene.ended("stopped", "Failed", retry=RETRY, cancelledBy="ann")
    scene.failed_slot("backup-1", world=world)


WANTED = {
    "half": "Running: -",
    "good": "Succeeded: Succeeded",
    "bad": "Failed: Test",
    "again": "Running: Test, -",
    "stopped": "Failed: Test",
    "backup-1": "Running: Test, -",
}


def is_done(world: World, namespace: str) -> None:
    assert due.told(world, namespace) == WANTED
    due.is_consistent(world, namespace, list(WANTED))
    (adopted,) = [one for one in world.cluster.list(JOB, namespace) if one["metadata"]["name"] == "backup-1"]
    run = world.cluster.get(Ref(RUN, "backup-1", namespace))
    assert adopted["metadata"]["annotations"]["rapt.dev/adopted-by"] == run["metadata"]["uid"]
    assert run["spec"]["adopted"] == {"job": "backup-1", "uid": adopted["metadata"]["uid"]}
    assert (run["spec"]["schedule"], run["spec"]["slot"]) == ("backup", due.SLOT)


def test_one_pass_does_all_that_is_due_and_the_next_finds_nothing(
    scene: Scene, door: tuple[World, Writers], admin: tuple[World, Writers]
) -> None:
    world, writers = door
    fill(scene, admin[0])
    before = due.told(world, scene.namespace)
    foretold = passed(world, writers, scene.namespace, is_dry=True)
    assert due.told(world, scene.namespace) == before
    assert foretold == [
        "job/backup-1: would become run/backup-1",
        "run/again: its attempt would be closed as Test",
        "run/bad: its attempt would be closed as Test",
        "run/good: its attempt would be closed as Succeeded",
        "run/half: would go on: create job/half-1",
        "run/stopped: its attempt would be closed as Test",
    ]
    told = passed(world, writers, scene.namespace)
    assert "job/backup-1: became run/backup-1" in told
    assert "run/half: attempt 1 started" in told
    assert "run/again: attempt 1 ended: Test" in told
    assert "run/again: attempt 2 started" in told
    assert "run/bad: failed: Test" in told
    assert "run/stopped: was cancelled by ann" in told
    is_done(world, scene.namespace)
    assert passed(world, writers, scene.namespace) == []
    is_done(world, scene.namespace)


def test_files_that_never_came_close_a_run_after_ten_minutes(
    scene: Scene, door: tuple[World, Writers]
) -> None:
    world, writers = door
    mount = {"kind": "ConfigMap", "name": "waits-files", "digest": "sha256:aa", "path": "/in"}
    scene.half_started("waits", mounts=[mount])
    assert passed(world, writers, scene.namespace) == []
    later: Any = LaterOn(world, timedelta(minutes=11))
    (told,) = passed(later, writers, scene.namespace)
    assert told == "run/waits: never began: configmap/waits-files was never brought"
    assert due.told(world, scene.namespace) == {"waits": "NotStarted: "}


def test_a_job_that_nobody_recorded_is_deleted_once_its_run_is_over_and_never_before(
    scene: Scene, door: tuple[World, Writers], admin: tuple[World, Writers]
) -> None:
    world, writers = door
    over, open_ = scene.ended("over", "Failed"), scene.half_started("open")
    passed(world, writers, scene.namespace)
    for run, name in ((over, "over-2"), (open_, "open-2")):
        stray = finished.owned(run, name)
        stray["spec"]["suspend"] = True
        finished.create(admin[1], stray)
    assert passed(world, writers, scene.namespace) == [], "whoever made it may be about to record it"
    later: Any = LaterOn(world, timedelta(minutes=11))
    assert passed(later, writers, scene.namespace) == [
        "job/over-2: deleted: run/over is over, and never began it"
    ]
    assert passed(later, writers, scene.namespace) == []


@pytest.mark.parametrize("why", ["it failed 2d ago", "has moved on", "are not of one definition", "is gone"])
def test_a_slot_whose_time_or_definition_is_over_is_recorded_and_not_tried_again(
    why: str, scene: Scene, door: tuple[World, Writers], admin: tuple[World, Writers]
) -> None:
    world, writers = door
    scene.failed_slot("backup-1", days=2 if why == "it failed 2d ago" else 0, world=world)
    ref = Ref(CRON_JOB, "backup", scene.namespace)
    if why == "has moved on":
        pod = {"terminationGracePeriodSeconds": 5}
        admin[1].cluster.patch(ref, {"spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}})
    elif why == "are not of one definition":
        admin[1].cluster.patch(ref, {"metadata": {"annotations": {"rapt.dev/definition": "sha256:ee"}}})
    elif why == "is gone":
        uid = world.cluster.get(ref)["metadata"]["uid"]
        admin[1].cluster.delete(ref, uid=uid, propagation="Orphan")
        owned = Ref(JOB, "backup-1", scene.namespace)
        while world.cluster.get(owned)["metadata"].get("ownerReferences"):
            time.sleep(0.05)
        assert passed(world, writers, scene.namespace) == [], "it is nobody's any more"
        return
    told = passed(world, writers, scene.namespace)
    assert any(one.startswith("job/backup-1: became run/backup-1; it is not tried again: ") for one in told)
    assert why in " ".join(told)
    assert due.told(world, scene.namespace) == {"backup-1": "Failed: Test"}


def test_a_job_becomes_a_run_once_even_where_somebody_has_deleted_that_run(
    scene: Scene, door: tuple[World, Writers]
) -> None:
    world, writers = door
    scene.failed_slot("backup-1", world=world)
    passed(world, writers, scene.namespace)
    run = world.cluster.get(Ref(RUN, "backup-1", scene.namespace))
    writers.cluster.delete(Ref(RUN, "backup-1", scene.namespace), uid=run["metadata"]["uid"])
    assert passed(world, writers, scene.namespace) == []
    assert due.told(world, scene.namespace) == {}


def test_what_policies_let_go_goes_and_evidence_stays_where_there_is_no_folder_for_it(
    admin: tuple[World, Writers], door: tuple[World, Writers], namespace: str, tmp_path: Path
) -> None:
    world, writers = door
    scene = Scene(admin[1], namespace)
    kept = {"name": "evidence", "summary": "x", "export": True, "runs": [{"keepFor": "1d"}]}
    scene.tool(cleanup=kept)
    young, old = finished.create(
        admin[1], finished.a_run("young", namespace), finished.a_run("old", namespace)
    )
    for run, days in ((young, 0.5), (old, 2)):
        name = f"{run['metadata']['name']}-1"
        (job,) = finished.jobs(admin[1], finished.owned(run, name), how="Failed", days=days)
        finished.close(admin[1], run, "Failed", days=days, job=job)
    (told,) = passed(world, writers, namespace)
    assert told == "tool/backup: 2 objects stay: the policy exports evidence, and --export is not given"
    done = passed(world, writers, namespace, export=str(tmp_path / "kept"))
    assert "run/old: deleted: ended 2d ago, kept for 1d (policy evidence)" in done
    assert set(due.told(world, namespace)) == {"young"}
    assert list((tmp_path / "kept").rglob("cause.yaml"))


def test_a_pass_that_is_killed_at_any_write_is_finished_by_the_next(
    cluster: Cluster, admin: tuple[World, Writers], tmp_path: Path
) -> None:
    def begin(name: str) -> tuple[Person, str]:
        namespace = namespaces.prepare(cluster)
        scene = Scene(admin[1], namespace)
        scene.tool()
        fill(scene, admin[0])
        person = Person(tmp_path / name, cluster.user(f"user-of-{namespace}", namespace=namespace))
        return person, namespace

    person, namespace = begin("undisturbed")
    ended, written = person.writes("reconcile")
    assert ended.exit_code == 0, ended
    is_done(admin[0], namespace)

    def scenario(kill: Kill) -> None:
        person, namespace = begin(str(kill))
        assert person.is_killed(kill, "reconcile").was_killed
        again = person.types("reconcile")
        assert again.exit_code == 0, again
        is_done(admin[0], namespace)
        assert person.types("reconcile").stderr == "nothing is due\n"

    steps = [one for one in written if "event/" not in one]
    assert len(steps) >= 14, written
    each(scenario, kills(written))


def test_two_passes_alive_at_once_do_each_thing_once_and_poison_stops_nobody(
    scene: Scene, door: tuple[World, Writers], admin: tuple[World, Writers], user: Path, tmp_path: Path
) -> None:
    world, _ = door
    fill(scene, admin[0])
    healthy = [f"run-{number}" for number in range(20)]
    rule = {"action": "retry", "memory": {"factor": 2, "max": "much"}}
    broken = {**RETRY, "rules": [rule]}
    for name in healthy:
        scene.half_started(name)
    names = [f"poison-{number}" for number in range(200)]
    finished.each(lambda name: poison(scene, name, broken), names)
    person = Person(tmp_path / "ann", user)
    gate = tmp_path / "gate"
    gate.mkdir()
    begun = [person.hesitates(gate, "reconcile") for _ in range(2)]
    let_pass(gate, 2)
    for process in begun:
        ended = end(process)
        assert ended.exit_code == 1, ended
        assert ended.stderr.count("error: ") == 200
    told = due.told(world, scene.namespace)
    assert {name: told[name] for name in healthy} == dict.fromkeys(healthy, "Running: -")
    assert {name: told[name] for name in WANTED} == WANTED
    due.is_consistent(world, scene.namespace, [*healthy, *WANTED])


def poison(scene: Scene, name: str, retry: Any) -> None:
    """A Run that cannot be read, or one whose Job's name is somebody else's."""
    if int(name.rpartition("-")[2]) % 2:
        scene.half_started(name, retry=retry)
    else:
        scene.half_started(name)
        finished.create(scene.admin, finished.a_job(f"{name}-1", scene.namespace))


@dataclass(frozen=True)
class Often:
    """Too many requests, three times out of ten."""

    chance: random.Random

    def play(self, faults: Faults, request: Request, client: socket.socket) -> None:
        busy = {"kind": "Status", "reason": "TooManyRequests", "code": 429}
        act = Reply(429, busy, {"Retry-After": "1"}) if self.chance.random() < 0.3 else PASS
        act.play(faults, request, client)


def test_too_many_requests_and_an_expired_list_delay_a_pass_and_lose_nothing(
    scene: Scene, door: tuple[World, Writers], admin: tuple[World, Writers], user: Path, tmp_path: Path
) -> None:
    world, _ = door
    fill(scene, admin[0])
    expired = {"kind": "Status", "reason": "Expired", "code": 410, "message": "too old"}
    with faults.between(tmp_path, user) as between:
        between.on("", *[Often(random.Random(7))] * 2000)  # type: ignore[arg-type]
        for what in (r"GET .*/runs\?.*limit", r"GET .*/jobs\?.*limit", r"GET .*/tools\?.*limit"):
            between.on(what, Reply(410, expired))
        ended = Person(tmp_path / "ann", between.kubeconfig).types("reconcile")
        assert ended.exit_code == 0, ended
    is_done(world, scene.namespace)


def test_an_api_server_that_is_frozen_for_longer_than_a_request_may_take_loses_nothing(
    tmp_path: Path,
) -> None:
    with clusters.private() as cluster:
        namespace = namespaces.prepare(cluster)
        person = Person(tmp_path / "ann", cluster.user(f"user-of-{namespace}", namespace=namespace))
        admin = Person(tmp_path / "admin", cluster.kubeconfig)
        assert admin.types("install").exit_code == 0
        with wiring.open_world(Target(kubeconfig=str(cluster.kubeconfig))) as (world, writers):
            scene = Scene(writers, namespace)
            scene.tool()
            fill(scene, world)
            healthy = [f"run-{number}" for number in range(30)]
            for name in healthy:
                scene.half_started(name)
            (server,) = [
                one for one in processes.running(cluster.control_plane.home) if one.part == "kube-apiserver"
            ]
            gate = tmp_path / "gate"
            gate.mkdir()
            begun = person.hesitates(gate, "reconcile", "--request-timeout=10s")
            let_pass(gate, 1)
            time.sleep(0.5)
            os.kill(server.pid, signal.SIGSTOP)
            time.sleep(14)
            os.kill(server.pid, signal.SIGCONT)
            ended = end(begun)
            assert ended.exit_code in (0, 1, 8), ended
            assert "Traceback" not in ended.stderr
            for _ in range(3):
                again = person.types("reconcile")
                if again.stderr == "nothing is due\n":
                    break
            assert again.stderr == "nothing is due\n", again
            is_done_beside(world, namespace, healthy)


def is_done_beside(world: World, namespace: str, healthy: list[str]) -> None:
    told = due.told(world, namespace)
    assert {name: told[name] for name in healthy} == dict.fromkeys(healthy, "Running: -")
    assert {name: told[name] for name in WANTED} == WANTED
    due.is_consistent(world, namespace, [*healthy, *WANTED])


def test_what_was_done_is_told_as_data_too(
    scene: Scene, user: Path, tmp_path: Path, admin: tuple[World, Writers]
) -> None:
    scene.ended("bad", "Failed")
    person = Person(tmp_path / "ann", user)
    ended = person.types("reconcile", "-o", "json")
    assert ended.exit_code == 0, ended
    items = json.loads(ended.stdout)["items"]
    assert {"kind": "Run", "name": "bad", "namespace": scene.namespace, "what": "failed: Test"} in items
    again = person.types("reconcile", "-o", "json")
    assert json.loads(again.stdout)["items"] == []


def test_a_webhook_is_told_of_each_alarm_once_signed_and_again_only_where_it_did_not_take_it(
    scene: Scene, user: Path, tmp_path: Path
) -> None:
    scene.ended("bad", "Failed")
    scene.ended("good", "Complete")
    scene.ended("stopped", "Failed", cancelledBy="ann")
    person = Person(tmp_path / "ann", user)
    with listening() as listener:
        person.environ |= {"RAPT_WEBHOOK_URL": listener.url, "RAPT_WEBHOOK_SECRET": "key"}
        listener.answers = [503, 503, 503]
        ended = person.types("reconcile")
        assert ended.exit_code == 1, ended
        assert "error: run/bad: the webhook cannot be told: it answered 503" in ended.stderr
        assert "run/bad: told the webhook: failed: Test" in person.types("reconcile").stdout
        assert person.types("reconcile").stderr == "nothing is due\n"
        assert len(listener.heard) == 4
        assert len({headers["X-Rapt-Delivery"] for _, headers in listener.heard}) == 1
        for body, headers in listener.heard:
            signed = f"{headers['X-Rapt-Timestamp']}.".encode() + body
            assert headers["X-Rapt-Signature"] == "sha256=" + hmac.new(b"key", signed, "sha256").hexdigest()
        told = json.loads(listener.heard[-1][0])
        assert (told["type"], told["run"]["name"]) == ("RunFailed", "bad")
    person.environ["RAPT_WEBHOOK_SECRET"] = ""
    assert person.types("reconcile").exit_code == 2


def test_events_tell_of_failures_on_the_run_and_on_its_tool(
    scene: Scene, door: tuple[World, Writers]
) -> None:
    world, writers = door
    scene.ended("bad", "Failed")
    scene.ended("good", "Complete")
    passed(world, writers, scene.namespace)
    told = {
        (
            one["involvedObject"]["kind"],
            one["involvedObject"]["name"],
            one["reason"],
            one["type"],
            one["message"],
        )
        for one in world.cluster.list(EVENT, scene.namespace)
        if one["source"].get("component") == "rapt"
    }
    assert told == {
        ("Run", "bad", "RunFailed", "Warning", "failed: Test"),
        ("Tool", "backup", "RunFailed", "Warning", "run/bad failed: Test"),
    }
