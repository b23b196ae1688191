"""Watching: list, go on from there, list again where the thread was lost, and tell each difference once."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kubectl_rapt.adapters.cluster import answers, elements, http, lists, paths
from kubectl_rapt.adapters.cluster.answers import Ask
from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.streams import Leash, Patience
from kubectl_rapt.errors import Conflict, Unavailable
from kubectl_rapt.model.kinds import Kind, Manifest
from kubectl_rapt.ports.cluster import Event

_LONGEST_SECONDS = 300.0
_FOR_EVER = float("inf")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to watch, and how long silence and trouble are borne."""

    kind: Kind
    namespace: str
    labels: str
    fields: str
    silence_seconds: float
    patience_seconds: float


class _Lost(Exception):
    """The place in the stream of changes is lost: list again."""


def events(door: Door, wanted: Wanted, leash: Leash, timeout_seconds: float | None) -> Iterator[Event]:
    """See ``ClusterReads.watch``.

    A stream that ended is opened again at the last version seen, which loses nothing; one whose version the
    server forgot, or that was silent for too long, begins again with a list. The first list has a request's time,
    however short the watch: without it nothing is known.
    """
    ends_at = _FOR_EVER if timeout_seconds is None else time.monotonic() + timeout_seconds
    patience = Patience(wanted.patience_seconds)
    known = _Known()
    version = ""
    is_synced = False
    while not leash.is_stopped and time.monotonic() < ends_at:
        try:
            if not version:
                objects, version = _list(door, wanted, ends_at if is_synced else _FOR_EVER)
                yield from known.replace(objects)
                patience.renew()
                if not is_synced:
                    is_synced = True
                    yield Event("synced", {})
            for change in _changes(door, wanted, version, leash, patience, ends_at):
                patience.renew()
                version = change["object"]["metadata"]["resourceVersion"]
                yield from known.take(change)
        except _Lost:
            version = ""
        except Conflict as error:
            if error.code != "expired":
                raise
            version = ""
        except (http.Cut, http.TooSlow):
            pass
        except Unavailable as error:
            if leash.is_stopped:
                return
            if not is_synced:
                raise
            if time.monotonic() >= ends_at:
                return
            patience.bear(error)
            leash.wait(min(error.retry_after_seconds or 0.0, ends_at - time.monotonic()))
        leash.wait(min(patience.pause_seconds(), ends_at - time.monotonic()))


def _list(door: Door, wanted: Wanted, ends_at: float) -> tuple[list[dict[str, Any]], str]:
    objects: list[dict[str, Any]] = []
    whole: Mapping[str, Any] = {}
    for about, some in lists.objects(
        door, wanted.kind, wanted.namespace, labels=wanted.labels, fields=wanted.fields, ends_at=ends_at
    ):
        objects += some
        whole = about
    return objects, whole["metadata"]["resourceVersion"]


def _changes(
    door: Door, wanted: Wanted, version: str, leash: Leash, patience: Patience, ends_at: float
) -> Iterator[dict[str, Any]]:
    """The server's events from a version on, bookmarks included."""
    lasts_seconds = max(1.0, min(_LONGEST_SECONDS, ends_at - time.monotonic() + 1))
    query = paths.query(
        watch="true",
        allowWatchBookmarks="true",
        resourceVersion=version,
        labelSelector=wanted.labels,
        fieldSelector=wanted.fields,
        timeoutSeconds=f"{lasts_seconds:.0f}",
    )
    ask = Ask("watch", wanted.kind, wanted.namespace)
    begins_by = min(ends_at, time.monotonic() + door.timeout_seconds)
    path = paths.of(wanted.kind, wanted.namespace) + query
    with door.stream(ask, path, leash, lambda _: begins_by) as answer:
        patience.reached()
        pieces = answer.pieces(lambda since: min(ends_at, since + wanted.silence_seconds))
        try:
            for line in _lines(pieces):
                change = elements.loads(line)
                if change["type"] == "ERROR":
                    if answers.expiry(change):
                        raise _Lost
                    raise _failed(change, ask)
                yield _checked(change, wanted.kind)
        except http.TooSlow as error:
            raise _Lost from error
        except (ValueError, KeyError, TypeError) as error:
            raise http.Cut("the answer is not an event") from error


def _checked(change: dict[str, Any], kind: Kind) -> dict[str, Any]:
    metadata = change["object"]["metadata"]
    if not isinstance(metadata["resourceVersion"], str) or (
        change["type"] != "BOOKMARK" and not metadata["uid"]
    ):
        raise ValueError
    (change["object"],) = elements.as_read(kind, [change["object"]])
    return change


def _failed(change: dict[str, Any], ask: Ask) -> Exception:
    status = change.get("object")
    code = status.get("code") if isinstance(status, dict) else None
    return answers.classify(code if isinstance(code, int) else 500, {}, json.dumps(status).encode(), ask)


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    for piece in pieces:
        first, *others = piece.split(b"\n")
        begun.append(first)
        for line in others:
            yield b"".join(begun)
            begun = [line]


class _Known:
    """The objects as they were last told, by uid: a new object of an old name is another one."""

    def __init__(self) -> None:
        self._objects: dict[str, Manifest] = {}

    def replace(self, objects: list[dict[str, Any]]) -> Iterator[Event]:
        """What a new list differs in from what was told, disappearances first."""
        now = {item["metadata"]["uid"] for item in objects}
        for uid in [uid for uid in self._objects if uid not in now]:
            yield Event("deleted", self._objects.pop(uid))
        for item in objects:
            yield from self._put(item)

    def take(self, change: dict[str, Any]) -> Iterator[Event]:
        """What one event of the server adds to what was told."""
        if change["type"] == "DELETED":
            if self._objects.pop(change["object"]["metadata"]["uid"], None):
                yield Event("deleted", change["object"])
        elif change["type"] in ("ADDED", "MODIFIED"):
            yield from self._put(change["object"])

    def _put(self, item: dict[str, Any]) -> Iterator[Event]:
        metadata = item["metadata"]
        before = self._objects.get(metadata["uid"])
        if before and before["metadata"]["resourceVersion"] == metadata["resourceVersion"]:
            return
        self._objects[metadata["uid"]] = item
        how: Literal["added", "changed"] = "changed" if before else "added"
        yield Event(how, item)
