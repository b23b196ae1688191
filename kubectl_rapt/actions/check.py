"""Check a config repository by itself: everything rendered again, the same bytes, valid, nothing beside it."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kubectl_rapt.actions import build, hand_edits
from kubectl_rapt.actions.build import Built, Wanted
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import layout, places, reviewed_runs
from kubectl_rapt.config.project import Project
from kubectl_rapt.errors import Problem, RaptError
from kubectl_rapt.guard import secrets, sops
from kubectl_rapt.model import shell
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
    tools = found.tools(environment)
    project = found.project()
    try:
        secrets.check(secrets.in_file(found.files[layout.PROJECT], layout.PROJECT), project.allowed_literals)
    except RaptError as error:
        yield Checked(layout.PROJECT, error.problems, error.hint)
    for twin in places.twins(project, found.files):
        for name in (twin.one, twin.other):
            if environment in ("", name):
                yield Checked(layout.definition(name, twin.tool), (Problem("", twin.what),), places.HINT)
    for one, built in rendered(world, found, tools, environment):
        path = layout.rendered(one.environment, one.tool)
        definition = layout.definition(one.environment, one.tool)
        if isinstance(built, RaptError):
            yield Checked(definition, built.problems or (Problem("", built.message),), built.hint)
            continue
        # Two changes that do not know of each other may both be merged.
        for clash in places.clashes(project, found.files, [(one.environment, one.tool, built.objects)]):
            yield Checked(definition, (Problem("", clash.what),), places.way_out(found.files, clash))
        if path not in found.files:
            yield Checked(path, (Problem("", "is missing"),), _hint(one))
        elif built.files[path] != found.files[path]:
            yield _differs(world, found, project, one)
        else:
            yield Checked(path)
    for place in set(layout.rendered_tools(found.files, environment)) - set(tools):
        path = layout.rendered(*place)
        if sops.is_encrypted(found.files[path], path):
            continue
        yield Checked(
            path, (Problem("", f"belongs to no tool: there is no {layout.definition(*place)}"),), "remove it"
        )
    for place in layout.reviewed_runs(found.files, environment):
        yield _of_run(world, found, project, *place)


def _differs(world: World, found: Repository, project: Project, one: Wanted) -> Checked:
    """A rendered file with other content: ``render`` replaces one that is only old, but not what somebody wrote."""
    path = layout.rendered(one.environment, one.tool)
    what = f"is not what {layout.definition(one.environment, one.tool)} renders to"
    place = (one.environment, one.tool)
    if found.root:
        is_edited = path in found.uncommitted or not found.head
    else:
        is_edited = bool(hand_edits.edited(world, project, found, [place]))
    if is_edited:
        return Checked(path, (Problem("", f"{what}: it was edited by hand"),), f"{_hint(one)} --overwrite")
    return Checked(path, (Problem("", what),), _hint(one))


def _of_run(world: World, found: Repository, project: Project, environment: str, name: str) -> Checked:
    """Whether the file of a reviewed run is one that will be started after its merge."""
    path = layout.run(environment, name)
    try:
        place = project.environment(environment)
        reviewed_runs.read(found.files[path], path, name, place, project, world.now())
    except RaptError as error:
        return Checked(path, error.problems or (Problem("", error.message),), error.hint)
    return Checked(path)


def rendered(
    world: World, found: Repository, tools: Iterable[tuple[str, str]], environment: str = ""
) -> Iterator[tuple[Wanted, Built | RaptError]]:
    """Render tools one after the other, and keep none of them: what each comes to, or why it cannot be rendered.

    Args:
        world: Where the registries and the renderer are.
        found: The repository.
        tools: Environment and name of each.
        environment: An environment that must be there, whether it has tools or not; empty for none.

    Raises:
        NotFound, Invalid: ``rapt.yaml`` itself is missing or wrong, or has no such environment.
    """
    project = found.project()
    if environment:
        project.environment(environment)
    asked: deque[Wanted] = deque()

    def wanted() -> Iterator[Wanted]:
        # Neighbours of one template are rendered together.
        for place in sorted(
            tools, key=lambda one: (_template(found.files[layout.definition(*one)]), one[1], one[0])
        ):
            asked.append(Wanted(*place, found.files[layout.definition(*place)]))
            yield asked[-1]

    for built in build.build_many(world, project, wanted()):
        yield asked.popleft(), built


def _template(definition: bytes) -> bytes:
    """The name of a tool's template, as far as its order is concerned: a wrong one costs time only."""
    found = _TEMPLATE.search(definition)
    return found[1] if found else b""


def _hint(one: Wanted) -> str:
    return f"kubectl rapt render {shell.word(one.tool)} --in {shell.word(one.environment)}"


_TEMPLATE = re.compile(rb"""^\s*["']?template["']?\s*:\s*["']?([a-z0-9-]+)""", re.MULTILINE)
