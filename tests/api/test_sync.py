"""Syncing on a real API server: towards the newest commit whoever else syncs, and only what is its own."""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt import documents, writes
from kubectl_rapt.actions import run
from kubectl_rapt.actions import sync as syncing
from kubectl_rapt.actions.sync import Synced
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.config import layout, rendered
from kubectl_rapt.config.project import Environment
from kubectl_rapt.errors import NotFound, Problem, Refused
from kubectl_rapt.model.kinds import CONFIG_MAP, CRON_JOB, JOB, SERVICE_ACCOUNT, TOOL, Kind, Manifest, Ref
from kubectl_rapt.model.plan import Step
from kubectl_rapt.objects import jobs, labels, runs
from kubectl_rapt.writes import Writers
from tests import namespaces
from tests.api.teams import Team
from tests.cluster.clusters import Cluster


def test_a_second_sync_of_the_same_commit_changes_nothing(team: Team) -> None:
    team.add("hello", schedule="0 0 1 1 *")
    assert team.sync() == ["ServiceAccount rapt-hello created", "Tool hello created", "CronJob hello created"]
    before = team.world.cluster.get(Ref(TOOL, "hello", team.namespace))
    assert team.sync() == [
        "ServiceAccount rapt-hello unchanged",
        "Tool hello unchanged",
        "CronJob hello unchanged",
    ]
    assert team.world.cluster.get(Ref(TOOL, "hello", team.namespace)) == before
    assert team.record == {"commit": team.repository.main, "state": "applied"}


@pytest.mark.parametrize("number", range(1, 7))
def test_a_sync_that_is_overtaken_before_any_of_its_writes_ends_with_the_newer_commit(
    team: Team, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    team.add("gone")
    team.sync()
    team.drop("gone")
    team.add("hello", word="old")
    real, count = writes.apply, itertools.count(1)

    def overtaken(writers: Writers, step: Step) -> writes.Written:
        if next(count) == number:
            team.drop("hello")
            team.add("hello", word="new")
            team.add("later")
            team.sync()
        return real(writers, step)

    monkeypatch.setattr(writes, "apply", overtaken)
    team.sync()
    assert next(count) > 6, "the first sync has six writes, and each was overtaken once"
    assert team.record == {"commit": team.repository.main, "state": "applied"}
    assert team.names(TOOL) == ["hello", "later"]
    assert team.command("hello") == ["new"]


def test_two_syncs_of_the_same_commit_do_not_drive_each_other_round(team: Team) -> None:
    team.add("hello")
    inner: list[str] = []
    outer = team.sync(tell=lambda one: inner.extend(team.sync()) if not inner else None)
    assert (len(outer), len(inner)) == (2, 2)
    assert team.record == {"commit": team.repository.main, "state": "applied"}


def test_one_that_read_main_before_another_was_synced_reads_it_again(team: Team) -> None:
    team.add("hello")

    def overtake(_: Environment) -> None:
        if team.names(TOOL) == []:
            team.add("later")
            team.sync()

    syncing.sync(team.world, team.writers, "dev", lambda _: None, may=overtake)
    assert team.record == {"commit": team.repository.main, "state": "applied"}
    assert team.names(TOOL) == ["hello", "later"]


def test_it_goes_back_only_when_told_to(team: Team) -> None:
    older = team.add("hello", word="old")
    team.sync()
    team.drop("hello")
    newer = team.add("hello", word="new")
    team.sync()
    team.repository.move_main(older)
    with pytest.raises(Refused) as caught:
        team.sync()
    assert (caught.value.code, caught.value.hint) == ("going-back", "kubectl rapt sync --in dev --rollback")
    assert (team.command("hello"), team.record["commit"]) == (["new"], newer)
    team.sync(rollback=True)
    assert (team.command("hello"), team.record["commit"]) == (["old"], older)
    team.repository.move_main(newer)
    team.sync()
    assert team.command("hello") == ["new"]


def test_it_prunes_its_own_and_nothing_else(team: Team) -> None:
    ours = {labels.REPOSITORY: team.repository.id, labels.ENVIRONMENT: "dev"}
    team.add("gone", schedule="0 0 1 1 *")
    team.add("stays")
    team.sync()
    team.create(SERVICE_ACCOUNT, "of-nobody", {})
    team.create(SERVICE_ACCOUNT, "of-another-repository", {**ours, labels.REPOSITORY: "00000000"})
    team.create(SERVICE_ACCOUNT, "of-another-environment", {**ours, labels.ENVIRONMENT: "prod"})
    team.create(CONFIG_MAP, "of-a-kind-that-no-tool-has", ours)
    team.drop("gone")
    assert sorted(team.sync()) == [
        "CronJob gone pruned",
        "ServiceAccount rapt-gone pruned",
        "ServiceAccount rapt-stays unchanged",
        "Tool gone pruned",
        "Tool stays unchanged",
    ]
    assert team.names(TOOL) == ["stays"]
    assert _soon([], lambda: team.names(CRON_JOB)), "its Jobs are orphaned first"
    assert {"of-nobody", "of-another-repository", "of-another-environment"} < set(team.names(SERVICE_ACCOUNT))
    assert "of-a-kind-that-no-tool-has" in team.names(CONFIG_MAP)


def test_what_comes_back_while_it_is_still_being_deleted_is_there_to_stay(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.add("hello")
    team.sync()
    account = Ref(SERVICE_ACCOUNT, "rapt-hello", team.namespace)
    uid = team.world.cluster.get(account)["metadata"]["uid"]
    team.writers.cluster.patch(account, {"metadata": {"finalizers": ["example.com/slow"]}})
    team.writers.cluster.delete(account, uid=uid)
    release = {"metadata": {"finalizers": None}}
    monkeypatch.setattr(team.writers, "pause", lambda _: team.writers.cluster.patch(account, release))
    team.sync()
    assert team.world.cluster.get(account)["metadata"]["uid"] != uid


def test_a_tool_with_an_unfinished_job_is_kept_until_the_job_is_over(team: Team) -> None:
    team.add("busy")
    team.sync()
    wanted = run.plan(team.world, run.Request("busy", team.namespace, {}, {}))
    created = runs.from_manifest(team.writers.cluster.create(runs.to_manifest(wanted)))
    job = jobs.from_manifest(team.writers.cluster.create(jobs.of_attempt(created, 1)))
    team.drop("busy")
    told: list[Synced] = []
    assert sorted(team.sync(tell=told.append)) == ["ServiceAccount rapt-busy kept", "Tool busy kept"]
    assert {one.why for one in told} == {"one of its jobs is unfinished"}
    assert team.names(TOOL) == ["busy"]
    team.writers.cluster.delete(job.ref, uid=job.uid)
    assert sorted(team.sync()) == ["ServiceAccount rapt-busy pruned", "Tool busy pruned"]


def test_the_job_of_a_cancelled_run_keeps_no_tool(team: Team) -> None:
    team.add("given-up")
    team.sync()
    wanted = run.plan(team.world, run.Request("given-up", team.namespace, {}, {}))
    created = runs.from_manifest(team.writers.cluster.create(runs.to_manifest(wanted)))
    job = jobs.from_manifest(team.writers.cluster.create(jobs.of_attempt(created, 1)))
    cancelled = {"metadata": {"labels": {labels.UNRELEASED: None, labels.CANCELLED: "true"}}}
    team.writers.cluster.patch(job.ref, cancelled)
    team.drop("given-up")
    assert sorted(team.sync()) == ["ServiceAccount rapt-given-up pruned", "Tool given-up pruned"]
    assert team.world.cluster.get(job.ref)["metadata"]["uid"] == job.uid, "it is its run's"


def test_the_cluster_of_another_environment_is_refused_before_anything_is_written(
    open_team: Callable[..., Any], user: Path, namespace: str
) -> None:
    with open_team(user, namespace, uid="11111111-2222-3333-4444-555555555555") as team:
        team.add("hello")
        with pytest.raises(Refused) as caught:
            team.sync()
        assert caught.value.code == "other-cluster"
        assert team.names(TOOL) == []
        with pytest.raises(NotFound):
            print(team.record)


@pytest.mark.parametrize("owner", ["environment prod", "another config repository", "someone else"])
def test_an_object_of_another_owner_is_refused_before_anything_is_written(team: Team, owner: str) -> None:
    ours = {labels.REPOSITORY: team.repository.id, labels.ENVIRONMENT: "dev"}
    other = {
        "environment prod": {**ours, labels.ENVIRONMENT: "prod"},
        "another config repository": {**ours, labels.REPOSITORY: "00000000"},
        "someone else": {},
    }[owner]
    team.create(SERVICE_ACCOUNT, "rapt-hello", other)
    team.add("hello")
    with pytest.raises(Refused) as caught:
        team.sync()
    assert caught.value.code == "foreign-owner"
    said = f"exists in namespace {team.namespace} and belongs to {owner}"
    assert caught.value.problems == (Problem("serviceaccount/rapt-hello", said),)
    assert team.names(TOOL) == []
    assert "rapt-sync-dev" not in team.names(CONFIG_MAP)


def test_two_repositories_cannot_share_an_environment_of_the_same_name(
    team: Team, open_team: Callable[..., Any], user: Path
) -> None:
    team.add("hello")
    team.sync()
    with open_team(user, team.namespace) as other:
        other.add("stranger")
        for rollback in (False, True):
            with pytest.raises(Refused) as caught:
                other.sync(rollback=rollback)
            assert caught.value.code == "foreign-owner"
        assert team.names(TOOL) == ["hello"]
    assert team.record["commit"] == team.repository.main


def test_rights_that_are_missing_are_named_before_anything_is_written(
    cluster: Cluster, open_team: Callable[..., Any]
) -> None:
    namespace = namespaces.prepare(cluster, role="view")
    with open_team(cluster.user(f"user-of-{namespace}", namespace=namespace), namespace) as team:
        team.add("hello")
        with pytest.raises(Refused) as caught:
            team.sync()
        assert caught.value.code == "no-right"
        assert "create tools.rapt.dev" in [problem.where for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new"), [("kind: ServiceAccount", "kind: Secret"), ("namespace: ", "namespace: not-")]
)
def test_a_rendered_file_with_something_else_in_it_is_refused(team: Team, old: str, new: str) -> None:
    team.add("hello")
    path = layout.rendered("dev", "hello")
    text = team.repository.files()[path].decode()
    team.repository.commit({path: text.replace(old, new, 1).encode()})
    with pytest.raises(Refused) as caught:
        team.sync()
    assert caught.value.code == "foreign-object"
    assert team.names(TOOL) == []


def test_a_hand_edited_schedule_gets_nothing_that_a_tool_cannot_have(team: Team) -> None:
    team.add("hello", schedule="0 0 1 1 *")
    path = layout.rendered("dev", "hello")
    manifests: Any = list(documents.load_all(team.repository.files()[path], path))
    pod = manifests[-1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod["hostNetwork"] = True
    pod["containers"][0]["securityContext"] = {"privileged": True}
    team.repository.commit({path: documents.dump_all(manifests).encode()})
    with pytest.raises(Refused) as caught:
        team.sync()
    assert (caught.value.code, caught.value.hint) == ("foreign-object", f"git log -p -- {path}")
    where = "CronJob hello: spec.jobTemplate.spec.template.spec"
    assert [(one.where, one.what.split(" ")[2]) for one in caught.value.problems] == [
        (path, "spec.jobTemplate.spec.template.spec.containers[0].securityContext.privileged"),
        (path, "spec.jobTemplate.spec.template.spec.hostNetwork"),
    ]
    assert all(one.what.startswith(where) for one in caught.value.problems)
    assert team.names(TOOL) == []


def _soon(wanted: object, look: Callable[[], object]) -> bool:
    for _ in range(600):
        if look() == wanted:
            return True
        time.sleep(0.1)
    return False


def test_looking_costs_one_list_for_each_kind_however_many_tools_there_are(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        team.add(f"tool-{number}")
    asked: list[str] = []
    real_get, real_list = Reads.get, Reads.list

    def get(reads: Reads, ref: Ref) -> Manifest:
        asked.append(f"get {ref.kind.plural}")
        return real_get(reads, ref)

    def listed(reads: Reads, kind: Kind, namespace: str, **more: Any) -> Iterator[Manifest]:
        asked.append(f"list {kind.plural}")
        return real_list(reads, kind, namespace, **more)

    monkeypatch.setattr(Reads, "get", get)
    monkeypatch.setattr(Reads, "list", listed)
    kinds = (*rendered.KINDS, JOB)
    lists = [f"list {kind.plural}" for kind in kinds]
    team.sync()
    new = ["list serviceaccounts", "list tools"]  # who else may have these names
    assert asked == ["get namespaces", *lists, *new, "get configmaps"]
    asked.clear()
    team.sync()
    assert asked == ["get namespaces", *lists, "get configmaps"]
