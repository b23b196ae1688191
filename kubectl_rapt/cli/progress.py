"""What is shown of a command that takes its time: one line on standard error, which goes again.

It comes after two seconds, counts only what can be counted, and is never there where no person looks.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from kubectl_rapt.cli import letters
from kubectl_rapt.model import visible

SILENCE_SECONDS = 2.0
"""How long nothing is said before progress is."""
_BEAT_SECONDS = 0.12
_AGAIN_SECONDS = 10.0
_BAR = 20
_ROUND = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_ROUND = "|/-\\"


class Progress:
    """How far a command is.

    Args:
        what: What it does.
        write: Takes what is to be shown.
        columns: How wide the terminal is, at each look.
        is_plain: Whether there is nothing but ASCII.
        is_dumb: Whether a line cannot be taken back; then one is added now and then.
        now: A clock, in seconds.
    """

    def __init__(
        self,
        what: str,
        write: Callable[[str], object],
        columns: Callable[[], int],
        *,
        is_plain: bool,
        is_dumb: bool,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._columns, self._now = write, columns, now
        self._is_plain, self._is_dumb = is_plain, is_dumb
        self._lock = threading.RLock()
        self._what, self._done, self._total = what, 0, 0
        self._began = self._said = now()
        self._is_there = self._is_over = self._has_phase = False
        self._beats = 0

    @property
    def has_phase(self) -> bool:
        """Whether the command says itself what it does."""
        return self._has_phase

    def phase(self, what: str, total: int = 0) -> None:
        """Something else begins; so much is to be done of it, 0 where nobody knows."""
        with self._lock:
            self._what, self._done, self._total = what, 0, total
            self._is_over, self._has_phase = False, True

    def step(self) -> None:
        """One more is done."""
        with self._lock:
            self._done += 1

    def beat(self) -> None:
        """Show how far it is, if it is time."""
        with self._lock:
            now = self._now()
            silence = _AGAIN_SECONDS if self._is_dumb and self._beats else SILENCE_SECONDS
            if self._is_over or (not self._is_there and now - self._said < silence):
                return
            line = self._line(now)
            self._beats += 1
            if self._is_dumb:
                self._said = now
                self._write(f"{line}\n")
            else:
                self._is_there = True
                self._write(f"\r{line}\x1b[K")

    def aside(self, *, is_last: bool = False) -> None:
        """Something else is to be written: take the line away, until it is silent again or a phase begins."""
        with self._lock:
            if self._is_there:
                self._write("\r\x1b[K")
            self._is_there = False
            self._said = self._now()
            self._is_over = self._is_over or is_last

    def _line(self, now: float) -> str:
        signs = _PLAIN_ROUND if self._is_plain else _ROUND
        parts = [] if self._is_dumb else [signs[self._beats % len(signs)]]
        parts.append(visible.clean(self._what))
        if self._total:
            parts.append(f"{self._done}/{self._total}")
            if not self._is_dumb:
                full = _BAR * min(self._done, self._total) // self._total
                done, open_ = ("#", ".") if self._is_plain else ("█", "░")
                parts.append(done * full + open_ * (_BAR - full))
        elif self._done:
            parts.append(f"{self._done} done")
        parts.append(f"{now - self._began:.0f}s")
        return " ".join(parts)[: max(1, self._columns() - 1)]


_active: list[Progress] = []


@contextmanager
def shown(what: str) -> Iterator[None]:
    """Show how far a command is, as long as this goes on, where there is a terminal to show it on.

    Args:
        what: What it does, as long as ``phase`` says nothing else.
    """
    if _active or not _is_terminal():
        yield
        return
    from kubectl_rapt.actions import threads

    found = Progress(
        what,
        _write,
        _columns,
        is_plain=letters.are_plain(os.environ, sys.stderr.encoding or ""),
        is_dumb=os.environ.get("TERM", "dumb") == "dumb",
    )
    _active.append(found)
    try:
        with threads.beating(found.beat, _BEAT_SECONDS):
            yield
    finally:
        _active.clear()
        found.aside(is_last=True)


def phase(what: str, total: int = 0) -> None:
    """See ``Progress.phase``."""
    for one in _active:
        one.phase(what, total)


def step(*_: object) -> None:
    """See ``Progress.step``; what was done is not looked at, so that it can be told to this."""
    for one in _active:
        one.step()


def aside(*, is_last: bool = False) -> None:
    """See ``Progress.aside``."""
    for one in _active:
        one.aside(is_last=is_last)


def result() -> None:
    """A command's result is to be written; with it comes what it waited for, if it did not say otherwise."""
    for one in _active:
        one.aside(is_last=not one.has_phase)


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _columns() -> int:
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80


def _write(text: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()
