"""The names of what is in the cluster, for who is about to type one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import NAMESPACE, RUN, TOOL, Ref
from kubectl_rapt.ports.world import World

if TYPE_CHECKING:
    from kubectl_rapt.actions.known import Asked, Name

_MOST = 1000
"""Of so many runs: who has more names some."""


def tools(world: World) -> "Iterator[Name]":
    """The tools of the cluster, in the namespace in use."""
    for page in world.cluster.table(TOOL, world.cluster.namespace()):
        for row in page.rows:
            told = dict(zip(page.columns, row, strict=False))
            yield str(told["Name"]), " ".join(str(told.get(one) or "") for one in ("Template", "Version"))


def tool_of(world: World, run: str) -> str:
    """The tool of a run."""
    found = world.cluster.get(Ref(RUN, run, world.cluster.namespace()))
    return str(found.get("spec", {}).get("tool", ""))


def parameters_of_tool(world: World, tool: str) -> "list[Asked]":
    """What a tool of the cluster asks."""
    from kubectl_rapt.actions import answered, known
    from kubectl_rapt.objects import tools as tools_

    found = world.cluster.get(Ref(TOOL, tool, world.cluster.namespace()))
    return known.asked(answered.questions(tools_.from_manifest(found)))


def runs(world: World, *, dead: bool = False) -> "list[Name]":
    """Runs of the namespace in use, newest first; only those that used up their attempts where that is asked."""
    from kubectl_rapt.objects.runs import EXHAUSTED
    from kubectl_rapt.runs import listed

    fields = f"status.state={EXHAUSTED}" if dead else ""
    found = []
    for page in world.cluster.table(RUN, world.cluster.namespace(), fields=fields, limit=_MOST):
        found += [listed.line(one) for one in map(listed.reader(page.columns), page.rows)]
    found.sort(key=lambda one: one.created, reverse=True)
    return [(one.name, f"{one.status}  {one.created}") for one in found]


def namespaces(world: World) -> "Iterator[Name]":
    """The namespaces of the cluster; where the person may not list them the one in use, and the config repository's."""
    try:
        for page in world.cluster.table(NAMESPACE, ""):
            yield from ((str(row[page.columns.index("Name")]), "") for row in page.rows)
    except RaptError:
        from kubectl_rapt.actions import known

        found = known.project(world)
        every = (
            {name for one in found.environments.values() for name in one.all_namespaces} if found else set()
        )
        yield from ((name, "") for name in sorted({*every, world.cluster.namespace()}))
