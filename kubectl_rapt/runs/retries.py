"""Whether a run is tried again after an attempt failed, when, and with what changed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubectl_rapt.objects.job_changes import JobChanges
from kubectl_rapt.objects.retry_policies import MAX_ATTEMPTS, RetryPolicy, Rule
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.runs import outcome as outcomes

KUBERNETES_DELAY_SECONDS = 10
"""Kubernetes' own first back-off."""


@dataclass(frozen=True, slots=True)
class Again:
    """The next attempt of a run.

    Args:
        number: Its number.
        at: When it is due.
        why: One line for people.
    """

    number: int
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Over:
    """No further attempt.

    Args:
        why: One line for people.
        is_exhausted: Whether the run has used up what its policy allows.
    """

    why: str
    is_exhausted: bool = False


def after(run: Run) -> Again | Over:
    """What follows the last attempt of a run, which has ended.

    The answer rests on the run alone, so that everybody who asks gets the same one.
    """
    last = run.attempts[-1]
    assert last.finished_at is not None, "an attempt that ended has a time"
    if run.cancelled_by:
        return Over(f"cancelled by {run.cancelled_by}")
    if run.wish and run.wish.attempt > last.number:
        return Again(last.number + 1, last.finished_at, f"asked for by {run.wish.by}")
    if last.cause in (outcomes.SUCCEEDED, outcomes.CANCELLED):
        return Over(last.message or last.cause)
    policy = run.retry
    if policy is None or policy.delay is None:
        attempts = policy.attempts if policy else 1
        return Over("Kubernetes alone tries it again", is_exhausted=attempts > 1)
    # What a person asked for begins a new count: the policy looks at what happened since.
    since = run.attempts[(run.wish.attempt - 1 if run.wish else 0) :]
    return _by_policy(policy, since, run.uid)


def _by_policy(policy: RetryPolicy, attempts: Sequence[Attempt], seed: str) -> Again | Over:
    rules = matches(policy, attempts)
    last, rule = attempts[-1], rules[-1]
    action = rule.action if rule else policy.otherwise
    if action == "give-up":
        return Over(f"policy {policy.name} gives up after {last.cause}")
    counted = sum((one.action if one else policy.otherwise) == "retry" for one in rules)
    if counted >= policy.attempts or last.number >= MAX_ATTEMPTS:
        return Over(
            f"policy {policy.name} allows {policy.attempts} attempts", is_exhausted=policy.attempts > 1
        )
    wait = delay_seconds(policy, max(counted, 1), f"{seed}/{last.number}")
    assert last.finished_at is not None
    number = last.number + 1
    counts = (
        f"attempt {counted + 1} of {policy.attempts}"
        if action == "retry"
        else f"attempt {number}, not counted"
    )
    return Again(number, last.finished_at + timedelta(seconds=wait), f"{counts} (policy {policy.name})")


def matches(policy: RetryPolicy, attempts: Sequence[Attempt]) -> list[Rule | None]:
    """The rule that decides each attempt; None where no rule is about it."""
    used: dict[int, int] = {}
    found: list[Rule | None] = []
    for attempt in attempts:
        chosen = None
        for index, rule in enumerate(policy.rules):
            if _fits(rule, attempt) and not (rule.count and used.get(index, 0) >= rule.count):
                used[index] = used.get(index, 0) + 1
                chosen = rule
                break
        found.append(chosen)
    return found


def _fits(rule: Rule, attempt: Attempt) -> bool:
    return (
        (not rule.causes or attempt.cause in rule.causes)
        and (not rule.exit_codes or attempt.exit_code in rule.exit_codes)
        and (not rule.reason or rule.reason in f"{attempt.cause} {attempt.message} {attempt.evidence}")
    )


def delay_seconds(policy: RetryPolicy, failures: int, seed: str) -> float:
    """How long to wait after so many failures that count.

    Args:
        policy: The policy; one without a delay waits as Kubernetes does.
        failures: At least 1.
        seed: What the jitter is drawn from: everybody who asks waits until the same moment.
    """
    first = policy.delay.seconds if policy.delay is not None else KUBERNETES_DELAY_SECONDS
    longest = float(policy.max_delay.seconds)
    # 100 doublings are beyond every cap, and beyond what a float holds they would be an error.
    grown = min(first * policy.factor ** min(failures - 1, 100), longest)
    drawn = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) / 2**32
    return float(grown * (1 - policy.jitter_percent / 100 * drawn))


def changes(run: Run, number: int) -> JobChanges:
    """What the attempt of that number has that the run's own Job has not: it adds up over the failures before."""
    if run.retry is None:
        return JobChanges()
    # Whoever asks for an attempt with another Job has decided what it gets.
    first = run.wish.attempt if run.wish and run.wish.job and number >= run.wish.attempt else 1
    earlier = [one for one in run.attempts if first <= one.number < number and one.cause]
    memory: dict[str, float] = {}
    deadline, nodes = 1.0, []
    memory_cap = deadline_cap = None
    for attempt, rule in zip(earlier, matches(run.retry, earlier), strict=True):
        if rule is None:
            continue
        wanted = rule.changes
        if wanted.memory_factor > 1:
            memory[attempt.container] = memory.get(attempt.container, 1.0) * wanted.memory_factor
            memory_cap = wanted.memory_cap or memory_cap
        if wanted.deadline_factor > 1:
            deadline *= wanted.deadline_factor
            deadline_cap = wanted.deadline_cap or deadline_cap
        if wanted.other_node and attempt.node:
            nodes.append(attempt.node)
    return JobChanges(memory, memory_cap, deadline, deadline_cap, tuple(dict.fromkeys(nodes)))
