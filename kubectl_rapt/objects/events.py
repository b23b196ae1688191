"""The Event: what a component of Kubernetes says about an object; it is kept for an hour."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import EVENT, Manifest
from kubectl_rapt.objects import reading

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""What no component has seen happen is not between these; nearer to the ends of the calendar sums overflow."""
_CONTAINER = re.compile(r"ontainers\{([a-z0-9-]+)\}$")


@dataclass(frozen=True, slots=True)
class Event:
    """An event as the cluster shows it.

    Args:
        name: Its own name.
        namespace: Its namespace.
        kind: The kind of the object that it is about.
        about: That object's name.
        uid: That object's UID; empty where its author left it out.
        type: ``Normal`` or ``Warning``.
        reason: One word: ``FailedCreate``, ``BackOff``, ``Unhealthy``, …
        message: One line more, for people.
        count: How often it happened.
        first_at: When it happened first.
        last_at: When it happened last.
        by: The component that says so.
        container: The container of the pod that it is about; empty where it is about all of the object.
    """

    name: str
    namespace: str
    kind: str
    about: str
    uid: str
    type: str
    reason: str
    message: str
    count: int
    first_at: datetime
    last_at: datetime
    by: str = ""
    container: str = ""

    @property
    def subject(self) -> str:
        """The object that it is about, as ``pod/backup-x7k2p-1-aaaaa``."""
        return f"{self.kind.lower()}/{self.about}"


@reading.reader(EVENT)
def from_manifest(manifest: Manifest) -> Event:
    """Read an Event of ``v1``, also one that was written through ``events.k8s.io``.

    Raises:
        Invalid: ``unreadable-object``: one of its times is impossible, or it is broken in another way.
    """
    metadata, about = manifest["metadata"], manifest.get("involvedObject") or {}
    series = manifest.get("series") or {}
    created = metadata.get("creationTimestamp")
    first = manifest.get("firstTimestamp") or manifest.get("eventTime") or created
    last = (
        series.get("lastObservedTime") or manifest.get("lastTimestamp") or manifest.get("eventTime") or first
    )
    return Event(
        name=metadata["name"],
        namespace=metadata["namespace"],
        kind=about.get("kind", ""),
        about=about.get("name", ""),
        uid=about.get("uid", ""),
        type=manifest.get("type") or "Normal",
        reason=manifest.get("reason") or "",
        message=(manifest.get("message") or "").strip(),
        count=series.get("count") or manifest.get("count") or 1,
        first_at=_time(first),
        last_at=_time(last),
        by=_reporter(manifest),
        container=found[1] if (found := _CONTAINER.search(about.get("fieldPath") or "")) else "",
    )


def _time(text: str) -> datetime:
    found = times.parse(text)
    if not _EARLIEST <= found < _LATEST:
        raise ValueError(f"nothing happened at {text}")
    return found


def _reporter(manifest: Mapping[str, Any]) -> str:
    return manifest.get("reportingComponent") or (manifest.get("source") or {}).get("component") or ""
