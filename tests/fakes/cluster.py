"""A cluster in memory: what the contract suite proves to be like the real one, and nothing else.

Server-side apply, schemas, admission, access rights, garbage collection, controllers and kubelets are never
imitated: asking for them fails. Tests play the controllers themselves, by writing.
"""

import copy
import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NoReturn

from kubectl_rapt.errors import Conflict, NotFound
from kubectl_rapt.model.kinds import JOB, POD, RUN, Kind, Manifest, Ref, ref_of
from kubectl_rapt.ports.cluster import EVERYWHERE, Context, Event, Page

_WITH_STATUS = (JOB, POD, RUN)


@dataclass(frozen=True)
class _Change:
    """One moment of one object: None for not existing."""

    ref: Ref
    before: Manifest | None
    after: Manifest | None


class FakeCluster:
    """Both cluster ports, over the same objects.

    Args:
        now: The time, for ``creationTimestamp``.
        namespace: The namespace of the context.
    """

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime(2026, 1, 1, tzinfo=UTC),
        namespace: str = "default",
    ) -> None:
        self._now = now
        self._namespace = namespace
        self._objects: dict[Ref, dict[str, Any]] = {}
        self._history: list[_Change] = []
        self._versions = itertools.count(1)
        self._changed = threading.Condition(threading.RLock())

    def namespace(self) -> str:
        return self._namespace

    def context(self) -> Context:
        return Context("fake", self._namespace, "https://cluster.invalid")

    def get(self, ref: Ref) -> Manifest:
        with self._changed:
            return copy.deepcopy(self._found(ref))

    def list(self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "") -> Iterator[Manifest]:
        chosen = _Chosen(kind, namespace, labels, fields)
        with self._changed:
            found = [
                copy.deepcopy(item)
                for ref, item in sorted(self._objects.items(), key=_place)
                if chosen(ref, item)
            ]
        return iter(found)

    def table(
        self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "", limit: int = 0
    ) -> Iterator[Page]:
        if not limit:
            _never("what a server prints")
        found = list(itertools.islice(self.list(kind, namespace, labels=labels, fields=fields), limit))
        yield Page(("Name",), [[one["metadata"]["name"]] for one in found])

    def watch(
        self,
        kind: Kind,
        namespace: str,
        *,
        labels: str = "",
        fields: str = "",
        timeout_seconds: float | None = None,
    ) -> "FakeStream":
        chosen = _Chosen(kind, namespace, labels, fields)
        with self._changed:
            existing = list(self.list(kind, namespace, labels=labels, fields=fields))
            return FakeStream(self._changed, self._history, chosen, existing, timeout_seconds)

    def logs(
        self,
        pod: Ref,
        container: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since_seconds: float | None = None,
        timestamps: bool = False,
        restarts: bool = False,
    ) -> NoReturn:
        _never("a kubelet's logs")

    def kubelet_summary(self, node: str) -> NoReturn:
        _never("a kubelet's figures")

    def dry_run(self, manifest: Manifest) -> NoReturn:
        _never("admission")

    def dry_run_apply(self, manifest: Manifest, *, manager: str) -> NoReturn:
        _never("server-side apply")

    def may(
        self, verb: str, kind: Kind, namespace: str, *, name: str = "", subresource: str = ""
    ) -> NoReturn:
        _never("access rights")

    def user(self) -> str:
        return "somebody"

    def minor_version(self) -> int:
        return 35

    def serves(self, group: str, plural: str) -> NoReturn:
        _never("discovery")

    def clock(self) -> NoReturn:
        _never("a server's clock")

    def skew(self) -> timedelta:
        return timedelta(0)

    def create(self, manifest: Manifest, *, manager: str = "rapt") -> Manifest:
        ref = ref_of(manifest)
        with self._changed:
            if ref in self._objects:
                raise Conflict("already-exists", f"{ref} already exists")
            item = copy.deepcopy(dict(manifest))
            if ref.kind in _WITH_STATUS:
                item.pop("status", None)
            item["metadata"] = {
                **item["metadata"],
                "uid": str(uuid.uuid4()),
                "creationTimestamp": self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            return self._put(ref, item)

    def apply(self, manifest: Manifest, *, manager: str) -> NoReturn:
        _never("server-side apply")

    def patch(
        self,
        ref: Ref,
        patch: Mapping[str, Any],
        *,
        subresource: str = "",
        expects: Mapping[str, Any] | None = None,
    ) -> Manifest:
        if subresource and not (subresource == "status" and ref.kind in _WITH_STATUS):
            _never(f"{ref.kind.name}'s {subresource}")
        with self._changed:
            before = self._found(ref)
            metadata = patch.get("metadata", {})
            self._hold(ref, before, metadata.get("uid", ""), metadata.get("resourceVersion", ""))
            if any(_at(before, pointer) != value for pointer, value in (expects or {}).items()):
                raise Conflict(
                    "changed-meanwhile", f"{ref} was changed or replaced by someone else meanwhile"
                )
            after = _merged(copy.deepcopy(before), patch)
            if subresource:
                after = {**copy.deepcopy(before), "status": after.get("status", {})}
            elif ref.kind in _WITH_STATUS:
                after = {key: value for key, value in after.items() if key != "status"}
                after |= {"status": copy.deepcopy(before["status"])} if "status" in before else {}
            return copy.deepcopy(before) if after == before else self._put(ref, after)

    def delete(
        self,
        ref: Ref,
        *,
        uid: str,
        resource_version: str = "",
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        if propagation != "Background":
            _never("garbage collection")
        with self._changed:
            before = self._found(ref)
            self._hold(ref, before, uid, resource_version)
            del self._objects[ref]
            self._note(_Change(ref, before, None))

    def _found(self, ref: Ref) -> dict[str, Any]:
        if ref not in self._objects:
            raise NotFound(
                "not-found",
                f'there is no {ref.kind.name.lower()} "{ref.name}" in namespace "{ref.namespace}"',
            )
        return self._objects[ref]

    def _hold(self, ref: Ref, item: Manifest, uid: str, version: str) -> None:
        metadata = item["metadata"]
        if (uid and uid != metadata["uid"]) or (version and version != metadata["resourceVersion"]):
            raise Conflict("changed-meanwhile", f"{ref} was changed or replaced by someone else meanwhile")

    def _put(self, ref: Ref, item: dict[str, Any]) -> Manifest:
        item["metadata"]["resourceVersion"] = str(next(self._versions))
        before = self._objects.get(ref)
        self._objects[ref] = item
        self._note(_Change(ref, before, item))
        return copy.deepcopy(item)

    def _note(self, change: _Change) -> None:
        self._history.append(change)
        self._changed.notify_all()


class _Chosen:
    """What a list or a watch is about: a kind, a namespace, labels by equality, fields by name."""

    def __init__(self, kind: Kind, namespace: str, labels: str, fields: str) -> None:
        self._kind = kind
        self._namespace = "" if namespace == EVERYWHERE else namespace
        self._labels = [_term(term) for term in labels.split(",") if term]
        self._fields = [_term(term) for term in fields.split(",") if term]
        if any(key not in ("metadata.name", "metadata.namespace") for key, _, _ in self._fields):
            _never(f"the field selector {fields}")

    def __call__(self, ref: Ref, item: Manifest | None) -> bool:
        if item is None or ref.kind != self._kind or (self._namespace and ref.namespace != self._namespace):
            return False
        labels = item["metadata"].get("labels", {})
        fields = {"metadata.name": ref.name, "metadata.namespace": ref.namespace}
        return _fit(self._labels, labels) and _fit(self._fields, fields)


class FakeStream:
    """A watch: what existed, then what happens, until it is closed or its time is over."""

    def __init__(
        self,
        changed: threading.Condition,
        history: list[_Change],
        chosen: _Chosen,
        existing: list[Manifest],
        timeout_seconds: float | None,
    ) -> None:
        self._changed = changed
        self._history = history
        self._next = len(history)
        self._chosen = chosen
        self._waiting = [*(Event("added", item) for item in existing), Event("synced", {})]
        self._ends_at = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        self._is_closed = False

    def __iter__(self) -> "FakeStream":
        return self

    def __next__(self) -> Event:
        with self._changed:
            while not self._is_closed:
                if self._waiting:
                    return self._waiting.pop(0)
                if self._next < len(self._history):
                    self._waiting += self._events(self._history[self._next])
                    self._next += 1
                elif not self._wait():
                    break
        raise StopIteration

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _wait(self) -> bool:
        seconds = None if self._ends_at is None else self._ends_at - time.monotonic()
        return (seconds is None or seconds > 0) and self._changed.wait(seconds)

    def _events(self, change: _Change) -> Iterator[Event]:
        """An object that leaves what the selector chooses is deleted, for this watch."""
        was = self._chosen(change.ref, change.before)
        is_now = self._chosen(change.ref, change.after)
        if is_now:
            yield Event("changed" if was else "added", copy.deepcopy(change.after or {}))
        elif was:
            yield Event("deleted", copy.deepcopy(change.after or change.before or {}))


def _place(entry: tuple[Ref, Manifest]) -> tuple[str, str]:
    return entry[0].namespace, entry[0].name


def _term(term: str) -> tuple[str, str, str]:
    for operator in ("!=", "==", "="):
        key, found, value = term.partition(operator)
        if found:
            return key.strip(), "!=" if operator == "!=" else "=", value.strip()
    if not all(sign.isalnum() or sign in "-_./" for sign in term):
        _never(f"the selector {term}")
    return term, "exists", ""


def _fit(terms: list[tuple[str, str, str]], values: Mapping[str, str]) -> bool:
    return all(
        key in values if operator == "exists" else (values.get(key) == value) == (operator == "=")
        for key, operator, value in terms
    )


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def _at(item: Any, pointer: str) -> Any:
    """What stands at a JSON pointer; None for nothing."""
    for key in pointer.split("/")[1:]:
        item = item.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(item, Mapping) else None
    return item


def _never(what: str) -> NoReturn:
    raise NotImplementedError(f"{what} is not imitated: test it on the real cluster")
