"""The history of a tool: every commit that changed its file, and the change it belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, installation, layout
from kubectl_rapt.config.changes import Change
from kubectl_rapt.errors import Invalid, NotFound
from kubectl_rapt.ports.git import Commit
from kubectl_rapt.ports.world import World


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit.

    Args:
        commit: The commit.
        change: The change it speaks of; None where somebody committed by hand.
        template: The template and version that the tool had after it; empty where it was removed or broken.
    """

    commit: Commit
    change: Change | None
    template: str


def history(world: World, found: Repository, environment: str, tool: str) -> Iterator[Entry]:
    """The commits of a tool's file on main, newest first, also of one that is no more.

    Raises:
        NotFound: There never was such a tool.
    """
    path = layout.definition(environment, tool)
    known = False
    for commit in world.git.log(found.remote, found.head, paths=[path]):
        known = True
        yield Entry(commit, changes.read(commit.message), _template(world, found, commit, path, tool))
    if not known:
        found.definition(environment, tool)  # says which there are
        raise NotFound(
            "no-tool", f'no commit has tool "{tool}" in environment {environment}', "kubectl rapt list"
        )


def _template(world: World, found: Repository, commit: Commit, path: str, tool: str) -> str:
    text = world.git.files(found.remote, commit.id, path).get(path)
    if text is None:
        return ""
    try:
        wanted = installation.read(text, tool, path)
    except Invalid:
        return ""
    return f"{wanted.template} {wanted.version}"
