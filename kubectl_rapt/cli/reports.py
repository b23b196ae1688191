"""The report about an unexpected error: versions, the command without its values, the traceback."""

import json
import os
import platform
import shutil
import tempfile
import traceback
from importlib import metadata
from pathlib import Path

from kubectl_rapt import __version__
from kubectl_rapt.errors import RaptError
from kubectl_rapt.guard import secrets
from kubectl_rapt.wiring import make_folder, report_folder

_PARTS = ("typer", "gitpython", "jinja2", "kubernetes", "ruamel.yaml", "urllib3")
_LEAST = 4
"""Shorter values are flags and counts, and parts of every other word."""


def write(arguments: list[str]) -> str:
    """Write the error that is being handled to a file of its own; its path, or why there is none."""
    text = _text(arguments)
    try:
        return _written(report_folder(os.environ), text)
    except (OSError, RaptError):
        try:
            return _written(Path(tempfile.gettempdir()), text)
        except OSError as error:
            return f"no report, because it cannot be written: {error.strerror}"


def _written(folder: Path, text: str) -> str:
    make_folder(folder)
    handle, name = tempfile.mkstemp(dir=folder, prefix="error-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return name


def _text(arguments: list[str]) -> str:
    # Values may be secrets: only the names of flags and the command are kept.
    shown = [one.partition("=")[0] if one.startswith("-") else "…" for one in arguments[1:]]
    return secrets.redact(
        f"kubectl-rapt {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{', '.join(f'{name} {_version(name)}' for name in _PARTS)}\n"
        f"{', '.join(f'{name}: {shutil.which(name)}' for name in ('kubectl', 'git'))}\n"
        f"arguments: {' '.join(arguments[:1] + shown)}\n\n{_without(arguments[1:], traceback.format_exc())}"
    )


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"


def _without(arguments: list[str], text: str) -> str:
    """What an exception said, without the values that were typed: it may repeat one, as it is or quoted."""
    values = {value for one in arguments for value in (one, *(one.split("=", at)[-1] for at in (1, 2)))}
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= _LEAST:
            for spelling in (value, repr(value)[1:-1], json.dumps(value)[1:-1]):
                text = text.replace(spelling, "…")
    return text
