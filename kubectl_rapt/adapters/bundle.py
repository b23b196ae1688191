"""The registry that came with the package."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

_FOLDERS = ("templates", "registry", "policies")


class PackagedBundle:
    """Reads the bundled registry once, from the installed package or from the checkout it is run from."""

    def files(self) -> Mapping[str, bytes]:
        """Path to content of every file of the bundled registry."""
        return self._files

    @cached_property
    def _files(self) -> Mapping[str, bytes]:
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
