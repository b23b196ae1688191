"""The registry that came with the package."""

import os
from collections.abc import Mapping
from pathlib import Path

_FOLDERS = ("templates", "registry", "policies")


class PackagedBundle:
    """Reads the bundled registry from the installed package, or from the checkout it is run from."""

    def __init__(self) -> None:
        self._files: Mapping[str, bytes] = {}

    def files(self) -> Mapping[str, bytes]:
        """Path to content of every file of the bundled registry; the disk is read once."""
        self._files = self._files or self._read()
        return self._files

    def _read(self) -> Mapping[str, bytes]:
        package = Path(__file__).parents[1]
        root = package / "bundle"
        if not root.is_dir():
            root = package.parent
        found = [
            os.path.join(at, name)  # noqa: PTH118 - of many files, and pathlib takes its time
            for folder in _FOLDERS
            for at, _, names in os.walk(root / folder)
            for name in names
        ]
        return {path.removeprefix(f"{root}/"): Path(path).read_bytes() for path in sorted(found)}
