"""Retry and cleanup policies: read from a registry's ``policies/``, compiled into fields of Jobs and CronJobs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from kubectl_rapt import documents
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model import names
from kubectl_rapt.model.fields import Fields, Findings, hidden, refuse, shown
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import cleanup_policies, retry_fields, retry_policies
from kubectl_rapt.objects.cleanup_policies import CleanupPolicy
from kubectl_rapt.objects.retry_policies import RetryPolicy

API_VERSION = "rapt.dev/v1alpha1"

RETRY_FIELDS = ("backoffLimit", "backoffLimitPerIndex", "podFailurePolicy")
"""How often Kubernetes itself tries a Job again."""

P = TypeVar("P")

_FOLDER = "policies/"
_NO_LIMIT = 2**31 - 1
"""The greatest number that a CronJob's history limits take: it never removes a Job for being one too many."""
_EVERY_FAILURE = {"failedJobsHistoryLimit": _NO_LIMIT}


@dataclass(frozen=True, slots=True)
class Compiled:
    """What policies say, in Kubernetes' own fields.

    Args:
        job: Fields of a Job's spec: see ``governed``.
        indexed_job: Those that take the place of ``backoffLimit`` where a Job is indexed.
        cron_job: Fields of a CronJob's spec.
        retry: The retry policy, for what Kubernetes cannot do itself; None for none, and for a single attempt.
        cleanup: The cleanup policy, for the same.
    """

    job: Mapping[str, Any] = field(default_factory=dict)
    indexed_job: Mapping[str, Any] = field(default_factory=dict)
    cron_job: Mapping[str, Any] = field(default_factory=dict)
    retry: RetryPolicy | None = None
    cleanup: CleanupPolicy | None = None

    def governed(self, spec: Manifest) -> dict[str, Any]:
        """A Job's spec with what the policies say.

        How often it is tried is the retry policy's alone, where there is one: if Kubernetes also did what the template
        says, each attempt of Rapt would be several. Everything else holds where the template says nothing.

        Args:
            spec: The Job's spec, as its template says it.
        """
        said = self.fields(spec)
        decided = {key: value for key, value in said.items() if key in RETRY_FIELDS}
        own = {key: value for key, value in spec.items() if not (decided and key in RETRY_FIELDS)}
        found = {**said, **own, **decided}
        if decided and "backoffLimitPerIndex" not in decided:
            found.pop("maxFailedIndexes", None)  # Kubernetes takes the one only with the other
        return found

    def fields(self, spec: Manifest) -> dict[str, Any]:
        """The fields of a Job's spec, as far as a Job of this kind can have them.

        Args:
            spec: The Job's own spec, which may say something else.
        """
        may_replace_pods = spec["template"]["spec"].get("restartPolicy") == "Never"
        found = dict(self.job)
        if spec.get("completionMode") == "Indexed" and self.indexed_job and may_replace_pods:
            found.pop("backoffLimit", None)
            found |= self.indexed_job
        if not may_replace_pods:
            # Where containers restart in place, Kubernetes permits a limit and no policy about failures.
            found.pop("podFailurePolicy", None)
        return found


@lru_cache(maxsize=64)
def read_cleanup(text: str | bytes, source: str) -> CleanupPolicy:
    """Read a file of ``policies/cleanup``.

    Raises:
        Invalid: ``bad-policy``, with every problem and its line; ``bad-yaml``.
    """

    return _read(text, source, "CleanupPolicy", cleanup_policies.read)


@lru_cache(maxsize=64)
def read_retry(text: str | bytes, source: str) -> RetryPolicy:
    """Read a file of ``policies/retry``.

    Raises:
        Invalid: ``bad-policy``, with every problem and its line; ``bad-yaml``.
    """

    return _read(text, source, "RetryPolicy", retry_policies.read)


def _read(text: str | bytes, source: str, kind: str, read: Callable[[Fields, str], P]) -> P:
    data, lines = documents.load_with_lines(text, source)
    findings: Findings = [*hidden(data)]
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
    successful Jobs and 1 failed) would remove the evidence first. Its limit for failures never removes any: it
    would take those that nobody has recorded, and so retried, yet.
    """
    if not policy.jobs:
        return Compiled(cleanup=policy)
    rules = [cleanup_policies.about(policy.jobs, status) for status in cleanup_policies.JOB_STATUSES]
    ages = [rule.keep_for.seconds for rule in rules if rule and rule.keep_for is not None]
    may_expire = len(ages) == len(rules) and not policy.export
    may_expire = may_expire and not any(rule and rule.keep_last for rule in rules)
    of_success = rules[cleanup_policies.JOB_STATUSES.index("Succeeded")]
    at_most = of_success.keep_at_most if of_success and not policy.export else None
    return Compiled(
        job={"ttlSecondsAfterFinished": max(ages)} if may_expire else {},
        cron_job={
            "successfulJobsHistoryLimit": _NO_LIMIT if at_most is None else at_most,
            **_EVERY_FAILURE,
        },
        cleanup=policy,
    )


def compile_retry(policy: RetryPolicy) -> Compiled:
    """A retry policy in Kubernetes' fields: all of it, or one pod a Job, and Rapt does the rest."""
    return Compiled(
        job=retry_fields.job(policy),
        indexed_job=retry_fields.indexed_job(policy),
        cron_job={} if policy.is_single else _EVERY_FAILURE,
        retry=None if policy.is_single else policy,
    )


def available(own: Mapping[str, bytes], shipped: Mapping[str, bytes]) -> dict[str, bytes]:
    """The policies that templates of a registry and their tools may name, as path to content.

    Args:
        own: Files of the registry: its policies come first.
        shipped: Files that came with Rapt.
    """
    return {
        path: content
        for files in (shipped, own)
        for path, content in files.items()
        if path.startswith(_FOLDER)
    }


def compile(files: Mapping[str, bytes], retry: str, cleanup: str, registry: str = "the registry") -> Compiled:
    """What the policies of a template say, in Kubernetes' fields.

    Args:
        files: What ``available`` returned.
        retry: The name of a retry policy; empty for none.
        cleanup: The name of a cleanup policy; empty for none.
        registry: What to call the registry, in messages.

    Raises:
        NotFound: ``no-policy``: neither the registry nor Rapt has one of that name.
        Invalid: ``bad-policy``: there is one, and it is invalid.
    """
    tried = compile_retry(_find(files, "retry", retry, read_retry, registry)) if retry else Compiled()
    kept = (
        compile_cleanup(_find(files, "cleanup", cleanup, read_cleanup, registry)) if cleanup else Compiled()
    )
    job = {**tried.job, **kept.job}
    cron_job = {**tried.cron_job, **kept.cron_job}
    return Compiled(job, tried.indexed_job, cron_job, tried.retry, kept.cleanup)


def path(kind: str, name: str) -> str:
    """Where a registry keeps a policy: of ``retry`` or ``cleanup``, and its name."""
    return f"{_FOLDER}{kind}/{name}.yaml"


def _find(
    files: Mapping[str, bytes], kind: str, name: str, read: Callable[[bytes, str], P], registry: str
) -> P:
    folder = f"{_FOLDER}{kind}/"
    where = path(kind, name)
    if where not in files:
        known = sorted(
            one.removeprefix(folder).removesuffix(".yaml") for one in files if one.startswith(folder)
        )
        near = names.did_you_mean(name, known)
        hint = "kubectl rapt policy"
        if kind == "cleanup" and known:  # which that command does not list
            hint, near = f"--cleanup {known[0]}", near or f"; available: {', '.join(known)}"
        what = f'no {kind} policy "{name}": {registry} has no {where}, and none came with Rapt{near}'
        raise NotFound("no-policy", what, hint).meant(name, names.nearest(name, known))
    return read(files[where], where)
