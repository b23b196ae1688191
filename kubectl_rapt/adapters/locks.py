"""Locks between the processes of one machine: the kernel frees them when their holder ends, in any way."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubectl_rapt.adapters import platform
from kubectl_rapt.errors import Unavailable


@contextmanager
def held(path: Path, patience_seconds: float) -> Iterator[None]:
    """Hold the lock that this file stands for; threads of one process exclude each other as well.

    Who comes first gets it first: the kernel keeps the queue. The file is never removed: removing it would let a
    third process lock a new file of the same name.

    Args:
        path: The lock file; it and its folder are made where they are missing.
        patience_seconds: How long to wait for another holder.

    Raises:
        Unavailable: Another process held it all that time, or the file cannot be written.
    """
    with platform.writing(path, platform.CACHE):
        platform.make(path.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    waiting = _Waiting(handle)
    try:
        if not waiting.is_over(patience_seconds):
            raise Unavailable(
                "repository-busy",
                f"another process has been working on the same repository for {patience_seconds:g} s",
                f"wait for it, or end the process that holds {path}",
            )
        yield
    finally:
        waiting.give_up()


class _Waiting:
    """A place in the kernel's queue, which knows no time limit: a thread stands there."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._is_standing = False
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._is_given_up = False

    def is_over(self, patience_seconds: float) -> bool:
        """Whether the lock was got within that time."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._is_standing = True
            threading.Thread(target=self._stand, daemon=True).start()
            return self._is_over.wait(patience_seconds)
        return True

    def give_up(self) -> None:
        """Leave the lock, or the queue for it: then the thread does so when its turn comes."""
        with self._lock:
            self._is_given_up = True
            if not self._is_standing or self._is_over.is_set():
                os.close(self._handle)

    def _stand(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        with self._lock:
            self._is_over.set()
            if self._is_given_up:
                os.close(self._handle)
