"""Reading from the cluster: ``ports.cluster.ClusterReads`` through the door."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_rapt.adapters.cluster import elements, lists, paths
from kubectl_rapt.adapters.cluster.answers import Ask
from kubectl_rapt.adapters.cluster.door import APPLY, Door
from kubectl_rapt.adapters.cluster.streams import Stream
from kubectl_rapt.errors import NotFound, Unavailable, UsageError
from kubectl_rapt.model.kinds import NODE, Kind, Manifest, Ref, ref_of
from kubectl_rapt.ports.cluster import EVERYWHERE, Context, Event, Page

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from kubectl_rapt.config.location import Location

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class Reads:
    """The cluster behind a door, as ``ClusterReads``.

    Args:
        door: Where requests go through.
        silence_seconds: How long a stream may say nothing before it is doubted: a watch then lists again, a log is
            opened again where it stopped. The server's bookmarks come every minute.
        patience_seconds: How long a stream bears a cluster that cannot be reached.
        location: Where the environment is that must not be left; None for wherever kubectl points.
        choose: Chooses one of its namespaces for a command that acts in one.
    """

    def __init__(
        self,
        door: Door,
        *,
        silence_seconds: float = 90.0,
        patience_seconds: float = 60.0,
        location: "Location | None" = None,
        choose: "Callable[[Location], str] | None" = None,
    ) -> None:
        self._door = door
        self._location, self._choose = location, choose
        self._chosen = ""
        self._silence_seconds = silence_seconds
        self._patience_seconds = patience_seconds

    def namespace(self) -> str:
        """See the port."""
        if self._location:
            from kubectl_rapt.config import location

            self._chosen = self._chosen or (self._choose or location.one_namespace)(self._location)
            return self._chosen
        found = self._door.namespace
        return self.context().namespace if found is None else found

    def _namespaces(self, kind: Kind, namespace: str) -> tuple[str, ...]:
        """Where to look. In an environment, all namespaces are those of the environment."""
        if namespace == EVERYWHERE:
            return ("",)
        is_all = not namespace and kind.is_namespaced
        return self._location.all_namespaces if is_all and self._location else (namespace,)

    def context(self) -> Context:
        """See the port."""
        view = self._door.config()
        context = _named(view, "contexts", view.get("current-context")).get("context") or {}
        cluster = _named(view, "clusters", context.get("cluster")).get("cluster") or {}
        namespace = (
            self._door.target.namespace or context.get("namespace") or _pod_namespace(view) or "default"
        )
        return Context(view.get("current-context") or "", namespace, cluster.get("server") or "")

    def get(self, ref: Ref) -> Manifest:
        """See the port."""
        ask = Ask("get", ref.kind, ref.namespace, ref.name)
        found = _object(self._door.json(ask, "GET", paths.of(ref.kind, ref.namespace, ref.name)))
        return elements.as_read(ref.kind, [found])[0]

    def list(self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "") -> Iterator[Manifest]:
        """See the port."""
        for one in self._namespaces(kind, namespace):
            for _, items in lists.objects(self._door, kind, one, labels=labels, fields=fields):
                items.reverse()
                while items:
                    yield items.pop()

    def table(
        self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "", limit: int = 0
    ) -> Iterator[Page]:
        """See the port."""
        for one in self._namespaces(kind, namespace):
            yield from lists.rows(self._door, kind, one, labels=labels, fields=fields, limit=limit)

    def watch(
        self,
        kind: Kind,
        namespace: str,
        *,
        labels: str = "",
        fields: str = "",
        timeout_seconds: float | None = None,
    ) -> Stream[Event]:
        """See the port."""
        from kubectl_rapt.adapters.cluster import watch

        if len(everywhere := self._namespaces(kind, namespace)) > 1:
            raise _one_at_a_time(everywhere)
        namespace = everywhere[0]
        wanted = watch.Wanted(kind, namespace, labels, fields, self._silence_seconds, self._patience_seconds)
        return Stream(
            self._door.leash(), lambda leash: watch.events(self._door, wanted, leash, timeout_seconds)
        )

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
    ) -> Stream[bytes]:
        """See the port."""
        from kubectl_rapt.adapters.cluster import logs

        wanted = logs.Wanted(
            pod,
            container,
            follow,
            tail,
            since_seconds,
            timestamps,
            restarts,
            self._silence_seconds,
            self._patience_seconds,
        )
        return Stream(self._door.leash(), lambda leash: logs.lines(self._door, wanted, leash))

    def kubelet_summary(self, node: str) -> Manifest:
        """See the port."""
        path = paths.of(NODE, "", node, "proxy/stats/summary")
        return _object(self._door.json(Ask("get", NODE, "", node, "proxy"), "GET", path))

    def dry_run(self, manifest: Manifest) -> Manifest:
        """See the port."""
        ref = ref_of(manifest)
        query = paths.query(dryRun="All", fieldManager="rapt", fieldValidation="Strict")
        ask = Ask("create", ref.kind, ref.namespace, ref.name)
        return _object(self._door.json(ask, "POST", paths.of(ref.kind, ref.namespace) + query, manifest))

    def dry_run_apply(self, manifest: Manifest, *, manager: str) -> Manifest:
        """See the port."""
        ref = ref_of(manifest)
        query = paths.query(dryRun="All", fieldManager=manager, force="true", fieldValidation="Strict")
        path = paths.of(ref.kind, ref.namespace, ref.name) + query
        ask = Ask("patch", ref.kind, ref.namespace, ref.name)
        return _object(self._door.json(ask, "PATCH", path, manifest, content_type=APPLY))

    def may(self, verb: str, kind: Kind, namespace: str, *, name: str = "", subresource: str = "") -> bool:
        """See the port."""
        attributes = {
            "verb": verb,
            "group": kind.group,
            "resource": kind.plural,
            "namespace": namespace,
            "name": name,
            "subresource": subresource,
        }
        review = self._review(
            "authorization.k8s.io/v1", "SelfSubjectAccessReview", {"resourceAttributes": attributes}
        )
        return bool(review.get("status", {}).get("allowed"))

    def user(self) -> str:
        """See the port."""
        review = self._review("authentication.k8s.io/v1", "SelfSubjectReview", None)
        return str(review.get("status", {}).get("userInfo", {}).get("username", ""))

    def minor_version(self) -> int:
        """See the port."""
        version = self._door.json(Ask("get"), "GET", "/version")
        digits = re.match(r"\d+", str(version.get("minor", "")))  # some hosts say "27+"
        if not digits:
            raise Unavailable("server-error", "the API server does not tell its version", "kubectl version")
        return int(digits[0])

    def serves(self, group: str, plural: str) -> bool:
        """See the port."""
        try:
            about = _object(self._door.json(Ask("get"), "GET", f"/apis/{group}"))
            version = (about.get("preferredVersion") or {}).get("groupVersion")
            listed = _object(self._door.json(Ask("get"), "GET", f"/apis/{version}"))
        except NotFound:
            return False
        return any(one.get("name") == plural for one in listed.get("resources") or ())

    def clock(self) -> "datetime":
        """See the port."""
        from datetime import UTC, datetime

        said = self._door.headers(Ask("get"), "/version").get("date", "")
        try:
            return datetime.strptime(said, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        except ValueError as error:
            raise Unavailable(
                "server-error", "the API server does not tell the time", "kubectl version"
            ) from error

    def skew(self) -> "timedelta":
        """See the port."""
        from datetime import timedelta

        return timedelta(seconds=self._door.clock.ahead_seconds())

    def _review(self, api_version: str, kind: str, spec: Mapping[str, Any] | None) -> Mapping[str, Any]:
        reviews = Kind(api_version, kind, f"{kind.lower()}s", is_namespaced=False)
        body: dict[str, Any] = {"apiVersion": api_version, "kind": kind}
        if spec is not None:
            body["spec"] = spec
        return _object(self._door.json(Ask("create", reviews), "POST", paths.of(reviews, ""), body))


def _one_at_a_time(namespaces: tuple[str, ...]) -> UsageError:
    what = f"one namespace can be watched at a time, and there are several: {', '.join(namespaces)}"
    return UsageError("several-namespaces", what, f"-n {namespaces[0]}")


def _object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise Unavailable("server-error", "the API server's answer is not an object", "kubectl cluster-info")
    return answer


def _named(view: Mapping[str, Any], section: str, name: object) -> Mapping[str, Any]:
    return next((entry for entry in view.get(section) or () if entry.get("name") == name), {})


def _pod_namespace(view: Mapping[str, Any]) -> str:
    if view:
        return ""
    try:
        return _POD_NAMESPACE.read_text().strip()
    except OSError:
        return ""
