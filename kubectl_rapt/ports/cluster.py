"""What Rapt asks of one Kubernetes API server, as one user."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

from kubectl_rapt.model.kinds import Kind, Manifest, Ref

T_co = TypeVar("T_co", covariant=True)

EVERYWHERE = "*"
"""In the place of a namespace: every namespace of the cluster, also for a command that acts in an environment."""


class Stream(Iterator[T_co], Protocol[T_co]):
    """An iterator that any thread may end, also while another one waits in ``next``."""

    def close(self) -> None:
        """End it: its connection is closed, and a ``next`` that waits raises StopIteration."""
        ...


class Log(Stream[bytes], Protocol):
    """The lines of a container's log."""

    def expect_end(self) -> None:
        """Tell it, from any thread, that the container has ended, so that silence is a fault from now on.

        A connection that is silent for some seconds is opened again where it stopped. Where nothing new comes for a
        minute and the kubelet does not say that this was all, ``next`` raises Unavailable (``log-incomplete``).
        """
        ...


class Page(NamedTuple):
    """A part of a list as the API server prints it: the names of the columns, and a row of cells for each object."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


class Event(NamedTuple):
    """What a watch saw.

    ``added`` and ``changed`` carry the object as it is now, ``deleted`` its last known state.
    ``synced`` (object is ``{}``) comes once, after the objects that existed when the watch began.
    """

    type: Literal["added", "changed", "deleted", "synced"]
    object: Manifest


class ClusterReads(Protocol):
    """Reading from the cluster. Every method raises NotFound, Refused, Unavailable as they occur."""

    def namespace(self) -> str:
        """The namespace to use: the flag's, else the environment's, else the kubeconfig's. No request is made.

        Raises:
            UsageError: ``several-namespaces``: the environment has several, and nobody chose one of them.
        """
        ...

    def context(self) -> "Context":
        """What the user's kubeconfig and flags say: no request is made."""
        ...

    def get(self, ref: Ref) -> Manifest:
        """One object as it is now (never from a cache). Raises NotFound."""
        ...

    def list(self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "") -> Iterator[Manifest]:
        """All objects of a kind, each with apiVersion and kind filled in.

        Args:
            kind: The kind to list.
            namespace: A namespace, or empty for all namespaces (and for cluster-wide kinds); if the command acts in
                an environment, all are those of the environment.
            labels: A label selector.
            fields: A field selector.
        """
        ...

    def table(
        self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "", limit: int = 0
    ) -> Iterator[Page]:
        """The same list as the server prints it (``meta.k8s.io/v1`` Table), without the objects.

        It is one request, and one page after the other is read of its answer.

        Args:
            kind: What is listed.
            namespace: Where; empty for everywhere.
            labels: A label selector.
            fields: A field selector.
            limit: At most so many; 0 for all.
        """
        ...

    def watch(
        self,
        kind: Kind,
        namespace: str,
        *,
        labels: str = "",
        fields: str = "",
        timeout_seconds: float | None = None,
    ) -> Stream[Event]:
        """What exists (``added`` each, then ``synced``), then each change, until closed or timed out.

        Lists first and watches from there; after 410 Gone, a cut or a silent stream it lists again and
        yields only what differs, so that no change is lost and none is told twice.
        """
        ...

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
    ) -> Log:
        """The log of one container, in lines without their line end, exactly once each.

        It begins with the last ``tail`` lines, and with what was said ``since_seconds`` ago; ``timestamps`` are the
        kubelet's, before each line.

        Following waits for the container to start and reconnects where a connection is cut; it ends
        when the container has ended and every line that the kubelet still has was given, or the pod is
        gone; with ``restarts`` it goes on with a container that is started again in place. A container that has not
        started has an empty log. Only a line over 64 MiB comes in parts.

        Raises:
            NotFound: There is no such pod; ``no-log`` where it was deleted before all of its log had arrived.
            Unavailable: ``log-incomplete``: not all of it can be read now. It is raised after the lines that can.
        """
        ...

    def kubelet_summary(self, node: str) -> Manifest:
        """What a node's kubelet says of the use of its pods (``stats/summary``), through the API server.

        Raises:
            Refused: The user may not speak to kubelets (``nodes/proxy``), as is usual.
        """
        ...

    def dry_run(self, manifest: Manifest) -> Manifest:
        """What the server would store if this object were created: defaults and admission applied. Raises Invalid."""
        ...

    def dry_run_apply(self, manifest: Manifest, *, manager: str) -> Manifest:
        """What the server would store if this object were applied by that field manager, taking fields over.

        Nothing is written; the user needs the right to patch the object all the same. Raises Invalid.
        """
        ...

    def may(self, verb: str, kind: Kind, namespace: str, *, name: str = "", subresource: str = "") -> bool:
        """Whether the user may do that (SelfSubjectAccessReview)."""
        ...

    def user(self) -> str:
        """The user's name as the API server knows it (SelfSubjectReview)."""
        ...

    def minor_version(self) -> int:
        """The server's minor version: 35 for v1.35.4."""
        ...

    def serves(self, group: str, plural: str) -> bool:
        """Whether the server has such a resource in the version of its group that it prefers (discovery).

        Raises:
            Unavailable: It is somebody else's API server that is registered here, and it does not answer.
        """
        ...

    def clock(self) -> datetime:
        """The server's time, in whole seconds."""
        ...

    def skew(self) -> timedelta:
        """By how much the server's clock is at least ahead of this machine's, as its answers so far tell.

        Zero where they agree as far as whole seconds tell, and before the first answer. No request is made.
        """
        ...


class ClusterWrites(Protocol):
    """Writing to the cluster: only the door holds one.

    Every method raises Conflict, Refused, Invalid, NotFound or Unavailable; the last one says whether the
    outcome is unknown.
    """

    def create(self, manifest: Manifest, *, manager: str = "rapt") -> Manifest:
        """Create an object as the given field manager. Raises Conflict (``already-exists``): its name is taken."""
        ...

    def apply(self, manifest: Manifest, *, manager: str) -> Manifest:
        """Server-side apply as the given field manager, taking fields over from others."""
        ...

    def patch(
        self,
        ref: Ref,
        patch: Mapping[str, Any],
        *,
        subresource: str = "",
        expects: Mapping[str, Any] | None = None,
    ) -> Manifest:
        """JSON merge patch. ``metadata.uid`` and ``metadata.resourceVersion`` in it are preconditions: Conflict.

        Where ``expects`` maps JSON pointers to values, each must still be there: Conflict otherwise. What the patch
        removes must then be there too, and so must whatever holds what it sets.
        """
        ...

    def delete(
        self,
        ref: Ref,
        *,
        uid: str,
        resource_version: str = "",
        propagation: Literal["Background", "Foreground", "Orphan"] = "Background",
    ) -> None:
        """Delete exactly the object with that UID (and version, if given): Conflict otherwise, NotFound if gone."""
        ...


class Context(NamedTuple):
    """Where the user's kubectl points.

    Args:
        name: The kube context's name; empty inside a pod.
        namespace: The namespace to use where none is given.
        server: The API server's address.
    """

    name: str
    namespace: str
    server: str
