"""The runs of a namespace as the server's own table tells them: a tenth of what the objects would be."""

from collections.abc import Mapping
from typing import Any

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import RUN
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.budgets import Past

Told = Mapping[str, Any]
"""A row: the name of a column to its cell, which may be None."""


def rows(world: World, namespace: str, *, labels: str = "", fields: str = "") -> list[Told]:
    """Every run, as a row.

    Args:
        world: Where to read.
        namespace: Where; empty for everywhere.
        labels: A label selector.
        fields: A field selector.

    Raises:
        Unavailable, Refused, NotFound: The runs cannot be listed.
    """
    return [
        dict(zip(page.columns, row, strict=True))
        for page in world.cluster.table(RUN, namespace, labels=labels, fields=fields)
        for row in page.rows
    ]


def of_namespace(world: World, namespace: str) -> list[Past]:
    """Every run that was tried, for the budgets of automatic retries.

    Raises:
        Unavailable, Refused, NotFound: The runs cannot be listed.
    """
    found = []
    for told in rows(world, namespace):
        if told["Attempt"] and told["Created"]:
            found.append(_past(told))
    return found


def _past(told: Mapping[str, Any]) -> Past:
    is_open = not told["Finished"] or told["State"] == "Running"
    last = told["Started"] if is_open else told["Finished"]
    return Past(
        tool=told["Tool"],
        state=told["State"] or "",
        attempts=int(told["Attempt"]),
        created_at=times.parse(told["Created"]),
        last_at=times.parse(last) if last else None,
    )
