"""Which rights a command needs, asked before it begins: all that are missing are named at once."""

from collections.abc import Iterable, Sequence

from kubectl_rapt.errors import Problem, RaptError, Refused
from kubectl_rapt.guard import grants
from kubectl_rapt.model.kinds import CLUSTER_ROLE, ROLE_BINDING, Kind
from kubectl_rapt.ports.world import World

Right = tuple[str, Kind, str]
"""Verb, kind and namespace; no namespace for cluster-wide kinds."""
_ROLES = ("view", "edit", "admin", "cluster-admin")
_SHOWN = 5
"""How many names are shown of those who may."""


def check(world: World, needed: Iterable[tuple[str, Kind, str]]) -> None:
    """Make sure that the user may do some things.

    Args:
        world: Where to ask.
        needed: Verb, kind and namespace each; no namespace for cluster-wide kinds.

    Raises:
        Refused: ``no-right``: what is missing.
    """
    missing = [
        (verb, kind, namespace)
        for verb, kind, namespace in dict.fromkeys(needed)
        if not world.cluster.may(verb, kind, namespace)
    ]
    if missing:
        verb, kind, namespace = missing[0]
        everywhere = " -A" if kind.is_namespaced else ""
        where = f" -n {namespace}" if namespace else everywhere
        raise Refused(
            "no-right",
            f"{world.cluster.user()} may not do what this needs",
            f"kubectl auth can-i {verb} {kind.resource}{where}",
            told(world, missing),
        )


def told(world: World, missing: Sequence[Right]) -> list[Problem]:
    """Each right that is missing, then what would grant those in namespaces, and who has them already.

    Args:
        world: Where to ask.
        missing: Verb, kind and namespace each.
    """
    problems = [
        Problem(f"{verb} {kind.resource}", f"in namespace {namespace}" if namespace else "in the cluster")
        for verb, kind, namespace in missing
    ]
    user = world.cluster.user()
    for place in dict.fromkeys(namespace for _, _, namespace in missing if namespace):
        needed = [(verb, kind.resource) for verb, kind, namespace in missing if namespace == place]
        problems.append(Problem(grants.GRANTED_BY, grants.command(user, needed, place)))
        if names := _who_may(world, place, grants.role(needed)):
            problems.append(Problem("who may", f"{names} in namespace {place}"))
    return problems


def _who_may(world: World, namespace: str, role: str) -> str:
    """Whom bindings of the namespace give a role, or a higher one; empty where that cannot be seen."""
    enough = _ROLES[_ROLES.index(role) :]
    try:
        found = [
            f"{one['kind'].lower()} {one['name']}"
            for binding in world.cluster.list(ROLE_BINDING, namespace)
            if binding["roleRef"]["kind"] == CLUSTER_ROLE.name and binding["roleRef"]["name"] in enough
            for one in binding.get("subjects") or ()
        ]
    except RaptError:
        return ""  # who may not do this usually may not see bindings either
    return ", ".join(list(dict.fromkeys(found))[:_SHOWN])
