"""Runs the tools that build: silent, unless they fail."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

EPOCH = "1580601600"
"""The time that everything built is of: what hatchling takes where nobody says one."""


def run(module: str, *words: str, folder: Path, environ: Mapping[str, str] | None = None) -> None:
    """Run a module of this interpreter.

    Args:
        module: Its name.
        words: Its arguments.
        folder: Where it runs.
        environ: What its environment has besides ours.

    Raises:
        RuntimeError: It failed; with what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{module} ended with {done.returncode}\n{done.stdout}")
