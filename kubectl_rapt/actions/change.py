"""Carrying a change to the config repository out: checked against the cluster, pushed, and merged when it may be."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from kubectl_rapt import writes
from kubectl_rapt.actions import capacity, desired, ownership, propose, repository
from kubectl_rapt.actions.composition import Composition
from kubectl_rapt.errors import Refused
from kubectl_rapt.model.plan import CommitFiles, Plan
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

Again = Callable[[Mapping[str, str] | None], Composition]
"""Composes the change anew: from these refs of the repository, or from what the remote says."""


def check(world: World, made: Composition) -> list[str]:
    """Make sure that the cluster can take a change, before anything is written; notes about what it may lack.

    Raises:
        Refused: An object belongs to somebody else, a quota does not permit it, or main was rewritten.
    """
    if not made.plan.steps:
        return []
    places = {environment.name: environment for environment in made.environments}
    notes = [note for built in made.built for note in capacity.check(world, places[built.environment], built)]
    for environment in made.environments:
        built_there = [one for one in made.built if one.environment == environment.name]
        ownership.check_free(world, environment, built_there)
        for step in made.plan.steps:
            if isinstance(step, CommitFiles):
                desired.check_history(world, environment, step.parent)
    return notes


def execute(world: World, writers: Writers, made: Composition, again: Again) -> Composition:
    """Push a change; the same change, with its pull request as it is afterwards.

    Raises:
        Refused: ``push-refused``, or as ``writes.settle``.
        Conflict, Unavailable: As ``writes.settle``.
    """
    try:
        proposed = writes.settle(
            writers, repository.address(world).url, lambda refs: again(refs).plan, made.plan
        )
    except Refused as error:
        if error.code != "push-refused" or made.is_reviewed:
            raise
        names = ", ".join(environment.name for environment in made.environments)
        hint = f"say review: required for {names} in rapt.yaml, or let main take your pushes"
        raise Refused(
            "push-refused", f"{names} needs no review, and main takes no pushes: {error.message}", hint
        ) from None
    if made.has_forge and not proposed:  # what answered got lost, or another one proposed it
        proposed = again(None).pull_request
    return replace(made, pull_request=proposed)


def merge_when_ready(world: World, writers: Writers, made: Composition) -> list[str]:
    """Have the forge merge a change as soon as it may, if its environments say so; notes about why it cannot."""
    found = repository.read(world)
    if not propose.review(found, made.environments).is_merged_automatically:
        return []

    def plan(refs: Mapping[str, str] | None = None) -> Plan:
        return propose.plan_auto_merge(world, repository.read(world, refs), made.change)

    try:
        writes.settle(writers, found.remote.url, plan, plan())
    except Refused as error:
        return [f"{error.message}; {error.hint}"]
    return []
