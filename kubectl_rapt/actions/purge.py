"""Purge: everything of Rapt's in a cluster, in an order in which nothing comes back and nothing is left behind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubectl_rapt import writes
from kubectl_rapt.actions import rights, threads
from kubectl_rapt.errors import Conflict, NotFound, Problem, RaptError
from kubectl_rapt.model.kinds import (
    CLEANUP_POLICY,
    CONFIG_MAP,
    CRON_JOB,
    CUSTOM_RESOURCE_DEFINITION,
    EXTERNAL_SECRET,
    JOB,
    LEASE,
    NETWORK_POLICY,
    RETRY_POLICY,
    ROLE,
    ROLE_BINDING,
    RUN,
    SERVICE_ACCOUNT,
    TOOL,
    Kind,
    Manifest,
    ref_of,
)
from kubectl_rapt.model.plan import Delete
from kubectl_rapt.objects import admission, crds, labels
from kubectl_rapt.objects.owners import Owner, owners
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

AT_ONCE = 8
_GONE_SECONDS = 30.0
_ORDER: tuple[tuple[Kind, str], ...] = (
    # Whatever begins something goes before what it began.
    (CRON_JOB, labels.TOOL),
    (RUN, ""),
    (JOB, labels.TOOL),
    (JOB, labels.DEBUG),
    (TOOL, ""),
    (EXTERNAL_SECRET, labels.TOOL),
    (NETWORK_POLICY, labels.TOOL),
    (ROLE_BINDING, labels.TOOL),
    (ROLE, labels.TOOL),
    (SERVICE_ACCOUNT, labels.TOOL),
    (LEASE, labels.TOOL),
    (CONFIG_MAP, labels.REPOSITORY),
    (RETRY_POLICY, ""),
    (CLEANUP_POLICY, ""),
)


@dataclass(frozen=True, slots=True)
class Group:
    """The objects of one kind."""

    kind: Kind
    objects: tuple[Manifest, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes, in order.

    Args:
        groups: What there is of each kind; the definitions of Rapt's own kinds come last.
        owners: Flux's and Argo CD's objects that would bring some of it back.
    """

    groups: tuple[Group, ...]
    owners: tuple[Owner, ...] = ()


def plan(world: World) -> Plan:
    """List everything.

    Raises:
        Refused, Unavailable: The cluster cannot be read.
    """
    groups = [Group(kind, tuple(_listed(world, kind, selector))) for kind, selector in _ORDER]
    groups += _installed(world)
    found = tuple(group for group in groups if group.objects)
    return Plan(found, owners(one for group in found for one in group.objects))


def _listed(world: World, kind: Kind, selector: str) -> Iterator[Manifest]:
    try:
        yield from world.cluster.list(kind, "", labels=selector)
    except NotFound:
        return  # the cluster has no such kind


def _installed(world: World) -> Iterator[Group]:
    """What ``install`` brought: the policies and roles, then the kinds."""
    manifests = [*crds.manifests(), *admission.manifests(crds.FORMAT)]
    roles = [one for one in reversed(manifests) if one["kind"] != CUSTOM_RESOURCE_DEFINITION.name]
    kinds = [one for one in reversed(manifests) if one["kind"] == CUSTOM_RESOURCE_DEFINITION.name]
    for manifest in (*roles, *kinds):
        try:
            live = world.cluster.get(ref_of(manifest))
        except NotFound:
            continue
        yield Group(ref_of(manifest).kind, (live,))


def check(world: World, plan: Plan) -> None:
    """Make sure that all of it may be deleted.

    Raises:
        Refused: ``no-right``: what may not.
    """
    rights.check(world, (("delete", group.kind, "") for group in plan.groups))


def carry_out(writers: Writers, group: Group) -> list[Problem]:
    """Delete the objects of one kind, several at once; what could not be deleted, and why."""
    return [
        found for found in threads.each(lambda one: _delete(writers, one), group.objects, AT_ONCE) if found
    ]


def _delete(writers: Writers, manifest: Manifest) -> Problem | None:
    ref = ref_of(manifest)
    step = Delete(ref, manifest["metadata"]["uid"], propagation="Background")
    try:
        writes.apply(writers, step)
    except NotFound:
        return None
    except RaptError as error:
        return Problem(f"{ref} in {ref.namespace}" if ref.namespace else str(ref), error.message)
    return None


def wait(world: World, plan: Plan) -> None:
    """Wait until the API server has forgotten Rapt's kinds: it deletes what is left of their objects first.

    Raises:
        Conflict: ``being-deleted``: one is still there after half a minute.
    """
    kind = CUSTOM_RESOURCE_DEFINITION
    going = {one["metadata"]["name"] for group in plan.groups if group.kind == kind for one in group.objects}
    if not going:
        return
    there: set[str] = set()
    is_listed = False
    for event in world.cluster.watch(kind, "", timeout_seconds=_GONE_SECONDS):
        if event.type == "synced":
            is_listed = True
        elif (name := event.object["metadata"]["name"]) in going:
            there = there - {name} if event.type == "deleted" else there | {name}
        if is_listed and not there:
            return
    raise Conflict(
        "being-deleted", f"{min(there, default='a kind')} is still being deleted", "kubectl get crd"
    )


def count(groups: Sequence[Group]) -> dict[str, int]:
    """How many objects there are of each kind, in order."""
    found: dict[str, int] = {}
    for group in groups:
        found[group.kind.resource] = found.get(group.kind.resource, 0) + len(group.objects)
    return found
