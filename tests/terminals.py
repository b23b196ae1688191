"""A real terminal in a test's hands: a program on a pseudo-terminal, what is typed to it, and what it shows."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

LIMIT_SECONDS = 180.0
"""Long, for a machine on which much goes on; who sees what they wait for waits no longer."""
_STEERING = re.compile(r"\x1b(?:\[[0-9;?>=]*[A-Za-z]|\][^\x07]*\x07|[=>]|\([A-Z0-9])|\r|\x07|\x0f")


class Terminal:
    """A program on a terminal of its own; used as a context, at whose end it is gone.

    Args:
        command: The program and its arguments.
        environ: Its environment.
        folder: Where it starts.
        columns: How wide the terminal is.
    """

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], folder: Path, *, columns: int = 100
    ) -> None:
        self._seen = ""
        self._mark = 0
        self._pid, self._handle = pty.fork()
        if self._pid == 0:
            try:
                os.chdir(folder)
                os.execvpe(command[0], list(command), dict(environ))
            finally:
                os._exit(127)
        fcntl.ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._handle)
        for number in (signal.SIGHUP, signal.SIGKILL):
            try:
                os.kill(self._pid, number)
            except ProcessLookupError:
                break
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    @property
    def text(self) -> str:
        """Everything that was shown so far, without what steers a terminal."""
        return _STEERING.sub("", self._seen)

    @property
    def raw(self) -> str:
        """The same as it came."""
        return self._seen

    def type(self, text: str) -> None:
        """Press keys."""
        self._mark = len(self.text)
        while text:
            text = text[os.write(self._handle, text.encode()) :]

    def sees(self, pattern: str) -> str:
        """Wait until this pattern is shown, after the last keys were pressed; what was shown since."""
        ends_at = time.monotonic() + LIMIT_SECONDS
        while not re.search(pattern, self.text[self._mark :]):
            if time.monotonic() > ends_at or not self._read(0.2):
                raise AssertionError(f"nothing like {pattern!r} in {self.text[self._mark :]!r}")
        return self.text[self._mark :]

    def ends(self) -> int:
        """Wait for the program's end; its exit code."""
        ends_at = time.monotonic() + LIMIT_SECONDS
        while self._read(0.2):
            assert time.monotonic() < ends_at, f"it does not end: {self.text!r}"
        _, status = os.waitpid(self._pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _read(self, seconds: float) -> bool:
        """Take in what is shown; whether there may be more."""
        if not select.select([self._handle], [], [], seconds)[0]:
            return True
        try:
            more = os.read(self._handle, 65536)
        except OSError:  # how Linux says that the other side has gone
            return False
        self._seen += more.decode("utf-8", "replace")
        return bool(more)
