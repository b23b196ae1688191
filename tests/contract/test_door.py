"""Requests through the door to a server that does what the test says."""

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.adapters.cluster.writes import Writes
from kubectl_rapt.errors import Conflict, Invalid, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.model.kinds import CONFIG_MAP, JOB, NAMESPACE, Ref
from kubectl_rapt.model.target import Target
from tests.contract import recorded
from tests.faults import Act, BlackHole, DropRequest, Faults, Reply, Streamed

A_JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "one", "namespace": "prod"},
}
ONE = Ref(JOB, "one", "prod")
BUSY = {"kind": "Status", "message": "too many requests", "reason": "TooManyRequests", "code": 429}


def a_list(*names: str, token: str = "") -> dict[str, Any]:
    items = [{"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": "1"}} for name in names]
    metadata = {"resourceVersion": "5", "continue": token}
    return {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": items}


def names(door: Door) -> list[str]:
    return [item["metadata"]["name"] for item in Reads(door).list(CONFIG_MAP, "prod")]


def test_a_write_that_the_server_had_no_time_for_is_sent_again_when_it_says(
    scripted: Faults, door: Door
) -> None:
    scripted.on("POST", Reply(429, BUSY, {"Retry-After": "1"}), Reply(201, A_JOB))
    started = time.monotonic()
    assert Writes(door).create(A_JOB) == A_JOB
    assert 1 <= time.monotonic() - started < 3
    assert len(scripted.asked("POST")) == 2


def test_busy_for_too_long_is_told(scripted: Faults, impatient: Door) -> None:
    scripted.on("POST", *[Reply(429, BUSY, {"Retry-After": "1"})] * 9)
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        Writes(impatient).create(A_JOB)
    assert (caught.value.code, caught.value.outcome_unknown) == ("too-many-requests", False)
    assert caught.value.retry_after_seconds == 1
    assert time.monotonic() - started < 3
    assert len(scripted.asked("POST")) in (1, 2), "a third time would be after more than 1.5 s"


def test_a_write_that_the_server_had_no_time_for_is_sent_again_though_it_does_not_say_when(
    scripted: Faults, door: Door
) -> None:
    scripted.on("POST", *[Reply(429, BUSY)] * 3, Reply(201, A_JOB))
    assert Writes(door).create(A_JOB) == A_JOB
    assert [request.method for request in scripted.requests] == ["POST"] * 4, "a 429 needs no look"


UNAVAILABLE = {"kind": "Status", "message": "etcd is not ready", "reason": "ServiceUnavailable", "code": 503}
FAILURES = {
    "request cut": DropRequest(),
    "500 of the server": Reply(500, {"kind": "Status", "message": "etcdserver: leader changed", "code": 500}),
    "500 of a proxy": Reply(500, b"unexpected EOF"),
    "502": Reply(502, b"<html>bad gateway</html>"),
    "503": Reply(503, UNAVAILABLE),
    "504": Reply(504, {"kind": "Status", "message": "timeout", "reason": "Timeout", "code": 504}),
    "429": Reply(429, BUSY),
    "a part of an answer": Reply(200, b'{"metadata":'),
    "webhook down": Reply(
        500,
        {
            "kind": "Status",
            "message": 'failed calling webhook "x": dial tcp: connection refused',
            "code": 500,
        },
    ),
}
failures = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
MISSING = Reply(404, recorded.answer("404-job").body)


@failures
def test_a_read_is_repeated_whatever_the_failure_looks_like(
    scripted: Faults, door: Door, failure: Act
) -> None:
    scripted.on("GET", *[failure] * 3, Reply(200, A_JOB))
    assert Reads(door).get(ONE) == A_JOB
    assert len(scripted.requests) == 4


@failures
@pytest.mark.parametrize("was_done", [True, False])
def test_a_create_is_repeated_only_where_a_look_finds_nothing(
    scripted: Faults, door: Door, failure: Act, was_done: bool
) -> None:
    stored = {
        **A_JOB,
        "metadata": {**A_JOB["metadata"], "uid": "u", "labels": {}},
        "spec": {"suspend": False},
    }
    scripted.on("POST", failure, Reply(201, stored))
    scripted.on("GET", Reply(200, stored) if was_done else MISSING)
    assert Writes(door).create(A_JOB) == stored
    methods = [request.method for request in scripted.requests]
    is_certain = failure in (FAILURES["429"], FAILURES["webhook down"])
    assert methods == (
        ["POST", "POST"] if is_certain else ["POST", "GET"] if was_done else ["POST", "GET", "POST"]
    )


def test_a_create_whose_name_something_else_took_meanwhile_is_a_conflict(
    scripted: Faults, door: Door
) -> None:
    other = {**A_JOB, "metadata": {"name": "one", "namespace": "prod", "uid": "u"}, "spec": {"suspend": True}}
    scripted.on("POST", DropRequest(), Reply(409, recorded.answer("409-already-exists").body))
    scripted.on("GET", *[Reply(200, other)] * 2)
    with pytest.raises(Conflict) as caught:
        Writes(door).create({**A_JOB, "spec": {"suspend": False}})
    assert caught.value.code == "already-exists"


def test_a_create_whose_answer_was_lost_stays_unknown_where_nobody_may_look(
    scripted: Faults, door: Door
) -> None:
    scripted.on("POST", DropRequest())
    scripted.on("GET", Reply(403, recorded.answer("403-rbac").body))
    with pytest.raises(Unavailable) as caught:
        Writes(door).create(A_JOB)
    assert caught.value.outcome_unknown
    assert [request.method for request in scripted.requests] == ["POST", "GET"]


def test_a_create_whose_answer_was_lost_stays_unknown_if_nobody_can_look(
    scripted: Faults, impatient: Door
) -> None:
    scripted.on("POST", DropRequest())
    scripted.on("GET", *[Reply(503, UNAVAILABLE)] * 99)
    with pytest.raises(Unavailable) as caught:
        Writes(impatient).create(A_JOB)
    assert caught.value.outcome_unknown
    assert len(scripted.asked("POST")) == 1


@failures
def test_what_gives_the_same_result_again_is_repeated(scripted: Faults, door: Door, failure: Act) -> None:
    scripted.on("PATCH", failure, Reply(200, A_JOB), failure, Reply(200, A_JOB))
    scripted.on("DELETE", failure, Reply(200, A_JOB))
    writes = Writes(door)
    assert writes.apply(A_JOB, manager="rapt-sync") == A_JOB
    assert writes.patch(ONE, {"spec": {"suspend": True}}) == A_JOB
    writes.delete(ONE, uid="u-1")
    assert [request.method for request in scripted.requests] == ["PATCH"] * 4 + ["DELETE"] * 2


CHANGED = Reply(409, {"kind": "Status", "message": "modified", "reason": "Conflict", "code": 409})


@pytest.mark.parametrize(
    ("now", "is_done"),
    [
        ({"spec": {"suspend": False, "parallelism": 1}, "status": {}}, True),
        ({"spec": {"suspend": False}, "status": {"nextAttemptAt": "soon"}}, False),
        ({"spec": {"suspend": True}}, False),
        ({"spec": {"suspend": False}, "metadata": {"uid": "another", "resourceVersion": "9"}}, False),
    ],
)
def test_a_patch_of_a_version_whose_answer_was_lost_was_done_if_the_object_is_as_wanted(
    scripted: Faults, door: Door, now: dict[str, Any], is_done: bool
) -> None:
    found = {**A_JOB, "metadata": {"name": "one", "uid": "u-1", "resourceVersion": "8"}, **now}
    scripted.on("PATCH", DropRequest(), CHANGED)
    scripted.on("GET", Reply(200, found))
    version = {"uid": "u-1", "resourceVersion": "7"}
    patch = {"metadata": version, "spec": {"suspend": False}, "status": {"nextAttemptAt": None}}
    if is_done:
        assert Writes(door).patch(ONE, patch) == found
    else:
        with pytest.raises(Conflict):
            Writes(door).patch(ONE, patch)


def test_a_conflict_without_a_lost_answer_is_somebody_elses_and_told(scripted: Faults, door: Door) -> None:
    scripted.on("PATCH", CHANGED)
    with pytest.raises(Conflict):
        Writes(door).patch(ONE, {"metadata": {"resourceVersion": "7"}, "spec": {"suspend": False}})
    assert [request.method for request in scripted.requests] == ["PATCH"]


@pytest.mark.parametrize(
    ("refusal", "found", "is_done"),
    [
        (MISSING, MISSING, True),
        (CHANGED, Reply(200, {**A_JOB, "metadata": {"uid": "another"}}), True),
        (CHANGED, Reply(200, {**A_JOB, "metadata": {"uid": "u-1", "deletionTimestamp": "now"}}), True),
        (CHANGED, Reply(200, {**A_JOB, "metadata": {"uid": "u-1"}}), False),
    ],
)
def test_a_delete_whose_answer_was_lost_was_done_if_the_object_is_gone_or_goes(
    scripted: Faults, door: Door, refusal: Reply, found: Reply, is_done: bool
) -> None:
    scripted.on("DELETE", DropRequest(), refusal)
    scripted.on("GET", found)
    if is_done:
        Writes(door).delete(ONE, uid="u-1", resource_version="7")
    else:
        with pytest.raises(Conflict):
            Writes(door).delete(ONE, uid="u-1", resource_version="7")


def test_a_server_that_answers_in_between_is_not_given_up_whatever_it_answers(
    scripted: Faults, impatient: Door
) -> None:
    scripted.on("GET", Reply(200, A_JOB), *[Reply(503, UNAVAILABLE), MISSING] * 2000)
    assert Reads(impatient).get(ONE) == A_JOB  # whatever trouble earlier tests had with this door is over
    started = time.monotonic()
    while time.monotonic() - started < 3:
        with pytest.raises(NotFound):
            Reads(impatient).get(ONE)


@pytest.mark.parametrize("status", [501, 404, 403, 422])
def test_what_will_not_pass_is_told_at_once(scripted: Faults, door: Door, status: int) -> None:
    scripted.on("GET", Reply(status, b"no"))
    with pytest.raises(RaptError):
        Reads(door).get(ONE)
    assert len(scripted.requests) == 1


def test_many_requests_together_have_no_more_patience_than_one(scripted: Faults, impatient: Door) -> None:
    scripted.on("GET", *[Reply(503, UNAVAILABLE)] * 200)
    started = time.monotonic()
    for _ in range(10):
        with pytest.raises(Unavailable):
            Reads(impatient).get(ONE)
    assert time.monotonic() - started < 3
    scripted.forget()
    scripted.on("GET", Reply(200, A_JOB), Reply(503, UNAVAILABLE), Reply(200, A_JOB))
    assert [Reads(impatient).get(ONE), Reads(impatient).get(ONE)] == [A_JOB, A_JOB]


def test_a_read_is_repeated_when_the_server_says_so(scripted: Faults, door: Door) -> None:
    scripted.on("GET", Reply(503, {"kind": "Status", "code": 503}, {"Retry-After": "1"}), Reply(200, A_JOB))
    assert Reads(door).get(ONE) == A_JOB


@pytest.mark.parametrize("fault", [BlackHole(), Streamed([b"{"], then="silence")], ids=str)
def test_a_server_that_accepts_and_never_answers_is_given_up_in_time(
    scripted: Faults, impatient: Door, fault: BlackHole | Streamed
) -> None:
    scripted.on("GET", Reply(200, A_JOB))
    assert Reads(impatient).get(ONE) == A_JOB  # whatever trouble earlier tests had with this door is over
    scripted.forget()
    # A busy kubectl may pass on what an earlier test has given up long after that test.
    scripted.on("", *[fault] * 50)
    started = time.monotonic()
    with pytest.raises(Unavailable) as read:
        Reads(impatient).get(ONE)
    assert 1.4 < time.monotonic() - started < 2
    assert (read.value.code, read.value.outcome_unknown) == ("timeout", False)
    with pytest.raises(Unavailable) as write:
        Writes(impatient).create(A_JOB)
    assert (write.value.code, write.value.outcome_unknown) == ("timeout", True)
    assert time.monotonic() - started < 4
    assert len(scripted.asked("POST")) == 1


def test_reads_after_another_do_not_wait_the_whole_time_for_a_silent_server_again(
    scripted: Faults, impatient: Door
) -> None:
    scripted.on("GET", Reply(200, A_JOB))
    assert Reads(impatient).get(ONE) == A_JOB  # whatever trouble earlier tests had with this door is over
    scripted.forget()
    scripted.on("GET", *[BlackHole()] * 50)
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(Unavailable, match="no answer within"):
            Reads(impatient).get(ONE)
    assert time.monotonic() - started < 3.5, "three times 1.5 s, if each waits its whole time"
    scripted.forget()
    scripted.on("GET", Reply(200, A_JOB), BlackHole())
    assert Reads(impatient).get(ONE) == A_JOB
    answered = time.monotonic()
    with pytest.raises(Unavailable):
        Reads(impatient).get(ONE)
    assert time.monotonic() - answered > 1.4, "who has answered is given the whole time again"


def test_the_door_works_on_after_a_timeout(scripted: Faults, impatient: Door) -> None:
    scripted.on("GET", BlackHole(), Reply(200, A_JOB))
    with pytest.raises(Unavailable):
        Reads(impatient).get(ONE)
    assert Reads(impatient).get(ONE) == A_JOB


def test_a_packed_answer_is_unpacked(scripted: Faults, door: Door) -> None:
    packed = gzip.compress(json.dumps(A_JOB).encode())
    scripted.on("GET", Reply(200, packed, {"Content-Encoding": "gzip", "Content-Type": "application/json"}))
    assert Reads(door).get(ONE) == A_JOB
    assert scripted.requests[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("body", [b"<html>", b'{"metadata":', b"\xff", b"[]"])
def test_a_success_that_is_no_object_is_an_error(scripted: Faults, door: Door, body: bytes) -> None:
    scripted.on("GET", *[Reply(200, body)] * 2)
    with pytest.raises(Unavailable):
        Reads(door).get(ONE)


def test_a_list_is_asked_for_whole(scripted: Faults, door: Door) -> None:
    scripted.on("GET", Reply(200, a_list("a", "b")))
    assert names(door) == ["a", "b"]
    assert [request.target for request in scripted.requests] == ["/api/v1/namespaces/prod/configmaps"]


def test_a_part_of_a_list_is_never_taken_for_all_of_it(scripted: Faults, door: Door) -> None:
    scripted.on("GET", Reply(200, a_list("a", "b", token="t")))
    with pytest.raises(Unavailable, match="a part of the list"):
        names(door)


def test_a_list_that_expired_is_asked_for_again_once(scripted: Faults, door: Door) -> None:
    expired = Reply(410, recorded.answer("410-continue-restarted").body)
    scripted.on("GET", expired, Reply(200, a_list("a", "b")))
    assert names(door) == ["a", "b"]
    scripted.on("GET", expired, expired)
    with pytest.raises(Conflict) as caught:
        names(door)
    assert caught.value.code == "expired"


@pytest.mark.parametrize("answer", [b'{"items":[{"metadata":{"name":"a"}},', b"[]", b'{"items":[', b"\xff"])
def test_a_list_that_ends_in_the_middle_is_an_error(scripted: Faults, door: Door, answer: bytes) -> None:
    scripted.on("GET", Reply(200, answer))
    with pytest.raises(Unavailable, match="is not JSON"):
        names(door)


def test_a_packed_list_that_ends_in_the_middle_is_an_error(scripted: Faults, door: Door) -> None:
    packed = gzip.compress(json.dumps(a_list("a", "b")).encode())[:-9]
    scripted.on("GET", Reply(200, packed, {"Content-Encoding": "gzip", "Content-Type": "application/json"}))
    with pytest.raises(Unavailable, match="cannot be unpacked"):
        names(door)


@pytest.mark.parametrize("name", ["", ".", "..", "one/status", "../../x", "a%2Fb"])
def test_a_name_that_leads_elsewhere_is_never_sent(scripted: Faults, door: Door, name: str) -> None:
    with pytest.raises(Invalid):
        Writes(door).delete(Ref(JOB, name, "prod"), uid="u")
    with pytest.raises(Invalid):
        Writes(door).delete(Ref(NAMESPACE, name), uid="u")
    with pytest.raises(ValueError, match="without a namespace"):
        Writes(door).delete(Ref(JOB, "one"), uid="u")
    assert scripted.requests == []


def test_a_name_stays_one_segment_of_the_path(scripted: Faults, door: Door) -> None:
    scripted.on("GET", Reply(404, recorded.answer("404-job").body))
    with pytest.raises(NotFound):
        Reads(door).get(Ref(JOB, "x?a=b#c d", "prod"))
    assert scripted.requests[0].target == "/apis/batch/v1/namespaces/prod/jobs/x%3Fa%3Db%23c%20d"


def test_a_path_in_the_servers_address_is_kept(scripted: Faults, tmp_path: Path) -> None:
    config = json.loads(scripted.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] += "/k8s/clusters/c-1"
    kubeconfig = tmp_path / "rancher"
    kubeconfig.write_text(json.dumps(config))
    scripted.on("GET", Reply(200, A_JOB))
    with Door(Target(kubeconfig=str(kubeconfig))) as door:
        Reads(door).get(ONE)
    assert scripted.requests[0].target == "/k8s/clusters/c-1/apis/batch/v1/namespaces/prod/jobs/one"


def test_a_user_may_be_impersonated(scripted: Faults) -> None:
    scripted.on("GET", Reply(200, A_JOB))
    target = Target(kubeconfig=str(scripted.kubeconfig), as_user="ann", as_groups=("dev", "ops"))
    with Door(target) as door:
        Reads(door).get(ONE)
    assert scripted.requests[0].headers["impersonate-user"] == "ann"
    assert scripted.requests[0].headers["impersonate-group"] in ("dev", "ops")


def test_writes_say_who_writes_and_are_checked_strictly(scripted: Faults, door: Door) -> None:
    scripted.on("", *[Reply(200, A_JOB)] * 4)
    writes = Writes(door)
    writes.create(A_JOB)
    writes.apply(A_JOB, manager="rapt-sync")
    writes.patch(ONE, {"spec": {}}, subresource="status")
    writes.delete(ONE, uid="u-1", resource_version="7", propagation="Foreground")
    base = "/apis/batch/v1/namespaces/prod/jobs"
    sent = [
        (request.method, request.target, request.headers["content-type"]) for request in scripted.requests
    ]
    strict = "fieldValidation=Strict"
    assert sent == [
        ("POST", f"{base}?fieldManager=rapt&{strict}", "application/json"),
        ("PATCH", f"{base}/one?fieldManager=rapt-sync&force=true&{strict}", "application/apply-patch+yaml"),
        ("PATCH", f"{base}/one/status?fieldManager=rapt&{strict}", "application/merge-patch+json"),
        ("DELETE", f"{base}/one", "application/json"),
    ]
    assert json.loads(scripted.requests[3].body) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": "u-1", "resourceVersion": "7"},
        "propagationPolicy": "Foreground",
    }


def test_a_dry_run_is_a_read(scripted: Faults, door: Door) -> None:
    scripted.on("POST", DropRequest(), Reply(201, A_JOB))
    assert Reads(door).dry_run(A_JOB) == A_JOB
    assert "dryRun=All" in scripted.requests[0].target


def test_an_expired_login_is_told_with_the_way_to_log_in(scripted: Faults, door: Door) -> None:
    scripted.on("GET", Reply(401, recorded.answer("401-bad-token").body))
    with pytest.raises(Refused) as caught:
        Reads(door).get(ONE)
    assert (caught.value.code, caught.value.hint) == ("not-authenticated", "kubectl get --raw /version")
