"""What Rapt asks of the machine it runs on: which programs there are."""

from collections.abc import Sequence
from typing import Protocol


class Machine(Protocol):
    """This machine, as a person's shell sees it."""

    def programs(self, name: str) -> Sequence[str]:
        """Every program of that name on the PATH, the one that is run first; links to one file count once."""
        ...

    def says(self, program: str, *words: str) -> str:
        """What a program prints; empty where it cannot be run, fails or takes too long."""
        ...

    def folder(self) -> str:
        """Where the program that runs now was installed."""
        ...
