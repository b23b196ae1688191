"""What came with the package: the default registry, and pages of the documentation."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

_FOLDERS = ("templates", "registry", "policies")
_PAGES = ("errors.md",)


class PackagedBundle:
    """Reads it, the registry once, from the installed package or from the checkout it is run from."""

    def files(self) -> Mapping[str, bytes]:
        """Path to content of every file of the bundled registry."""
        return self._files

    def page(self, name: str) -> str:
        """See the port."""
        if name not in _PAGES:
            raise KeyError(name)
        return (_root() / "docs" / name).read_text("utf-8")

    @cached_property
    def _files(self) -> Mapping[str, bytes]:
        root = _root()
        found = [
            os.path.join(at, name)  # noqa: PTH118 - of many files, and pathlib takes its time
            for folder in _FOLDERS
            for at, _, names in os.walk(root / folder)
            for name in names
        ]
        return {path.removeprefix(f"{root}/"): Path(path).read_bytes() for path in sorted(found)}


def _root() -> Path:
    """What the wheel packs into the package; in a checkout, the folders beside it."""
    package = Path(__file__).parents[1]
    packed = package / "bundle"
    return packed if packed.is_dir() else package.parent
