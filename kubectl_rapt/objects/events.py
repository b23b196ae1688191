"""The Event: what a component of Kubernetes says about an object; it is kept for an hour."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import EVENT, Manifest
from kubectl_rapt.objects import reading

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""What no component has seen happen is not between these; nearer to the ends of the calendar sums overflow."""
_NANOSECONDS = re.compile(r"1[0-9a-f]{15}")
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
    def order(self) -> tuple[datetime, int, str]:
        """What events are sorted by, so that a cause stands before its effect.

        Most times are in whole seconds, but clients of Kubernetes name an event by the nanosecond of its first time.
        Where neither tells the fraction, it is told after the others of its second: it is about what happened before.
        """
        second = self.last_at.replace(microsecond=0)
        moment = self.last_at if self.last_at != second else self._named_moment(second)
        return moment or second.replace(microsecond=999_999), self.count, self.name

    def spell_age(self, now: datetime) -> str:
        """How long ago it happened last, from whole seconds as all events have them."""
        return times.spell_seconds((now - self.last_at.replace(microsecond=0)).total_seconds())

    def _named_moment(self, second: datetime) -> datetime | None:
        """The moment that the name tells, if it is of that second."""
        suffix = self.name.rpartition(".")[2]
        if not _NANOSECONDS.fullmatch(suffix):
            return None
        moment = _EARLIEST + timedelta(microseconds=int(suffix, 16) // 1000)
        return moment if moment.replace(microsecond=0) == second else None

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
