"""Lists, asked for whole and read bit by bit.

The server answers a whole list from its own memory, as it does when a controller starts. The pages of a list, but for
the first, it reads from etcd as soon as nothing has changed for some minutes, which takes five to ten times as long.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from kubectl_rapt.adapters.cluster import answers, elements, paths
from kubectl_rapt.adapters.cluster.answers import Ask
from kubectl_rapt.adapters.cluster.door import JSON, Door
from kubectl_rapt.errors import Conflict
from kubectl_rapt.model.kinds import Kind
from kubectl_rapt.ports.cluster import Page

_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def objects(
    door: Door, kind: Kind, namespace: str, *, labels: str = "", fields: str = "", ends_at: float = math.inf
) -> Iterator[tuple[Mapping[str, Any], list[dict[str, Any]]]]:
    """Some objects at a time, each time with what else is known of their list; see ``elements.read``.

    Args:
        door: Where the request goes through.
        kind: What is listed.
        namespace: Where; empty for everywhere.
        labels: A label selector.
        fields: A field selector.
        ends_at: When to give up, in ``time.monotonic()`` seconds.
    """
    asked = {"labelSelector": labels, "fieldSelector": fields}
    for about, items in _read(door, kind, namespace, "items", JSON, asked, ends_at):
        for item in items:
            # In a list the server leaves out what they have in common.
            item["apiVersion"] = kind.api_version
            item["kind"] = kind.name
        yield about, elements.as_read(kind, items)


def rows(
    door: Door, kind: Kind, namespace: str, *, labels: str = "", fields: str = "", limit: int = 0
) -> Iterator[Page]:
    """Some rows at a time of what the server prints; at most so many, where there is a limit."""
    asked = {"labelSelector": labels, "fieldSelector": fields, "includeObject": "None"}
    if limit:
        asked["limit"] = str(limit)
    for table, found in _read(door, kind, namespace, "rows", _TABLE, asked, math.inf):
        columns = tuple(column["name"] for column in table.get("columnDefinitions") or ())
        yield Page(columns, [row["cells"] for row in found])


def _read(
    door: Door,
    kind: Kind,
    namespace: str,
    key: str,
    accept: str,
    asked: Mapping[str, str],
    ends_at: float,
) -> Iterator[tuple[Mapping[str, Any], list[Any]]]:
    ask = Ask("list", kind, namespace)
    path = paths.of(kind, namespace) + paths.query(**asked)
    about: Mapping[str, Any] = {}
    for is_last_attempt in (False, True):
        try:
            for about, some in elements.read(door.pieces(ask, path, accept=accept, ends_at=ends_at), key):
                yield about, some
            break
        except ValueError as error:
            raise answers.lost(ask, "the answer is not JSON") from error
        except Conflict as error:
            # No version was asked for, so that another one may do.
            if error.code != "expired" or is_last_attempt:
                raise
    if (about.get("metadata") or {}).get("continue") and "limit" not in asked:
        raise answers.lost(ask, "the answer is a part of the list, and all of it was asked for")
