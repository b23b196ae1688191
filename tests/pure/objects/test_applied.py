"""Whether an object is as ``sync`` wrote it, without asking anybody."""

import copy
from typing import Any

import pytest

from kubectl_rapt.objects import applied, labels
from kubectl_rapt.objects.applied import Stamp

WANTED: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "a", "namespace": "team", "labels": {"x": "1"}, "annotations": {"n": "y"}},
    "spec": {"schedule": "0 3 * * *", "args": ["a", "b"]},
}
OWNED = {
    "f:metadata": {
        "f:labels": {"f:x": {}},
        "f:annotations": {"f:n": {}, f"f:{labels.SYNC}": {}, f"f:{labels.APPLIED}": {}},
    },
    "f:spec": {"f:schedule": {}, "f:args": {}},
}


def live(operation: str = "Apply", *, manager: str = labels.MANAGER) -> dict[str, Any]:
    """The object as the server has it after ``sync`` wrote it, with what the server fills in."""
    found = copy.deepcopy(dict(applied.marked(WANTED, Stamp(3, "c0ffee"))))
    entry = {"manager": manager, "operation": operation, "fieldsV1": copy.deepcopy(OWNED)}
    found["metadata"] |= {"resourceVersion": "7", "uid": "u", "managedFields": [entry]}
    found["spec"]["suspend"] = False
    return found


@pytest.mark.parametrize("operation", ["Apply", "Update"])
def test_what_sync_wrote_or_created_is_current_whatever_the_server_filled_in(operation: str) -> None:
    assert applied.is_current(WANTED, live(operation))


def test_another_commit_that_says_the_same_is_current_too() -> None:
    found = live()
    found["metadata"]["annotations"][labels.SYNC] = str(Stamp(9, "beef"))
    assert applied.is_current(WANTED, found)
    assert (applied.stamp_of(found), applied.sequence_of(found)) == ("9-beef", 9)


@pytest.mark.parametrize("path", [("f:spec", "f:schedule"), ("f:spec", "f:args"), ("f:metadata", "f:labels")])
def test_a_field_that_somebody_took_over_is_not_current(path: tuple[str, str]) -> None:
    found = live()
    del found["metadata"]["managedFields"][0]["fieldsV1"][path[0]][path[1]]
    assert not applied.is_current(WANTED, found)


def test_what_the_repository_says_otherwise_or_nobody_noted_is_not_current() -> None:
    assert not applied.is_current({**WANTED, "spec": {"schedule": "0 4 * * *"}}, live())
    assert not applied.is_current(WANTED, live(manager="kubectl"))
    bare = live()
    bare["metadata"]["annotations"] = {"n": "y"}
    assert not applied.is_current(WANTED, bare)
    assert (applied.stamp_of(bare), applied.sequence_of(bare)) == ("", 0)


def test_a_write_that_changed_only_what_sync_notes_changed_nothing() -> None:
    before, after = live(), live()
    after["metadata"] |= {"resourceVersion": "8", "generation": 2, "managedFields": []}
    after["metadata"]["annotations"][labels.SYNC] = "4-dead"
    after["status"] = {"active": []}
    assert applied.is_same(before, after)
    after["spec"]["suspend"] = True
    assert not applied.is_same(before, after)


def test_what_the_repository_says_is_compared_and_what_others_added_is_not() -> None:
    found = live()
    found["spec"] |= {"suspend": True, "schedule": "0 5 * * *"}
    assert [one.label for one in applied.says(WANTED, found)] == ["spec.schedule"]


def test_what_sync_created_is_made_as_if_it_had_been_applied() -> None:
    entries = applied.as_applied(live("Update"))
    assert entries is not None
    assert [(one["manager"], one["operation"]) for one in entries] == [(labels.MANAGER, "Apply")]
    assert applied.as_applied(live("Apply")) is None
    assert applied.as_applied(live("Update", manager="kubectl-edit")) is None
    both = live("Update")
    both["metadata"]["managedFields"] += live("Apply")["metadata"]["managedFields"]
    assert [one["operation"] for one in applied.as_applied(both) or ()] == ["Apply"]
