"""The wheel: pure Python, and the same bytes whoever builds it, wherever and whenever."""

from pathlib import Path

from deploy import tools


def build(source: Path, folder: Path) -> Path:
    """Build the wheel of a source tree.

    Args:
        source: The folder with ``pyproject.toml``.
        folder: Where the wheel is put, in place of an older one.

    Returns:
        Its path.

    Raises:
        RuntimeError: It cannot be built.
    """
    for old in folder.glob("*.whl"):
        old.unlink()
    tools.run("hatchling", "build", "--target=wheel", f"--directory={folder.absolute()}", folder=source)
    (made,) = folder.glob("*.whl")
    return made
