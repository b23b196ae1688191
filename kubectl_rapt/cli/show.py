"""Showing data: objects as JSON, YAML or names."""

import sys
from collections.abc import Sequence
from typing import Any

from kubectl_rapt.cli import terminal
from kubectl_rapt.model.kinds import Ref

_MANY = sys.maxsize
"""How many values a list that is shown may hold: several hundred runs have more than a file may."""


def document(data: Any, form: str, name: str = "") -> str:
    """Data as ``json`` or ``yaml``, which escape what a terminal obeys; ``name`` prints the given name alone."""
    from kubectl_rapt import documents

    if form == "name":
        return name
    text = documents.dump_json(data) if form == "json" else documents.dump(data, max_nodes=_MANY)
    return terminal.Neutral(text.rstrip("\n"))


def name(ref: Ref) -> str:
    """An object as kubectl names it: ``job.batch/backup``."""
    return f"{ref.kind.name.lower()}{'.' if ref.kind.group else ''}{ref.kind.group}/{ref.name}"


def value(value: Any) -> str:
    """A field's value in one short line; None is one that is not there."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return terminal.shorten(f"'{value}'", 200)
    import json

    return terminal.shorten(json.dumps(value, ensure_ascii=False), 200)


def listed(items: Sequence[Any]) -> dict[str, Any]:
    """Objects as one List, which an empty list is too."""
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}
