"""Whether two environments are one place: the tools that both have would be the same objects of one cluster."""

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from kubectl_rapt.config import installation, layout
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import Invalid, Problem, Refused


class Twin(NamedTuple):
    """A tool that two environments have in one place."""

    tool: str
    one: str
    other: str
    namespaces: tuple[str, ...]

    @property
    def what(self) -> str:
        """What is wrong with it, after its name."""
        where = f"namespace {', '.join(self.namespaces)} of the same cluster"
        return f"is in {self.one} and {self.other}, which are one place: {where}"


HINT = f"take another name for it, or give each environment its own namespaces in {layout.PROJECT}"


def twins(
    project: Project, files: Mapping[str, bytes], tools: Collection[str] | None = None
) -> Iterator[Twin]:
    """The tools that two environments would write over each other.

    Args:
        project: What ``rapt.yaml`` says. Environments whose cluster nobody knows yet are no place.
        files: Path to content of the repository.
        tools: Only of these names; None for all.
    """
    for one, other in combinations(project.environments.values(), 2):
        shared = set(one.all_namespaces) & set(other.all_namespaces)
        if not one.cluster or one.cluster != other.cluster or not shared:
            continue
        mine, theirs = ({tool for _, tool in layout.tools(files, at.name)} for at in (one, other))
        for tool in sorted(mine & theirs if tools is None else mine & theirs & set(tools)):
            held = set(_namespaces(files, other, tool))
            both = tuple(namespace for namespace in _namespaces(files, one, tool) if namespace in held)
            if both:
                yield Twin(tool, one.name, other.name, both)


def check(project: Project, files: Mapping[str, bytes], tools: Collection[str] | None = None) -> None:
    """Raises Refused, ``same-place``, where there are such tools; see ``twins``."""
    found = list(twins(project, files, tools))
    if found:
        problems = [Problem(layout.definition(one.other, one.tool), one.what) for one in found]
        raise Refused("same-place", f'tool "{found[0].tool}" {found[0].what}', HINT, problems)


def _namespaces(files: Mapping[str, bytes], environment: Environment, tool: str) -> tuple[str, ...]:
    """Where a tool lives; nowhere where its file cannot be read, which is told elsewhere."""
    path = layout.definition(environment.name, tool)
    try:
        return installation.read(files[path], tool, path).namespaces or environment.namespaces[:1]
    except Invalid:
        return ()
