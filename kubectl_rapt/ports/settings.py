"""Where the person's own settings are kept."""

from typing import Protocol


class SettingsWrites(Protocol):
    """Writing the settings file: only the door holds one."""

    def write(self, text: str) -> None:
        """Replace the whole file, at once or not at all."""
        ...
