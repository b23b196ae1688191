"""A watch whose thread is lost, in every way that a server has to lose it."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.errors import Refused, Unavailable
from kubectl_rapt.model.kinds import CONFIG_MAP
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.cluster import Event
from tests.contract import recorded
from tests.faults import BlackHole, Delay, DropRequest, Faults, Reply, Streamed

LISTS = r"configmaps$"
WATCHES = r"configmaps\?watch"


def an_object(name: str, version: int, uid: str = "") -> dict[str, Any]:
    metadata = {"name": name, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def a_list(version: int, *objects: dict[str, Any]) -> Reply:
    return Reply(
        200, {"kind": "ConfigMapList", "metadata": {"resourceVersion": str(version)}, "items": objects}
    )


def line(kind: str, item: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


def bookmark(version: int) -> bytes:
    return line("BOOKMARK", {"kind": "ConfigMap", "metadata": {"resourceVersion": str(version)}})


EXPIRED_WITHIN = Streamed([json.dumps(recorded.answer("410-watch-restarted").body).encode() + b"\n"])
EXPIRED = Reply(410, recorded.answer("410-list-exact-restarted").body)
A_LIFE = [
    line("ADDED", an_object("b", 11)),
    line("MODIFIED", an_object("b", 12)),
    line("DELETED", an_object("b", 13)),
]


def told(events: Iterator[Event], count: int = 100) -> list[str]:
    lines = []
    for event in events:
        metadata = event.object.get("metadata", {})
        lines.append(
            " ".join(
                part for part in (event.type, metadata.get("name"), metadata.get("resourceVersion")) if part
            )
        )
        if len(lines) == count:
            break
    return lines


@pytest.fixture
def reads(door: Door) -> Reads:
    """What believes in silence and trouble for longer than a busy machine makes us wait."""
    return Reads(door, silence_seconds=60, patience_seconds=60)


@pytest.mark.parametrize("lost", [EXPIRED_WITHIN, EXPIRED], ids=["within a success", "as an error"])
def test_a_watch_resumes_after_410_without_repeating(
    scripted: Faults, reads: Reads, lost: Streamed | Reply
) -> None:
    scripted.on(
        LISTS,
        a_list(
            10, an_object("same", 1), an_object("changes", 2), an_object("goes", 3), an_object("reborn", 4)
        ),
        a_list(
            20,
            an_object("same", 1),
            an_object("changes", 15),
            an_object("comes", 16),
            an_object("reborn", 17, uid="another"),
        ),
    )
    scripted.on(WATCHES, lost, Streamed([line("MODIFIED", an_object("same", 21))], then="silence"))
    events = reads.watch(CONFIG_MAP, "prod", timeout_seconds=60)
    assert told(events, 5) == ["added same 1", "added changes 2", "added goes 3", "added reborn 4", "synced"]
    assert told(events, 6) == [
        "deleted goes 3",
        "deleted reborn 4",
        "changed changes 15",
        "added comes 16",
        "added reborn 17",
        "changed same 21",
    ]
    assert "resourceVersion=20" in scripted.asked(WATCHES)[1].target


@pytest.mark.parametrize("then", ["end", "cut"])
def test_a_watch_that_ends_goes_on_at_the_last_version_without_a_list(
    scripted: Faults, reads: Reads, then: Any
) -> None:
    scripted.on(LISTS, a_list(10))
    scripted.on(
        WATCHES,
        Streamed([*A_LIFE[:2], bookmark(30)], then=then),
        Streamed([line("DELETED", an_object("b", 31))], then="silence"),
    )
    assert told(reads.watch(CONFIG_MAP, "prod", timeout_seconds=60), 4) == [
        "synced",
        "added b 11",
        "changed b 12",
        "deleted b 31",
    ]
    assert len(scripted.asked(LISTS)) == 1
    assert [
        f"resourceVersion={version}&" in request.target
        for version, request in zip((10, 30), scripted.asked(WATCHES), strict=False)
    ] == [True, True]


@pytest.mark.parametrize("split", range(1, 60, 7))
def test_events_are_read_wherever_the_network_cuts_them(scripted: Faults, reads: Reads, split: int) -> None:
    data = b"".join(A_LIFE)
    scripted.on(LISTS, a_list(10))
    scripted.on(WATCHES, Streamed([data[:split], 0.05, data[split:]], then="silence"))
    events = reads.watch(CONFIG_MAP, "prod", timeout_seconds=60)
    assert told(events, 4) == ["synced", "added b 11", "changed b 12", "deleted b 13"]


def test_a_cut_within_an_event_loses_nothing(scripted: Faults, reads: Reads) -> None:
    data = b"".join(A_LIFE)
    scripted.on(LISTS, a_list(10))
    scripted.on(
        WATCHES, Streamed([data[: len(A_LIFE[0]) + 20]], then="cut"), Streamed(A_LIFE[1:], then="silence")
    )
    events = reads.watch(CONFIG_MAP, "prod", timeout_seconds=60)
    assert told(events, 4) == ["synced", "added b 11", "changed b 12", "deleted b 13"]


def test_a_silent_watch_is_not_believed(scripted: Faults, door: Door) -> None:
    reads = Reads(door, silence_seconds=0.4)
    scripted.on(LISTS, a_list(10, an_object("a", 1)), a_list(20, an_object("a", 19)))
    scripted.on(WATCHES, *[Streamed(then="silence")] * 99)
    started = time.monotonic()
    assert told(reads.watch(CONFIG_MAP, "prod", timeout_seconds=60), 3) == [
        "added a 1",
        "synced",
        "changed a 19",
    ]
    assert time.monotonic() - started < 2


def test_a_watch_that_is_never_answered_is_not_believed(scripted: Faults, impatient: Door) -> None:
    reads = Reads(impatient)
    scripted.on(LISTS, a_list(10, an_object("a", 1)))
    scripted.on(WATCHES, BlackHole(), Streamed([line("MODIFIED", an_object("a", 19))], then="silence"))
    assert told(reads.watch(CONFIG_MAP, "prod", timeout_seconds=60), 3) == [
        "added a 1",
        "synced",
        "changed a 19",
    ]


def test_words_that_are_no_events_are_not_believed(scripted: Faults, reads: Reads) -> None:
    scripted.on(LISTS, a_list(10, an_object("a", 1)))
    for nonsense in (
        b"<html>\n",
        b"7\n",
        b"{}\n",
        b'{"type": "ADDED"}\n',
        b'{"type": "ADDED", "object": {}}\n',
    ):
        scripted.on(
            WATCHES, Streamed([nonsense]), Streamed([line("MODIFIED", an_object("a", 19))], then="silence")
        )
        events = reads.watch(CONFIG_MAP, "prod", timeout_seconds=60)
        scripted.on(LISTS, a_list(10, an_object("a", 1)))
        assert told(events, 3) == ["added a 1", "synced", "changed a 19"]


def test_a_watch_never_outlives_its_time(scripted: Faults, reads: Reads) -> None:
    scripted.on(LISTS, *[a_list(10)] * 99)
    for fault in (BlackHole(), Streamed(then="silence"), Streamed(), EXPIRED, Reply(503), DropRequest()):
        scripted.on(WATCHES, *[fault] * 40)
        started = time.monotonic()
        assert told(reads.watch(CONFIG_MAP, "prod", timeout_seconds=1.5)) == ["synced"]
        assert 1.4 < time.monotonic() - started < 2.4, fault


def test_a_later_list_that_is_never_answered_does_not_outlive_the_watch(
    scripted: Faults, reads: Reads
) -> None:
    scripted.on(LISTS, a_list(10), *[BlackHole()] * 9)
    scripted.on(WATCHES, EXPIRED)
    started = time.monotonic()
    assert told(reads.watch(CONFIG_MAP, "prod", timeout_seconds=1.5)) == ["synced"]
    assert time.monotonic() - started < 3


def test_a_first_list_that_takes_longer_than_the_watch_is_told_nevertheless(
    scripted: Faults, reads: Reads
) -> None:
    scripted.on(LISTS, Delay(0.3, a_list(10, an_object("a", 1))))
    assert told(reads.watch(CONFIG_MAP, "prod", timeout_seconds=0.01)) == ["added a 1", "synced"]


def test_a_first_list_that_is_never_answered_is_told(scripted: Faults, impatient: Door) -> None:
    scripted.on(LISTS, BlackHole())
    with pytest.raises(Unavailable, match="no answer within"):
        told(Reads(impatient).watch(CONFIG_MAP, "prod", timeout_seconds=0.01))


def test_a_server_that_is_gone_for_a_moment_is_borne(scripted: Faults, reads: Reads) -> None:
    scripted.on(LISTS, a_list(10))
    scripted.on(WATCHES, DropRequest(), DropRequest(), Streamed(A_LIFE, then="silence"))
    events = reads.watch(CONFIG_MAP, "prod", timeout_seconds=60)
    assert told(events, 4) == ["synced", "added b 11", "changed b 12", "deleted b 13"]


def test_a_server_that_is_gone_for_good_is_told(scripted: Faults, door: Door) -> None:
    reads = Reads(door, patience_seconds=1.0)
    scripted.on(LISTS, a_list(10))
    scripted.on(WATCHES, *[DropRequest()] * 99)
    with pytest.raises(Unavailable):
        told(reads.watch(CONFIG_MAP, "prod", timeout_seconds=60))


def test_a_lost_right_is_told(scripted: Faults, reads: Reads) -> None:
    scripted.on(LISTS, a_list(10))
    scripted.on(WATCHES, Reply(403, recorded.answer("403-rbac").body))
    with pytest.raises(Refused):
        told(reads.watch(CONFIG_MAP, "prod", timeout_seconds=60))


def test_closing_the_door_ends_every_watch(scripted: Faults) -> None:
    scripted.on(LISTS, a_list(10))
    scripted.on(WATCHES, Streamed(then="silence"))
    door = Door(Target(kubeconfig=str(scripted.kubeconfig), namespace="prod"))
    events = Reads(door).watch(CONFIG_MAP, "prod")
    assert next(events).type == "synced"
    threading.Timer(0.2, door.close).start()
    started = time.monotonic()
    assert told(events) == []
    assert time.monotonic() - started < 2
