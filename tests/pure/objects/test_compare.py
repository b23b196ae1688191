"""Differences between objects, as a reviewer reads them."""

from typing import Any

import pytest

from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import compare


def made(name: str, **spec: Any) -> Manifest:
    metadata = {"name": name, "namespace": "team"}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}


def said(before: list[Manifest], after: list[Manifest]) -> list[str]:
    return [str(one) for one in compare.differences(before, after)]


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
        ({"args": ["a"]}, {"args": ["a", "b"]}, 'spec.args: ["a"] → ["a", "b"]'),
        ({"text": "a\nb"}, {"text": "a"}, "spec.text: a⏎b → a"),
        (
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"env": [{"name": "B", "value": "3"}, {"name": "A", "value": "1"}]},
            "spec.env.B.value: 2 → 3",
        ),
    ],
)
def test_each_field_that_differs_is_one_line(
    before: dict[str, Any], after: dict[str, Any], line: str
) -> None:
    assert said([made("a", **before)], [made("a", **after)]) == [f"~ cronjob/a {line}"]
