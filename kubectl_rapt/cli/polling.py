"""Waiting until a person has changed files: they are looked at again and again, which works on every disk."""

import time
from collections.abc import Callable, Mapping

LOOK_SECONDS = 0.5


class Files:
    """Files that are watched.

    Args:
        read: Reads them; what cannot be read now is another content.
    """

    def __init__(self, read: Callable[[], Mapping[str, bytes]]) -> None:
        self._read = read
        self._seen = self._look()
        self._is_behind = False

    def _look(self) -> Mapping[str, bytes] | str:
        from kubectl_rapt.errors import RaptError

        try:
            return dict(self._read())
        except RaptError as error:
            return str(error)

    def have_changed(self) -> bool:
        """Whether they are not as they were when somebody asked last; ``wait`` knows then that they were not."""
        before, self._seen = self._seen, self._look()
        self._is_behind = self._is_behind or before != self._seen
        return before != self._seen

    def wait(self) -> None:
        """Until they have changed since the last call, and are not being changed any more."""
        while not (self._is_behind or self.have_changed()):
            time.sleep(LOOK_SECONDS)
        while self.have_changed():
            time.sleep(LOOK_SECONDS / 5)
        self._is_behind = False
