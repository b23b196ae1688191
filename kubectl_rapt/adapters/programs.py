"""Other programs on this machine: ``ports.programs`` by starting them."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kubectl_rapt.adapters.trace import SILENT, Trace
from kubectl_rapt.errors import Unavailable
from kubectl_rapt.ports.programs import Answer

NOT_STARTED, TOO_LONG = 127, 124
_LOOK_SECONDS, _GRACE_SECONDS = 0.5, 2.0
_SOURCE = Path(__file__).resolve().parents[2]
_ISOLATED = ("-I", "-c")
"""``python -m`` would import from the current folder first, which may be anybody's."""


class Programs:
    """Implements ProgramsReads and ProgramsWrites.

    Args:
        environ: The environment that they are started in.
        trace: Is told of every program.
    """

    def __init__(self, environ: Mapping[str, str], trace: Trace = SILENT) -> None:
        self._environ, self._trace = environ, trace

    def find(self, name: str) -> str:
        """See ProgramsReads."""
        return shutil.which(name, path=self._environ.get("PATH", os.defpath)) or ""

    def find_all(self, name: str) -> list[str]:
        """See ProgramsReads."""
        found: dict[Path, str] = {}
        for folder in self._environ.get("PATH", os.defpath).split(os.pathsep):
            path = Path(folder or ".", name)
            if path.is_file() and os.access(path, os.X_OK):
                found.setdefault(path.resolve(), str(path))
        return list(found.values())

    def ourselves(self) -> tuple[str, ...]:
        """See ProgramsReads."""
        if not self.python():
            return (sys.executable,)
        begin = f"sys.path.append({str(_SOURCE)!r}); from kubectl_rapt.__main__ import main; sys.exit(main())"
        return (self.python(), *_ISOLATED, f"import sys; {begin}")

    def testbed(self) -> tuple[str, ...]:
        """See ProgramsReads."""
        if not self.python() or not (_SOURCE / "tests" / "cluster" / "__main__.py").is_file():
            return ()
        place = f"os.chdir({str(_SOURCE)!r}); sys.path.insert(0, {str(_SOURCE)!r})"
        begin = "runpy.run_module('tests.cluster', run_name='__main__', alter_sys=True)"
        return (self.python(), *_ISOLATED, f"import os, runpy, sys; {place}; {begin}")

    def python(self) -> str:
        """See ProgramsReads."""
        return "" if getattr(sys, "frozen", False) else sys.executable

    def ask(self, command: Sequence[str], *, timeout_seconds: float = 30.0) -> Answer:
        """See ProgramsReads."""
        began_at, code = time.monotonic(), None
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="backslashreplace",
                env=dict(self._environ),
                timeout=timeout_seconds,
                check=False,
            )
            code = done.returncode
        except subprocess.TimeoutExpired:
            return Answer(TOO_LONG, "", f"no end within {timeout_seconds:g} s", time.monotonic() - began_at)
        except (OSError, ValueError) as error:
            return Answer(NOT_STARTED, "", str(error), time.monotonic() - began_at)
        finally:
            self._trace.command(command, began_at, code)
        return Answer(done.returncode, done.stdout, done.stderr, time.monotonic() - began_at)

    def attend(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        is_over: Callable[[], bool] | None = None,
        *,
        quiet: bool = False,
    ) -> int:
        """See ProgramsWrites."""
        nowhere = subprocess.DEVNULL if quiet else None
        try:
            process = subprocess.Popen(
                command, stdin=nowhere, stdout=nowhere, stderr=nowhere, env={**self._environ, **environ}
            )
        except (OSError, ValueError) as error:
            what = f"{command[0]} cannot be started: {error}"
            raise Unavailable("no-program", what, f"{command[0]} --version") from error
        try:
            code = process.wait() if is_over is None else _until(process, is_over)
        except BaseException:  # Ctrl-C too: it does not outlive us
            _end(process)
            raise
        return code if code >= 0 else 128 - code


def _until(process: "subprocess.Popen[bytes]", is_over: Callable[[], bool]) -> int:
    while True:
        try:
            return process.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if is_over():
                return _end(process)


def _end(process: "subprocess.Popen[bytes]") -> int:
    """End it; it has a moment to do so by itself."""
    process.terminate()
    try:
        return process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
