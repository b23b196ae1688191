"""What Rapt asks of the cache: to work something out once; what it forgets is worked out again."""

from collections.abc import Callable
from typing import Protocol


class Cache(Protocol):
    """A memory that may be emptied at any time without changing an answer."""

    def remembered(self, key: str, compute: Callable[[], bytes]) -> bytes:
        """What a key stands for.

        Args:
            key: An immutable identity, such as a commit or a tree id with what is made of it.
            compute: Works it out; its errors are raised and nothing is remembered.
        """
        ...

    def latest(self, key: str) -> bytes | None:
        """What ``keep`` was given last for a key; None where it is not known (any more)."""
        ...

    def keep(self, key: str, content: bytes) -> None:
        """Keep content for ``latest``: only what makes later answers more wary, never what they rest on."""
        ...
