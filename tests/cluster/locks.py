"""Locks on files: they order processes, and the kernel frees them however their holder ends."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.telling import ClusterError, tell

# Its holder may be building Kubernetes.
_TIMEOUT_SECONDS = 60 * 60
_QUIET_SECONDS = 2


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock, after waiting for whoever has it.

    Raises:
        ClusterError: They have kept it for an hour.
    """
    started, has_told = time.monotonic(), False
    while True:
        with locked_if_free(path) as is_ours:
            if is_ours:
                yield
                return
        waited_seconds = time.monotonic() - started
        if waited_seconds > _TIMEOUT_SECONDS:
            raise ClusterError(f"another process keeps {path} locked")
        if waited_seconds > _QUIET_SECONDS and not has_told:
            tell(f"waiting for another process, which has locked {path}")
            has_told = True
        time.sleep(0.05)


@contextlib.contextmanager
def locked_if_free(path: Path) -> Iterator[bool]:
    """Holds the lock unless another process does; says which."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
