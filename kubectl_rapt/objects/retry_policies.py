"""The retry policy: when a failed attempt is followed by another one, and what is changed for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from kubectl_rapt.model.causes import CAUSES
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.fields import Fields
from kubectl_rapt.model.kinds import RETRY_POLICY, Manifest, Ref
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects import policies

Action = Literal["retry", "ignore", "give-up"]

MAX_ATTEMPTS = 100
MAX_FACTOR = 100
KUBERNETES_CAP = Duration(360)
"""Kubernetes' own longest back-off."""
_ACTIONS: Mapping[str, Action] = {"retry": "retry", "ignore": "ignore", "give-up": "give-up"}


@dataclass(frozen=True, slots=True)
class Changes:
    """What the next attempt gets that the last one had not.

    Args:
        memory_factor: By how much the memory of the container that failed grows; 1 leaves it.
        memory_cap: What it never grows beyond.
        deadline_factor: By how much the pod's deadline grows; 1 leaves it.
        deadline_cap: What it never grows beyond.
        other_node: Whether nodes on which it failed are avoided where others will do.
    """

    memory_factor: float = 1
    memory_cap: Quantity | None = None
    deadline_factor: float = 1
    deadline_cap: Duration | None = None
    other_node: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do about some failures; the first rule that fits an attempt decides.

    Args:
        action: ``retry`` counts the attempt, ``ignore`` does not, ``give-up`` ends the run.
        causes: The causes that it is about, words of ``model.causes``; empty for every cause.
        exit_codes: The exit codes that it is about; empty for every code.
        reason: A word of Kubernetes' own that the attempt's message must hold; empty for any.
        count: How many failures of a run it is about; 0 for any number. The next one goes to the next rule.
        changes: What the next attempt gets.
    """

    action: Action
    causes: tuple[str, ...] = ()
    exit_codes: tuple[int, ...] = ()
    reason: str = ""
    count: int = 0
    changes: Changes = field(default_factory=Changes)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again.

    Args:
        name: Its name.
        summary: One line.
        attempts: How often it is tried in all, at least once.
        delay: How long after the first failure; None: as Kubernetes does it (10 s, 20 s … 6 min).
        factor: By how much the delay grows from attempt to attempt.
        max_delay: What it never grows beyond.
        jitter_percent: Up to how much of the delay is taken off, so that not all come back at once.
        rules: What to do about which failures.
        otherwise: What to do about failures that no rule is about.
    """

    name: str
    summary: str
    attempts: int
    delay: Duration | None = None
    factor: float = 2
    max_delay: Duration = KUBERNETES_CAP
    jitter_percent: int = 20
    rules: tuple[Rule, ...] = ()
    otherwise: Action = "retry"

    @property
    def is_single(self) -> bool:
        """Whether there is one attempt, whatever happens."""
        return self.attempts == 1 and not self.rules and self.otherwise != "ignore"


def read(at: Fields, name: str, *, any_cause: bool = False) -> RetryPolicy:
    """Read what a policy says, as in a file or in ``spec``; what is wrong is noted in the fields' findings.

    Args:
        at: What it says.
        name: Its name.
        any_cause: Whether it may be about causes that this Rapt does not know.
    """
    delay = at.parsed("delay", Duration.parse, Duration(0))
    return RetryPolicy(
        name=name,
        summary=at.text("summary", required=True),
        attempts=at.whole("attempts", 1, MAX_ATTEMPTS, required=True),
        delay=delay if "delay" in at else None,
        factor=at.number("factor", 1, MAX_FACTOR, 2),
        max_delay=at.parsed("maxDelay", Duration.parse, KUBERNETES_CAP),
        jitter_percent=at.whole("jitterPercent", 0, 100, 20),
        rules=tuple(
            _rule(Fields(data, pointer, at.findings), any_cause) for pointer, data in at.items("rules")
        ),
        otherwise=_action(at, "otherwise", "retry"),
    )


def _rule(at: Fields, any_cause: bool) -> Rule:
    memory, deadline = at.fields("memory"), at.fields("deadline")
    rule = Rule(
        action=_action(at, "action", ""),
        causes=at.texts("causes") if any_cause else at.words("causes", tuple(CAUSES), "a cause"),
        exit_codes=at.wholes("exitCodes", 1, 255),
        reason=at.text("reason"),
        count=at.whole("count", 0, MAX_ATTEMPTS, 0),
        changes=Changes(
            memory_factor=memory.number("factor", 1, MAX_FACTOR, 1),
            memory_cap=memory.parsed("max", Quantity.parse, None),
            deadline_factor=deadline.number("factor", 1, MAX_FACTOR, 1),
            deadline_cap=deadline.parsed("max", Duration.parse, None),
            other_node=at.flag("otherNode"),
        ),
    )
    for one in (memory, deadline, at):
        one.done()
    if rule.changes != Changes() and rule.action == "give-up":
        at.wrong("action", "gives up, and so changes nothing")
    return rule


def _action(at: Fields, key: str, default: str) -> Action:
    return _ACTIONS.get(at.choice(key, tuple(_ACTIONS), default, required=not default), "retry")


def to_data(policy: RetryPolicy) -> dict[str, Any]:
    """A policy as ``spec`` of its kind says it, without its name; what is as it would be anyway is left out."""
    data: dict[str, Any] = {"summary": policy.summary, "attempts": policy.attempts}
    if policy.delay is not None:
        data["delay"] = str(policy.delay)
    untold = RetryPolicy("", "", 1)
    if policy.factor != untold.factor:
        data["factor"] = policy.factor
    if policy.max_delay != untold.max_delay:
        data["maxDelay"] = str(policy.max_delay)
    if policy.jitter_percent != untold.jitter_percent:
        data["jitterPercent"] = policy.jitter_percent
    if policy.rules:
        data["rules"] = [_rule_to_data(rule) for rule in policy.rules]
    if policy.otherwise != untold.otherwise:
        data["otherwise"] = policy.otherwise
    return data


def _rule_to_data(rule: Rule) -> dict[str, Any]:
    changes = rule.changes
    grown = {
        "memory": _growth(changes.memory_factor, changes.memory_cap),
        "deadline": _growth(changes.deadline_factor, changes.deadline_cap),
    }
    said: dict[str, Any] = {
        "action": rule.action,
        "causes": list(rule.causes),
        "exitCodes": list(rule.exit_codes),
        "reason": rule.reason,
        "count": rule.count,
        **grown,
        "otherNode": changes.other_node,
    }
    return {key: value for key, value in said.items() if value}


def _growth(factor: float, cap: object) -> dict[str, Any]:
    return {} if factor == 1 else {"factor": factor, **({"max": str(cap)} if cap else {})}


def from_data(data: Mapping[str, Any], source: str) -> RetryPolicy:
    """A policy as a Tool or a Run holds it: with its name, and perhaps with a later Rapt's causes.

    Raises:
        Invalid: ``bad-policy``: it is not one.
    """
    return policies.from_data(partial(read, any_cause=True), data, source)


def snapshot(policy: RetryPolicy) -> dict[str, Any]:
    """A policy as a Tool or a Run holds it."""
    return {"name": policy.name, **to_data(policy)}


def from_manifest(manifest: Manifest) -> RetryPolicy:
    """Read a RetryPolicy object. Raises Invalid."""
    return policies.from_manifest(read, manifest, RETRY_POLICY)


def to_manifest(policy: RetryPolicy, namespace: str) -> Manifest:
    """The RetryPolicy object."""
    return policies.to_manifest(Ref(RETRY_POLICY, policy.name, namespace), to_data(policy))
