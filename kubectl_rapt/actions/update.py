"""Updating a change: rendered again on the current main branch, and its pull request opened if that is asked for."""

from dataclasses import dataclass

from kubectl_rapt import writes
from kubectl_rapt.actions import compose, propose, repository, review
from kubectl_rapt.actions.review import Open
from kubectl_rapt.errors import Invalid
from kubectl_rapt.model import shell
from kubectl_rapt.model.plan import Plan
from kubectl_rapt.model.proposals import PullRequest
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers


@dataclass(frozen=True, slots=True)
class Update:
    """What bringing a change up to date comes to.

    Args:
        one: The change as it is now.
        plan: What is to be written; no steps where it is up to date.
    """

    one: Open
    plan: Plan


def plan(world: World, identifier: str, *, opens: bool = False) -> Update:
    """What bringing a change up to date would do, to its branch and to its pull request.

    Args:
        world: Where to read.
        identifier: The change.
        opens: Whether its pull request is opened where it is missing or was closed, and is no draft any more.

    Raises:
        NotFound: No such change.
        Invalid: ``no-forge``: there are no pull requests to open.
        Conflict, Refused: See ``review.render``.
    """
    found = repository.read(world)
    one = review.find(world, found, identifier)
    if opens and not one.has_forge:
        raise Invalid(
            "no-forge",
            "the config repository is on plain git, which has no pull requests",
            (
                f"kubectl rapt changes show {shell.word(identifier)}",
                "set forge.kind and forge.api in rapt.yaml",
            ),
        )
    rendered = review.render(world, found, one)
    fresh = (compose.commit(found, rendered.whole, one.change, one.branch),) if rendered.is_stale else ()
    asked = propose.request(
        world, found, rendered.whole, one.change, is_draft=False if opens else None, reopens=opens
    )
    return Update(one, Plan((*fresh, *asked.steps)))


def execute(world: World, writers: Writers, planned: Update, *, opens: bool = False) -> PullRequest | None:
    """Bring a change up to date; its pull request as it is afterwards.

    Raises:
        RaptError: What ``plan`` and ``writes.settle`` raise.
    """
    identifier, seen = planned.one.change.id, planned.one.pull_request
    if not planned.plan.steps:
        return seen
    answer = writes.settle(
        writers,
        repository.address(world).url,
        lambda _: plan(world, identifier, opens=opens).plan,
        planned.plan,
    )
    # What answered may be lost, and another one may have been quicker.
    return answer or plan(world, identifier).one.pull_request if planned.one.has_forge else seen
