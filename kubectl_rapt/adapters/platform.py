"""This machine: where a person's files are kept, and writing one of them whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path


def config_home(environ: Mapping[str, str]) -> Path:
    """The folder of the person's settings."""
    return _folder(environ, "XDG_CONFIG_HOME", ".config")


def data_home(environ: Mapping[str, str]) -> Path:
    """The folder of what Rapt keeps for the person, such as a local config repository."""
    return _folder(environ, "XDG_DATA_HOME", ".local/share")


def cache_home(environ: Mapping[str, str]) -> Path:
    """The folder of what can be deleted at any time."""
    return _folder(environ, "XDG_CACHE_HOME", ".cache")


def state_home(environ: Mapping[str, str]) -> Path:
    """The folder of reports about unexpected errors."""
    return _folder(environ, "XDG_STATE_HOME", ".local/state")


def _folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    given = environ.get(variable, "")
    # A relative path in an XDG variable is to be ignored (XDG Base Directory Specification).
    base = Path(given) if given.startswith("/") else Path.home() / default
    return base / "rapt"


class SettingsFile:
    """The settings file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, text: str) -> None:
        """Replace the whole file, at once or not at all."""
        import tempfile

        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".config-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(self._path)
