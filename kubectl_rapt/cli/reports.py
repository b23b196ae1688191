"""The report about an unexpected error: versions, the command without its values, the traceback."""

import os
import platform
import tempfile
import traceback
from pathlib import Path

from kubectl_rapt import __version__
from kubectl_rapt.wiring import report_folder


def write(arguments: list[str]) -> Path:
    """Write the error that is being handled to a file of its own; its path."""
    folder = report_folder(os.environ)
    folder.mkdir(parents=True, exist_ok=True)
    # Values may be secrets: only the names of flags and the command are kept.
    shown = [one.partition("=")[0] if one.startswith("-") else "…" for one in arguments[1:]]
    handle, name = tempfile.mkstemp(dir=folder, prefix="error-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"kubectl-rapt {__version__}, Python {platform.python_version()}, {platform.platform()}\n")
        file.write(f"arguments: {' '.join(arguments[:1] + shown)}\n\n{traceback.format_exc()}")
    return Path(name)
