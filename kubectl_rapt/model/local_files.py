"""Files of a person's own machine, read whole."""

from typing import NamedTuple


class File(NamedTuple):
    """One file.

    Args:
        path: Below the folder that was named, with ``/``; of a file that was named itself its name.
        content: All of it.
        is_executable: Whether its owner may execute it.
    """

    path: str
    content: bytes
    is_executable: bool = False
