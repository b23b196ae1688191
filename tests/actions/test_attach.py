"""Attaching to a run: the last line that is recorded, and what is said when the time that a person gave is over."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kubectl_rapt.actions import advance, attach, follow
from kubectl_rapt.actions.follow import Part
from kubectl_rapt.errors import Unavailable
from kubectl_rapt.model.kinds import JOB, Ref
from kubectl_rapt.runs.following import EndedEarly, Line, LogLine, Source
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.runs.outcome import Outcome
from tests.given import NOON


@pytest.mark.parametrize(
    ("took_seconds", "timeout_seconds", "code"),
    [(9, 10, "cut-off"), (10, 10, "timed-out"), (40, 10, "timed-out"), (40, None, "cut-off")],
)
def test_a_cluster_that_does_not_answer_until_the_time_is_over_is_a_timeout(
    monkeypatch: pytest.MonkeyPatch, took_seconds: float, timeout_seconds: float | None, code: str
) -> None:
    clock = [NOON]

    def fail(*_: Any) -> Any:
        clock[0] += timedelta(seconds=took_seconds)
        raise Unavailable("cut-off", "the connection broke")

    monkeypatch.setattr(advance, "advance", fail)
    world: Any = SimpleNamespace(now=lambda: clock[0])
    seen = Seen(wanted=SimpleNamespace(name="backup-1"))  # type: ignore[arg-type]
    with pytest.raises(Unavailable) as caught:
        list(attach.attach(world, SimpleNamespace(), seen, timeout_seconds=timeout_seconds))
    assert caught.value.code == code


MAIN, PROXY = Source("backup-1-x", "main"), Source("backup-1-x", "proxy")
FAILED = Outcome("ExitCode", exit_code=3, message="it failed", container="main", pod="backup-1-x")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([LogLine(MAIN, b"one"), LogLine(MAIN, b"two ")], 'it failed, last line "two"'),
        ([LogLine(MAIN, b"one"), LogLine(PROXY, b"bye")], 'it failed, last line "one"'),
        ([LogLine(PROXY, b"bye")], "it failed"),
        ([LogLine(MAIN, b"one"), EndedEarly(MAIN, "it stalled", True)], "it failed"),
        ([LogLine(MAIN, b"one"), EndedEarly(PROXY, "it stalled", True)], 'it failed, last line "one"'),
    ],
)
@pytest.mark.parametrize("has_times", [True, False])
def test_the_last_line_is_that_of_the_container_that_failed_if_it_is_known(
    monkeypatch: pytest.MonkeyPatch, lines: list[Line], message: str, has_times: bool
) -> None:
    if has_times:
        stamp = b"2026-11-22T20:00:01.5Z "
        lines = [LogLine(one.source, stamp + one.line) if isinstance(one, LogLine) else one for one in lines]
    monkeypatch.setattr(follow, "follow", lambda *_, **__: iter([*lines, FAILED]))
    world: Any = SimpleNamespace()
    following = attach.follow_job(world, Ref(JOB, "backup-1", "prod"), part=Part(timestamps=has_times))
    shown = []
    try:
        while True:
            shown.append(next(following))
    except StopIteration as end:
        assert end.value.message == message
    assert shown == lines
