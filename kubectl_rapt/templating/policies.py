"""Retry and cleanup policies: read from a registry's ``policies/``, compiled into fields of Jobs and CronJobs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kubectl_rapt import documents
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model import names
from kubectl_rapt.model.fields import Fields, Findings, refuse, shown
from kubectl_rapt.objects import cleanup_policies, retry_policies
from kubectl_rapt.objects.cleanup_policies import CleanupPolicy
from kubectl_rapt.objects.retry_policies import Changes, RetryPolicy, Rule

API_VERSION = "rapt.dev/v1alpha1"

P = TypeVar("P")

_NO_LIMIT = 2**31 - 1
"""The greatest number that a CronJob's history limits take: it never removes a Job for being one too many."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What policies say, in Kubernetes' own fields.

    Args:
        job: Fields of a Job's spec that hold where the template says nothing.
        indexed_job: Those that take the place of ``backoffLimit`` where a Job is indexed.
        cron_job: Fields of a CronJob's spec.
        retry: The retry policy, for what Kubernetes cannot do itself.
        cleanup: The cleanup policy, for the same.
    """

    job: Mapping[str, Any] = field(default_factory=dict)
    indexed_job: Mapping[str, Any] = field(default_factory=dict)
    cron_job: Mapping[str, Any] = field(default_factory=dict)
    retry: RetryPolicy | None = None
    cleanup: CleanupPolicy | None = None


def read_cleanup(text: str | bytes, source: str) -> CleanupPolicy:
    """Read a file of ``policies/cleanup``.

    Raises:
        Invalid: ``bad-policy``, with every problem and its line; ``bad-yaml``.
    """

    return _read(text, source, "CleanupPolicy", cleanup_policies.read)


def read_retry(text: str | bytes, source: str) -> RetryPolicy:
    """Read a file of ``policies/retry``.

    Raises:
        Invalid: ``bad-policy``, with every problem and its line; ``bad-yaml``.
    """

    return _read(text, source, "RetryPolicy", retry_policies.read)


def _read(text: str | bytes, source: str, kind: str, read: Callable[[Fields, str], P]) -> P:
    data, lines = documents.load_with_lines(text, source)
    findings: Findings = []
    at = Fields(data, "", findings)
    at.choice("apiVersion", (API_VERSION,), required=True)
    at.choice("kind", (kind,), required=True)
    name = at.text("name", required=True)
    expected = source.rpartition("/")[2].removesuffix(".yaml")
    if name and name != expected:
        at.wrong("name", f"expected the file's name, {expected}, was given {shown(name)}")
    policy = read(at, name)
    at.done()
    refuse(findings, lines, source, "bad-policy")
    return policy


def compile_cleanup(policy: CleanupPolicy) -> Compiled:
    """What Kubernetes can do of a cleanup policy without deleting anything too early; ``clean`` does the rest.

    A Job has one time to live, however it ends: the longest of the policy's ages. It has none where some Jobs are
    kept for ever, or the newest for any time, or are to be exported first. Kubernetes' own limits for a schedule (3
    successful Jobs and 1 failed) would remove the evidence first.
    """
    if not policy.jobs:
        return Compiled(cleanup=policy)
    rules = [cleanup_policies.about(policy.jobs, status) for status in cleanup_policies.JOB_STATUSES]
    ages = [rule.keep_for.seconds for rule in rules if rule and rule.keep_for is not None]
    may_expire = len(ages) == len(rules) and not policy.export
    may_expire = may_expire and not any(rule and rule.keep_last for rule in rules)
    limits = [
        _NO_LIMIT if rule is None or rule.keep_at_most is None or policy.export else rule.keep_at_most
        for rule in rules
    ]
    return Compiled(
        job={"ttlSecondsAfterFinished": max(ages)} if may_expire else {},
        cron_job=dict(zip(("successfulJobsHistoryLimit", "failedJobsHistoryLimit"), limits, strict=True)),
        cleanup=policy,
    )


_DISRUPTIONS = frozenset({"Evicted", "Preempted", "NodeLost"})
"""The causes for which Kubernetes sets the pod condition ``DisruptionTarget``."""


def compile_retry(policy: RetryPolicy) -> Compiled:
    """A retry policy in Kubernetes' fields, where Kubernetes can do all of it; else one pod a Job, and Rapt does it.

    Never both: attempts would multiply. Kubernetes can where it may choose the delays, nothing is changed from
    attempt to attempt, and each rule is about exit codes that give up or about disruptions that do not count.
    """
    rules = [_compiled_rule(rule) for rule in policy.rules]
    if policy.attempts == 1 and not policy.rules:
        return Compiled(job={"backoffLimit": 0})
    if policy.delay is not None or policy.otherwise != "retry" or not all(rules):
        return Compiled(job={"backoffLimit": 0}, retry=policy)
    failure: dict[str, Any] = {"podFailurePolicy": {"rules": rules}} if rules else {}
    per_index = {"backoffLimitPerIndex": policy.attempts - 1}
    return Compiled(job={"backoffLimit": policy.attempts - 1, **failure}, indexed_job=per_index, retry=policy)


def _compiled_rule(rule: Rule) -> dict[str, Any] | None:
    """A rule of ``podFailurePolicy``; None where it cannot say that."""
    if rule.changes != Changes() or rule.reason or rule.count:
        return None
    if rule.action == "give-up" and rule.exit_codes and not rule.causes:
        return {"action": "FailJob", "onExitCodes": {"operator": "In", "values": sorted(rule.exit_codes)}}
    if (
        rule.action == "ignore"
        and rule.causes
        and not rule.exit_codes
        and _DISRUPTIONS.issuperset(rule.causes)
    ):
        return {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    return None


def compile(files: Mapping[str, bytes], retry: str, cleanup: str) -> Compiled:
    """What the policies of a template say, in Kubernetes' fields.

    Args:
        files: Path to content of a registry.
        retry: The name of a retry policy; empty for none.
        cleanup: The name of a cleanup policy; empty for none.

    Raises:
        NotFound: ``no-policy``: the registry has none of that name.
        Invalid: ``bad-policy``: it has, and it is not right.
    """
    tried = compile_retry(_find(files, "retry", retry, read_retry)) if retry else Compiled()
    kept = compile_cleanup(_find(files, "cleanup", cleanup, read_cleanup)) if cleanup else Compiled()
    job = {**tried.job, **kept.job}
    return Compiled(job, tried.indexed_job, kept.cron_job, tried.retry, kept.cleanup)


def path(kind: str, name: str) -> str:
    """Where a registry keeps a policy: of ``retry`` or ``cleanup``, and its name."""
    return f"policies/{kind}/{name}.yaml"


def _find(files: Mapping[str, bytes], kind: str, name: str, read: Callable[[bytes, str], P]) -> P:
    folder = f"policies/{kind}/"
    where = path(kind, name)
    if where not in files:
        known = sorted(
            one.removeprefix(folder).removesuffix(".yaml") for one in files if one.startswith(folder)
        )
        near = names.did_you_mean(name, known)
        hint = f"there are {', '.join(known)}" if known else ""
        raise NotFound("no-policy", f'the registry has no {kind} policy "{name}"{near}', hint)
    return read(files[where], where)
