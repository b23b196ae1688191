"""The pull request of a change: on which forge, what it is to be, and what is to be done about it."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from kubectl_rapt import documents
from kubectl_rapt.actions.composition import Composition
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import layout, proposal
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.project import Environment, Review
from kubectl_rapt.config.proposal import Asked, Subject
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import proposals
from kubectl_rapt.model.plan import MergeProposal, Plan, Propose
from kubectl_rapt.model.proposals import Address, Proposal, PullRequest
from kubectl_rapt.objects import runs
from kubectl_rapt.ports.world import World


@dataclass(frozen=True, slots=True)
class Request:
    """What there is to do about the pull request of a change.

    Args:
        steps: What is to be done; nothing where it is as it is to be, where it was closed, and without a forge.
        seen: The pull request as it is now; None where there is none.
        has_forge: Whether there are pull requests at all.
    """

    steps: tuple[Propose, ...] = ()
    seen: PullRequest | None = None
    has_forge: bool = False


def address(found: Repository) -> Address:
    """The config repository on its forge, as ``rapt.yaml`` says. Raises Invalid."""
    if layout.PROJECT not in found.files:
        return Address(found.remote.url)
    forge = found.project().forge
    return Address(found.remote.url, forge.kind, forge.api)


def has_forge(world: World, found: Repository) -> bool:
    """Whether the config repository lives on a forge. Raises Unavailable where nobody can tell."""
    return world.forge.kind(address(found)) != "none"


def request(
    world: World,
    found: Repository,
    whole: Composition,
    change: Change,
    *,
    is_draft: bool | None = None,
    reopens: bool = False,
) -> Request:
    """What there is to do about a change's pull request, once its branch is pushed.

    Args:
        world: Where to read.
        found: The repository.
        whole: What the change comes to.
        change: The change, as its branch says or will say.
        is_draft: Whether it is to be a draft; None leaves that as it is.
        reopens: Whether one is opened although the last one was closed.

    Raises:
        RaptError: What ``ForgeReads`` raises.
    """
    if not has_forge(world, found):
        return Request()
    at = address(found)
    is_pushed = f"refs/heads/{change.branch}" in found.refs
    seen = world.forge.pull_request(at, change.branch) if is_pushed else None
    if seen and seen.state == "closed" and not reopens:
        return Request((), seen, has_forge=True)  # somebody decided that
    wanted = _wanted(world, found, whole, change, is_draft)
    is_done = seen and seen.state == "open" and proposals.is_current(seen, wanted)
    return Request(() if is_done else (Propose(at, wanted),), seen, has_forge=True)


def review(found: Repository, environments: Iterable[Environment]) -> Review:
    """What the pull request of a change to these environments is given; of one to none, what all say together."""
    given = [one.review for one in environments if one.is_reviewed]
    if not given:
        given = [one.review for one in found.project().environments.values() if one.is_reviewed]
    return Review(
        tuple(dict.fromkeys(name for one in given for name in one.reviewers)),
        tuple(dict.fromkeys(name for one in given for name in one.labels)),
        is_merged_automatically=bool(given) and all(one.is_merged_automatically for one in given),
    )


def plan_auto_merge(world: World, found: Repository, change: Change) -> Plan:
    """Asking the forge to merge a change as soon as it may; nothing where that is no draft's turn, or done."""
    tip = found.refs.get(f"refs/heads/{change.branch}", "")
    at = address(found)
    seen = world.forge.pull_request(at, change.branch) if tip else None
    if seen is None or seen.state != "open" or seen.is_draft or seen.merges_itself:
        return Plan()
    return Plan((MergeProposal(at, seen.number, tip, change.message, when_ready=True),))


def _wanted(
    world: World, found: Repository, whole: Composition, change: Change, is_draft: bool | None
) -> Proposal:
    given = review(found, whole.environments)
    said: list[Subject | Asked] = [*_subjects(found, whole), *_asked(whole)]
    return proposal.of(change, said, world.now(), given, is_draft=is_draft)


def _asked(whole: Composition) -> Iterable[Asked]:
    """The runs that a change asks for; what is wrong with their files is told where they are checked."""
    for path, content in sorted(whole.after.items()):
        if (place := layout.run_of(path)) and content is not None:
            with suppress(RaptError, KeyError, TypeError, ValueError):
                yield Asked(place[0], runs.from_manifest(documents.load(content, path)))


def _subjects(found: Repository, whole: Composition) -> Iterable[Subject]:
    built = {(one.environment, one.installation.tool): one for one in whole.built}
    gone = layout.rendered_tools(path for path, content in whole.after.items() if content is None)
    for environment, tool in sorted({*built, *gone}):
        before = proposal.objects_of(found.files, layout.rendered(environment, tool))
        if one := built.get((environment, tool)):
            yield Subject(environment, tool, before, one.objects, one.installation, one.template)
        else:
            yield Subject(environment, tool, before, ())
