"""The registry that came with the package."""

from collections.abc import Mapping
from pathlib import Path

_FOLDERS = ("templates", "registry", "policies")


class PackagedBundle:
    """Reads the bundled registry from the installed package, or from the checkout it is run from."""

    def files(self) -> Mapping[str, bytes]:
        """Path to content of every file of the bundled registry."""
        package = Path(__file__).parents[1]
        root = package / "bundle"
        if not root.is_dir():
            root = package.parent
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for folder in _FOLDERS
            for path in sorted((root / folder).rglob("*"))
            if path.is_file()
        }
