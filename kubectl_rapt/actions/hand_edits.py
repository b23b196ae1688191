"""Hand edits of rendered files: found, and never replaced silently; what merely follows no more is rendered again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kubectl_rapt.actions import build
from kubectl_rapt.actions.build import Wanted
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import layout, project
from kubectl_rapt.config.project import Project
from kubectl_rapt.errors import Problem, RaptError, Refused
from kubectl_rapt.ports.world import World

Place = tuple[str, str]
"""Environment and name of a tool."""

EDITED = "were edited by hand, or were rendered by another version of Rapt"
"""What is the matter with files that are not what they should be: which of the two it was, nobody can tell."""
RENDER_AGAIN = "kubectl rapt render --overwrite"


def check(world: World, before: Project, found: Repository, tools: Iterable[Place]) -> None:
    """Refuse to replace what somebody wrote into a rendered file.

    One that was right when it was last written is no such file: then ``rapt.yaml`` or the tool's file was edited by
    hand since, and it only has to be rendered again.

    Raises:
        Refused: ``hand-edited``, with both ways out.
    """
    refuse(edited(world, before, found, tools))


def edited(world: World, before: Project, found: Repository, tools: Iterable[Place]) -> list[Place]:
    """Those of some tools whose rendered files were edited by hand; see ``check``."""
    held = [
        Wanted(environment, tool, found.files[path])
        for environment, tool in tools
        if (path := layout.definition(environment, tool)) in found.files
        and layout.rendered(environment, tool) in found.files
    ]
    other = [
        (one.environment, one.tool)
        for one, built in zip(held, build.build_many(world, before, held), strict=True)
        # What cannot be rendered any more, because its template is gone, cannot be told from an edit either.
        if not isinstance(built, RaptError) and not _is_in(built, found.files, (one.environment, one.tool))
    ]
    behind = _left_behind(world, found, other)
    return [place for place in other if place not in behind]


def _is_in(built: build.Built, files: Mapping[str, bytes], place: Place) -> bool:
    path = layout.rendered(*place)
    return built.files[path] == files[path]


def refuse(edited: Sequence[Place], what: str = EDITED) -> None:
    """Refuse to replace rendered files, where there are any.

    Args:
        edited: Whose files they are.
        what: What is the matter with them.

    Raises:
        Refused: ``hand-edited``.
    """
    if edited:
        raise refusal(edited, what)


def refusal(edited: Sequence[Place], what: str = EDITED) -> Refused:
    """The refusal of ``refuse``; there must be a file."""
    problems = [
        Problem(layout.rendered(*place), f"is not what {layout.definition(*place)} renders to")
        for place in edited
    ]
    return Refused(
        "hand-edited",
        f"rendered files {what}",
        ("--overwrite", RENDER_AGAIN, "keep the edit by writing it into the file in tools/"),
        problems,
    )


def since(base: Mapping[str, bytes], found: Repository, replaced: Iterable[str]) -> list[Place]:
    """The tools whose rendered files main has otherwise than where a branch left it.

    What the branch replaces besides, hand edits too, was agreed to with it.

    Args:
        base: The files where it left main.
        found: Main.
        replaced: The files that merging it would write.
    """
    places = layout.rendered_tools(replaced)
    paths = {place: layout.rendered(*place) for place in places}
    return [place for place, path in paths.items() if found.files.get(path) != base.get(path)]


def _left_behind(world: World, found: Repository, places: Iterable[Place]) -> set[Place]:
    """Those that were what their tool's file rendered to, in the commit that wrote them."""
    written: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        path = layout.rendered(*place)
        for commit in world.git.log(found.remote, found.head, paths=[path], limit=1):
            written[commit.id].append(place)
    return {place for commit, each in written.items() for place in _rendered_at(world, found, commit, each)}


def _rendered_at(world: World, found: Repository, commit: str, places: list[Place]) -> Iterator[Place]:
    then = {**world.git.files(found.remote, commit, layout.PROJECT)}
    then |= world.git.files(found.remote, commit, "tools")
    wanted = [Wanted(*place, then[path]) for place in places if (path := layout.definition(*place)) in then]
    try:
        as_it_was = project.read(then)
    except RaptError:
        return
    for one, built in zip(wanted, build.build_many(world, as_it_was, wanted), strict=True):
        place = (one.environment, one.tool)
        if not isinstance(built, RaptError) and _is_in(built, found.files, place):
            yield place
