"""What of a retry policy Kubernetes does by itself, in the fields of a Job that say so."""

from typing import Any

from kubectl_rapt.objects.retry_policies import Changes, RetryPolicy, Rule

DISRUPTIONS = frozenset({"Evicted", "Preempted", "NodeLost"})
"""The causes for which Kubernetes sets the pod condition ``DisruptionTarget``: it does not tell them apart."""


def is_native(policy: RetryPolicy) -> bool:
    """Whether Kubernetes can do all of a policy: then Rapt does none of it, or attempts would multiply.

    It can where it may choose the delays, nothing is changed from attempt to attempt, and each rule is about exit codes
    that give up or about disruptions that do not count.
    """
    return (
        policy.delay is None
        and policy.otherwise == "retry"
        and all(_failure(rule, "") for rule in policy.rules)
    )


def job(policy: RetryPolicy) -> dict[str, Any]:
    """The fields of a Job's spec; where Rapt does it, each Job has one pod."""
    return _fields(policy, "backoffLimit", "FailJob") if is_native(policy) else {"backoffLimit": 0}


def indexed_job(policy: RetryPolicy) -> dict[str, Any]:
    """The fields that take the place of those where a Job is indexed: each index has attempts of its own.

    There ``backoffLimit`` would count the failures of all indexes together. Empty where Rapt does it: all of a Job is
    tried again then.
    """
    return _fields(policy, "backoffLimitPerIndex", "FailIndex") if is_native(policy) else {}


def _fields(policy: RetryPolicy, limit: str, action: str) -> dict[str, Any]:
    rules = [_failure(rule, action) for rule in policy.rules]
    return {limit: policy.attempts - 1, **({"podFailurePolicy": {"rules": rules}} if rules else {})}


def _failure(rule: Rule, action: str) -> dict[str, Any] | None:
    """A rule of ``podFailurePolicy``; None where it cannot say that."""
    if rule.changes != Changes() or rule.reason or rule.count:
        return None
    if rule.action == "give-up" and rule.exit_codes and not rule.causes:
        return {"action": action, "onExitCodes": {"operator": "In", "values": sorted(set(rule.exit_codes))}}
    if rule.action == "ignore" and not rule.exit_codes and frozenset(rule.causes) == DISRUPTIONS:
        return {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    return None
