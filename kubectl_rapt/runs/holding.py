"""Jobs that somebody holds, and that Kubernetes itself would delete: what takes them out of its cleaning."""

from collections.abc import Mapping
from typing import Any

from kubectl_rapt.model.kinds import CRON_JOB, Manifest
from kubectl_rapt.model.plan import Patch
from kubectl_rapt.objects import labels
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.runs import adoption


def run_name(manifest: Manifest) -> str:
    """The name of the Run that a Job is of, or became; empty for none."""
    metadata = manifest["metadata"]
    marks: Mapping[str, str] = metadata.get("labels") or {}
    if labels.RUN in marks:
        return marks[labels.RUN]
    is_adopted = adoption.MARK in (metadata.get("annotations") or {})
    return str(metadata["name"]) if is_adopted else ""


def kept(manifest: Manifest, job: Job) -> Patch | None:
    """What keeps Kubernetes from deleting a Job that is held; None where it would not delete it.

    It deletes by a time to live, and by the history limits of the CronJob that owns the Job. A failure that has not
    become a run yet keeps its owner, by which it is found; the limit about failures never removes it.
    """
    metadata = manifest["metadata"]
    owners = metadata.get("ownerReferences") or []
    others = [one for one in owners if one["kind"] != CRON_JOB.name]
    spec: dict[str, Any] = {} if job.ttl_seconds is None else {"ttlSecondsAfterFinished": None}
    marks: dict[str, Any] = {"uid": job.uid, "resourceVersion": job.resource_version}
    if len(others) < len(owners) and job.ended and adoption.candidate(manifest, job) is None:
        marks["ownerReferences"] = others or None
    if not spec and "ownerReferences" not in marks:
        return None
    return Patch(job.ref, {"metadata": marks, **({"spec": spec} if spec else {})})
