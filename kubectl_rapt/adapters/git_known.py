"""The refs of the last fetch, in a file beside the mirror: what a remote was is known without asking or git."""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kubectl_rapt.adapters import platform
from kubectl_rapt.ports.git import Known

_ID = re.compile("[0-9a-f]{40}")


def write(path: Path, known: Known, mark: str) -> None:
    """Keep what a fetch found, at once or not at all; where it cannot be kept, nothing is known later.

    Args:
        path: The file.
        known: What was found.
        mark: The remote's ``mark`` before it was asked.
    """
    data = {"at": known.at.timestamp(), "refs": dict(known.refs), "tags": dict(known.tags), "mark": mark}
    draft = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    with suppress(OSError):
        platform.keep(draft, json.dumps(data).encode(), path)


def read(path: Path, mark: str) -> Known | None:
    """What the last fetch found; None where nobody knows, also where the file is damaged.

    Args:
        path: The file.
        mark: The remote's ``mark`` now; empty where it cannot be seen, and then what was known stays known.
    """
    try:
        data = json.loads(path.read_bytes())
        if mark and mark != data["mark"]:
            return None
        return Known(_ids(data["refs"]), _ids(data["tags"]), datetime.fromtimestamp(data["at"], UTC))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return None


def change(path: Path, refs: Mapping[str, str], mark: str) -> None:
    """Note what a push has made of some refs; an empty id is one that was deleted."""
    if known := read(path, ""):
        changed = {**known.refs, **refs}
        write(path, Known({name: id_ for name, id_ in changed.items() if id_}, known.tags, known.at), mark)


def _ids(given: Any) -> dict[str, str]:
    if all(_ID.fullmatch(id_) for id_ in given.values()):
        return dict(given)
    raise ValueError("not ids")
