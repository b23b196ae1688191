"""Streams that any thread may end."""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from kubectl_rapt.adapters.cluster.http import Connection
from kubectl_rapt.errors import Unavailable

T = TypeVar("T")


class Leash:
    """What a stream looks at to learn that nobody wants it any more.

    Attributes:
        ending_since: Since when the stream's end is due, in ``time.monotonic()`` seconds; infinite while it may be
            silent for as long as it likes.
    """

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._connections: list[Connection] = []
        self.ending_since = math.inf

    @property
    def is_stopped(self) -> bool:
        """Whether the stream was ended from outside."""
        return self._stopped.is_set()

    @contextlib.contextmanager
    def holds(self, connection: Connection) -> Iterator[None]:
        """A connection that the stream reads from meanwhile."""
        with self._lock:
            self._connections.append(connection)
            if self.is_stopped:
                connection.interrupt()
        try:
            yield
        finally:
            with self._lock:
                self._connections.remove(connection)

    def wait(self, seconds: float) -> None:
        """Sleep, unless or until the stream is ended."""
        self._stopped.wait(max(0.0, seconds))

    def expect_end(self) -> None:
        """Note that the stream's end is due; from any thread, and only the first time counts."""
        self.ending_since = min(self.ending_since, time.monotonic())

    def stop(self) -> None:
        """End the stream, from any thread."""
        with self._lock:
            self._stopped.set()
            for connection in self._connections:
                connection.interrupt()


class Stream(Generic[T]):
    """An iterator whose ``close`` may be called by any thread, also while another one waits in ``next``.

    Args:
        leash: What the generator looks at.
        items: The generator.
    """

    def __init__(self, leash: Leash, items: Callable[[Leash], Iterator[T]]) -> None:
        self._leash = leash
        self._items = items(leash)

    def __iter__(self) -> "Stream[T]":
        return self

    def __next__(self) -> T:
        if self._leash.is_stopped:
            raise StopIteration
        return next(self._items)

    def expect_end(self) -> None:
        """Tell it that its end is due: silence is a fault from now on."""
        self._leash.expect_end()

    def close(self) -> None:
        """End it: the connection is cut, and a ``next`` that waits raises StopIteration."""
        self._leash.stop()

    def __del__(self) -> None:
        self._leash.stop()


class Patience:
    """How long a stream bears a cluster that cannot be reached, and how long it waits between attempts.

    Args:
        seconds: From the first failure on.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None
        self._pause = 0.0

    def bear(self, error: Unavailable) -> None:
        """Note a failure.

        Raises:
            Unavailable: The one given: it lasted too long, or it will not pass.
        """
        now = time.monotonic()
        if self._since is None:
            self._since = now
        if now - self._since > self._seconds or not error.is_transient:
            raise error

    def reached(self) -> None:
        """The cluster answers."""
        self._since = None

    def renew(self) -> None:
        """There is something new: whatever comes next, be quick."""
        self._since = None
        self._pause = 0.0

    def pause_seconds(self) -> float:
        """What to wait before the next attempt: longer after each one without anything new."""
        self._pause = min(5.0, self._pause * 2 or 0.05)
        return self._pause
