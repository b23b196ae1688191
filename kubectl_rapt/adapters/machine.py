"""The machine that Rapt runs on: ``ports.machine.Machine``."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from kubectl_rapt.adapters.trace import SILENT, Trace

_LIMIT_SECONDS = 10.0


class ThisMachine:
    """Implements Machine.

    Args:
        environ: The person's environment.
        trace: Is told of every command.
    """

    def __init__(self, environ: Mapping[str, str], trace: Trace = SILENT) -> None:
        self._environ, self._trace = dict(environ), trace

    def programs(self, name: str) -> list[str]:
        """See the port."""
        found: dict[Path, str] = {}
        for folder in self._environ.get("PATH", os.defpath).split(os.pathsep):
            path = Path(folder or ".", name)
            if path.is_file() and os.access(path, os.X_OK):
                found.setdefault(path.resolve(), str(path))
        return list(found.values())

    def says(self, program: str, *words: str) -> str:
        """See the port."""
        began_at, code = time.monotonic(), None
        try:
            done = subprocess.run(
                [program, *words],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_LIMIT_SECONDS,
                check=False,
            )
            code = done.returncode
        except (OSError, subprocess.TimeoutExpired):
            return ""
        finally:
            self._trace.command((program, *words), began_at, code)
        return "" if code else done.stdout.decode(errors="replace")

    def folder(self) -> str:
        """See the port."""
        return str(Path(sys.argv[0] if Path(sys.argv[0]).name == "kubectl-rapt" else sys.executable).parent)
