"""What is kept of a log when a run is given up: its last lines, as text that any reader takes."""

from collections import deque
from collections.abc import Iterable

LINES = 200
BYTES = 64 * 1024


def log(lines: Iterable[bytes]) -> str:
    """The last lines of a log as text.

    Args:
        lines: The log, each line without its line end.

    Returns:
        At most 200 lines and 64 KiB of UTF-8; bytes that are none are spelled ``\\xff``. Cut before a line, and inside
        one only where that line alone is too long: then its end is kept.
    """
    kept: deque[bytes] = deque(maxlen=LINES)
    for line in lines:
        # Far more than is kept: spelling bytes makes a line four times as long, never shorter.
        kept.append(line[-BYTES:].decode("utf-8", "backslashreplace").encode())
    size = 0
    chosen: deque[bytes] = deque()
    for line in reversed(kept):
        if size + len(line) + 1 > BYTES:
            if not chosen:
                chosen.append(line[-BYTES + 1 :])
            break
        chosen.appendleft(line)
        size += len(line) + 1
    # Where a line was cut inside a character, what is left of that is dropped.
    return b"".join(line + b"\n" for line in chosen).decode("utf-8", "ignore")
