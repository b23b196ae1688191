"""Whether a repository on this machine has changed: seen from its files, without git and with few imports."""

import os
from contextlib import suppress
from pathlib import Path


def mark(url: str) -> str:
    """A short form of ``seen``; empty where the repository is not there."""
    import hashlib

    found = seen(url)
    return hashlib.sha256(found.encode(errors="replace")).hexdigest() if found else ""


def seen(url: str) -> str:
    """What tells whether the refs of a repository on this machine have changed; empty where it is not there.

    Args:
        url: Its path, or its ``file://`` address.
    """
    path = Path(url.removeprefix("file://localhost").removeprefix("file://"))
    root = path / ".git" if (path / ".git").is_dir() else path
    lines: list[str] = []
    places = [str(root / "packed-refs"), str(root / "reftable")]
    for at, folders, files in os.walk(root / "refs"):
        folders.sort()
        places += [at, *(f"{at}/{name}" for name in sorted(files))]
    for place in places:
        with suppress(OSError):
            about = Path(place).stat()
            lines.append(f"{place} {about.st_mtime_ns} {about.st_ino} {about.st_size}\n")
    return "".join(lines)
