"""The report about an unexpected error: versions, the command without its values, the traceback."""

import os
import platform
import tempfile
import traceback
from pathlib import Path

from kubectl_rapt import __version__
from kubectl_rapt.wiring import report_folder


def write(arguments: list[str]) -> str:
    """Write the error that is being handled to a file of its own; its path, or why there is none."""
    text = _text(arguments)
    try:
        return _written(report_folder(os.environ), text)
    except OSError:
        try:
            return _written(Path(tempfile.gettempdir()), text)
        except OSError as error:
            return f"no report, because it cannot be written: {error.strerror}"


def _written(folder: Path, text: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix="error-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return name


def _text(arguments: list[str]) -> str:
    # Values may be secrets: only the names of flags and the command are kept.
    shown = [one.partition("=")[0] if one.startswith("-") else "…" for one in arguments[1:]]
    return (
        f"kubectl-rapt {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"arguments: {' '.join(arguments[:1] + shown)}\n\n{traceback.format_exc()}"
    )
