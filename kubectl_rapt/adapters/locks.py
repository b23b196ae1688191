"""Locks between the processes of one machine: the kernel frees them when their holder ends, in any way."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubectl_rapt.errors import Unavailable

_POLL_SECONDS = 0.02
_PATIENT_SECONDS = 0.25
"""Who waits longer asks more often: after this long twice as often as at first, and so on."""


@contextmanager
def held(path: Path, patience_seconds: float) -> Iterator[None]:
    """Hold the lock that this file stands for; threads of one process exclude each other as well.

    The file is never removed: removing it would let a third process lock a new file of the same name.

    Args:
        path: The lock file; it and its folder are made where they are missing.
        patience_seconds: How long to wait for another holder.

    Raises:
        Unavailable: Another process held it all that time.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        began_at = time.monotonic()
        while not _taken(handle):
            waited_seconds = time.monotonic() - began_at
            if waited_seconds >= patience_seconds:
                raise Unavailable(
                    "repository-busy",
                    f"another process has been working on the same repository for {patience_seconds:g} s",
                    f"wait for it, or end the process that holds {path}",
                )
            time.sleep(max(0.001, _POLL_SECONDS / (1 + waited_seconds / _PATIENT_SECONDS)))
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
