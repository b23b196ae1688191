"""Writing to the cluster: ``ports.cluster.ClusterWrites`` through the door."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from kubectl_rapt.adapters.cluster import paths
from kubectl_rapt.adapters.cluster.answers import Ask
from kubectl_rapt.adapters.cluster.door import APPLY, Body, Done, Door
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model.kinds import Manifest, Ref, ref_of

MANAGER = "rapt"


class Writes:
    """The cluster behind a door, as ``ClusterWrites``.

    Args:
        door: Where requests go through.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def create(self, manifest: Manifest, *, manager: str = MANAGER) -> Manifest:
        """See the port."""
        ref = ref_of(manifest)
        query = paths.query(fieldManager=manager, fieldValidation="Strict")
        done = Done(lambda: self._as_wanted(ref, manifest), is_asked_first=True)
        return self._send("create", ref, "POST", paths.of(ref.kind, ref.namespace) + query, manifest, done)

    def apply(self, manifest: Manifest, *, manager: str) -> Manifest:
        """See the port."""
        ref = ref_of(manifest)
        query = paths.query(fieldManager=manager, force="true", fieldValidation="Strict")
        path = paths.of(ref.kind, ref.namespace, ref.name) + query
        done = Done(lambda: self._as_wanted(ref, manifest))
        return self._send("patch", ref, "PATCH", path, manifest, done, content_type=APPLY)

    def patch(
        self,
        ref: Ref,
        patch: Mapping[str, Any],
        *,
        subresource: str = "",
        expects: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """See the port."""
        query = paths.query(fieldManager=MANAGER, fieldValidation="Strict")
        path = paths.of(ref.kind, ref.namespace, ref.name, subresource) + query
        body: Body = patch
        content_type = "application/merge-patch+json"
        if expects:
            tests = [{"op": "test", "path": at, "value": value} for at, value in expects.items()]
            body = [*tests, *_operations(patch)]
            content_type = "application/json-patch+json"
        ask = Ask(
            "patch",
            ref.kind,
            ref.namespace,
            ref.name,
            subresource,
            may_change=True,
            is_conditional=bool(expects),
        )
        done = Done(lambda: self._as_wanted(ref, patch))
        answer: Manifest = self._door.json(ask, "PATCH", path, body, content_type=content_type, done=done)
        return answer

    def delete(
        self,
        ref: Ref,
        *,
        uid: str,
        resource_version: str = "",
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        """See the port."""
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {key: value for key, value in preconditions.items() if value},
            "propagationPolicy": propagation,
        }
        done = Done(lambda: self._as_deleted(ref, uid))
        self._send("delete", ref, "DELETE", paths.of(ref.kind, ref.namespace, ref.name), options, done)

    def _as_wanted(self, ref: Ref, wanted: Mapping[str, Any]) -> Manifest | None:
        """The object, if it holds all that was to be written to it: by us, or by somebody who wanted the same."""
        found = self._find(ref)
        is_gone = found is None or "deletionTimestamp" in found["metadata"]
        return None if is_gone or not _holds(found, wanted) else found

    def _as_deleted(self, ref: Ref, uid: str) -> Manifest | None:
        """Something, if the object with that UID is gone or goes."""
        found = self._find(ref)
        if found is None or found["metadata"]["uid"] != uid:
            return {}
        return found if "deletionTimestamp" in found["metadata"] else None

    def _find(self, ref: Ref) -> Manifest | None:
        ask = Ask("get", ref.kind, ref.namespace, ref.name)
        try:
            found: Manifest = self._door.json(ask, "GET", paths.of(ref.kind, ref.namespace, ref.name))
        except NotFound:
            return None
        return found

    def _send(
        self,
        verb: str,
        ref: Ref,
        method: str,
        path: str,
        body: Mapping[str, Any],
        done: Done[Any],
        *,
        content_type: str = "application/json",
    ) -> Manifest:
        ask = Ask(verb, ref.kind, ref.namespace, ref.name, may_change=True)
        answer: Manifest = self._door.json(ask, method, path, body, content_type=content_type, done=done)
        return answer


def _operations(patch: Mapping[str, Any], at: str = "") -> Iterator[dict[str, Any]]:
    """A merge patch as the operations of a JSON patch (RFC 6902)."""
    for key, value in patch.items():
        path = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
        if isinstance(value, Mapping):
            yield from _operations(value, path)
        elif value is None:
            yield {"op": "remove", "path": path}
        elif path in ("/metadata/uid", "/metadata/resourceVersion"):
            yield {"op": "test", "path": path, "value": value}
        else:
            yield {"op": "add", "path": path, "value": value}


_VERSIONS = ("resourceVersion", "generation", "managedFields")


def _holds(found: Any, wanted: Any, *, is_metadata: bool = False) -> bool:
    """Whether an object holds what was written: all of it, and nothing of what was to be taken away.

    The server adds defaults, also to the items of lists, and leaves out what is empty. The version that a write was
    decided on has changed with it.
    """
    if isinstance(wanted, Mapping):
        parts: Any = {} if found is None else found
        return isinstance(parts, Mapping) and all(
            _holds(parts.get(key), value, is_metadata=key == "metadata")
            for key, value in wanted.items()
            if not (is_metadata and key in _VERSIONS)
        )
    if found is None:
        return not wanted
    if isinstance(wanted, list | tuple):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(_holds(one, other) for one, other in zip(found, wanted, strict=True))
        )
    return bool(found == wanted)
