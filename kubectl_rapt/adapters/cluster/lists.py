"""Lists, page by page, so that memory stays flat."""

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
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
    """The pages of one consistent list, each asked for while the one before it is read.

    Args:
        door: Where requests go through.
        kind: What is listed.
        namespace: Where; empty for everywhere.
        labels: A label selector.
        fields: A field selector.
        accept: The answers' type.
        include: How much of its object each row of a table holds.
        ends_at: When to give up, in ``time.monotonic()`` seconds.

    Raises:
        Conflict: With code ``expired``: the server forgot the list between two pages.
    """

    def page(token: str) -> Mapping[str, Any]:
        query = paths.query(
            **{"limit": str(PAGE), "labelSelector": labels, "fieldSelector": fields, "continue": token},
            includeObject=include,
        )
        found: Mapping[str, Any] = door.json(
            Ask("list", kind, namespace),
            "GET",
            paths.of(kind, namespace) + query,
            accept=accept,
            ends_at=ends_at,
        )
        return found

    found = page("")
    while token := found.get("metadata", {}).get("continue"):
        following = _Begun(partial(page, token))
        yield found
        found = following.end()
    yield found


def items(page: Mapping[str, Any], kind: Kind) -> Iterator[dict[str, Any]]:
    """The objects of a page; in a list the server leaves out what they have in common."""
    for item in page.get("items") or ():
        item["apiVersion"] = kind.api_version
        item["kind"] = kind.name
        yield item


class _Begun:
    """A page that is on its way; nobody has to wait for it."""

    def __init__(self, page: Callable[[], Mapping[str, Any]]) -> None:
        self._page = page
        self._found: Mapping[str, Any] = {}
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found = self._page()
        except Exception as error:  # it is raised again, in the thread that reads the list
            self._error = error

    def end(self) -> Mapping[str, Any]:
        """The page, or its error."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._found
