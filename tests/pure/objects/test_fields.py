"""Where two versions of an object differ, and who owns a field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import fields


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({"a": {"b": [1]}}, {"a": {"b": [1]}}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("a.b", 1, 2)]),
        ({"a": 1}, {}, [("a", 1, None)]),
        ({}, {"a": {"b": 1}}, [("a", None, {"b": 1})]),
        ({"a": True}, {"a": 1}, [("a", True, 1)]),
        ({"a": {}}, {"a": 1}, [("a", {}, 1)]),
        ({"x/y.z": "1"}, {"x/y.z": "2"}, [("[x/y.z]", "1", "2")]),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, [("a[1]", 2, 3), ("a[2]", None, 4)]),
        (
            {"c": [{"name": "a", "v": 1}, {"name": "b", "v": 1}]},
            {"c": [{"name": "b", "v": 2}, {"name": "a", "v": 1}]},
            [("c[b].v", 1, 2)],
        ),
        (
            {"c": [{"name": "a"}]},
            {"c": [{"name": "a"}, {"name": "b"}]},
            [("c[b]", None, {"name": "b"})],
        ),
        (
            {"c": [{"name": "a", "v": 1}, {"name": "a", "v": 2}]},
            {"c": [{"name": "a", "v": 1}, {"name": "a", "v": 3}]},
            [("c[1].v", 2, 3)],
        ),
    ],
)
def test_differences(before: Any, after: Any, expected: list[tuple[str, Any, Any]]) -> None:
    found = fields.differences(before, after)
    assert [(one.label, one.before, one.after) for one in found] == expected


LIVE = {
    "metadata": {
        "managedFields": [
            {
                "manager": "rapt-sync",
                "operation": "Apply",
                "time": "2026-11-22T10:00:00Z",
                "fieldsV1": {
                    "f:spec": {"f:schedule": {}, "f:c": {'k:{"name":"tool"}': {".": {}, "f:image": {}}}}
                },
            },
            {
                "manager": "kubectl-edit",
                "operation": "Update",
                "time": "2026-11-22T11:00:00Z",
                "fieldsV1": {
                    "f:spec": {
                        "f:schedule": {},
                        "f:atomic": {},
                        "f:set": {'v:"x"': {}},
                        "f:nth": {"i:1": {}},
                    }
                },
            },
            {
                "manager": "kube-controller-manager",
                "operation": "Update",
                "subresource": "status",
                "fieldsV1": {"f:spec": {"f:schedule": {}}, "f:status": {}},
            },
            {"manager": "labeller", "operation": "Update", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
        ]
    },
    "spec": {
        "schedule": "x",
        "c": [{"name": "other"}, {"name": "tool"}],
        "atomic": {"a": [1]},
        "set": ["y", "x"],
        "nth": [1, 2],
    },
}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (("spec", "schedule"), ["kubectl-edit", "rapt-sync"]),
        (("spec", "c", 1, "image"), ["rapt-sync"]),
        (("spec", "c", 0, "image"), []),
        (("spec", "c", 5, "image"), []),
        (("spec", "atomic", "a", 0), ["kubectl-edit"]),
        (("spec", "set", 1), ["kubectl-edit"]),
        (("spec", "set", 0), []),
        (("spec", "nth", 1), ["kubectl-edit"]),
        (("spec", "nth", 0), []),
        (("spec", "nobody"), []),
        (("spec", "schedule", "deeper"), ["kubectl-edit", "rapt-sync"]),
    ],
)
def test_the_managers_of_a_field_newest_first(path: tuple[str | int, ...], names: list[str]) -> None:
    assert [one.manager for one in fields.managers(LIVE, path)] == names


def test_when_a_manager_wrote() -> None:
    found = fields.managers(LIVE, ("spec", "schedule"))
    assert (found[0].operation, found[0].at) == ("Update", datetime(2026, 11, 22, 11, tzinfo=UTC))


def test_labels_are_no_content() -> None:
    assert fields.managers_of_content(LIVE) == {"rapt-sync", "kubectl-edit"}
    assert fields.managers_of_content({"metadata": {}}) == frozenset()


def made(name: str, **spec: Any) -> Manifest:
    metadata = {"name": name, "namespace": "team"}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}


def said(before: list[Manifest], after: list[Manifest]) -> list[str]:
    return [str(one) for one in fields.changes(before, after)]


def test_objects_that_came_and_went_are_named_once() -> None:
    kept, gone, new = made("kept"), made("gone"), made("new")
    assert said([kept, gone], [kept, new]) == ["+ cronjob/new", "- cronjob/gone"]
    assert said([kept], [kept]) == []


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ({"schedule": "a"}, {"schedule": "b"}, "spec.schedule: a → b"),
        ({}, {"suspend": True}, "spec.suspend: (nothing) → true"),
        ({"suspend": True}, {}, "spec.suspend: true → (nothing)"),
        ({"count": 1}, {"count": True}, "spec.count: 1 → true"),
        ({"args": ["a"]}, {"args": ["a", "b"]}, "spec.args[1]: (nothing) → b"),
        ({"text": "a\nb"}, {"text": "a"}, "spec.text: a⏎b → a"),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "B", "value": "3"}, {"name": "A", "value": "1"}]},
            "spec.env[B].value: 2 → 3",
        ),
    ],
)
def test_each_field_that_differs_is_one_line(
    before: dict[str, Any], after: dict[str, Any], line: str
) -> None:
    assert said([made("a", **before)], [made("a", **after)]) == [f"~ cronjob/a {line}"]
