"""Merging a change: rendered again on the current main branch, by a commit of our own or by the forge."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kubectl_rapt import writes
from kubectl_rapt.actions import compose, desired, propose, repository, review
from kubectl_rapt.actions.execute import Done
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.actions.review import Open, Rendered
from kubectl_rapt.config import changes
from kubectl_rapt.config.changes import Change
from kubectl_rapt.errors import Conflict, Refused
from kubectl_rapt.model.plan import CloseProposal, DeleteBranch, MergeProposal, Plan, Step
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers


@dataclass(frozen=True, slots=True)
class Merge:
    """What merging a change comes to.

    Args:
        change: The change.
        plan: What is to be done next; no steps where it is on main already.
        has_forge: Whether the forge merges it: then there may be more to do after this plan.
        is_merged: Whether main has it already; what is left of it may still go.
        surplus: Commits that changed nothing: see ``review.Merged``.
    """

    change: Change
    plan: Plan
    has_forge: bool = False
    is_merged: bool = False
    surplus: tuple[str, ...] = ()


def plan(world: World, identifier: str, refs: Mapping[str, str] | None = None) -> Merge:
    """The next steps to merging a change: what people wrote on its branch, rendered again on the current main branch.

    On a forge, a branch whose rendering is stale is refreshed first, and merged when that is pushed.

    Args:
        world: Where to read.
        identifier: The change.
        refs: Where the repository's branches are; None: the remote is asked.

    Raises:
        NotFound: No such change.
        Conflict: ``changed-since``: one of its files has changed on main since; ``proposal-closed``.
        Refused: ``hand-edited``: see ``compose.plan``; ``foreign-files``; ``not-mergeable``: a draft; ``going-back``:
            main was rewritten, and this would be a commit on it (the forge decides about its own).
    """
    found = repository.read(world, refs)
    if done := review.merged(world, found, identifier):
        left = Plan(_leftovers(world, found, done.change))
        return Merge(done.change, left, is_merged=True, surplus=done.surplus)
    one = review.find(world, found, identifier)
    if one.is_merged:
        return Merge(one.change, Plan((_deletion(found, one),)), has_forge=True, is_merged=True)
    rendered = review.render(world, found, one)
    if one.has_forge:
        return Merge(one.change, Plan(_on_forge(world, found, one, rendered)), has_forge=True)
    if not rendered.whole.after:
        return Merge(one.change, Plan(), is_merged=True)
    for environment in rendered.whole.environments:
        desired.check_history(world, environment, found.head)
    commit = compose.commit(found, rendered.whole, one.change, changes.MAIN)
    commit = replace(commit, delete_branch=one.branch, delete_expected=one.tip)
    return Merge(one.change, Plan((commit,)))


@dataclass(frozen=True, slots=True)
class MergedTwice:
    """A forge merged a change twice, as two asked at the same moment.

    Args:
        commit: The second commit, which changes nothing.
    """

    commit: str


def execute(world: World, writers: Writers, planned: Merge) -> Iterator[Done | MergedTwice]:
    """Merge a change, as far as that goes now, and tell each step of it.

    Raises:
        Refused: ``push-refused``, or as ``writes.pursue``.
        Conflict, Unavailable: As ``plan`` and ``writes.pursue``.
    """
    url, is_done = repository.address(world).url, False
    surplus: list[str] = []

    def again(refs: Mapping[str, str] | None = None) -> Plan:
        nonlocal is_done
        if is_done:  # what is left of it may be gone, so that nobody knows it any more
            return Plan()
        now = plan(world, planned.change.id, refs)
        is_done = now.is_merged
        surplus.extend(now.surplus)
        return now.plan

    try:
        if planned.has_forge or planned.is_merged:
            yield from (Done(step, answer) for step, answer in writes.pursue(writers, url, again))
        else:
            writes.settle(writers, url, again, planned.plan)
    except Refused as error:
        if error.code != "push-refused":
            raise
        hint = (
            f"merge {planned.change.branch} where the repository lives, or say in rapt.yaml which forge that is "
            "(forge.kind)"
        )
        raise Refused(error.code, error.message, hint) from None
    yield from map(MergedTwice, surplus)


def _leftovers(world: World, found: Repository, change: Change) -> tuple[Step, ...]:
    """The branch of a merged change, where the forge says that all of it was merged."""
    tip = found.refs.get(f"refs/heads/{change.branch}", "")
    if not tip or not propose.has_forge(world, found):
        return ()
    seen = world.forge.pull_request(propose.address(found), change.branch)
    is_whole = seen is not None and seen.state == "merged" and seen.head == tip
    return (DeleteBranch(found.remote.url, change.branch, tip),) if is_whole else ()


def _deletion(found: Repository, one: Open) -> DeleteBranch:
    return DeleteBranch(found.remote.url, one.branch, one.tip)


def _on_forge(world: World, found: Repository, one: Open, rendered: Rendered) -> tuple[Step, ...]:
    at, seen = propose.address(found), one.pull_request
    if seen and seen.state == "closed":
        raise Conflict(
            "proposal-closed",
            f"pull request {seen.number} was closed without being merged ({seen.url})",
            (
                f"kubectl rapt changes open {one.change.id}",
                f"kubectl rapt changes abandon {one.change.id}",
            ),
        )
    if not rendered.whole.after:
        said = "Closed by Rapt: main has all of it already."
        closing = (CloseProposal(at, seen.number, said),) if seen and seen.state == "open" else ()
        return (*closing, _deletion(found, one))
    if rendered.is_stale or seen is None or seen.state == "merged":
        fresh = (compose.commit(found, rendered.whole, one.change, one.branch),) if rendered.is_stale else ()
        return (*fresh, *propose.request(world, found, rendered.whole, one.change, reopens=True).steps)
    if seen.is_draft:
        raise Refused(
            "not-mergeable",
            f"pull request {seen.number} is a draft ({seen.url})",
            f"kubectl rapt changes open {one.change.id}",
        )
    merge = MergeProposal(at, seen.number, one.tip, one.change.message)
    return merge, _deletion(found, one)
