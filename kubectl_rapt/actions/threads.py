"""The only place with threads: several streams read as one, and one thing done to several at once."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Failure:
    error: BaseException


class Merge(Generic[T]):
    """Several iterators as one, in the order in which their items arrive.

    Streams may be added while it is read. An error in one of them is raised to the reader. Nobody can
    stop a stream that blocks on the network from here: its thread is a daemon and ends with its connection.
    """

    def __init__(self) -> None:
        self._arrived: queue.SimpleQueue[T | _Failure] = queue.SimpleQueue()

    def add(self, items: Iterable[T]) -> None:
        """Read one more stream, in a thread of its own."""

        def read() -> None:
            try:
                for item in items:
                    self._arrived.put(item)
            except BaseException as error:  # it is raised again, in the reader's thread
                self._arrived.put(_Failure(error))

        threading.Thread(target=read, daemon=True).start()

    def read(self, idle_seconds: float, idle: T) -> Iterator[T]:
        """All items for ever; ``idle`` whenever nothing came for that long."""
        while True:
            try:
                item = self._arrived.get(timeout=idle_seconds)
            except queue.Empty:
                item = idle
            if isinstance(item, _Failure):
                raise item.error
            yield item


def in_turn(jobs: Sequence[Callable[[], R]], timeout_seconds: float | None) -> Iterator[R | None]:
    """What jobs make that were all begun at once, in their order, each as soon as it is ready.

    Args:
        jobs: What one raises is raised when it is its turn.
        timeout_seconds: How long all of them may take; None for as long as they like.

    Yields:
        None for each that is not ready when the time is over: its thread is a daemon, and left to itself.
    """
    ends_at = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    made: list[queue.SimpleQueue[R | _Failure]] = [queue.SimpleQueue() for _ in jobs]

    def begin(job: Callable[[], R], done: queue.SimpleQueue[R | _Failure]) -> None:
        threading.Thread(target=lambda: done.put(_tried(job)), daemon=True).start()

    for job, done in zip(jobs, made, strict=True):
        begin(job, done)
    for done in made:
        try:
            yield _raised(done.get(timeout=None if ends_at is None else max(0.0, ends_at - time.monotonic())))
        except queue.Empty:
            yield None


class Once(Generic[R]):
    """Something that several threads want and one of them works out; its error is raised to each.

    Args:
        compute: Works it out.
    """

    def __init__(self, compute: Callable[[], R]) -> None:
        self._compute = compute
        self._lock = threading.Lock()
        self._made: list[R | _Failure] = []

    def __call__(self) -> R:
        """What was worked out."""
        with self._lock:
            if not self._made:
                self._made.append(_tried(self._compute))
        return _raised(self._made[0])


def _tried(job: Callable[[], R]) -> R | _Failure:
    """What a job makes, or what it raises: to be raised again in another thread."""
    try:
        return job()
    except BaseException as error:  # whatever it is, it is raised where it is waited for
        return _Failure(error)


def _raised(made: R | _Failure) -> R:
    if isinstance(made, _Failure):
        raise made.error
    return made


@contextmanager
def beating(beat: Callable[[], None], every_seconds: float) -> Iterator[None]:
    """Do something again and again, as long as this goes on."""
    is_over = threading.Event()

    def run() -> None:
        while not is_over.wait(every_seconds):
            beat()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def each(do: Callable[[T], R], items: Sequence[T], at_once: int = 8) -> list[R]:
    """What a function that waits for the network makes of each item, in the order of the items."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        return list(pool.map(do, items))
