"""The runs of a namespace as the server's own table tells them: a tenth of what the objects would be."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import RUN, Ref
from kubectl_rapt.objects import reading, runs
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import listed
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


def readable(rows: Iterable[Told], tell: Callable[[Ref, RaptError], None] = lambda *_: None) -> list[Told]:
    """The rows whose times and numbers can be read: none of the others may stop what is done with these.

    Args:
        rows: The rows.
        tell: Called with each of the others, and what is wrong with it.
    """
    found = []
    for told in rows:
        if error := _broken(told):
            tell(error.ref, error)
        else:
            found.append(told)
    return found


def wished(rows: Iterable[Told]) -> list[Ref]:
    """The runs that are over by their rows, and of which somebody has asked for the next attempt."""
    return [
        Ref(RUN, one["Name"], one["Namespace"])
        for one in rows
        if one["State"] in runs.FINISHED and listed.is_wished(one.get("Wish"), one["Attempt"])
    ]


def _broken(told: Told) -> reading.Unreadable | None:
    try:
        for column in ("Created", "Started", "Finished"):
            if told.get(column):
                times.parse(told[column])
        int(told["Attempt"] or 0)
    except (TypeError, ValueError) as error:
        return reading.Unreadable(Ref(RUN, told["Name"], told["Namespace"]), reading.why(error))
    return None


def of_namespace(world: World, namespace: str) -> list[Past]:
    """Every run that was tried and can be read, for the budgets of automatic retries.

    Raises:
        Unavailable, Refused, NotFound: The runs cannot be listed.
    """
    found = []
    for told in readable(rows(world, namespace)):
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
