"""How far an API server's clock is from this machine's, as the ``Date`` of its answers tells."""

import threading
from collections import deque

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KEPT = 16
"""So many answers, the newest, are looked at: clocks are set while a command runs."""


class Clock:
    """The difference of two clocks, bounded by each answer. Any thread may use it."""

    def __init__(self) -> None:
        self._told: deque[tuple[str, float, float]] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()
        self._ahead: float | None = 0.0

    def note(self, date: str, sent_at: float, received_at: float) -> None:
        """Take the ``Date`` header of an answer.

        Args:
            date: The header; empty where there was none.
            sent_at: When the request was sent, in seconds since 1970 by this machine's clock.
            received_at: When its answer began.
        """
        if date:
            with self._lock:
                self._told.append((date, sent_at, received_at))
                self._ahead = None  # worked out when somebody asks

    def ahead_seconds(self) -> float:
        """By how much the server's clock is at least ahead of this machine's; negative where it is behind.

        0 where the answers fit one and the same time: a header tells whole seconds only.
        """
        with self._lock:
            if self._ahead is None:
                self._ahead = _least(list(self._told))
            return self._ahead


def _least(told: list[tuple[str, float, float]]) -> float:
    """The least difference that fits the answers; the newest one alone where they contradict each other."""
    bounds = []
    for date, sent_at, received_at in told:
        seconds = _seconds(date)
        if seconds is not None:
            # The server wrote a second that began up to a second before, somewhen between the two moments.
            bounds.append((seconds - received_at, seconds + 1 - sent_at))
    if not bounds:
        return 0.0
    lowest, highest = max(low for low, _ in bounds), min(high for _, high in bounds)
    if lowest > highest:
        lowest, highest = bounds[-1]
    return min(max(0.0, lowest), highest) if lowest > 0 or highest < 0 else 0.0


def _seconds(date: str) -> float | None:
    """``Tue, 01 Dec 2026 00:05:29 GMT`` (RFC 9110) as seconds since 1970; None where it is something else."""
    from datetime import UTC, datetime

    # Not by strptime, whose import takes longer than a request.
    try:
        _, day, month, year, clock, zone = date.split()
        hour, minute, second = map(int, clock.split(":"))
        said = datetime(int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return said.timestamp() if zone == "GMT" else None
