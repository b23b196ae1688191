"""Attaching to a run: what is said when the time that a person gave is over."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kubectl_rapt.actions import advance, attach
from kubectl_rapt.errors import Unavailable
from kubectl_rapt.runs.lifecycle import Seen
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
