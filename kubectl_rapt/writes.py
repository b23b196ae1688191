"""The door: the only way from a decision to something that others can notice."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from kubectl_rapt.errors import AGAIN, Conflict, RaptError, Unavailable
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.plan import (
    Apply,
    Attend,
    CloseProposal,
    CommitFiles,
    Create,
    CreateRepository,
    Delete,
    DeleteBranch,
    MergeProposal,
    Notify,
    Patch,
    Plan,
    Propose,
    Step,
    WriteFiles,
    WriteSettings,
)
from kubectl_rapt.model.proposals import PullRequest
from kubectl_rapt.ports.checkout import CheckoutWrites
from kubectl_rapt.ports.cluster import ClusterWrites
from kubectl_rapt.ports.forge import ForgeWrites
from kubectl_rapt.ports.git import GitWrites, Remote
from kubectl_rapt.ports.notify import Notifier
from kubectl_rapt.ports.programs import ProgramsWrites
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
    def forge(self) -> ForgeWrites:
        """The forges that git repositories live on."""
        ...

    @property
    def settings(self) -> SettingsWrites:
        """The person's own settings."""
        ...

    @property
    def checkout(self) -> CheckoutWrites:
        """The folder that a template's author works in."""
        ...

    @property
    def notifier(self) -> Notifier:
        """Whoever wants to be told of runs."""
        ...

    @property
    def programs(self) -> ProgramsWrites:
        """Other programs of the person's."""
        ...

    def pause(self, attempt: int) -> None:
        """Wait a little, longer with each attempt and never the same, before trying again."""
        ...


Written = Manifest | str | PullRequest | int | None
"""What a step answered: the object as stored, a new commit's id, the pull request afterwards, an exit code, or
nothing."""


def apply(writers: Writers, step: Step) -> Written:
    """Do one step.

    Raises:
        Conflict: Someone else was quicker; read again and decide again.
        Unavailable: The outside did not answer; where ``outcome_unknown``, look before repeating.
        Refused, Invalid, NotFound: It will not work by repeating.
    """
    match step:
        case Create(manifest, manager):
            return writers.cluster.create(manifest, manager=manager)
        case Apply(manifest, manager):
            return writers.cluster.apply(manifest, manager=manager)
        case Patch(ref, patch, subresource, expects):
            return writers.cluster.patch(ref, patch, subresource=subresource, expects=expects)
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
                follows=step.follows,
                delete_branch=step.delete_branch,
                delete_expected=step.delete_expected,
            )
        case DeleteBranch(repository, branch, expected):
            writers.git.delete_branch(Remote(repository), branch, expected=expected)
        case CreateRepository(path):
            writers.git.create(path)
        case WriteSettings(text):
            writers.settings.write(text)
        case Propose(address, proposal):
            return writers.forge.propose(address, proposal)
        case MergeProposal(address, number, head, message, method, when_ready):
            return writers.forge.merge(
                address, number, head=head, message=message, method=method, when_ready=when_ready
            )
        case CloseProposal(address, number, comment):
            return writers.forge.close(address, number, comment)
        case Notify(url, body, headers):
            writers.notifier.post(url, body, headers)
        case Attend(command, environ, is_over, quiet):
            return writers.programs.attend(command, environ, is_over, quiet=quiet)
        case WriteFiles(root, files, is_program, is_private):
            writers.checkout.write(root, files, is_program=is_program, is_private=is_private)
    return None


PlanAgain = Callable[[Mapping[str, str] | None], Plan]
"""Decides again: from these refs of the repository, or, where nobody knows them, from what the remote says."""

ATTEMPTS = 12
"""How often a change is planned again after someone else was quicker."""


def settle(
    writers: Writers,
    repository: str,
    plan_again: PlanAgain,
    planned: Plan,
) -> PullRequest | None:
    """Carry a plan for a shared repository through, planning again while others are quicker.

    A branch of one's own is pushed at once. Where main is written, this machine's lock is held meanwhile, and
    the plan is made again if another process here has moved main since: from what that process left, without
    asking the remote, whose compare-and-swap has the last word.

    Args:
        writers: The writing ports.
        repository: The repository that is written.
        plan_again: Decides again.
        planned: What it decided last, and the person agreed to; a plan that does something else is not carried
            out. One that has less left to do is what they agreed to, done: by an attempt whose answer was
            lost, or by another.

    Returns:
        The pull request, as the last step about one left it; None where no step was.

    Raises:
        Conflict: ``plan-changed`` where the plan is no longer what was agreed to, otherwise the last one after
            all attempts.
    """
    plan: Plan | None = planned
    for attempt in range(ATTEMPTS):
        try:
            if plan is not None and not _writes_main(plan):
                return _carry_out(writers, plan)
            with writers.git.lock(Remote(repository)) as known:
                if plan is None:
                    plan = plan_again(None)
                elif not _is_current(plan, known):
                    plan = plan_again(known)
                if not all(one in effects(planned) for one in effects(plan)):
                    raise Conflict(
                        "plan-changed",
                        "the repository changed meanwhile, and the change would be another one",
                        AGAIN,
                    )
                return _carry_out(writers, plan)
        except (Conflict, Unavailable) as error:
            may_help = error.code != "plan-changed" if isinstance(error, Conflict) else error.outcome_unknown
            if not may_help or attempt == ATTEMPTS - 1:
                raise
            writers.pause(attempt)
            plan = None
    raise AssertionError("unreachable")


def pursue(
    writers: Writers,
    repository: str,
    decide: Callable[[], Plan],
) -> Iterator[tuple[Step, Written]]:
    """Carry out the next steps, and decide again, until nothing is left to do.

    It is for what takes several steps, each decided from what the others did, such as merging on a forge:
    what is agreed to is the end, and the way there may become longer while others are quicker. This machine's lock is
    held from each decision to the last of its steps: a forge may do twice what two ask for at the same moment.

    Args:
        writers: The writing ports.
        repository: The repository that is written.
        decide: Reads, and decides the next steps; none at the end. What it raises ends the pursuit, but for what
            does not answer once something was begun.

    Yields:
        Each step that is done, and what it answered.

    Raises:
        Conflict: The last one after all attempts.
        Unavailable: The outside did not answer; after all attempts, or where nothing was sent.
    """
    last: RaptError = Conflict("plan-changed", "others change the repository all the time", AGAIN)
    has_begun = False
    for attempt in range(2 * ATTEMPTS):
        is_decided = False
        try:
            with writers.git.lock(Remote(repository)):
                plan = decide()
                if not plan.steps:
                    return
                is_decided = True
                for step in plan.steps:
                    yield step, apply(writers, step)
        except Conflict as error:
            if not is_decided:
                raise
            last = error
            writers.pause(attempt)
        except Unavailable as error:
            if not (has_begun or (is_decided and error.outcome_unknown)):
                raise
            last = error
            writers.pause(attempt)
        has_begun = has_begun or is_decided
    raise last


def _writes_main(plan: Plan) -> bool:
    return any(isinstance(step, CommitFiles) and step.branch == "main" for step in plan.steps)


def _is_current(plan: Plan, known: Mapping[str, str]) -> bool:
    """Whether no other process of this machine has seen another main than the plan builds on."""
    commits = [step for step in plan.steps if isinstance(step, CommitFiles)]
    return all(known.get(f"refs/heads/{step.branch}", step.expected) == step.expected for step in commits)


def _carry_out(writers: Writers, plan: Plan) -> PullRequest | None:
    seen = None
    for step in plan.steps:
        answer = apply(writers, step)
        seen = answer if isinstance(answer, PullRequest) else seen
    return seen


def effects(plan: Plan) -> list[object]:
    """What a person agrees to in a plan, whatever it happens to be built on."""
    return [step.effect if isinstance(step, CommitFiles | Propose) else step for step in plan.steps]
