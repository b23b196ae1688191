"""Events as the API server gives them: written through either API, about objects or one container of a pod."""

from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.objects import events
from kubectl_rapt.objects.events import Event
from tests.given import NOON, at

METADATA = {"name": "x.1", "namespace": "team", "creationTimestamp": at(5)}
POD = {"kind": "Pod", "name": "x", "uid": "u", "fieldPath": "spec.containers{tool}"}
SECONDS = [NOON + timedelta(seconds=number) for number in range(100)]

ROWS: list[tuple[str, dict[str, Any], tuple[int, Any, Any]]] = [
    (
        "by the kubelet",
        {"firstTimestamp": at(10), "lastTimestamp": at(20), "count": 3},
        (3, SECONDS[10], SECONDS[20]),
    ),
    (
        "through events.k8s.io",
        {"eventTime": "2026-11-22T12:00:10.000000Z", "firstTimestamp": None, "lastTimestamp": None},
        (1, SECONDS[10], SECONDS[10]),
    ),
    (
        "a series",
        {"eventTime": at(10), "series": {"count": 7, "lastObservedTime": at(30)}},
        (7, SECONDS[10], SECONDS[30]),
    ),
    ("without any time", {}, (1, SECONDS[5], SECONDS[5])),
]


@pytest.mark.parametrize(("said", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_counts_and_times_are_read_from_whichever_fields_hold_them(
    said: dict[str, Any], expected: tuple[int, Any, Any]
) -> None:
    manifest = {
        "metadata": METADATA,
        "involvedObject": POD,
        "type": "Warning",
        "reason": "BackOff",
        "message": "m ",
        **said,
    }
    found = events.from_manifest(manifest)
    assert (found.count, found.first_at, found.last_at) == expected
    assert (found.subject, found.container, found.message) == ("pod/x", "tool", "m")


def test_an_event_that_says_little_is_read_all_the_same() -> None:
    found = events.from_manifest({"metadata": METADATA, "involvedObject": {}})
    assert found == Event("x.1", "team", "", "", "", "Normal", "", "", 1, SECONDS[5], SECONDS[5])


def test_the_reporter_is_named_by_either_field() -> None:
    for fields in (
        {"reportingComponent": "kubelet"},
        {"source": {"component": "kubelet"}, "reportingComponent": ""},
    ):
        assert events.from_manifest({"metadata": METADATA, "involvedObject": POD, **fields}).by == "kubelet"
