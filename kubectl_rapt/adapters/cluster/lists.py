"""Lists, page by page, so that memory stays flat."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from kubectl_rapt.adapters.cluster import paths
from kubectl_rapt.adapters.cluster.answers import Ask
from kubectl_rapt.adapters.cluster.door import JSON, Door
from kubectl_rapt.model.kinds import Kind

PAGE = 500


def pages(
    door: Door,
    kind: Kind,
    namespace: str,
    *,
    labels: str = "",
    fields: str = "",
    accept: str = JSON,
    include: str = "",
    ends_at: float = math.inf,
) -> Iterator[Mapping[str, Any]]:
    """The pages of one consistent list; ``include`` is how much of its object each row of a table holds.

    Raises:
        Conflict: With code ``expired``: the server forgot the list between two pages.
    """
    ask = Ask("list", kind, namespace)
    token = ""
    while True:
        query = paths.query(
            **{"limit": str(PAGE), "labelSelector": labels, "fieldSelector": fields, "continue": token},
            includeObject=include,
        )
        page = door.json(ask, "GET", paths.of(kind, namespace) + query, accept=accept, ends_at=ends_at)
        yield page
        token = page.get("metadata", {}).get("continue") or ""
        if not token:
            return


def items(page: Mapping[str, Any], kind: Kind) -> Iterator[dict[str, Any]]:
    """The objects of a page; in a list the server leaves out what they have in common."""
    for item in page.get("items") or ():
        item["apiVersion"] = kind.api_version
        item["kind"] = kind.name
        yield item
