"""Changes that wait for their review: which there are, what one does, and merging it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kubectl_rapt.actions import compose, hand_edits, repository
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes
from kubectl_rapt.config.changes import Change
from kubectl_rapt.errors import Conflict, NotFound
from kubectl_rapt.model import names
from kubectl_rapt.model.plan import CommitFiles, Plan
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
    for ref, tip in sorted(found.refs.items()):
        branch = ref.removeprefix(_HEADS)
        if ref.startswith(changes.BRANCHES):
            commit = next(iter(world.git.log(found.remote, tip, limit=1)))
            change = changes.read(commit.message)
            if change and change.branch == branch and not _is_merged(world, found, change, tip):
                yield Open(change, commit, branch)


def _is_merged(world: World, found: Repository, change: Change, tip: str) -> bool:
    """Whether main has got the change since its branch left main."""
    commits = world.git.log(found.remote, found.head, without=tip, paths=change.edits) if found.head else ()
    return any(_id(commit) == change.id for commit in commits)


def _id(commit: Commit) -> str:
    change = changes.read(commit.message)
    return change.id if change else ""


def merged(world: World, found: Repository, identifier: str) -> Change | None:
    """The change of that id, if it is on main: its commit says so, whoever merged it and however."""
    commits = world.git.log(found.remote, found.head) if found.head else ()
    known = (changes.read(commit.message) for commit in commits)
    return next((change for change in known if change and change.id == identifier), None)


def find(world: World, found: Repository, identifier: str) -> Open:
    """One change by its id. Raises NotFound."""
    # A branch ends with its change's id: the others need no look while there is such a branch.
    refs = {ref: tip for ref, tip in found.refs.items() if ref.endswith(f"/{identifier}")}
    one = next(
        (one for one in waiting(world, replace(found, refs=refs)) if one.change.id == identifier), None
    )
    if one is None:
        known = [one.change.id for one in waiting(world, found)]
        nearest = names.nearest(identifier, known)
        hint = f"kubectl rapt changes show {nearest}" if nearest else "kubectl rapt changes"
        raise NotFound("no-change", f'no open change "{identifier}"', hint)
    return one


def contents(
    world: World, found: Repository, one: Open
) -> tuple[Mapping[str, bytes], Mapping[str, bytes | None]]:
    """The files of a change as they were where its branch left main, and as they are on it."""
    base = _base(world, found, one)
    tip = world.git.files(found.remote, one.commit.id)
    paths = sorted(path for path in {*base, *tip} if base.get(path) != tip.get(path))
    return {path: base[path] for path in paths if path in base}, {path: tip.get(path) for path in paths}


def _base(world: World, found: Repository, one: Open) -> Mapping[str, bytes]:
    commit = world.git.merge_base(found.remote, found.head, one.commit.id) if found.head else ""
    if commit == found.head:
        return found.files
    return world.git.files(found.remote, commit) if commit else {}


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
    """What merging a change would do: what people wrote on its branch, rendered anew on today's main.

    Raises:
        NotFound: No such change.
        Conflict: One of its files has changed on main since.
        Refused: ``hand-edited``: a rendered file was edited by hand since, see ``compose.plan``.
    """
    found = repository.read(world)
    if done := merged(world, found, identifier):
        return Merge(done, Plan())
    one = find(world, found, identifier)
    base, tip = _base(world, found, one), world.git.files(found.remote, one.commit.id)
    edits = {path: tip.get(path) for path in one.change.edits}
    for path, wanted in edits.items():
        if found.files.get(path) not in (base.get(path), wanted):
            raise Conflict(
                "changed-since",
                f"{path} was changed on main since change {identifier} was made",
                "make the change again, then merge the new one",
            )
    whole = compose.compose(world, found, edits, overwrite=True)
    hand_edits.check(world, found.project(), found, hand_edits.since(base, found, whole.after))
    commit = CommitFiles(
        repository=found.remote.url,
        branch=changes.MAIN,
        parent=found.head,
        expected=found.head,
        files=whole.after,
        message=one.change.message,
        delete_branch=one.branch,
        delete_expected=one.commit.id,
    )
    return Merge(one.change, Plan((commit,) if whole.after else ()))
