"""Cleaning up on a real API server: exactly what was shown goes, whatever happens meanwhile."""

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.actions import clean
from kubectl_rapt.actions.clean import Scope
from kubectl_rapt.errors import Conflict, NotFound, Refused, Unavailable
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import JOB, RUN, Manifest, Ref
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests import faults, finished, namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.faults import DropReply, Reply

ROUNDS = 1000
NOW = Duration(0)


@pytest.fixture
def door(user: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Writers]]:
    """The cluster, as an ordinary user."""
    monkeypatch.setenv("PATH", str(kubectl.program().parent), prepend=":")
    with wiring.open_world(Target(kubeconfig=str(user))) as both:
        yield both


@pytest.fixture
def admin(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writers]:
    """Who may say in a Job's status that it has ended."""
    monkeypatch.setenv("PATH", str(kubectl.program().parent), prepend=":")
    with wiring.open_world(Target(kubeconfig=str(cluster.kubeconfig))) as (_, writers):
        yield writers


def left(world: World, namespace: str) -> dict[str, Manifest]:
    return {
        one["metadata"]["name"]: one for kind in (JOB, RUN) for one in world.cluster.list(kind, namespace)
    }


def hold(writers: Writers, ref: Ref) -> Manifest:
    return writers.cluster.patch(ref, {"metadata": {"annotations": {"rapt.dev/keep": "incident 7"}}})


def test_what_was_shown_goes_and_everything_else_stays(
    door: tuple[World, Writers], admin: Writers, namespace: str, tmp_path: Path
) -> None:
    world, writers = door
    run, kept = finished.create(
        admin, finished.a_run("old-run", namespace), finished.a_run("young-run", namespace)
    )
    of_run, _ = finished.jobs(admin, finished.owned(run, "of-run"), finished.a_job("old", namespace))
    finished.close(admin, run, "Failed", job=of_run)
    finished.close(admin, kept, "Failed", days=29)
    finished.jobs(admin, finished.a_job("held", namespace, labels={"rapt.dev/keep": "1"}), days=99)
    stranger = finished.a_job("stranger", namespace)
    stranger["metadata"]["labels"] = {}
    finished.jobs(admin, stranger, days=99)
    finished.create(admin, finished.a_job("unfinished", namespace))
    finished.jobs(admin, finished.a_job("ungoverned", namespace, "other"), how="Failed", days=99)

    plan = clean.plan(world, Scope(namespace))
    assert {one.item.ref.name for one in plan.going} == {"of-run", "old-run"}, (
        "without a policy Runs alone decide"
    )
    plan = clean.plan(world, Scope(namespace, policy="day"))
    assert {one.item.ref.name for one in plan.going} == {"of-run", "old", "old-run", "ungoverned"}

    done = clean.carry_out(world, writers, plan.going, folder=str(tmp_path))
    assert {one.what for one in done} == {"deleted"}
    assert set(left(world, namespace)) == {"young-run", "held", "stranger", "unfinished"}
    assert not list(tmp_path.iterdir()), "nobody asked for evidence"


def test_a_tool_of_the_cluster_says_what_is_kept_and_a_policy_there_has_a_name(
    door: tuple[World, Writers], admin: Writers, namespace: str
) -> None:
    world, _ = door
    policy = {"name": "short", "summary": "s", "jobs": [{"keepFor": "1h"}]}
    named = {key: value for key, value in policy.items() if key != "name"}
    tool: dict[str, Any] = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "spec": {"job": finished.a_run("x", namespace)["spec"]["job"]},
    }
    finished.create(
        admin,
        {
            "apiVersion": "rapt.dev/v1alpha1",
            "kind": "CleanupPolicy",
            "metadata": {"name": "named", "namespace": namespace},
            "spec": named,
        },
        {
            **tool,
            "metadata": {"name": "by-name", "namespace": namespace},
            "spec": {**tool["spec"], "policies": {"cleanup": "named"}},
        },
        {
            **tool,
            "metadata": {"name": "by-snapshot", "namespace": namespace},
            "spec": {**tool["spec"], "policies": {"cleanup": "short"}, "cleanup": policy},
        },
    )
    gone = {"labels": {"rapt.dev/cleanup-policy": "lost"}}
    finished.jobs(
        admin,
        *(finished.a_job(f"of-{name}", namespace, name) for name in ("by-name", "by-snapshot")),
        finished.a_job("of-nobody", namespace, "removed", **gone),
    )
    verdicts = {one.item.ref.name: str(one) for one in clean.plan(world, Scope(namespace)).verdicts}
    assert verdicts == {
        "of-by-name": "ended 2d ago, kept for 1h (policy named)",
        "of-by-snapshot": "ended 2d ago, kept for 1h (policy short)",
        "of-nobody": "its policy lost is not known here",
    }


def test_evidence_comes_first_and_without_it_nothing_goes(
    door: tuple[World, Writers], admin: Writers, namespace: str, tmp_path: Path
) -> None:
    world, writers = door
    job = finished.jobs(admin, finished.a_job("one", namespace), how="Failed")[0]
    plan = clean.plan(world, Scope(namespace, older_than=NOW))
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    with pytest.raises(Unavailable) as caught:
        clean.carry_out(world, writers, plan.going, folder=str(in_the_way), export_all=True)
    assert caught.value.code == "export-failed"
    assert caught.value.message.startswith("nothing was deleted: the evidence of 1 of 1 objects")
    assert [problem.where for problem in caught.value.problems] == ["job/one"]
    assert set(left(world, namespace)) == {"one"}

    clean.carry_out(world, writers, plan.going, folder=str(tmp_path), export_all=True)
    assert not left(world, namespace)
    place = tmp_path / namespace / f"job-one-{job['metadata']['uid'][:8]}"
    assert {one.name for one in place.iterdir()} == {"manifest.yaml", "cause.yaml"}
    assert "cause: Test" in (place / "cause.yaml").read_text()


def test_one_poison_object_stops_nothing(
    door: tuple[World, Writers], admin: Writers, namespace: str, tmp_path: Path
) -> None:
    world, writers = door
    odd = {"name": "odd", "summary": "s", "attempts": 2, "rules": [{"action": "give-up", "otherNode": True}]}
    poison, well = finished.create(
        admin, finished.a_run("poison", namespace, retry=odd), finished.a_run("well", namespace)
    )
    for run in (poison, well):
        finished.close(admin, run, "Failed")
    own, _ = finished.jobs(admin, finished.owned(poison, "of-poison"), finished.a_job("a", namespace))
    plan = clean.plan(world, Scope(namespace, policy="day"))
    assert [problem.where for problem in plan.broken] == [f"run/poison in {namespace}"]
    done = clean.carry_out(world, writers, plan.going, folder=str(tmp_path))
    assert {one.verdict.item.ref.name for one in done} == {"a", "well"}
    assert set(left(world, namespace)) == {"poison", "of-poison"}, "nobody knows what its Run has recorded"
    assert own["metadata"]["name"] == "of-poison"


def test_a_run_stays_when_its_job_is_held_at_the_last_moment(
    door: tuple[World, Writers], admin: Writers, namespace: str, tmp_path: Path
) -> None:
    world, writers = door
    run = finished.create(admin, finished.a_run("r", namespace))[0]
    job = finished.jobs(admin, finished.owned(run, "j"))[0]
    finished.close(admin, run, "Failed", job=job)
    plan = clean.plan(world, Scope(namespace))
    assert len(plan.going) == 2
    hold(admin, finished.ref("j", namespace))
    done = clean.carry_out(world, writers, plan.going, folder=str(tmp_path))
    assert [one.what for one in done] == ["changed", "changed"]
    assert set(left(world, namespace)) == {"r", "j"}


def test_who_may_not_delete_is_told_before_anything_is_gone(
    cluster: Cluster, door: tuple[World, Writers], admin: Writers, namespace: str, tmp_path: Path
) -> None:

    finished.jobs(admin, finished.a_job("one", namespace))
    other = namespaces.prepare(cluster, role="view")
    viewer = cluster.user(f"user-of-{other}", namespace=other)
    with wiring.open_world(Target(kubeconfig=str(viewer))) as (world, theirs):
        going = clean.plan(door[0], Scope(namespace, older_than=NOW)).going
        elsewhere = [
            replace(one, item=replace(one.item, ref=replace(one.item.ref, namespace=other))) for one in going
        ]
        with pytest.raises(Refused) as caught:
            clean.carry_out(world, theirs, elsewhere, folder=str(tmp_path))
    assert caught.value.code == "no-right"
    assert [problem.where for problem in caught.value.problems] == ["delete jobs.batch", "to grant it"]


def test_lost_answers_and_an_overloaded_server_are_sat_out(
    door: tuple[World, Writers], admin: Writers, namespace: str, user: Path, tmp_path: Path
) -> None:

    finished.jobs(admin, *(finished.a_job(f"j{number}", namespace) for number in range(12)))
    busy = Reply(429, {"kind": "Status", "reason": "TooManyRequests", "code": 429}, {"Retry-After": "1"})
    with (
        faults.between(tmp_path, user) as between,
        wiring.open_world(Target(kubeconfig=str(between.kubeconfig))) as (world, theirs),
    ):
        plan = clean.plan(world, Scope(namespace, older_than=NOW))
        between.on("DELETE", busy, DropReply(), busy, DropReply())
        done = clean.carry_out(world, theirs, plan.going, folder=str(tmp_path))
    assert {one.what for one in done} == {"deleted"}
    assert not left(door[0], namespace)


def test_nothing_wrong_is_deleted_in_a_thousand_races(
    door: tuple[World, Writers], admin: Writers, namespace: str, tmp_path: Path
) -> None:
    """Each Job races with somebody who holds it, replaces it, or ends it, at the moment when it is to go."""
    world, writers = door
    dice = random.Random(7)
    fates = {
        f"j{number:04}": dice.choice(["hold", "recreate", "complete", "nothing"]) for number in range(ROUNDS)
    }
    finished.create(admin, *(finished.a_job(name, namespace) for name in fates))
    ending = [finished.ref(name, namespace) for name, fate in fates.items() if fate != "complete"]
    finished.each(lambda one: finished.end(admin, one), ending)

    plan = clean.plan(world, Scope(namespace, older_than=NOW))
    assert {one.item.ref.name for one in plan.going} == {one.name for one in ending}
    must_be_there: dict[str, str] = {}
    too_late = []

    def disturb(name: str) -> None:
        ref = finished.ref(name, namespace)
        try:
            if fates[name] == "hold":
                must_be_there[name] = hold(admin, ref)["metadata"]["uid"]
            elif fates[name] == "complete":
                must_be_there[name] = finished.end(admin, ref)["metadata"]["uid"]
            elif fates[name] == "recreate":
                replaced = world.cluster.get(ref)["metadata"]["uid"]
                admin.cluster.delete(ref, uid=replaced)
                made = admin.cluster.create(finished.a_job(name, namespace))
                must_be_there[name] = made["metadata"]["uid"]
        except (NotFound, Conflict):
            too_late.append(name)

    disturbing = threading.Thread(target=lambda: finished.each(disturb, list(fates)))
    disturbing.start()
    done = clean.carry_out(world, writers, plan.going, folder=str(tmp_path))
    disturbing.join()

    there = left(world, namespace)
    wrong = {
        name: uid
        for name, uid in must_be_there.items()
        if name not in there or there[name]["metadata"]["uid"] != uid
    }
    assert wrong == {}
    assert set(there) == set(must_be_there), "what nobody touched in time is gone"
    ends = {one.what for one in done}
    assert ends >= {"deleted", "changed"}, "both sides won some races"
    assert too_late
    assert "failed" not in ends
