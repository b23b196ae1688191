"""Giving a change up: its pull request is closed with a word about why, and its branch goes."""

from dataclasses import dataclass

from kubectl_rapt import writes
from kubectl_rapt.actions import propose, repository, review
from kubectl_rapt.actions.review import Open
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model.plan import CloseProposal, DeleteBranch, Plan, Step
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers


@dataclass(frozen=True, slots=True)
class Abandonment:
    """What giving a change up comes to.

    Args:
        one: The change as it is now.
        plan: What is to be done.
    """

    one: Open
    plan: Plan


def plan(world: World, identifier: str, why: str = "") -> Abandonment:
    """What giving a change up would do. The pull request is first: a killed command finds the branch again.

    Args:
        world: Where to read.
        identifier: The change.
        why: What is said on the page of the pull request.

    Raises:
        NotFound: No such change; one that was merged is none that is open.
    """
    found = repository.read(world)
    one = review.find(world, found, identifier)
    steps: list[Step] = []
    if one.pull_request and one.pull_request.state == "open":
        said = why or f"Abandoned by {world.git.identity().partition(' <')[0]}."
        steps.append(CloseProposal(propose.address(found), one.pull_request.number, said))
    steps.append(DeleteBranch(found.remote.url, one.branch, one.tip))
    return Abandonment(one, Plan(tuple(steps)))


def execute(world: World, writers: Writers, planned: Abandonment, why: str = "") -> None:
    """Give a change up.

    Raises:
        RaptError: What ``plan`` and ``writes.settle`` raise.
    """
    identifier = planned.one.change.id
    writes.settle(
        writers, repository.address(world).url, lambda _: _left(world, identifier, why), planned.plan
    )


def _left(world: World, identifier: str, why: str) -> Plan:
    """What is left to do of it; nothing if the branch is gone."""
    try:
        return plan(world, identifier, why).plan
    except NotFound:
        return Plan()
