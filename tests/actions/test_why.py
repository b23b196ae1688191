"""Why, of a run with several attempts, of what is broken, and of what is left when the cluster keeps silent."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from kubectl_rapt.actions import describe, failed, find, why
from kubectl_rapt.errors import NotFound, Refused
from kubectl_rapt.model.kinds import EVENT, JOB, POD, RUN, Kind, Manifest, Ref
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.ports.cluster import Page
from tests.fakes.cluster import FakeCluster
from tests.fakes.world import FakeWorld
from tests.given import NOON, a_job, a_pod, a_run, ended


class Cluster(FakeCluster):
    """One whose kubelet has a log of two lines for every container; its events may be refused."""

    may_see_events = True
    states: dict[str, str]

    def logs(self, pod: Ref, container: str, **how: Any) -> Any:
        return iter([b"one", b"caf\xe9 \x1b[2J"])

    def list(self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "") -> Iterator[Manifest]:
        if kind == EVENT and not self.may_see_events:
            raise Refused("no-right", "you may not list events")
        state = fields.partition("status.state=")[2]
        found = super().list(kind, namespace, labels=labels)
        return (one for one in found if not state or one.get("status", {}).get("state") == state)


@pytest.fixture
def world(someone: Callable[[str], FakeWorld]) -> FakeWorld:
    made = someone("ann")
    made.cluster = Cluster()
    return made


def put(cluster: FakeCluster, manifest: Manifest) -> Manifest:
    """Create an object with its status."""
    made = cluster.create(manifest)
    kind = {"Job": JOB, "Pod": POD, "Run": RUN}[manifest["kind"]]
    ref = Ref(kind, manifest["metadata"]["name"], "team")
    if "status" in manifest:
        made = cluster.patch(ref, {"status": manifest["status"]}, subresource="status")
    return made


def put_attempt(world: FakeWorld, number: int, **state: Any) -> str:
    """A Job of the run, with its pod; the Job's UID."""
    name = f"backup-x7k2p-{number}"
    job = a_job(ended="Failed", reason="BackoffLimitExceeded", labels={"rapt.dev/run": "backup-x7k2p"})
    job["metadata"] |= {"name": name}
    uid = str(put(world.cluster, job)["metadata"]["uid"])
    pod = a_pod("Failed", ended(**state), name=f"{name}-aaaaa")
    pod["metadata"]["labels"] = {"batch.kubernetes.io/controller-uid": uid}
    put(world.cluster, pod)
    return uid


def put_run(world: FakeWorld, run: Run, state: str) -> None:
    attempts = [runs.attempt_to_data(one) for one in run.attempts]
    put(world.cluster, {**runs.to_manifest(run), "status": {"attempts": attempts, "state": state}})


@pytest.fixture
def twice(world: FakeWorld) -> FakeWorld:
    """A run whose first attempt ran out of memory, and whose second one said no."""
    first, second = put_attempt(world, 1, code=137, reason="OOMKilled"), put_attempt(world, 2, code=7)
    attempts = (
        Attempt(1, "backup-x7k2p-1", first, NOON, NOON, 137, "OOMKilled", "all of it", container="tool"),
        Attempt(2, "backup-x7k2p-2", second, NOON, NOON, 7, "ExitCode", "ended with 7", container="tool"),
    )
    put_run(world, a_run(attempts=attempts), "Exhausted")
    return world


def causes(world: FakeWorld, what: str) -> list[str]:
    return [one.cause for one in why.why(world, what, "team").findings]


def test_a_run_is_explained_by_its_latest_attempt_and_a_job_by_its_own(twice: FakeWorld) -> None:
    assert causes(twice, "backup-x7k2p") == ["ExitCode"]
    assert causes(twice, "job/backup-x7k2p-2") == ["ExitCode"]
    assert causes(twice, "job/backup-x7k2p-1") == ["OOMKilled"]
    told = why.why(twice, "job/backup-x7k2p-1", "team")
    assert told.outcome
    assert (told.outcome.cause, told.outcome.exit_code) == ("OOMKilled", 137)
    assert told.found.run
    assert len(told.found.run.attempts) == 2, "all of them are listed"


def test_an_attempt_is_explained_whose_run_was_tried_again_by_a_person_later(twice: FakeWorld) -> None:
    ref = Ref(RUN, "backup-x7k2p", "team")
    policy = {"name": "p", "summary": "x", "attempts": 2}
    twice.cluster.patch(ref, {"spec": {"retry": policy, "wish": {"attempt": 2, "by": "ann"}}})
    told = why.why(twice, "job/backup-x7k2p-1", "team")
    assert told.standing
    assert (told.standing.attempt, told.standing.words) == (1, "OOMKilled (Exhausted)")


def test_the_log_is_read_where_the_kubelet_has_it_and_what_is_no_text_does_no_harm(twice: FakeWorld) -> None:
    assert why.why(twice, "backup-x7k2p", "team").log == ("one", "caf\\xe9 \x1b[2J"), (
        "it is cleaned when shown"
    )


def test_who_may_not_read_events_is_told_what_the_objects_say(twice: FakeWorld) -> None:
    vars(twice.cluster)["may_see_events"] = False
    assert causes(twice, "backup-x7k2p") == ["ExitCode"]


def test_failed_runs_are_listed_from_their_records_and_a_broken_one_does_not_hide_them(
    twice: FakeWorld,
) -> None:
    attempts = (Attempt(1, "j", "u", NOON, NOON, None, "Cancelled", "cancelled by ann"),)
    put_run(twice, replace(a_run(name="cancelled", attempts=attempts), cancelled_by="ann"), "Failed")
    broken = runs.to_manifest(a_run(name="broken"))
    spec = {**broken["spec"], "retry": {"name": "x", "summary": "x", "attempts": 0}}
    put(twice.cluster, {**broken, "spec": spec, "status": {"state": "Failed"}})
    found = {one.run: one for one in failed.listed(twice, "team")}
    assert set(found) == {"backup-x7k2p", "broken"}
    assert (found["backup-x7k2p"].finding.cause, found["backup-x7k2p"].attempts) == ("ExitCode", 2)
    assert found["broken"].finding.cause == "Unknown"
    assert found["broken"].finding.message.startswith("the Run cannot be read: ")


@pytest.mark.parametrize("what", ["backup-daly", "run/backup-daly", "tool/backup-daly"])
def test_what_is_near_a_wrong_name_is_found_without_reading_large_objects(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(world.cluster, "list", lambda *_, **__: pytest.fail("it reads whole objects"))
    monkeypatch.setattr(world.cluster, "table", lambda *_, **__: iter([Page(("Name",), [["backup-daily"]])]))
    monkeypatch.setattr(find, "scheduled_job", lambda *_: None)
    with pytest.raises(NotFound) as caught:
        describe.describe(world, what, "team")
    assert caught.value.hint == "kubectl rapt describe backup-daily"
