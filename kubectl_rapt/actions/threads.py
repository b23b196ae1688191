"""The only place with threads: several streams read as one, and one thing done to several at once."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
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


def each(do: Callable[[T], R], items: Sequence[T], at_once: int = 8) -> list[R]:
    """What a function that waits for the network makes of each item, in the order of the items."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=at_once) as pool:
        return list(pool.map(do, items))
