"""What Rapt asks of whoever wants to be told of runs."""

from collections.abc import Mapping
from typing import Protocol


class Notifier(Protocol):
    """Somebody's address: only the door holds one."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Deliver a message, trying again a few times where that may help.

        Raises:
            Unavailable: It could not be delivered: it may have arrived all the same.
            Refused: It was not accepted, and would not be if it were sent again.
        """
        ...
