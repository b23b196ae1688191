"""Writing to the cluster: ``ports.cluster.ClusterWrites`` through the door."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from kubectl_rapt.adapters.cluster import paths
from kubectl_rapt.adapters.cluster.answers import Ask
from kubectl_rapt.adapters.cluster.door import APPLY, Body, Door
from kubectl_rapt.model.kinds import Manifest, Ref, ref_of

MANAGER = "rapt"


class Writes:
    """The cluster behind a door, as ``ClusterWrites``.

    Args:
        door: Where requests go through.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    def create(self, manifest: Manifest) -> Manifest:
        """See the port."""
        ref = ref_of(manifest)
        query = paths.query(fieldManager=MANAGER, fieldValidation="Strict")
        return self._send("create", ref, "POST", paths.of(ref.kind, ref.namespace) + query, manifest)

    def apply(self, manifest: Manifest, *, manager: str) -> Manifest:
        """See the port."""
        ref = ref_of(manifest)
        query = paths.query(fieldManager=manager, force="true", fieldValidation="Strict")
        path = paths.of(ref.kind, ref.namespace, ref.name) + query
        return self._send("patch", ref, "PATCH", path, manifest, content_type=APPLY)

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
        answer: Manifest = self._door.json(ask, "PATCH", path, body, content_type=content_type)
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
        self._send("delete", ref, "DELETE", paths.of(ref.kind, ref.namespace, ref.name), options)

    def _send(
        self,
        verb: str,
        ref: Ref,
        method: str,
        path: str,
        body: Mapping[str, Any],
        *,
        content_type: str = "application/json",
    ) -> Manifest:
        ask = Ask(verb, ref.kind, ref.namespace, ref.name, may_change=True)
        answer: Manifest = self._door.json(ask, method, path, body, content_type=content_type)
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
