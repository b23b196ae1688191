"""Changes that wait for their review: which there are, how far each is, and what it does."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from kubectl_rapt.actions import compose, hand_edits, propose, repository
from kubectl_rapt.actions.composition import Composition
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, layout, standing
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.standing import Standing
from kubectl_rapt.errors import Conflict, NotFound, Problem, Refused
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.proposals import PullRequest
from kubectl_rapt.ports.git import Commit
from kubectl_rapt.ports.world import World

_HEADS = "refs/heads/"
_NEAR = 20
"""How many commits behind one of a change may be another one of it, made at the same moment."""


@dataclass(frozen=True, slots=True)
class Open:
    """A change on its branch.

    Args:
        change: The change.
        commit: The commit that says so; the tip where only the pull request does.
        branch: The branch.
        tip: The newest commit of the branch, which may be another one: a forge's "Update branch" puts a merge on it.
        has_conflict: Whether main has got another content of a file that it edits.
        pull_request: Its open pull request, else its newest one; None where there is none.
        has_forge: Whether changes have pull requests.
    """

    change: Change
    commit: Commit
    branch: str
    tip: str
    has_conflict: bool = False
    pull_request: PullRequest | None = None
    has_forge: bool = False

    @property
    def standing(self) -> Standing:
        """How far it is."""
        return standing.of(self.pull_request, has_forge=self.has_forge, has_conflict=self.has_conflict)

    @property
    def is_merged(self) -> bool:
        """Whether the forge merged exactly what is on its branch, though under a message without the trailers."""
        seen = self.pull_request
        return seen is not None and seen.state == "merged" and seen.head == self.tip

    @property
    def url(self) -> str:
        """The page of its pull request; empty where there is none."""
        return self.pull_request.url if self.pull_request else ""


@dataclass(frozen=True, slots=True)
class Merged:
    """A change on main, and the commit that brought it there.

    Args:
        change: The change.
        commit: The commit.
        surplus: Commits of the same change that changed nothing: Gitea merges a pull request once more for each who
            asks at the same moment.
    """

    change: Change
    commit: Commit
    surplus: tuple[str, ...] = ()


def waiting(world: World, found: Repository) -> Iterator[Open]:
    """The changes that wait, by branch; a branch whose change is merged already (squashed) does not wait.

    All open pull requests are asked for at once.

    Raises:
        RaptError: What ``ForgeReads`` raises.
    """
    branches = list(_branches(found))
    if not branches or not propose.has_forge(world, found):
        yield from _opened(world, found, branches)
        return
    at = propose.address(found)
    proposed = {one.branch: one for one in world.forge.pull_requests(at, changes.PREFIX)}

    def seen(branch: str) -> PullRequest | None:
        return proposed.get(branch) or world.forge.pull_request(at, branch)

    yield from (one for one in _opened(world, found, branches, seen) if not one.is_merged)


def _branches(found: Repository, identifier: str = "") -> Iterator[str]:
    """The branches that have the name of a change, or of that one."""
    for ref in sorted(found.refs):
        branch = ref.removeprefix(_HEADS)
        if changes.is_branch(branch) and branch.endswith(f"/{identifier}" if identifier else ""):
            yield branch


def _opened(
    world: World,
    found: Repository,
    branches: Iterable[str],
    seen: Callable[[str], PullRequest | None] | None = None,
) -> Iterator[Open]:
    """The changes on branches; a branch that holds none, or one that is on main, is left out.

    Args:
        world: Where to read.
        found: The repository.
        branches: The branches.
        seen: Asks the forge for a branch's pull request; None where there is no forge.
    """
    for branch in branches:
        tip = found.refs[_HEADS + branch]
        change, commit = repository.change_on(world, found, branch) or (None, None)
        pull_request = seen(branch) if seen and change is None else None
        change = change or _said_by(pull_request, branch)
        since = list(_since(world, found, change, tip)) if change else []
        if change is None or (change.id in since and merged(world, found, change.id)):
            continue
        commit = commit or next(iter(world.git.log(found.remote, tip, limit=1)))
        pull_request = pull_request or (seen(branch) if seen else None)
        one = Open(change, commit, branch, tip, pull_request=pull_request, has_forge=seen is not None)
        yield replace(
            one, has_conflict=bool(since and _conflicts(found, one, *_sides(world, found, one.tip)))
        )


def _said_by(seen: PullRequest | None, branch: str) -> Change | None:
    """The change that a pull request speaks of, where somebody put the commits together under another message."""
    change = changes.read(f"{seen.title}\n\n{seen.body}") if seen else None
    return change if change and change.branch == branch else None


def _since(world: World, found: Repository, change: Change, tip: str) -> Iterator[str]:
    """The changes that main has got in those files since the branch left it; empty texts for other commits."""
    commits = world.git.log(found.remote, found.head, without=tip, paths=change.edits) if found.head else ()
    for commit in commits:
        known = changes.read(commit.message)
        yield known.id if known else ""


def merged(world: World, found: Repository, identifier: str) -> Merged | None:
    """The change of that id, if it is on main, whoever merged it and however.

    A commit's message alone proves nothing: anybody who commits to main can write it. The commit must change one of
    the files that it names, and main must have got what the change's branch holds, while there is one.
    """
    log = iter(world.git.log(found.remote, found.head) if found.head else ())
    said = ((changes.read(commit.message), commit) for commit in log)
    surplus: list[str] = []
    for change, commit in said:
        if change is None or change.id != identifier:
            continue
        near = [commit, *(other for also, other in islice(said, _NEAR) if also and also.id == identifier)]
        for one in near:
            known = changes.read(one.message)
            if known and _touches(world, found, one, known) and _has_got(world, found, one, identifier):
                return Merged(known, one, tuple(surplus))
            if _is_empty(world, found, one):
                surplus.append(one.id)
    return None


def _touches(world: World, found: Repository, commit: Commit, change: Change) -> bool:
    """Whether a commit on main changes a file that its message says it edits."""
    before, after = _before(world, found, commit), world.git.files(found.remote, commit.id)
    return any(before.get(path) != after.get(path) for path in change.edits)


def _has_got(world: World, found: Repository, commit: Commit, identifier: str) -> bool:
    """Whether main has had, since that commit, what people wrote on every branch of a change.

    What a branch holds may come with several commits: a forge rebases each of them.
    """
    for branch in _branches(found, identifier):
        base, tip = _sides(world, found, found.refs[_HEADS + branch])
        paths = [path for path in _changed(base, tip) if layout.is_edited(path)]
        if not paths:
            continue
        before = _before(world, found, commit)
        later = [one.id for one in world.git.log(found.remote, found.head, without=commit.id, paths=paths)]
        moments = [commit.id, *reversed(later[-_NEAR:])]
        if not any(
            all(_is_as_merged(path, base, tip, before, after) for path in paths)
            for after in (world.git.files(found.remote, moment) for moment in moments)
        ):
            return False
    return True


def _is_as_merged(
    path: str,
    base: Mapping[str, bytes],
    tip: Mapping[str, bytes],
    before: Mapping[str, bytes],
    after: Mapping[str, bytes],
) -> bool:
    """Whether a file on main is as on the branch, or has got the same lines where main had changed it too."""
    if after.get(path) == tip.get(path):
        return True
    if before.get(path) == base.get(path) or any(path not in files for files in (base, tip, before, after)):
        return False
    return _lines(base[path], tip[path]) == _lines(before[path], after[path])


def _lines(before: bytes, after: bytes) -> tuple[Counter[bytes], Counter[bytes]]:
    """The lines that went and those that came."""
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    return old - new, new - old


def _before(world: World, found: Repository, commit: Commit) -> Mapping[str, bytes]:
    """All files of main before a commit."""
    return world.git.files(found.remote, commit.parents[0]) if commit.parents else {}


def _is_empty(world: World, found: Repository, commit: Commit) -> bool:
    return len(commit.parents) == 1 and (
        world.git.files(found.remote, commit.id) == world.git.files(found.remote, commit.parents[0])
    )


def find(world: World, found: Repository, identifier: str) -> Open:
    """One change by its id. Raises NotFound, which says so of a merged one, and what ``ForgeReads`` raises."""
    branches = list(_branches(found, identifier))
    seen = _asks_forge(world, found) if branches else None
    if one := next(_opened(world, found, branches, seen), None):
        return one
    if done := merged(world, found, identifier):
        what = f"change {identifier} is merged: {done.change.summary}"
        raise NotFound("no-change", what, f"kubectl rapt changes show {shell.word(identifier)}")
    nearest = names.nearest_id(
        identifier, [other.change.id for other in _opened(world, found, _branches(found))]
    )
    error = NotFound("no-change", f'no open change "{identifier}"', "kubectl rapt changes")
    raise error.meant(identifier, nearest)


def check_new(world: World, found: Repository, environment: str, tool: str, text: bytes) -> None:
    """Make sure that no other change that waits brings a tool of that name: only one of them could be merged.

    Args:
        world: Where to read.
        found: The repository, which does not have the tool.
        environment: The tool's environment.
        tool: The tool's name.
        text: The tool's file; a change that brings exactly this one is the same change.

    Raises:
        Refused: ``tool-proposed``.
        RaptError: What ``ForgeReads`` raises.
    """
    path = layout.definition(environment, tool)
    for one in _opened(world, found, changes.about(found.refs, environment, tool)):
        there = world.git.files(found.remote, one.tip, path).get(path)
        if there in (None, text) or _is_declined(world, found, one.branch):
            continue
        raise Refused(
            "tool-proposed",
            f'change {one.change.id} adds a tool "{tool}" to {environment} too, and is not merged yet',
            [f"kubectl rapt changes {verb} {shell.word(one.change.id)}" for verb in ("show", "abandon")],
        )


def _asks_forge(world: World, found: Repository) -> Callable[[str], PullRequest | None] | None:
    """What asks the forge for the pull request of a branch; None if there is no forge."""
    if not propose.has_forge(world, found):
        return None
    return partial(world.forge.pull_request, propose.address(found))


def _is_declined(world: World, found: Repository, branch: str) -> bool:
    """Whether somebody closed the pull request of a change."""
    seen = _asks_forge(world, found)
    proposed = seen(branch) if seen else None
    return proposed is not None and proposed.state == "closed"


def read(world: World, found: Repository, identifier: str) -> Open | Merged:
    """One change by its id, whether it waits or is on main. Raises NotFound, and what ``ForgeReads`` raises."""
    try:
        return find(world, found, identifier)
    except NotFound:
        if done := merged(world, found, identifier):
            return done
        raise


def contents(
    world: World, found: Repository, one: Open | Merged
) -> tuple[Mapping[str, bytes], Mapping[str, bytes | None]]:
    """The files of a change as they were where its branch left main, and as they are on it, or came to main."""
    if isinstance(one, Merged):
        base = _before(world, found, one.commit)
        tip = world.git.files(found.remote, one.commit.id)
    else:
        base, tip = _sides(world, found, one.tip)
    paths = _changed(base, tip)
    return {path: base[path] for path in paths if path in base}, {path: tip.get(path) for path in paths}


def _sides(world: World, found: Repository, tip: str) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    """All files where a branch left main, and all at its tip."""
    commit = world.git.merge_base(found.remote, found.head, tip) if found.head else ""
    base = found.files if commit == found.head else world.git.files(found.remote, commit) if commit else {}
    return base, world.git.files(found.remote, tip)


def _changed(base: Mapping[str, bytes], tip: Mapping[str, bytes]) -> list[str]:
    return sorted(path for path in {*base, *tip} if base.get(path) != tip.get(path))


def _conflicts(
    found: Repository, one: Open, base: Mapping[str, bytes], tip: Mapping[str, bytes]
) -> list[str]:
    """The files of a change that main has changed since, to something else."""
    return [path for path in one.change.edits if found.files.get(path) not in (base.get(path), tip.get(path))]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A change on today's main.

    Args:
        whole: What people wrote on its branch, rendered anew.
        is_stale: Whether merging its branch as it is would put other bytes on main.
    """

    whole: Composition
    is_stale: bool


def render(world: World, found: Repository, one: Open) -> Rendered:
    """What merging a change would put on today's main.

    Raises:
        Conflict: ``changed-since``: main has changed one of its files.
        Refused: ``foreign-files``: its branch changes files that would be lost; ``hand-edited``: a rendered file
            was edited by hand since, see ``compose.plan``.
    """
    base, tip = _sides(world, found, one.tip)
    if conflicts := _conflicts(found, one, base, tip):
        raise Conflict(
            "changed-since",
            f"{conflicts[0]} was changed on main since change {one.change.id} was made",
            f"kubectl rapt changes abandon {one.change.id}",
        )
    paths = _changed(base, tip)
    _check_foreign(one, paths)
    edits = {path: tip.get(path) for path in one.change.edits}
    whole = compose.compose(world, found, edits, overwrite=True)
    hand_edits.check(world, found.project(), found, hand_edits.since(base, found, whole.after))
    final = {**found.files, **whole.after}
    return Rendered(whole, any(tip.get(path) != final.get(path) for path in {*paths, *whole.after}))


def _check_foreign(one: Open, paths: Sequence[str]) -> None:
    """Refuse a branch with what rendering anew would drop: somebody put it there, and means it."""
    foreign = [
        path
        for path in paths
        if path not in (*one.change.edits, layout.PROJECT) and not path.startswith("rendered/")
    ]
    if foreign:
        raise Refused(
            "foreign-files",
            f"the branch of change {one.change.id} changes other files too",
            f"take them off {one.branch}, or merge it {f'at {one.url}' if one.url else 'with git'}",
            [Problem(path, "is not among its edits") for path in foreign],
        )
