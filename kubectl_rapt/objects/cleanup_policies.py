"""The cleanup policy: what is kept of what has finished, for how long, and what is exported before it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.fields import Fields
from kubectl_rapt.model.kinds import CLEANUP_POLICY, Manifest, Ref
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects import policies

JOB_STATUSES = ("Succeeded", "Failed")
RUN_STATUSES = ("Succeeded", "Failed", "Exhausted", "NotStarted")
MAX_NUMBER = 1000
_SHORT = ("keepFor", "keepSuccessful", "keepFailed")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is kept of the Jobs or Runs of a tool; the first rule about a status decides.

    Args:
        statuses: How they ended; empty for every way.
        keep_for: How long after their end they are kept; None for ever.
        keep_last: How many of the newest are kept whatever else is said.
        keep_at_most: How many are kept at most; None for any number.
        max_size: How much they may take together, the newest counted first; None for any size.
    """

    statuses: tuple[str, ...] = ()
    keep_for: Duration | None = None
    keep_last: int = 0
    keep_at_most: int | None = None
    max_size: Quantity | None = None


@dataclass(frozen=True, slots=True)
class CleanupPolicy:
    """What is kept.

    Args:
        name: Its name.
        summary: One line.
        jobs: What is kept of finished Jobs; those that no rule is about stay until their Run goes.
        runs: What is kept of finished Runs; those that no rule is about are kept for ``RUN_DEFAULT``.
        export: Whether manifest, cause and logs are written to files before anything is deleted.
    """

    name: str
    summary: str
    jobs: tuple[Rule, ...] = ()
    runs: tuple[Rule, ...] = ()
    export: bool = False


RUN_DEFAULT = CleanupPolicy("default", "Runs for 30 days", runs=(Rule(keep_for=Duration(30 * 86_400)),))
"""What holds for Runs where no policy says anything of them: also how long a request id is remembered."""


def about(rules: tuple[Rule, ...], status: str) -> Rule | None:
    """The rule that decides a status; None where there is none."""
    return next((rule for rule in rules if not rule.statuses or status in rule.statuses), None)


def read(at: Fields, name: str) -> CleanupPolicy:
    """Read what a policy says, as in a file or in ``spec``; what is wrong is noted in the fields' findings."""
    policy = CleanupPolicy(
        name=name,
        summary=at.text("summary", required=True),
        jobs=_rules(at, "jobs", JOB_STATUSES),
        runs=_rules(at, "runs", RUN_STATUSES),
        export=at.flag("export"),
    )
    if not any(key in at for key in (*_SHORT, "jobs", "runs")):
        at.wrong("", "keeps nothing and removes nothing: say jobs or runs")
    if not any(key in at for key in _SHORT):
        return policy
    if "jobs" in at:
        at.wrong("jobs", f"says what {', '.join(_SHORT)} are short for: give one of them")
    return CleanupPolicy(name, policy.summary, _short(at), policy.runs, policy.export)


def _short(at: Fields) -> tuple[Rule, ...]:
    """``keepFor``, ``keepSuccessful`` and ``keepFailed``: one age, and how many of each kind at most."""
    age = at.parsed("keepFor", Duration.parse, Duration(0), required=True)
    successful = at.whole("keepSuccessful", 0, MAX_NUMBER, required=True)
    failed = at.whole("keepFailed", 0, MAX_NUMBER, required=True)
    return (
        Rule(("Succeeded",), keep_for=age, keep_at_most=successful),
        Rule(("Failed",), keep_for=age, keep_at_most=failed),
    )


def _rules(at: Fields, key: str, statuses: tuple[str, ...]) -> tuple[Rule, ...]:
    return tuple(_rule(Fields(data, pointer, at.findings), statuses) for pointer, data in at.items(key))


def _rule(at: Fields, statuses: tuple[str, ...]) -> Rule:
    rule = Rule(
        statuses=at.words("statuses", statuses, f"one of: {', '.join(statuses)}"),
        keep_for=at.parsed("keepFor", Duration.parse, None),
        keep_last=at.whole("keepLast", 0, MAX_NUMBER, 0),
        keep_at_most=at.whole("keepAtMost", 0, MAX_NUMBER, 0) if "keepAtMost" in at else None,
        max_size=at.parsed("maxSize", Quantity.parse, None),
    )
    at.done()
    if rule.max_size is not None and rule.max_size.nano < 0:
        at.wrong("maxSize", "is less than nothing")
    if rule.keep_at_most is not None and rule.keep_at_most < rule.keep_last:
        at.wrong("keepAtMost", "is less than keepLast")
    return rule


def to_data(policy: CleanupPolicy) -> dict[str, Any]:
    """A policy as ``spec`` of its kind says it, without its name; what is as it would be anyway is left out."""
    said: dict[str, Any] = {
        "summary": policy.summary,
        "jobs": [_rule_to_data(rule) for rule in policy.jobs],
        "runs": [_rule_to_data(rule) for rule in policy.runs],
        "export": policy.export,
    }
    return {key: value for key, value in said.items() if value}


def _rule_to_data(rule: Rule) -> dict[str, Any]:
    said: dict[str, Any] = {
        "statuses": list(rule.statuses) or None,
        "keepFor": str(rule.keep_for) if rule.keep_for is not None else None,
        "keepLast": rule.keep_last or None,
        "keepAtMost": rule.keep_at_most,
        "maxSize": str(rule.max_size) if rule.max_size is not None else None,
    }
    return {key: value for key, value in said.items() if value is not None}


def from_data(data: Mapping[str, Any], source: str) -> CleanupPolicy:
    """A policy as a Tool holds it: with its name.

    Raises:
        Invalid: ``bad-policy``: it is not one.
    """
    return policies.from_data(read, data, source)


def snapshot(policy: CleanupPolicy) -> dict[str, Any]:
    """A policy as a Tool holds it."""
    return {"name": policy.name, **to_data(policy)}


def from_manifest(manifest: Manifest) -> CleanupPolicy:
    """Read a CleanupPolicy object. Raises Invalid."""
    return policies.from_manifest(read, manifest, CLEANUP_POLICY)


def to_manifest(policy: CleanupPolicy, namespace: str) -> Manifest:
    """The CleanupPolicy object."""
    return policies.to_manifest(Ref(CLEANUP_POLICY, policy.name, namespace), to_data(policy))
