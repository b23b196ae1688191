"""A pass of reconcile that is disturbed: killed, beside another one, among poison, by a busy or a frozen API server."""

import os
import random
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests import due, faults, finished, namespaces
from tests.cluster import clusters, processes
from tests.cluster.clusters import Cluster
from tests.due import RETRY, WANTED, Scene, fill, is_done
from tests.faults import PASS, Faults, Reply, Request
from tests.killing import Kill, Person, each, end, kills, let_pass

pytestmark = pytest.mark.usefixtures("kubectl_on_path")


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
    """Too many requests, three times out of ten: hardly ever ten times in a row, where a client gives up."""

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
        for what in (r"GET .*/runs\?", r"GET .*/jobs\?", r"GET .*/tools\b"):
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
        namespaces.await_rapt(cluster)
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
