"""What a person may do in a namespace: everything that they may want is asked of the API server, all at once."""

from typing import NamedTuple

from kubectl_rapt.actions import threads
from kubectl_rapt.config import rendered
from kubectl_rapt.model.kinds import (
    CONFIG_MAP,
    CUSTOM_RESOURCE_DEFINITION,
    EVENT,
    EXTERNAL_SECRET,
    JOB,
    POD,
    ROLE,
    ROLE_BINDING,
    RUN,
    SECRET,
    TOOL,
    Kind,
)
from kubectl_rapt.ports.world import World

_AT_ONCE = 16


class Right(NamedTuple):
    """One thing that the API server may be asked about.

    Args:
        purpose: What it is wanted for.
        verb: Of the request.
        kind: Of the object.
        subresource: Of the object.
    """

    purpose: str
    verb: str
    kind: Kind
    subresource: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.kind.resource}" + (f"/{self.subresource}" if self.subresource else "")


RIGHTS = (
    *(Right("see", verb, kind) for kind in (TOOL, RUN, JOB, POD) for verb in ("list", "get", "watch")),
    Right("see", "get", POD, "log"),
    Right("see", "list", EVENT),
    *(Right("run", verb, kind) for kind in (RUN, JOB) for verb in ("create", "patch")),
    Right("run", "patch", RUN, "status"),
    *(Right("run", "create", kind) for kind in (CONFIG_MAP, SECRET)),
    *(Right("clean", "delete", kind) for kind in (JOB, RUN)),
    *(
        Right("sync", verb, kind)
        for kind in (*rendered.KINDS, CONFIG_MAP)
        for verb in ("create", "patch", "delete")
        if kind not in (EXTERNAL_SECRET, ROLE, ROLE_BINDING)
    ),
    *(Right("grant", verb, kind) for kind in (ROLE, ROLE_BINDING) for verb in ("create", "patch", "delete")),
    *(Right("install", verb, CUSTOM_RESOURCE_DEFINITION) for verb in ("create", "patch")),
)
"""Everything that a person may want to do in a namespace; see ``checkup.FOR_FEW`` for the last two."""


def lacking(world: World, namespace: str) -> dict[str, list[str]]:
    """For each purpose, the rights that the person has not: none where they may do all of it.

    Raises:
        Unavailable, Refused: The API server does not say.
    """

    def may(right: Right) -> bool:
        where = namespace if right.kind.is_namespaced else ""
        return world.cluster.may(right.verb, right.kind, where, subresource=right.subresource)

    found: dict[str, list[str]] = {right.purpose: [] for right in RIGHTS}
    for right, is_given in zip(RIGHTS, threads.each(may, RIGHTS, _AT_ONCE), strict=True):
        if not is_given:
            found[right.purpose].append(str(right))
    return found
