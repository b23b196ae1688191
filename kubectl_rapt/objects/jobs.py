"""The Job: what Kubernetes says of one attempt, and the Job that an attempt starts as."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubectl_rapt.model import names, times
from kubectl_rapt.model.kinds import JOB, RUN, Manifest, Ref
from kubectl_rapt.model.plan import Patch
from kubectl_rapt.objects import job_changes, labels, reading
from kubectl_rapt.objects.job_changes import JobChanges
from kubectl_rapt.objects.runs import Run

NAME_LIMIT = 63
"""A Job's name is a label of its pods."""
_INDEX_ROOM = 6
"""Kubernetes appends ``-xxxxx`` to name the pods."""


@dataclass(frozen=True, slots=True)
class Job:
    """A Job as the cluster shows it.

    Args:
        name: Its name.
        namespace: Its namespace.
        uid: Its UID.
        labels: Its labels.
        owner_uids: The UIDs of its owners.
        is_suspended: Whether it waits to be released.
        created_at: When it was created.
        ended: ``Complete`` or ``Failed`` once its terminal condition is true, else empty.
        ended_at: The time of that condition.
        reason: The condition's reason: ``BackoffLimitExceeded``, ``DeadlineExceeded``, …
        message: The condition's message.
        completions: How many pods must succeed.
        parallelism: How many run at once.
        backoff_limit: How many failed pods Kubernetes replaces.
        active: How many of its pods exist and have not ended, those that are being deleted included.
        is_simple: One pod must succeed, each failed pod counts, and no container restarts in place: what its
            container ended with is the Job's outcome, before Kubernetes has written it down.
        is_single: The same, but a podFailurePolicy may decide which failures count.
        final_codes: The exit codes with which that policy lets the Job fail at once.
        failing: Why it will fail as soon as its pods have ended (the condition ``FailureTarget``), else empty.
        failing_at: The time of that condition.
        suspended_by: The field manager that has suspended it; empty where it is not, or the server does not say.
        service_account: Whom its pods act as.
        started_at: When it was released last; None before.
        deadline_seconds: For how long it may be active; None for as long as it likes.
        resource_version: The version that was read; empty where the object was not read from a cluster.
        is_cancelled: Whether its run was cancelled: it must never be released again.
        is_held: Whether a person holds it: nothing may delete it.
        ttl_seconds: How long after its end Kubernetes deletes it; None for never.
        asked_by: As ``asked_by``.
    """

    name: str
    namespace: str
    uid: str
    labels: Mapping[str, str]
    owner_uids: tuple[str, ...]
    is_suspended: bool
    created_at: datetime
    ended: str
    ended_at: datetime | None
    reason: str
    message: str
    completions: int
    parallelism: int
    backoff_limit: int
    active: int
    is_simple: bool
    is_single: bool = False
    final_codes: frozenset[int] = frozenset()
    failing: str = ""
    failing_at: datetime | None = None
    suspended_by: str = ""
    service_account: str = ""
    started_at: datetime | None = None
    deadline_seconds: int | None = None
    resource_version: str = ""
    is_cancelled: bool = False
    is_held: bool = False
    ttl_seconds: int | None = None
    asked_by: str = ""

    @property
    def ref(self) -> Ref:
        """Its address."""
        return Ref(JOB, self.name, self.namespace)


CRON = "cron"
"""Who has asked for what a schedule starts."""
_BY_HAND = "cronjob.kubernetes.io/instantiate"


def asked_by(metadata: Mapping[str, Any]) -> str:
    """Who asked for a Job without a Run: ``cron``, or nobody that is known."""
    has_schedule = any(one.get("kind") == "CronJob" for one in metadata.get("ownerReferences") or ())
    return CRON if has_schedule and _BY_HAND not in (metadata.get("annotations") or {}) else ""


@reading.reader(JOB)
def from_manifest(manifest: Manifest) -> Job:
    """Read a Job object. Raises Invalid: ``unreadable-object``."""
    metadata, spec, status = manifest["metadata"], manifest["spec"], manifest.get("status") or {}
    condition: Mapping[str, Any] = {}
    failing: Mapping[str, Any] = {}
    for one in status.get("conditions") or ():
        if one["type"] in ("Complete", "Failed") and one["status"] == "True":
            condition = one
        elif one["type"] == "FailureTarget" and one["status"] == "True":
            failing = one
    time = condition.get("lastTransitionTime")
    started = status.get("startTime") or (metadata.get("annotations") or {}).get(labels.RELEASED)
    completions, parallelism = spec.get("completions") or 1, spec.get("parallelism", 1)
    is_single = completions == parallelism == 1 and spec["template"]["spec"].get("restartPolicy") == "Never"
    return Job(
        name=metadata["name"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        labels=metadata.get("labels") or {},
        owner_uids=tuple(owner["uid"] for owner in metadata.get("ownerReferences") or ()),
        is_suspended=bool(spec.get("suspend")),
        created_at=times.parse(metadata["creationTimestamp"]),
        ended=condition.get("type", ""),
        ended_at=times.parse(time) if time else None,
        reason=condition.get("reason", ""),
        message=condition.get("message", ""),
        completions=completions,
        parallelism=parallelism,
        backoff_limit=spec.get("backoffLimit", 6),
        active=status.get("active", 0) + status.get("terminating", 0),
        is_simple=is_single and "podFailurePolicy" not in spec,
        is_single=is_single,
        final_codes=_final_codes(spec.get("podFailurePolicy") or {}),
        failing=failing.get("reason", ""),
        failing_at=times.parse(failing["lastTransitionTime"]) if failing.get("lastTransitionTime") else None,
        suspended_by=_suspended_by(metadata) if spec.get("suspend") else "",
        service_account=spec["template"]["spec"].get("serviceAccountName", ""),
        started_at=times.parse(started) if started else None,
        deadline_seconds=spec.get("activeDeadlineSeconds"),
        resource_version=metadata.get("resourceVersion", ""),
        is_cancelled=labels.CANCELLED in (metadata.get("labels") or {}),
        is_held=labels.is_held(metadata),
        ttl_seconds=spec.get("ttlSecondsAfterFinished"),
        asked_by=asked_by(metadata),
    )


def _final_codes(policy: Mapping[str, Any]) -> frozenset[int]:
    """The first rule that fits a failure decides; one about a container alone is not told from the others here."""
    final: set[int] = set()
    decided: set[int] = set()
    for rule in policy.get("rules") or ():
        about = rule.get("onExitCodes")
        if about is None:
            continue
        if about["operator"] != "In":
            break
        codes = set(about["values"]) - decided
        decided |= codes
        if rule["action"] == "FailJob" and not about.get("containerName"):
            final |= codes
    return frozenset(final)


def _suspended_by(metadata: Mapping[str, Any]) -> str:
    """Who owns ``spec.suspend``; of several, who wrote last."""
    owners = [
        (one.get("time", ""), one.get("manager", ""))
        for one in metadata.get("managedFields") or ()
        if "f:suspend" in one.get("fieldsV1", {}).get("f:spec", {})
    ]
    return str(max(owners, default=("", ""))[1])


def attempt_name(run: str, number: int) -> str:
    """The name of the Job of an attempt, with room for the pods' own suffix."""
    suffix = f"-{number}"
    return names.shorten(run, NAME_LIMIT - _INDEX_ROOM - len(suffix)) + suffix


def of_attempt(run: Run, number: int, changes: JobChanges | None = None) -> Manifest:
    """The Job that an attempt starts as: suspended, owned by its Run, without TTL.

    The Run's own Job template is copied exactly, or the one that the attempt was asked for with; what names the
    attempt is added, and what the retry policy changes. A Run that does not exist yet, as in a dry run, cannot be
    named as the owner.
    """
    template = run.template(number)
    if changes:
        template = job_changes.apply(template, changes)
    marks = {**labels.of_attempt(run.name, number), labels.TOOL: run.tool, labels.MANAGED_BY: "rapt"}
    spec = {key: value for key, value in template["spec"].items() if key != "ttlSecondsAfterFinished"}
    pod = template["spec"]["template"]
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.name,
        "metadata": {
            **_labelled(
                template.get("metadata") or {}, {**marks, **_policies(run), labels.UNRELEASED: "true"}
            ),
            "name": attempt_name(run.name, number),
            "namespace": run.namespace,
            **({"ownerReferences": [owner(run)]} if run.uid else {}),
        },
        "spec": {
            **spec,
            "suspend": True,
            "template": {**pod, "metadata": _labelled(pod.get("metadata") or {}, marks)},
        },
    }


def _policies(run: Run) -> dict[str, str]:
    named = (labels.RETRY_POLICY, labels.CLEANUP_POLICY)
    return {key: run.labels[key] for key in named if key in run.labels}


def owner(run: Run) -> dict[str, Any]:
    """The reference by which a run owns what is made for it: it outlives them, and takes them along."""
    return {
        "apiVersion": RUN.api_version,
        "kind": RUN.name,
        "name": run.name,
        "uid": run.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def release(job: Job) -> Patch:
    """Let an attempt's Job begin, unless it has changed since it was read.

    The mark says so: whoever cancels takes it off. The version would not do, because the Job controller writes the
    status of a Job that was just made. A Job gets no time to live here: Kubernetes must not delete what nobody has
    recorded. See ``expire``.
    """
    if labels.UNRELEASED not in job.labels:
        return _changed(job, {"suspend": False})
    metadata = {"uid": job.uid, "labels": {labels.UNRELEASED: None}}
    expects = {f"/metadata/labels/{labels.UNRELEASED.replace('/', '~1')}": job.labels[labels.UNRELEASED]}
    return Patch(job.ref, {"metadata": metadata, "spec": {"suspend": False}}, expects=expects)


def stop(job: Job) -> Patch:
    """Suspend an attempt's Job for good, unless it has changed since it was read.

    The label also changes a Job that is suspended already: a release that was decided before arrives too late.
    """
    marks = {labels.UNRELEASED: None, labels.CANCELLED: "true"}
    # Kubernetes forgets when a Job began that is suspended.
    notes = {labels.RELEASED: times.spell(job.started_at)} if job.started_at else {}
    return _changed(job, {"suspend": True}, marks, notes)


def expire(job: Job, seconds: int | None) -> Patch:
    """Say how long after its end Kubernetes deletes a Job; None for never. It fails if the Job was changed."""
    return _changed(job, {"ttlSecondsAfterFinished": seconds})


def _changed(
    job: Job,
    spec: Mapping[str, Any],
    marks: Mapping[str, str | None] | None = None,
    notes: Mapping[str, str] | None = None,
) -> Patch:
    metadata: dict[str, Any] = {"uid": job.uid, "resourceVersion": job.resource_version}
    if marks:
        metadata["labels"] = dict(marks)
    if notes:
        metadata["annotations"] = dict(notes)
    return Patch(job.ref, {"metadata": metadata, "spec": dict(spec)})


def _labelled(metadata: Mapping[str, Any], marks: Mapping[str, str]) -> dict[str, Any]:
    return {**metadata, "labels": {**(metadata.get("labels") or {}), **marks}}
