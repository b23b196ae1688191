"""Runs: the record, both ways."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.model.kinds import RUN, Ref
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.reading import Unreadable
from kubectl_rapt.objects.runs import Attempt, Mount
from kubectl_rapt.objects.tools import Source
from tests.given import NOON, a_run, at

SOURCE = Source("bundled", "backup", "1.0.0", "tree", "sha256:dd", "sha256:ff", "0a1b2c3d")
FULL = Attempt(1, "backup-1", "u1", NOON, NOON + timedelta(seconds=5), 0, "Succeeded", "all well")


def stored(manifest: Any, status: Any = None) -> dict[str, Any]:
    """The object as an API server keeps it."""
    added = {"uid": "u", "resourceVersion": "7", "generation": 2, "creationTimestamp": at(0)}
    return {
        **manifest,
        "metadata": {**manifest["metadata"], **added},
        **({"status": status} if status else {}),
    }


@pytest.mark.parametrize("wanted", [a_run(), a_run(answers={}), a_run(source=SOURCE), a_run(requested_by="")])
def test_what_was_asked_comes_back_from_the_cluster(wanted: runs.Run) -> None:
    read = runs.from_manifest(stored(runs.to_manifest(wanted)))
    assert read == replace(wanted, uid="u", resource_version="7", generation=2, created_at=NOON)
    assert read.ref == Ref(RUN, "backup-x7k2p", "team")


def test_a_run_is_created_without_a_status_and_without_empty_fields() -> None:
    manifest = runs.to_manifest(replace(a_run(answers={}), attempts=(FULL,)))
    assert "status" not in manifest
    assert (manifest["apiVersion"], manifest["kind"]) == ("rapt.dev/v1alpha1", "Run")
    assert list(manifest["spec"]) == ["tool", "digest", "requestedBy", "job"]
    assert manifest["metadata"] == {
        "name": "backup-x7k2p",
        "namespace": "team",
        "labels": {"rapt.dev/run": "backup-x7k2p"},
    }


def test_a_run_of_which_nobody_knows_who_asked_names_nobody() -> None:
    assert "requestedBy" not in runs.to_manifest(a_run(requested_by=""))["spec"]


def test_what_a_hand_made_run_leaves_out_is_empty() -> None:
    manifest = stored(runs.to_manifest(a_run()))
    del manifest["metadata"]["labels"], manifest["metadata"]["generation"], manifest["spec"]["requestedBy"]
    read = runs.from_manifest(manifest)
    assert (read.labels, read.generation, read.requested_by) == ({}, 0, "")
    assert (read.attempts, read.result, read.source) == ((), "", None)


@pytest.mark.parametrize(
    ("attempt", "why"),
    [
        ({"cause": "Failed"}, "attempt 1 has ended as Failed, and does not say when"),
        ({"cause": "Failed", "finishedAt": "1000-01-01T00:00:00Z"}, "does not say when"),
        ({"finishedAt": "9999-12-31T23:59:59Z"}, "is not a time"),
        ({"job": ""}, 'attempt 1 has a Job called ""'),
        ({"job": "../../secrets/a"}, 'attempt 1 has a Job called "../../secrets/a"'),
    ],
)
def test_attempts_that_nobody_can_have_recorded_are_refused_with_the_run(
    attempt: dict[str, Any], why: str
) -> None:
    status = {"attempts": [{"number": 1, "job": "a", "uid": "u", **attempt}], "state": "Running"}
    with pytest.raises(Unreadable) as refused:
        runs.from_manifest(stored(runs.to_manifest(a_run()), status))
    assert why in refused.value.message


@pytest.mark.parametrize("state", ["Retrying", "Succeeded", "Failed", "Exhausted", "NotStarted"])
def test_a_run_that_is_over_while_its_last_attempt_is_open_is_refused(state: str) -> None:
    status = {"attempts": [{"number": 1, "job": "a", "uid": "u"}], "state": state}
    with pytest.raises(Unreadable, match=f"it is {state}, and attempt 1 has not ended"):
        runs.from_manifest(stored(runs.to_manifest(a_run()), status))


@pytest.mark.parametrize(
    "attempt",
    [
        FULL,
        Attempt(2, "backup-2", "u2"),
        Attempt(1, "b", "u", exit_code=7, finished_at=NOON, cause="ExitCode"),
    ],
)
def test_an_attempt_is_written_and_read_back(attempt: Attempt) -> None:
    status = {"attempts": [runs.attempt_to_data(attempt)], "result": "42 files"}
    read = runs.from_manifest(stored(runs.to_manifest(a_run()), status))
    assert (read.attempts, read.result) == ((attempt,), "42 files")


def test_an_exit_code_of_zero_is_written_and_an_unknown_one_is_not() -> None:
    assert runs.attempt_to_data(FULL) == {
        "number": 1,
        "job": "backup-1",
        "uid": "u1",
        "startedAt": at(0),
        "finishedAt": at(5),
        "exitCode": 0,
        "cause": "Succeeded",
        "message": "all well",
    }
    assert runs.attempt_to_data(Attempt(1, "j", "u")) == {"number": 1, "job": "j", "uid": "u"}


@pytest.mark.parametrize(
    ("state", "attempts", "status"),
    [
        ("", (), "Pending"),
        ("Running", (Attempt(1, "j", "u"),), "Running"),
        ("Succeeded", (FULL,), "Succeeded"),
        ("Retrying", (replace(FULL, cause="OOMKilled"),), "Retrying"),
        ("Running", (replace(FULL, cause="OOMKilled"), Attempt(2, "j", "u")), "Running"),
        ("Failed", (FULL, replace(FULL, cause="OOMKilled")), "OOMKilled"),
        ("Exhausted", (replace(FULL, cause="ExitCode"),), "ExitCode"),
        ("NotStarted", (), "NotStarted"),
    ],
)
def test_a_run_has_one_word_for_people(state: str, attempts: tuple[Attempt, ...], status: str) -> None:
    assert replace(a_run(), attempts=attempts, state=state).status == status


def test_what_another_request_of_the_same_name_asks_for_is_told_one_by_one() -> None:
    one = a_run(
        answers={"url": "http://a", "tries": 3}, env={"A": "1"}, mounts=(Mount("ConfigMap", "m", "x", "/w"),)
    )
    assert runs.differences(one, one) == []
    other = a_run(
        tool="restore",
        answers={"url": "http://b"},
        env={"B": "2"},
        mounts=(Mount("ConfigMap", "m", "y", "/w"), Mount("Secret", "n", "z", "/t")),
    )
    assert runs.differences(one, other) == [
        "tool backup, now restore",
        "tries 3, now not given",
        'url "http://a", now "http://b"',
        'variable A "1", now not given',
        'variable B not given, now "2"',
        "the file at /t, now new",
        "the file at /w, now changed",
    ]


def test_a_request_is_the_same_in_whatever_order_it_was_typed() -> None:
    one = runs.digest("probe", {"a": {"name": "x", "key": "k"}, "b": ["2", "1"]}, {"A": "1", "B": "2"})
    other = runs.digest("probe", {"b": ["2", "1"], "a": {"key": "k", "name": "x"}}, {"B": "2", "A": "1"})
    assert one == other, "the API server gives variables back in the order of their names"
    assert one != runs.digest(
        "probe", {"a": {"name": "x", "key": "k"}, "b": ["1", "2"]}, {"A": "1", "B": "2"}
    )


def test_the_outline_of_a_run_holds_what_decides_and_nothing_that_is_large() -> None:
    large = "x" * 100_000
    marks = {"rapt.dev/run": "backup-x7k2p", "rapt.dev/cleanup-policy": "week", "else": large}
    run = a_run(
        answers={"a": large},
        env={"A": large},
        labels=marks,
        annotations={"rapt.dev/keep": "ann", "else": large},
    )
    run = replace(
        run, log=large, result=large, wish=runs.Wish(2, "ann", {"spec": {"template": {"spec": large}}})
    )
    found = runs.outline(run)
    assert large not in str(found)
    assert (found.ref, found.digest, found.retry, found.attempts) == (
        run.ref,
        run.digest,
        run.retry,
        run.attempts,
    )
    assert found.is_held
    assert found.wish is not None and found.wish.job is not None, "that it has another Job decides too"
