"""What a person asks of the config repository, and the whole change that follows from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kubectl_rapt.actions.build import Built
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config.changes import Change, Draft
from kubectl_rapt.config.project import Environment
from kubectl_rapt.model.plan import Plan
from kubectl_rapt.model.proposals import PullRequest

Make = Callable[[Repository], Draft]
"""What a person asks for, decided anew for the repository as it is now."""


@dataclass(frozen=True, slots=True)
class Composition:
    """What a change comes to.

    Args:
        change: The change.
        plan: What is to be written; no steps where it is all there already.
        built: The tools that it renders.
        before: Path to content of the files that change, as they are now.
        after: The same as they will be.
        environments: The environments that it touches.
        is_reviewed: Whether it waits on a branch: one of those environments asks for it.
        is_waiting: The same change is pushed already and waits for its review.
        pull_request: Its pull request, as it is now; None where there is none yet.
        has_forge: Whether changes have pull requests: the repository lives on a forge.
    """

    change: Change
    plan: Plan
    built: tuple[Built, ...]
    before: Mapping[str, bytes]
    after: Mapping[str, bytes | None]
    environments: tuple[Environment, ...]
    is_reviewed: bool
    is_waiting: bool = False
    pull_request: PullRequest | None = None
    has_forge: bool = False
