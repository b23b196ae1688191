"""What the program says to the person who runs it: progress and failures, always on stderr."""

import sys
import time

_started = time.monotonic()


class ClusterError(Exception):
    """The cluster could not do what was asked; ``detail`` is the end of the failing program's output."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(f"{message}\n{detail.rstrip()}" if detail else message)


def tell(line: str) -> None:
    """Prints one line of progress with the seconds since the program started."""
    print(f"[{time.monotonic() - _started:6.1f} s] {line}", file=sys.stderr, flush=True)
