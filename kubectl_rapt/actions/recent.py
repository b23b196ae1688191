"""What the runs of a namespace have had lately, read as a table: a tenth of what the objects would be."""

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import RUN
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.budgets import Past


def of_namespace(world: World, namespace: str) -> list[Past]:
    """Every run that was tried, for the budgets of automatic retries.

    Raises:
        Unavailable, Refused, NotFound: The runs cannot be listed.
    """
    table = world.cluster.table(RUN, namespace)
    columns = [name for name, _ in table.columns]
    found = []
    for row in table.rows:
        told = dict(zip(columns, row.cells, strict=True))
        if not told["Attempt"] or not told["Created"]:
            continue
        is_open = not told["Finished"] or told["State"] == "Running"
        last = told["Started"] if is_open else told["Finished"]
        found.append(
            Past(
                tool=told["Tool"],
                state=told["State"] or "",
                attempts=int(told["Attempt"]),
                created_at=times.parse(told["Created"]),
                last_at=times.parse(last) if last else None,
            )
        )
    return found
