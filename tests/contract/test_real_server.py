"""What only a real API server can answer."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.adapters.cluster.writes import Writes
from kubectl_rapt.errors import Invalid, NotFound, Refused
from kubectl_rapt.model.kinds import CONFIG_MAP, JOB, POD, Kind, Ref, ref_of
from kubectl_rapt.model.target import Target
from tests.cluster import clusters
from tests.cluster.clusters import Cluster
from tests.contract.conftest import Side
from tests.contract.test_objects import a_config_map, names, uid_of
from tests.contract.test_watch import told
from tests.faults import CutAfter, DropReply, Faults, Reply, between

BUSY = {"kind": "Status", "message": "too many requests", "reason": "TooManyRequests", "code": 429}


@pytest.fixture
def faults(real: Side, user: Path, tmp_path: Path) -> Iterator[Faults]:
    """A server of faults in front of the real cluster."""
    with between(tmp_path, user) as faults:
        yield faults


@pytest.fixture
def faulty(faults: Faults, real: Side) -> Iterator[Side]:
    """The real cluster as it is seen through the faults."""
    with Door(Target(kubeconfig=str(faults.kubeconfig))) as door:
        yield Side(Reads(door), Writes(door), real.namespace)


def a_job(side: Side, name: str = "job") -> dict[str, object]:
    container = {"name": "main", "image": "busybox:1.35", "command": ["true"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    spec = {"suspend": True, "template": template}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": side.namespace},
        "spec": spec,
    }


def test_more_objects_than_a_page_holds_are_listed_each_once(real: Side) -> None:
    wanted = [f"item-{number:03}" for number in range(510)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: real.writes.create(a_config_map(real, name)), wanted))
    assert names(real) == wanted
    ours = "metadata.name!=kube-root-ca.crt"
    pages = list(real.reads.table(CONFIG_MAP, real.namespace, fields=ours))
    assert {page.columns for page in pages} == {("Name", "Data", "Age")}
    assert [(row[0], row[1]) for page in pages for row in page.rows] == [(name, 1) for name in wanted]
    some = real.reads.table(CONFIG_MAP, real.namespace, fields=ours, limit=3)
    assert [row[0] for page in some for row in page.rows] == wanted[:3]
    (none,) = real.reads.table(CONFIG_MAP, real.namespace, fields="metadata.name=nothing")
    assert (none.columns, list(none.rows)) == (("Name", "Data", "Age"), [])
    events = real.reads.watch(CONFIG_MAP, real.namespace, timeout_seconds=120)
    assert told(events, 511)[-1] == ("synced", "")
    events.close()


def test_applying_owns_what_it_sets_and_takes_it_from_others(real: Side) -> None:
    made = real.writes.create(a_config_map(real, data={"key": "old", "other": "kept"}))
    applied = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "one", "namespace": real.namespace},
    }
    assert real.writes.apply({**applied, "data": {"key": "new", "mine": "1"}}, manager="rapt-sync")[
        "data"
    ] == {
        "key": "new",
        "mine": "1",
        "other": "kept",
    }
    again = real.writes.apply({**applied, "data": {"key": "new"}}, manager="rapt-sync")
    assert again["data"] == {"key": "new", "other": "kept"}
    assert uid_of(again) == uid_of(made)
    fresh = {**applied, "metadata": {"name": "two", "namespace": real.namespace}}
    assert real.writes.apply(fresh, manager="rapt-sync")["metadata"]["name"] == "two"


def test_a_dry_run_tells_what_would_be_stored_and_stores_nothing(real: Side) -> None:
    shown = real.reads.dry_run(a_job(real))
    assert shown["spec"]["backoffLimit"] == 6
    assert shown["metadata"]["uid"]
    with pytest.raises(NotFound):
        real.reads.get(Ref(JOB, "job", real.namespace))


def test_a_dry_run_of_apply_tells_what_would_be_stored_and_stores_nothing(real: Side) -> None:
    stored = real.writes.apply(a_config_map(real, data={"a": "1"}), manager="rapt-sync")
    real.writes.patch(ref_of(stored), {"data": {"a": "2", "b": "theirs"}})
    before = real.reads.get(ref_of(stored))
    would_be = real.reads.dry_run_apply(a_config_map(real, data={"a": "1"}), manager="rapt-sync")
    assert would_be["data"] == {"a": "1", "b": "theirs"}
    assert real.reads.get(ref_of(stored)) == before
    missing = real.reads.dry_run_apply(a_config_map(real, "new"), manager="rapt-sync")
    assert names(real) == [before["metadata"]["name"]]
    assert missing["metadata"]["name"] == "new"


def test_a_field_that_nobody_knows_is_refused(real: Side) -> None:
    for send in (real.reads.dry_run, real.writes.create):
        with pytest.raises(Invalid) as caught:
            send({**a_job(real), "spec": {**dict(a_job(real)["spec"]), "bogus": 1}})  # type: ignore[call-overload]
        assert [problem.where for problem in caught.value.problems] == ["spec.bogus"]


def test_every_wrong_field_is_named(real: Side) -> None:
    job = a_job(real, "UPPER")
    with pytest.raises(Invalid) as caught:
        real.reads.dry_run(
            {**job, "spec": {"template": {"spec": {"restartPolicy": "Always", "containers": []}}}}
        )
    assert {"metadata.name", "spec.template.spec.restartPolicy", "spec.template.spec.containers"} <= {
        problem.where for problem in caught.value.problems
    }


def test_the_user_learns_what_may_be_done(real: Side) -> None:
    assert real.reads.user() == f"user-of-{real.namespace}"
    assert real.reads.may("create", JOB, real.namespace)
    assert real.reads.may("get", POD, real.namespace, subresource="log")
    assert not real.reads.may("create", JOB, "kube-system")


def test_a_missing_right_is_named_with_its_user(real: Side) -> None:
    with pytest.raises(Refused) as caught:
        list(real.reads.list(JOB, "kube-system"))
    assert (
        caught.value.message
        == f'user "user-of-{real.namespace}" may not list jobs.batch in namespace "kube-system"'
    )
    assert caught.value.hint == "kubectl auth can-i list jobs.batch -n kube-system"


def test_a_kind_that_is_not_installed_is_told(administrator: Door, real: Side) -> None:
    with pytest.raises(NotFound) as caught:
        list(Reads(administrator).list(Kind("nothing.example/v1", "Thing", "things"), real.namespace))
    assert caught.value.code == "not-installed"


def test_without_rapt_in_the_cluster_a_user_who_may_nothing_learns_that_first(real: Side) -> None:
    with pytest.raises(NotFound) as caught:
        list(real.reads.list(Kind("rapt.dev/v9", "Tool", "tools"), real.namespace))
    assert (caught.value.code, caught.value.hint) == ("not-installed", "kubectl rapt install")


def test_a_bad_token_is_refused(cluster: Cluster, kubectl_on_path: None, tmp_path: Path) -> None:
    config = json.loads(cluster.kubeconfig.read_text())
    for entry in config["users"]:
        entry["user"] = {"token": "nobody"}
    (tmp_path / "bad").write_text(json.dumps(config))
    with Door(Target(kubeconfig=str(tmp_path / "bad"))) as door, pytest.raises(Refused) as caught:
        Reads(door).minor_version()
    assert caught.value.code == "not-authenticated"


def test_a_create_whose_reply_was_lost_was_done_and_is_not_repeated(
    faults: Faults, faulty: Side, real: Side
) -> None:
    faults.on("POST", DropReply())
    made = faulty.writes.create(a_config_map(faulty))
    assert made == real.reads.get(Ref(CONFIG_MAP, "one", real.namespace))
    assert len(faults.asked("POST")) == 1


def test_writes_whose_replies_were_lost_are_done_once(faults: Faults, faulty: Side, real: Side) -> None:
    """The real server refuses the repetition of a write that named a version, a value, or what is gone."""
    ref = Ref(CONFIG_MAP, "one", real.namespace)
    made = real.writes.create(a_config_map(real, a="1", b="2"))
    lost = [DropReply()] * 9
    version = {"uid": uid_of(made), "resourceVersion": made["metadata"]["resourceVersion"]}
    faults.on("PATCH", lost[0])
    patched = faulty.writes.patch(ref, {"metadata": {**version, "labels": {"a": None}}, "data": {"key": "x"}})
    assert patched == real.reads.get(ref)
    assert patched["data"]["key"] == "x"
    faults.on("PATCH", lost[0])
    labels = {"uid": uid_of(made), "labels": {"b": None}}
    fenced = faulty.writes.patch(
        ref, {"metadata": labels, "data": {"key": "y"}}, expects={"/metadata/labels/b": "2"}
    )
    assert fenced["data"]["key"] == "y"
    assert fenced == real.reads.get(ref)
    faults.on("PATCH", lost[0])
    applied = faulty.writes.apply({**a_config_map(real), "data": {"other": "z"}}, manager="rapt-sync")
    assert applied["data"] == {"key": "y", "other": "z"}
    faults.on("DELETE", lost[0])
    faulty.writes.delete(ref, uid=uid_of(made), resource_version=applied["metadata"]["resourceVersion"])
    with pytest.raises(NotFound):
        real.reads.get(ref)
    assert [len(faults.asked(method)) for method in ("PATCH", "DELETE")] == [6, 2]


def test_a_busy_server_gets_the_write_once(faults: Faults, faulty: Side) -> None:
    faults.on("POST", Reply(429, BUSY, {"Retry-After": "1"}))
    assert faulty.writes.create(a_config_map(faulty))["metadata"]["uid"]


def test_a_watch_that_is_cut_again_and_again_tells_everything_once(
    faults: Faults, faulty: Side, real: Side
) -> None:
    faults.on("watch=true", *[CutAfter(size) for size in (50, 600, 1500, 2500, 4000)])
    events = faulty.reads.watch(CONFIG_MAP, real.namespace, labels="a=1", timeout_seconds=120)
    assert told(events, 1) == [("synced", "")]
    expected = []
    for number in range(12):
        made = real.writes.create(a_config_map(real, f"n{number}", a="1"))
        real.writes.patch(ref_of(made), {"data": {"key": "new"}})
        real.writes.delete(ref_of(made), uid=uid_of(made))
        expected += [(kind, f"n{number}") for kind in ("added", "changed", "deleted")]
    assert told(events, 36) == expected
    assert len(faults.asked("watch=true")) > 4
    events.close()


def test_a_watch_survives_a_server_that_restarts_and_forgets(kubectl_on_path: None) -> None:
    with (
        clusters.private(controllers=False) as cluster,
        Door(Target(kubeconfig=str(cluster.kubeconfig), namespace="default")) as door,
    ):
        side = Side(Reads(door), Writes(door), "default")
        one = side.writes.create(a_config_map(side, "one"))
        two = side.writes.create(a_config_map(side, "two"))
        events = side.reads.watch(CONFIG_MAP, "default", timeout_seconds=300)
        assert told(events, 3) == [("added", "one"), ("added", "two"), ("synced", "")]
        cluster.stop_api_server()
        cluster.start_api_server()
        side.writes.delete(ref_of(one), uid=uid_of(one))
        side.writes.patch(ref_of(two), {"data": {"key": "new"}})
        cluster.stop_api_server()
        cluster.compact()
        cluster.start_api_server()
        side.writes.create(a_config_map(side, "three"))
        seen: set[tuple[str, str]] = set()
        while len(seen) < 3:
            (event,) = told(events, 1)
            assert event not in seen
            seen.add(event)
        assert seen == {("deleted", "one"), ("changed", "two"), ("added", "three")}
        events.close()


def test_a_thousand_requests_share_few_connections(real: Side) -> None:
    made = real.writes.create(a_config_map(real))
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: real.reads.get(ref_of(made)), range(400)))
    assert time.monotonic() - started < 20
