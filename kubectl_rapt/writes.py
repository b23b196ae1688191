"""The door: the only way from a decision to something that others can notice."""

from collections.abc import Callable
from typing import Protocol

from kubectl_rapt.errors import Conflict, Unavailable
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.plan import (
    Apply,
    CommitFiles,
    Create,
    CreateRepository,
    Delete,
    Patch,
    Plan,
    Step,
    WriteFiles,
    WriteSettings,
)
from kubectl_rapt.ports.checkout import CheckoutWrites
from kubectl_rapt.ports.cluster import ClusterWrites
from kubectl_rapt.ports.git import GitWrites, Remote
from kubectl_rapt.ports.settings import SettingsWrites


class Writers(Protocol):
    """Every writing port, opened on first use."""

    @property
    def cluster(self) -> ClusterWrites:
        """The cluster that the kube context points at."""
        ...

    @property
    def git(self) -> GitWrites:
        """Git repositories."""
        ...

    @property
    def settings(self) -> SettingsWrites:
        """The person's own settings."""
        ...

    @property
    def checkout(self) -> CheckoutWrites:
        """The folder that a template's author works in."""
        ...

    def pause(self, attempt: int) -> None:
        """Wait a little, longer with each attempt and never the same, before trying again."""
        ...


Written = Manifest | str | None
"""What a step answered: the object as stored, a new commit's id, or nothing."""


def apply(writers: Writers, step: Step) -> Written:
    """Do one step.

    Raises:
        Conflict: Someone else was quicker; read again and decide again.
        Unavailable: The outside did not answer; where ``outcome_unknown``, look before repeating.
        Refused, Invalid, NotFound: It will not work by repeating.
    """
    match step:
        case Create(manifest):
            return writers.cluster.create(manifest)
        case Apply(manifest, manager):
            return writers.cluster.apply(manifest, manager=manager)
        case Patch(ref, patch, subresource):
            return writers.cluster.patch(ref, patch, subresource=subresource)
        case Delete(ref, uid, version, propagation):
            writers.cluster.delete(ref, uid=uid, resource_version=version, propagation=propagation)
        case CommitFiles():
            return writers.git.commit(
                Remote(step.repository),
                branch=step.branch,
                parent=step.parent,
                expected=step.expected,
                files=step.files,
                message=step.message,
                delete_branch=step.delete_branch,
                delete_expected=step.delete_expected,
            )
        case CreateRepository(path):
            writers.git.create(path)
        case WriteSettings(text):
            writers.settings.write(text)
        case WriteFiles(root, files):
            writers.checkout.write(root, files)
    return None


ATTEMPTS = 12
"""How often a change is planned again after someone else was quicker."""


def settle(
    writers: Writers, repository: str, plan_again: Callable[[], Plan], agreed: Plan | None = None
) -> list[Written]:
    """Carry a plan for a shared repository through, planning again while others are quicker.

    Args:
        writers: The writing ports.
        repository: The repository that is written; its lock on this machine is held while writing.
        plan_again: Reads and decides; called before each attempt.
        agreed: What the person has agreed to; a plan that does something else is not carried out. One that has
            nothing left to do is what they agreed to, done: by an attempt whose answer was lost, or by another.

    Returns:
        What each step of the plan answered.

    Raises:
        Conflict: ``plan-changed`` where the plan is no longer what was agreed to, otherwise the last one after
            all attempts.
    """
    for attempt in range(ATTEMPTS):
        try:
            with writers.git.lock(Remote(repository)):
                plan = plan_again()
                if agreed is not None and plan.steps and effects(plan) != effects(agreed):
                    raise Conflict(
                        "plan-changed",
                        "the repository changed meanwhile, and the change would be another one",
                        "run the same command again",
                    )
                return [apply(writers, step) for step in plan.steps]
        except (Conflict, Unavailable) as error:
            may_help = error.code != "plan-changed" if isinstance(error, Conflict) else error.outcome_unknown
            if not may_help or attempt == ATTEMPTS - 1:
                raise
            writers.pause(attempt)
    raise AssertionError("unreachable")


def effects(plan: Plan) -> list[object]:
    """What a person agrees to in a plan, whatever it happens to be built on."""
    return [step.effect if isinstance(step, CommitFiles) else step for step in plan.steps]
