"""One pass over everything that is due, on a real API server: each thing exactly once, whatever happens meanwhile."""

import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from kubectl_rapt.actions import recent, reconcile
from kubectl_rapt.actions.passing import Scope, Told
from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import CRON_JOB, EVENT, JOB, RUN, TOOL, Kind, Manifest, Ref, ref_of
from kubectl_rapt.model.local_files import File
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import mounts
from kubectl_rapt.runs.mounts import Given
from kubectl_rapt.writes import Writers
from tests import due, finished, namespaces
from tests.cluster.clusters import Cluster
from tests.due import Scene, fill, is_done
from tests.killing import Person
from tests.listener import listening
from tests.repositories import ConfigRepository

pytestmark = pytest.mark.usefixtures("kubectl_on_path")


class Noting:
    """The same cluster; it notes which Jobs are read from it."""

    def __init__(self, world: World) -> None:
        self._world, self.cluster, self.jobs = world, self, list[str]()

    def list(self, kind: Kind, namespace: str, **selectors: str) -> Iterator[Manifest]:
        for manifest in self._world.cluster.list(kind, namespace, **selectors):
            if kind == JOB:
                self.jobs.append(manifest["metadata"]["name"])
            yield manifest

    def __getattr__(self, name: str) -> Any:
        return (
            getattr(self._world, name) if hasattr(self._world, name) else getattr(self._world.cluster, name)
        )


class LaterOn:
    """The same world at another time."""

    def __init__(self, world: World, later: timedelta) -> None:
        self._world, self._later = world, later

    def now(self) -> datetime:
        return self._world.now() + self._later

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)


class Odd:
    """The same world, in which one run ended at a time that cannot be read, however it is asked for."""

    TIME = "2026-11-30T01:00:00X5Z"

    def __init__(self, world: World, name: str) -> None:
        self._world, self.cluster, self._name = world, self, name

    def _odd(self, manifest: Manifest) -> Manifest:
        if manifest["kind"] != RUN.name or manifest["metadata"]["name"] != self._name:
            return manifest
        attempts = [{**one, "finishedAt": self.TIME} for one in manifest["status"]["attempts"]]
        return {**manifest, "status": {**manifest["status"], "attempts": attempts}}

    def get(self, ref: Ref) -> Manifest:
        return self._odd(self._world.cluster.get(ref))

    def list(self, kind: Kind, namespace: str, **selectors: str) -> Iterator[Manifest]:
        return map(self._odd, self._world.cluster.list(kind, namespace, **selectors))

    def table(self, kind: Kind, namespace: str, **selectors: Any) -> Iterator[Any]:
        for page in self._world.cluster.table(kind, namespace, **selectors):
            name, ended = page.columns.index("Name"), page.columns.index("Finished")
            rows = [list(row) for row in page.rows]
            for row in rows:
                if row[name] == self._name:
                    row[ended] = self.TIME
            yield page._replace(rows=rows)

    def __getattr__(self, name: str) -> Any:
        return (
            getattr(self._world, name) if hasattr(self._world, name) else getattr(self._world.cluster, name)
        )


def passed(
    world: World, writers: Writers, namespace: str, *, is_dry: bool = False, export: str = ""
) -> list[str]:
    told: list[Told] = []
    reconcile.reconcile(world, writers, Scope(namespace, export=export), told.append, is_dry=is_dry)
    return sorted(f"{one.ref}: {one.error.code if one.error else one.what}" for one in told)


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
        "run/half: would continue: create job/half-1",
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


def test_of_the_jobs_that_are_kept_none_is_asked_for(
    scene: Scene, door: tuple[World, Writers], admin: tuple[World, Writers]
) -> None:
    world, writers = door
    for number in range(3):
        scene.ended(f"kept-{number}", "Complete")
    passed(world, writers, scene.namespace)
    scene.half_started("open")
    passed(world, writers, scene.namespace)
    scene.failed_slot("backup-1", world=world)
    labelled = finished.a_job("old", scene.namespace, "gone", labels={"rapt.dev/cleanup-policy": "week"})
    finished.create(admin[1], labelled)
    noting: Any = Noting(world)
    passed(noting, writers, scene.namespace)
    assert sorted(noting.jobs) == ["backup-1", "old", "open-1"]
    week = {"policies": {"cleanup": "week"}}
    admin[1].cluster.patch(Ref(TOOL, "backup", scene.namespace), {"spec": week})
    noting.jobs.clear()
    passed(noting, writers, scene.namespace)
    assert {"kept-0-1", "kept-1-1", "kept-2-1"} < set(noting.jobs), "now a policy governs them"


def test_files_that_never_came_close_a_run_after_ten_minutes(
    scene: Scene, door: tuple[World, Writers]
) -> None:
    world, writers = door
    given = [Given("a.txt", "/in/", False, (File("a.txt", b"a", False),))]
    job, _ = mounts.add(due.JOB_AS_TOOL, "waits", given)
    mount = {"kind": "ConfigMap", "name": "waits-1", "digest": "sha256:aa", "path": "/in/a.txt"}
    finished.create(scene.admin, finished.a_run("waits", scene.namespace, job=job, mounts=[mount]))
    assert passed(world, writers, scene.namespace) == []
    later: Any = LaterOn(world, timedelta(minutes=11))
    (told,) = passed(later, writers, scene.namespace)
    assert told == "run/waits: never began: configmap/waits-1 was never brought"
    assert due.told(world, scene.namespace) == {"waits": "NotStarted: "}


def test_a_job_that_nobody_recorded_is_deleted_once_its_run_is_over_and_never_before(
    scene: Scene, door: tuple[World, Writers], admin: tuple[World, Writers]
) -> None:
    world, writers = door
    over, open_ = scene.ended("over", "Failed"), scene.half_started("open")
    passed(world, writers, scene.namespace)
    for run, name in ((over, "over-2"), (open_, "open-2")):
        stray = jobs.of_attempt(runs.from_manifest(run), 2)
        assert stray["metadata"]["name"] == name
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
        # What the garbage collector does for --cascade=orphan, if it has heard of the Job by then.
        admin[1].cluster.patch(Ref(JOB, "backup-1", scene.namespace), {"metadata": {"ownerReferences": None}})
        admin[1].cluster.delete(ref, uid=uid, propagation="Background")
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


def test_an_environments_own_webhook_is_found_by_the_names_of_its_variables(
    scene: Scene, cluster: Cluster, user: Path, tmp_path: Path
) -> None:
    marks = {"rapt.dev/tool": "backup", "rapt.dev/run": "bad", "rapt.dev/environment": "prod"}
    scene.ended("bad", "Failed", metadata={"labels": marks})
    repository = ConfigRepository(tmp_path, Environment("prod", (scene.namespace,), namespaces.uid(cluster)))
    said = b"review: required\n    reconcile: {webhook: {urlEnv: ALERTS, secretEnv: ALERTS_KEY}}"
    text = repository.files()[layout.PROJECT]
    repository.commit({layout.PROJECT: text.replace(b"review: required", said)})
    person = Person(tmp_path / "ann", user, repository=repository.path)
    assert person.types("reconcile").exit_code == 0
    with listening() as listener:
        assert person.types("reconcile", "--in", "prod").stderr == "nothing is due\n"
        person.environ["ALERTS"] = listener.url
        unsigned = person.types("reconcile", "--in", "prod")
        assert (unsigned.exit_code, "ALERTS_KEY is not set" in unsigned.stderr) == (2, True), unsigned
        person.environ["ALERTS_KEY"] = "key"
        ended = person.types("reconcile", "--in", "prod")
        assert "told the webhook: failed: Test" in ended.stdout, ended
        assert len(listener.heard) == 1


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


def test_an_event_that_was_lost_with_its_writer_is_written_once_within_the_hour(
    scene: Scene, door: tuple[World, Writers], admin: tuple[World, Writers]
) -> None:
    world, writers = door

    def told() -> set[tuple[str, str, str]]:
        found = world.cluster.list(EVENT, scene.namespace, fields="source=rapt")
        return {(one["involvedObject"]["name"], one["reason"], one["metadata"]["uid"]) for one in found}

    scene.ended("bad", "Failed")
    scene.ended("worse", "Failed")
    passed(world, writers, scene.namespace)
    before = told()
    assert len(before) == 4
    for one in world.cluster.list(EVENT, scene.namespace, fields="source=rapt"):
        if one["message"].startswith(("run/bad", "failed")) and one["involvedObject"]["name"] != "worse":
            admin[1].cluster.delete(ref_of(one), uid=one["metadata"]["uid"])
    left = told()
    assert len(left) == 2
    much_later: Any = LaterOn(world, timedelta(minutes=61))
    passed(much_later, writers, scene.namespace)
    assert told() == left
    assert passed(world, writers, scene.namespace, is_dry=True) == []
    assert told() == left
    assert passed(world, writers, scene.namespace) == []
    assert {one[:2] for one in told()} == {one[:2] for one in before}
    again = told()
    assert left < again
    assert passed(world, writers, scene.namespace) == []
    assert told() == again


def test_a_run_and_an_event_with_odd_times_stop_only_themselves(
    scene: Scene, door: tuple[World, Writers]
) -> None:
    world, writers = door
    scene.ended("odd", "Failed")
    passed(world, writers, scene.namespace)
    assert due.told(world, scene.namespace)["odd"] != "Running: -", (
        "it is recorded before its time is spoiled"
    )
    event = {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.name,
        "metadata": {"name": "odd-event", "namespace": scene.namespace},
        "involvedObject": {"kind": "Run", "name": "bad", "namespace": scene.namespace},
        "source": {"component": "rapt"},
        "reason": "Failed",
        "lastTimestamp": "0000-01-01T00:00:00Z",
    }
    finished.create(scene.admin, event)
    scene.ended("bad", "Failed")
    scene.ended("good", "Complete")
    told = passed(cast(World, Odd(world, "odd")), writers, scene.namespace)
    assert [one for one in told if "odd" in one] == ["run/odd: unreadable-object"]
    assert "run/bad: attempt 1 ended: Test" in told or "run/bad: failed: Test" in told, told
    assert due.told(world, scene.namespace)["good"] == "Succeeded: Succeeded"


@pytest.mark.parametrize("time", ["2026-11-30T01:00:00X5Z", "0000-01-01T00:00:00Z", "2026-11-30t01:00:00z"])
def test_the_server_refuses_times_that_cannot_be_read(scene: Scene, time: str) -> None:
    with pytest.raises(RaptError, match=r"spec\.notAfter"):
        scene.half_started("odd", notAfter=time)
    scene.half_started("even", notAfter=due.ago(days=-1))


def test_an_attempt_that_was_asked_for_begins_though_its_command_was_killed(
    scene: Scene, door: tuple[World, Writers]
) -> None:
    world, writers = door
    asked = {"wish": {"attempt": 2, "by": "ann"}}
    for name in ("asked", "cancelled", "forged"):
        scene.ended(name, "Failed")
    passed(world, writers, scene.namespace)
    patch = scene.admin.cluster.patch
    patch(Ref(RUN, "asked", scene.namespace), {"spec": asked})
    patch(Ref(RUN, "cancelled", scene.namespace), {"spec": {**asked, "cancelledBy": "ben"}})
    patch(Ref(RUN, "forged", scene.namespace), {"spec": {"wish": {"attempt": 100, "by": "ann"}}})
    with pytest.raises(RaptError, match=r"spec\.wish\.attempt"):
        patch(Ref(RUN, "forged", scene.namespace), {"spec": {"wish": {"attempt": 2147483647}}})
    listed = [one["Name"] for one in recent.rows(world, scene.namespace) if one["Wish"] == 2]
    assert sorted(listed) == ["asked", "cancelled"]
    assert [one for one in passed(world, writers, scene.namespace) if "run/" in one] == [
        "run/asked: attempt 2 started",
        "run/cancelled: attempt 2 ended: Cancelled",
    ]
    assert passed(world, writers, scene.namespace) == []


@pytest.mark.parametrize("tool", ["backup\nkubectl delete ns x", "a;b"])
def test_the_server_refuses_names_that_a_shell_reads(scene: Scene, tool: str) -> None:
    run = finished.a_run("odd", scene.namespace)
    with pytest.raises(RaptError, match=r"spec\.tool"):
        finished.create(scene.admin, {**run, "spec": {**run["spec"], "tool": tool}})
    with pytest.raises(RaptError, match=r"spec\.environment"):
        scene.tool(environment=tool)
