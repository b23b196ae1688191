"""Changes that wait for their review: which there are, what one does, and merging it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kubectl_rapt.actions import add, repository
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, layout
from kubectl_rapt.config.changes import Change
from kubectl_rapt.errors import Conflict, NotFound
from kubectl_rapt.model import names
from kubectl_rapt.model.plan import Plan
from kubectl_rapt.ports.git import Commit
from kubectl_rapt.ports.world import World

_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Open:
    """A change on its branch.

    Args:
        change: The change.
        commit: The commit at the tip of its branch.
        branch: The branch.
    """

    change: Change
    commit: Commit
    branch: str


def waiting(world: World, found: Repository) -> Iterator[Open]:
    """The changes that wait, by branch; a branch whose change is on main already (squashed) does not wait."""
    branches = {
        ref.removeprefix(_HEADS): tip for ref, tip in found.refs.items() if ref.startswith(changes.BRANCHES)
    }
    if not branches:
        return
    done = merged(world, found)
    for branch, tip in sorted(branches.items()):
        commit = next(iter(world.git.log(found.remote, tip, limit=1)))
        change = changes.read(commit.message)
        if change and change.branch == branch and change.id not in done:
            yield Open(change, commit, branch)


def merged(world: World, found: Repository) -> dict[str, Change]:
    """The changes that are on main, by id: their commits say so, whoever merged and however."""
    commits = world.git.log(found.remote, found.head) if found.head else ()
    return {change.id: change for commit in commits if (change := changes.read(commit.message))}


def find(world: World, found: Repository, identifier: str) -> Open:
    """One change by its id. Raises NotFound."""
    known = {one.change.id: one for one in waiting(world, found)}
    if identifier not in known:
        nearest = names.nearest(identifier, list(known))
        hint = f"kubectl rapt changes show {nearest}" if nearest else "kubectl rapt changes"
        raise NotFound("no-change", f'no open change "{identifier}"', hint)
    return known[identifier]


def contents(
    world: World, found: Repository, one: Open
) -> tuple[Mapping[str, bytes], Mapping[str, bytes | None]]:
    """The files of a change as they were where its branch began, and as they are on it."""
    base = world.git.files(found.remote, one.commit.parents[0]) if one.commit.parents else {}
    tip = world.git.files(found.remote, one.commit.id)
    paths = sorted(path for path in {*base, *tip} if base.get(path) != tip.get(path))
    return {path: base[path] for path in paths if path in base}, {path: tip.get(path) for path in paths}


@dataclass(frozen=True, slots=True)
class Merge:
    """What merging a change comes to.

    Args:
        change: The change.
        plan: What is to be written; no steps where it is on main already.
    """

    change: Change
    plan: Plan


def plan_merge(world: World, identifier: str) -> Merge:
    """What merging a change would do: its tool's file, rendered anew on today's main.

    Raises:
        NotFound: No such change.
        Conflict: The tool's file has changed on main since.
    """
    found = repository.read(world)
    if done := merged(world, found).get(identifier):
        return Merge(done, Plan())
    one = find(world, found, identifier)
    before, after = contents(world, found, one)
    path = layout.definition(one.change.environment, one.change.tool)
    definition = after.get(path)
    if definition is None:
        raise NotFound("no-definition", f"change {identifier} does not touch {path}", "kubectl rapt changes")
    if found.files.get(path) not in (before.get(path), definition):
        raise Conflict(
            "changed-since",
            f"{path} was changed on main since change {identifier} was made",
            "kubectl rapt add again, then merge the new change",
        )
    addition = add.place(world, found, one.change.environment, one.change.tool, definition, one.change)
    return Merge(one.change, addition.plan)
