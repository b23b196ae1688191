"""Watching: the same on the fake and on the real cluster."""

import threading
import time
from collections.abc import Iterator

from kubectl_rapt.model.kinds import CONFIG_MAP, ref_of
from kubectl_rapt.ports.cluster import Event
from tests.contract.conftest import Side
from tests.contract.test_objects import a_config_map, uid_of


def told(events: Iterator[Event], count: int) -> list[tuple[str, str]]:
    """The next events about our own objects."""
    lines: list[tuple[str, str]] = []
    while len(lines) < count:
        event = next(events)
        name = event.object.get("metadata", {}).get("name", "")
        if name != "kube-root-ca.crt":
            lines.append((event.type, name))
    return lines


def test_what_exists_is_added_then_synced_then_changes_follow(side: Side) -> None:
    one = side.writes.create(a_config_map(side, "one"))
    events = side.reads.watch(CONFIG_MAP, side.namespace, timeout_seconds=60)
    assert told(events, 2) == [("added", "one"), ("synced", "")]
    side.writes.create(a_config_map(side, "two"))
    side.writes.patch(ref_of(one), {"data": {"key": "new"}})
    side.writes.delete(ref_of(one), uid=uid_of(one))
    side.writes.create(a_config_map(side, "one"))
    assert told(events, 4) == [("added", "two"), ("changed", "one"), ("deleted", "one"), ("added", "one")]
    events.close()


def test_a_changed_object_is_told_as_it_is_now(side: Side) -> None:
    one = side.writes.create(a_config_map(side, "one"))
    events = side.reads.watch(CONFIG_MAP, side.namespace, fields="metadata.name=one", timeout_seconds=60)
    assert [next(events).type, next(events).type] == ["added", "synced"]
    side.writes.patch(ref_of(one), {"data": {"key": "new"}})
    changed = next(events)
    assert (changed.type, changed.object["data"]) == ("changed", {"key": "new"})
    assert ref_of(changed.object) == ref_of(one)
    side.writes.delete(ref_of(one), uid=uid_of(one))
    deleted = next(events)
    assert (deleted.type, deleted.object["data"], uid_of(deleted.object)) == (
        "deleted",
        {"key": "new"},
        uid_of(one),
    )
    events.close()


def test_what_leaves_the_selector_is_deleted_and_what_enters_is_added(side: Side) -> None:
    one = side.writes.create(a_config_map(side, "one", a="1"))
    two = side.writes.create(a_config_map(side, "two", a="2"))
    events = side.reads.watch(CONFIG_MAP, side.namespace, labels="a=1", timeout_seconds=60)
    assert told(events, 2) == [("added", "one"), ("synced", "")]
    side.writes.patch(ref_of(two), {"data": {"key": "unseen"}})
    side.writes.patch(ref_of(one), {"metadata": {"labels": {"a": "2"}}})
    side.writes.patch(ref_of(two), {"metadata": {"labels": {"a": "1"}}})
    assert told(events, 2) == [("deleted", "one"), ("added", "two")]
    events.close()


def test_a_watch_ends_at_its_time(side: Side) -> None:
    started = time.monotonic()
    events = list(
        side.reads.watch(CONFIG_MAP, side.namespace, fields="metadata.name=none", timeout_seconds=2)
    )
    assert [event.type for event in events] == ["synced"]
    assert 1.9 < time.monotonic() - started < 3.5


def test_another_thread_ends_a_watch_that_waits(side: Side) -> None:
    events = side.reads.watch(CONFIG_MAP, side.namespace, fields="metadata.name=none")
    assert next(events).type == "synced"
    threading.Timer(0.3, events.close).start()
    started = time.monotonic()
    assert list(events) == []
    assert time.monotonic() - started < 2
