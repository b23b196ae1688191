"""The names that were found last at the tab key, kept while what they were read from is as it was.

Working them out takes imports that a shell would wait for. Losing them costs that time, and changes no answer.
"""

import os
from binascii import crc32
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from kubectl_rapt import __version__
from kubectl_rapt.adapters import platform

_Name = tuple[str, str]


class Recent:
    """The names of one question.

    Args:
        about: What is asked, as one line.
        environ: The process's environment.
        settings: The path of the person's settings.
    """

    def __init__(self, about: str, environ: Mapping[str, str], settings: str) -> None:
        cache = platform.cache_home(environ)
        variables = sorted(f"{name}={value}" for name, value in environ.items() if name.startswith("RAPT_"))
        seen = [__version__, about, *variables, _mark(settings), _mark(__file__), *_marks(f"{cache}/git")]
        self._head = ascii(seen)
        # Who else can write there could offer names of their own.
        self._is_trusted = not platform.cache_doubt(environ)
        self._path = f"{cache}/names/{crc32(about.encode('utf-8', 'replace')):08x}"

    def read(self) -> list[_Name] | None:
        """What was found then; None where that is not known, or may be otherwise by now."""
        if not self._is_trusted:
            return None
        try:
            with open(self._path, encoding="utf-8") as file:
                head, *lines = file.read().split("\n")
        except (OSError, ValueError):
            return None
        if head != self._head or lines[-1:] != ["."]:
            return None
        parts = [line.partition("\t") for line in lines[:-1]]
        return [(name, why) for name, _, why in parts]

    def write(self, found: Sequence[_Name]) -> None:
        """Keep what was found, whole or not at all."""
        if not self._is_trusted:
            return
        text = "\n".join([self._head, *(f"{name}\t{why}" for name, why in found), "."])
        with suppress(OSError):
            draft = Path(f"{self._path}.{os.urandom(8).hex()}")
            platform.keep(draft, text.encode("utf-8", "replace"), Path(self._path))


def _marks(folder: str) -> list[str]:
    """What tells whether the refs of a mirror were fetched anew."""
    try:
        return sorted(_mark(one.path) for one in os.scandir(folder) if one.name.endswith(".refs"))
    except OSError:
        return []


def _mark(path: str) -> str:
    try:
        about = os.stat(path)
    except OSError:
        return ""
    return f"{path} {about.st_mtime_ns} {about.st_size}"
