"""Logs whose connection is lost: each line arrives, and none twice."""

import re
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from kubectl_rapt.adapters.cluster import logs
from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.errors import Invalid, NotFound, Refused, Unavailable
from kubectl_rapt.model.kinds import POD, Ref
from tests.contract import recorded
from tests.faults import Act, BlackHole, DropRequest, Faults, Reply, Streamed

PODS = "^GET /api/v1/namespaces/prod/pods/one$"
LOGS = "^GET /api/v1/namespaces/prod/pods/one/log"
ONE = Ref(POD, "one", "prod")
GONE = Reply(404, recorded.answer("404-log-no-pod").body)
WAITING = Reply(400, recorded.answer("400-log-initializing-follow").body)
NO_NODE = Reply(204)
RUNNING = Reply(200, {"kind": "Pod", "status": {"phase": "Pending"}})
FAILED = Reply(200, {"kind": "Pod", "status": {"phase": "Failed"}})
BEFORE = LOGS + ".*previous=true"
NO_BEFORE = Reply(
    400, {"kind": "Status", "message": 'previous terminated container "main" in pod "one" not found'}
)
SUCCEEDED = Reply(200, {"kind": "Pod", "metadata": {}, "status": {"phase": "Succeeded"}})


def stamped(text: str, second: int, nano: int = 0, zone: str = "Z") -> bytes:
    return f"2026-11-22T20:00:{second:02}.{nano:09}{zone} {text}\n".encode()


A = stamped("a", 1, 5)
B = stamped("b", 2, 1)
B2 = stamped("b2", 2, 1)
C = stamped("c", 2, 7)
D = stamped("d", 3, 0)


@pytest.fixture
def reads(door: Door) -> Reads:
    """What believes in silence and trouble for longer than a busy machine makes us wait."""
    return Reads(door, silence_seconds=60, patience_seconds=60)


@pytest.fixture
def doubting(door: Door) -> Reads:
    """What soon doubts a stream that is silent."""
    return Reads(door, silence_seconds=0.4, patience_seconds=60)


def follow(scripted: Faults, reads: Reads, *acts: Act, tail: int | None = None) -> list[bytes]:
    scripted.on(LOGS, *acts)
    return list(reads.logs(ONE, "main", follow=True, tail=tail))


def queries(scripted: Faults) -> list[str]:
    """What was asked for, besides the container, following and time stamps."""
    left = [
        re.sub(r"^[^?]*\?container=main&follow=true&timestamps=true&?", "", r.target)
        for r in scripted.asked(LOGS)
    ]
    return [query.replace("%3A", ":") for query in left]


def test_a_log_is_read_once_and_ends(scripted: Faults, reads: Reads) -> None:
    scripted.on(LOGS, Streamed([A + B, B2]))
    assert list(reads.logs(ONE, "main")) == [b"a", b"b", b"b2"]
    assert [request.target for request in scripted.requests] == [
        "/api/v1/namespaces/prod/pods/one/log?container=main&timestamps=true"
    ]


def test_an_end_is_believed_when_the_last_line_is_the_last_one(scripted: Faults, reads: Reads) -> None:
    assert follow(scripted, reads, Streamed([A, B]), Streamed([B])) == [b"a", b"b"]
    assert queries(scripted) == ["", "tailLines=1"]


def test_lines_that_came_after_a_false_end_arrive(scripted: Faults, reads: Reads) -> None:
    acts = Streamed([A, B]), Streamed([D]), Streamed([B, B2, C, D]), Streamed([D])
    assert follow(scripted, reads, *acts) == [b"a", b"b", b"b2", b"c", b"d"]
    assert queries(scripted) == ["", "tailLines=1", "sinceTime=2026-11-22T20:00:02Z", "tailLines=1"]


def test_the_look_at_the_last_line_may_become_the_stream(scripted: Faults, reads: Reads) -> None:
    acts = Streamed([A, B]), Streamed([B, 0.1, B2, C]), Streamed([C])
    assert follow(scripted, reads, *acts) == [b"a", b"b", b"b2", b"c"]


@pytest.mark.parametrize("then", ["cut", "silence"])
def test_a_lost_connection_resumes_without_gap_or_repeat(
    scripted: Faults, reads: Reads, doubting: Reads, then: Any
) -> None:
    reads = doubting if then == "silence" else reads
    acts = Streamed([A, B, B2], then=then), Streamed([B, B2, C, D]), Streamed([D])
    assert follow(scripted, reads, *acts) == [b"a", b"b", b"b2", b"c", b"d"]
    assert queries(scripted) == ["", "sinceTime=2026-11-22T20:00:02Z", "tailLines=1"]


@pytest.mark.parametrize("given", range(8))
def test_equal_stamps_are_told_apart_by_their_number(scripted: Faults, reads: Reads, given: int) -> None:
    lines = [stamped(str(number), 5, 77) for number in range(8)]
    acts = Streamed(lines[:given], then="cut"), Streamed(lines), Streamed(lines[-1:])
    assert follow(scripted, reads, *acts) == [str(number).encode() for number in range(8)]


def test_stamps_need_not_ascend(scripted: Faults, reads: Reads) -> None:
    lines = [stamped(str(nano), 5, nano) for nano in (3, 1, 2, 9, 8)]
    for given in range(1, 5):
        acts = Streamed(lines[:given], then="cut"), Streamed(lines), Streamed(lines[-1:])
        assert follow(scripted, reads, *acts) == [b"3", b"1", b"2", b"9", b"8"]


def test_a_line_of_an_earlier_second_that_comes_late_does_not_move_the_resumption(
    scripted: Faults, reads: Reads
) -> None:
    late = stamped("late", 1, 9)
    acts = Streamed([A, B, late], then="cut"), Streamed([B, C]), Streamed([C])
    assert follow(scripted, reads, *acts) == [b"a", b"b", b"late", b"c"]
    assert queries(scripted)[1] == "sinceTime=2026-11-22T20:00:02Z"


def test_after_a_rotation_the_new_lines_arrive(scripted: Faults, reads: Reads) -> None:
    acts = Streamed([A, B, B2], then="cut"), Streamed([C, D]), Streamed([D])
    assert follow(scripted, reads, *acts) == [b"a", b"b", b"b2", b"c", b"d"]


def test_zones_may_change(scripted: Faults, reads: Reads) -> None:
    summer, winter = stamped("s", 59, 0, "+02:00"), b"2026-11-22T19:01:00.000000000+01:00 w\n"
    acts = (
        Streamed([summer, winter], then="cut"),
        Streamed([winter, winter.replace(b"w", b"x").replace(b"0+", b"1+")]),
        Streamed([b""]),
    )
    assert follow(scripted, reads, *acts, Streamed([]))[:3] == [b"s", b"w", b"x"]
    assert "sinceTime=2026-11-22T19:01:00%2B01:00" in queries(scripted)


def test_a_tail_stays_a_tail_when_the_connection_is_lost(scripted: Faults, reads: Reads) -> None:
    older = stamped("older", 2, 0)
    acts = Streamed([B, C], then="cut"), Streamed([older, B, C, D]), Streamed([D])
    assert follow(scripted, reads, *acts, tail=2) == [b"b", b"c", b"d"]
    assert queries(scripted)[0] == "tailLines=2"


def test_a_line_without_an_end_is_given_when_nothing_more_can_come(scripted: Faults, reads: Reads) -> None:
    open_end = B.removesuffix(b"\n")
    assert follow(scripted, reads, Streamed([A, open_end]), Streamed([open_end])) == [b"a", b"b"]
    scripted.on(LOGS, Streamed([A, open_end]))
    assert list(reads.logs(ONE, "main")) == [b"a", b"b"]


def test_a_line_that_was_cut_arrives_whole(scripted: Faults, reads: Reads) -> None:
    whole = stamped("the whole line", 2)
    for acts in (
        (Streamed([A, whole[:-6]], then="cut"), Streamed([A, whole]), Streamed([whole])),
        (Streamed([A, whole[:-6]]), Streamed([whole]), Streamed([A, whole]), Streamed([whole])),
    ):
        assert follow(scripted, reads, *acts) == [b"a", b"the whole line"]


def test_lines_are_bytes_as_they_were_written(scripted: Faults, reads: Reads) -> None:
    texts = [
        b"",
        b"\xff\xfe\x00",
        b"50%\r60%\r",
        b" two  spaces ",
        b"2026-11-22T20:00:01.5Z no stamp of ours",
        "ü".encode(),
    ]
    lines = b"".join(b"2026-11-22T20:00:01.%09dZ %s\n" % (number, text) for number, text in enumerate(texts))
    scripted.on(LOGS, Streamed([lines]))
    assert list(reads.logs(ONE, "main")) == texts


def test_the_kubelets_own_words_are_no_lines(scripted: Faults, reads: Reads) -> None:
    scripted.on(LOGS, Streamed([b"unable to retrieve container logs for containerd://4b1c"]))
    assert list(reads.logs(ONE, "main")) == []


def test_a_huge_line_arrives_whole_and_a_monstrous_one_in_parts(
    scripted: Faults, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LONGEST_LINE", 3_000_000)
    huge = stamped("h" * 2_900_000, 1)
    monster = stamped("m" * 7_000_000, 2)
    acts = Streamed([huge, monster[:6_500_000]], then="cut"), Streamed([monster, C]), Streamed([C])
    assert [(line[:1], len(line)) for line in follow(scripted, reads, *acts)] == [
        (b"h", 2_900_000),
        (b"m", 3_000_000),
        (b"m", 3_000_000),
        (b"m", 1_000_000),
        (b"c", 1),
    ]


def test_following_waits_until_the_container_starts(scripted: Faults, reads: Reads) -> None:
    scripted.on(PODS, *[RUNNING] * 3)
    assert follow(scripted, reads, NO_NODE, WAITING, WAITING, Streamed([A]), Streamed([A])) == [b"a"]


@pytest.mark.parametrize("answer", [NO_NODE, WAITING])
def test_a_container_that_has_not_started_has_an_empty_log(
    scripted: Faults, reads: Reads, answer: Reply
) -> None:
    scripted.on(LOGS, answer)
    assert list(reads.logs(ONE, "main")) == []


def test_following_ends_where_the_container_can_never_start(scripted: Faults, reads: Reads) -> None:
    scripted.on(PODS, FAILED)
    assert follow(scripted, reads, WAITING, WAITING) == []


def test_the_last_lines_of_a_pod_that_failed_while_we_waited_arrive(scripted: Faults, reads: Reads) -> None:
    scripted.on(PODS, FAILED)
    assert follow(scripted, reads, WAITING, Streamed([A]), Streamed([A])) == [b"a"]


def test_a_pod_that_never_was_is_not_found(scripted: Faults, reads: Reads) -> None:
    scripted.on(LOGS, GONE)
    with pytest.raises(NotFound):
        list(reads.logs(ONE, "main", follow=True))


@pytest.mark.parametrize(("first", "said"), [(Streamed([A]), [b"a"]), (WAITING, [])], ids=str)
def test_the_log_of_a_pod_that_is_deleted_ends(
    scripted: Faults, reads: Reads, first: Act, said: list[bytes]
) -> None:
    scripted.on(PODS, GONE)
    assert follow(scripted, reads, first, GONE, GONE) == said


def test_lines_that_went_with_their_pod_are_told(scripted: Faults, reads: Reads) -> None:
    scripted.on(LOGS, Streamed([A], then="cut"), GONE)
    lines = reads.logs(ONE, "main", follow=True)
    assert next(lines) == b"a"
    with pytest.raises(NotFound, match="was deleted before all of its log had arrived"):
        next(lines)


@pytest.mark.parametrize(
    ("stall", "rest"),
    [
        (BlackHole(), [A, B, C, D]),
        (Streamed(then="silence"), [A, B, C, D]),
        (
            Streamed([A, B], then="silence"),
            [B, C, D],
        ),  # from the second of the last line on, as it was asked for
    ],
    ids=["never answered", "nothing came", "some lines came"],
)
def test_a_log_that_stalls_after_its_container_has_ended_arrives_whole_and_soon(
    scripted: Faults, reads: Reads, stall: Act, rest: list[bytes]
) -> None:
    scripted.on(LOGS, stall, Streamed(rest), Streamed([D]))
    lines = reads.logs(ONE, "main", follow=True)
    threading.Timer(0.3, lines.expect_end).start()
    begun = time.monotonic()
    assert list(lines) == [b"a", b"b", b"c", b"d"]
    assert 5 < time.monotonic() - begun < 9


def test_a_log_that_stalls_without_being_followed_arrives_whole_and_soon(
    scripted: Faults, reads: Reads
) -> None:
    scripted.on(LOGS, Streamed([A, B], then="silence"), Streamed([B, C]))
    begun = time.monotonic()
    assert list(reads.logs(ONE, "main")) == [b"a", b"b", b"c"]
    assert 5 < time.monotonic() - begun < 9


@pytest.mark.parametrize("is_followed", [True, False])
def test_a_log_whose_end_never_comes_is_told(scripted: Faults, door: Door, is_followed: bool) -> None:
    scripted.on(LOGS, Streamed([A, B], then="silence"), *[Streamed([B], then="silence")] * 50)
    lines = Reads(door, patience_seconds=2.0).logs(ONE, "main", follow=is_followed)
    assert [next(lines), next(lines)] == [b"a", b"b"]
    lines.expect_end()
    begun = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        next(lines)
    assert caught.value.code == "log-incomplete"
    assert caught.value.hint == "kubectl logs one -c main -n prod"
    assert time.monotonic() - begun < 4


def test_a_log_may_be_silent_while_its_container_runs(scripted: Faults, door: Door) -> None:
    reads = Reads(door, patience_seconds=0.5)
    assert follow(scripted, reads, Streamed([A, 3.0, B]), Streamed([B])) == [b"a", b"b"]
    assert queries(scripted) == ["", "tailLines=1"]


def test_a_wrong_container_is_told(scripted: Faults, reads: Reads) -> None:
    scripted.on(LOGS, Reply(400, recorded.answer("400-log-other-container").body))
    with pytest.raises(Invalid):
        list(reads.logs(ONE, "main", follow=True))


def test_a_missing_right_is_told(scripted: Faults, reads: Reads) -> None:
    scripted.on(LOGS, Reply(403, recorded.answer("403-rbac-subresource").body))
    with pytest.raises(Refused):
        list(reads.logs(ONE, "main", follow=True))


def test_a_server_that_is_gone_for_a_moment_is_borne(scripted: Faults, reads: Reads) -> None:
    acts = Streamed([A], then="cut"), DropRequest(), DropRequest(), Streamed([A, B]), Streamed([B])
    assert follow(scripted, reads, *acts) == [b"a", b"b"]


def test_a_server_that_is_gone_for_good_is_told(scripted: Faults, door: Door) -> None:
    with pytest.raises(Unavailable):
        follow(scripted, Reads(door, patience_seconds=1.0), Streamed([A], then="cut"), *[DropRequest()] * 99)


def test_another_thread_ends_a_log_that_waits(scripted: Faults, door: Door) -> None:
    scripted.on(LOGS, Streamed([A], then="silence"))
    lines = Reads(door).logs(ONE, "main", follow=True)
    assert next(lines) == b"a"
    threading.Timer(0.2, lines.close).start()
    started = time.monotonic()
    assert list(lines) == []
    assert time.monotonic() - started < 2


def restarting(scripted: Faults, reads: Reads, acts: Sequence[Act], before: Sequence[Act]) -> list[bytes]:
    """What is given of a container that is started again in its pod."""
    scripted.on(PODS, *[SUCCEEDED] * 9)
    scripted.on(LOGS, *acts)
    scripted.on(BEFORE, *before)
    return list(reads.logs(ONE, "main", follow=True, restarts=True))


@pytest.mark.parametrize("then", ["end", "cut", "silence"])
def test_what_a_container_said_last_before_it_was_started_again_arrives(
    scripted: Faults, reads: Reads, doubting: Reads, then: Any
) -> None:
    reads = doubting if then == "silence" else reads
    probe = [Streamed([D])] if then == "end" else []
    acts = [Streamed([A, B], then=then), *probe, Streamed([D]), Streamed([D])]
    before: list[Act] = [NO_BEFORE, Streamed([B, B2, C.removesuffix(b"\n")])]
    assert restarting(scripted, reads, acts, before) == [b"a", b"b", b"b2", b"c", b"d"]
    assert scripted.asked(BEFORE)[-1].target.endswith("sinceTime=2026-11-22T20:00:02Z")


def test_a_line_without_an_end_outlives_the_container_that_said_it(scripted: Faults, reads: Reads) -> None:
    unended = B.removesuffix(b"\n")
    acts = [Streamed([A, unended]), Streamed([]), Streamed([]), Streamed([]), Streamed([])]
    before: list[Act] = [NO_BEFORE, Streamed([A, unended]), Streamed([unended])]
    assert restarting(scripted, reads, acts, before) == [b"a", b"b"]


def test_a_line_without_an_end_is_not_lost_with_the_container_that_the_kubelet_drops(
    scripted: Faults, reads: Reads
) -> None:
    unended = B.removesuffix(b"\n")
    acts = [Streamed([A, unended]), Streamed([D]), Streamed([D]), Streamed([D])]
    assert restarting(scripted, reads, acts, [NO_BEFORE, NO_BEFORE]) == [b"a", b"b", b"d"]


def test_a_container_that_is_started_again_while_we_look_back_loses_nothing(
    scripted: Faults, reads: Reads
) -> None:
    acts = [Streamed([A]), Streamed([C]), Streamed([C])]
    before = [Streamed([A, B]), Streamed([B])]
    assert restarting(scripted, reads, acts, before) == [b"a", b"b", b"c"]


def test_what_was_said_before_we_came_is_first(scripted: Faults, reads: Reads) -> None:
    assert restarting(scripted, reads, [Streamed([C]), Streamed([C])], [Streamed([A, B])]) == [
        b"a",
        b"b",
        b"c",
    ]


def test_a_log_of_one_container_is_asked_for_no_other_as_long_as_it_begins_where_we_were(
    scripted: Faults, reads: Reads
) -> None:
    acts = [Streamed([A, B], then="cut"), Streamed([B, C]), Streamed([C])]
    assert restarting(scripted, reads, acts, [NO_BEFORE]) == [b"a", b"b", b"c"]
    assert len(scripted.asked(BEFORE)) == 1
