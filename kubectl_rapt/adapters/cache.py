"""The cache: a file for each key, written whole or not at all, and believed only if it is undamaged."""

import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kubectl_rapt.adapters import platform

_MOST_BYTES = 64 * 1024 * 1024


class FolderCache:
    """Implements Cache.

    Args:
        folder: Where the files are; it may be deleted at any time, and need not be writable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def remembered(self, key: str, compute: Callable[[], bytes]) -> bytes:
        """See Cache."""
        found = self.latest(key)
        if found is None:
            found = compute()
            self.keep(key, found)
        return found

    def latest(self, key: str) -> bytes | None:
        """See Cache."""
        try:
            handle = os.open(self._path(key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    return None
                with os.fdopen(handle, "rb", closefd=False) as file:
                    whole = file.read(_MOST_BYTES)
            finally:
                os.close(handle)
        except OSError:
            return None
        seal, _, content = whole.partition(b"\n")
        return content if seal == _seal(key, content) else None

    def keep(self, key: str, content: bytes) -> None:
        """See Cache."""
        path = self._path(key)
        draft = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
        with suppress(OSError):
            platform.keep(draft, _seal(key, content) + b"\n" + content, path)

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()[:40]
        return self._folder / name[:2] / name[2:]


def _seal(key: str, content: bytes) -> bytes:
    return hashlib.sha256(b"%s\n%s" % (key.encode(), content)).hexdigest().encode()
