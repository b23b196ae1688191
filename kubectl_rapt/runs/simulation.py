"""What another retry policy would have decided of failures that are past."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kubectl_rapt.model import times
from kubectl_rapt.objects.job_changes import JobChanges
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs import retries
from kubectl_rapt.runs.retries import Again


@dataclass(frozen=True, slots=True)
class Change:
    """A decision that would have been another one.

    Args:
        run: The run.
        tool: Its tool.
        attempt: The attempt that failed.
        cause: Why.
        was: What was decided.
        would: What would have been.
    """

    run: str
    tool: str
    attempt: int
    cause: str
    was: str
    would: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """What came of it.

    Args:
        runs: How many runs had a failure.
        failures: How many decisions were looked at.
        changes: Those that would have been others.
    """

    runs: int
    failures: int
    changes: tuple[Change, ...]


def simulate(policy: RetryPolicy, runs: Iterable[Run]) -> Simulation:
    """Replay the failures of runs through a policy.

    What really happened is held against what the policy says of the same attempts. Beyond the first decision that goes
    the other way nothing can be known of a run.

    Args:
        policy: The policy.
        runs: Runs as they are recorded, those that a person took part in with them.
    """
    count, failures, changes = 0, 0, []
    for run in runs:
        seen = list(_replayed(policy, run))
        count += bool(seen)
        failures += len(seen)
        changes += [change for change in seen if change.was != change.would]
    return Simulation(count, failures, tuple(changes))


def _replayed(policy: RetryPolicy, run: Run) -> Iterator[Change]:
    """Each failure of a run with both decisions, as far as both go the same way."""
    other = replace(run, retry=policy, wish=None)
    for attempt in run.attempts:
        if attempt.cause in ("", outcomes.SUCCEEDED, outcomes.CANCELLED) or attempt.finished_at is None:
            return
        is_last = attempt.number == len(run.attempts)
        if run.wish and attempt.number + 1 >= run.wish.attempt and not is_last:
            return  # what came next was a person's decision
        decided = retries.decide(policy, run.attempts[: attempt.number], run.uid)
        would, was = "gives up", "gave up"
        if isinstance(decided, Again):
            wait = times.spell_seconds((decided.at - attempt.finished_at).total_seconds())
            changed = _spelled(retries.changes(other, attempt.number + 1))
            would = f"again in {wait}{changed}"
        if not is_last or run.next_attempt_at is not None:
            was = f"again{_spelled(retries.changes(run, attempt.number + 1))}"
        goes_on = isinstance(decided, Again) == was.startswith("again")
        is_same = goes_on and _changes(would) == _changes(was)
        yield Change(run.name, run.tool, attempt.number, attempt.cause, was, was if is_same else would)
        if not goes_on:
            return


def _changes(decision: str) -> str:
    return decision.partition(",")[2]


def _spelled(changes: JobChanges) -> str:
    said = [f"memory ×{factor:g}" for factor in changes.memory.values()]
    if changes.deadline > 1:
        said.append(f"deadline ×{changes.deadline:g}")
    if changes.avoid_nodes:
        said.append("another node")
    return "".join(f", {one}" for one in said)
