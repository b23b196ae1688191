"""Check a config repository by itself: everything rendered again, the same bytes, valid, nothing beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_rapt.actions import build
from kubectl_rapt.actions.build import Wanted
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import installation, layout
from kubectl_rapt.errors import Problem, RaptError
from kubectl_rapt.guard import sops
from kubectl_rapt.ports.world import World


@dataclass(frozen=True, slots=True)
class Checked:
    """One file that was checked.

    Args:
        path: The file.
        problems: What is wrong with it; empty where nothing is.
        hint: What to do about it.
    """

    path: str
    problems: tuple[Problem, ...] = ()
    hint: str = ""


def check(world: World, found: Repository, environment: str = "") -> Iterator[Checked]:
    """Render every tool of the repository again, one after the other, and hold it against what is there.

    Args:
        world: Where the registries and the renderer are.
        found: The repository.
        environment: One environment's name; empty for all of them.

    Raises:
        NotFound, Invalid: ``rapt.yaml`` itself is missing or wrong, or has no such environment.
    """
    project = found.project()
    if environment:
        project.environment(environment)
    tools = found.tools(environment)
    # Neighbours of one template are rendered together.
    wanted = [Wanted(*place, found.files[layout.definition(*place)]) for place in tools]
    wanted.sort(key=lambda one: (_template(one), one.tool, one.environment))
    for one, built in zip(wanted, build.build_many(world, project, wanted), strict=True):
        path = layout.rendered(one.environment, one.tool)
        definition = layout.definition(one.environment, one.tool)
        if isinstance(built, RaptError):
            yield Checked(definition, built.problems or (Problem("", built.message),), built.hint)
        elif path not in found.files:
            yield Checked(path, (Problem("", "is missing"),), _RENDER)
        elif built.files[path] != found.files[path]:
            yield Checked(path, (Problem("", f"is not what {definition} renders to"),), _RENDER)
        else:
            yield Checked(path)
    for place in set(layout.rendered_tools(found.files, environment)) - set(tools):
        path = layout.rendered(*place)
        if sops.is_encrypted(found.files[path], path):
            continue
        yield Checked(
            path, (Problem("", f"belongs to no tool: there is no {layout.definition(*place)}"),), "remove it"
        )


def _template(one: Wanted) -> str:
    try:
        return installation.read(one.definition, one.tool, "").template
    except RaptError:
        return ""


_RENDER = "render it again: kubectl rapt upgrade TOOL --to LOCKED --overwrite"
