"""Whether a run is tried again after an attempt failed, when, and with what changed."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubectl_rapt.model import causes
from kubectl_rapt.objects import retry_fields
from kubectl_rapt.objects.job_changes import JobChanges
from kubectl_rapt.objects.retry_policies import MAX_ATTEMPTS, Action, RetryPolicy, Rule
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.runs import counting

KUBERNETES_DELAY_SECONDS = 10
"""Kubernetes' own first back-off."""


@dataclass(frozen=True, slots=True)
class Again:
    """The next attempt of a run.

    Args:
        number: Its number.
        at: When it is due.
        what: Which one it is, for people: ``attempt 2 of 3``.
        by: Who says so: a policy, or a person.
        is_wish: Whether a person asked for it.
    """

    number: int
    at: datetime
    what: str
    by: str
    is_wish: bool = False

    @property
    def why(self) -> str:
        """One line for people."""
        return f"{self.what} ({self.by})"


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
    if run.wish and run.is_wished:
        number = last.number + 1
        what = counting.named(number, run.allowed, number)
        return Again(number, last.finished_at, what, f"asked for by {run.wish.by}", is_wish=True)
    if last.cause in (causes.SUCCEEDED, causes.CANCELLED):
        return Over(last.message or last.cause)
    policy = run.retry
    if policy is None:
        return Over("nothing says that it is tried again")
    # What a person asked for begins a new count: the policy looks at what happened since.
    since = run.attempts[(run.wished - 1 if 0 < run.wished <= last.number else 0) :]
    decided = decide(policy, since, run.uid)
    if isinstance(decided, Again) and retry_fields.is_native(policy):
        return Over(f"policy {policy.name}: Kubernetes has tried it again", policy.attempts > 1)
    return decided


def decide(policy: RetryPolicy, attempts: Sequence[Attempt], seed: str) -> Again | Over:
    """What a policy says after some attempts, of which the last one failed, whoever carries it out.

    Args:
        policy: The policy.
        attempts: Those that it looks at, at least one.
        seed: What the jitter is drawn from.
    """
    rules, last = matches(policy, attempts), attempts[-1]
    rule = rules[-1]
    if last.cause == causes.DELETED and not (rule and causes.DELETED in rule.causes):
        return Over("it is not known how it ended, and it may have done its work")
    if (rule.action if rule else policy.otherwise) == "give-up":
        return Over(f"policy {policy.name} gives up after {last.cause}")
    return _counted(policy, [one.action if one else policy.otherwise for one in rules], attempts, seed)


def _counted(
    policy: RetryPolicy, actions: Sequence[Action], attempts: Sequence[Attempt], seed: str
) -> Again | Over:
    last = attempts[-1]
    counted = sum(action == "retry" for action in actions)
    if counted >= policy.attempts:
        allowed = "1 attempt" if policy.attempts == 1 else f"{policy.attempts} attempts"
        return Over(f"policy {policy.name} allows {allowed}", is_exhausted=policy.attempts > 1)
    if last.number >= MAX_ATTEMPTS:
        return Over(f"a run has at most {MAX_ATTEMPTS} attempts", is_exhausted=True)
    number = last.number + 1
    what = counting.named(number, policy.attempts, attempts[0].number)
    by = f"policy {policy.name}"
    if actions[-1] == "ignore":
        by += f", which does not count {last.cause}"
    assert last.finished_at is not None
    wait = delay_seconds(policy, max(counted, 1), f"{seed}/{last.number}")
    # Whole seconds, as Kubernetes keeps times: what is recorded and what is asked later are the same moment.
    at = last.finished_at.replace(microsecond=0) + timedelta(seconds=math.ceil(wait))
    return Again(number, at, what, by)


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
    return float(grown * (1 - policy.jitter_percent / 100 * spread(seed)))


def spread(seed: str) -> float:
    """A number from 0 to 1 that looks random, and is the same for everybody."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) / 2**32


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
