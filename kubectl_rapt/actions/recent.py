"""What the runs of a namespace have had lately, read as a table: a tenth of what the objects would be."""

from collections.abc import Mapping
from typing import Any

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import RUN
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.budgets import Past


def of_namespace(world: World, namespace: str) -> list[Past]:
    """Every run that was tried, for the budgets of automatic retries.

    Raises:
        Unavailable, Refused, NotFound: The runs cannot be listed.
    """
    found = []
    for page in world.cluster.table(RUN, namespace):
        for cells in page.rows:
            told = dict(zip(page.columns, cells, strict=True))
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
