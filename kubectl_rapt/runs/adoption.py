"""Jobs that a CronJob made and that failed: whether each is to become a run, and the Run that it becomes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubectl_rapt.model import names, times
from kubectl_rapt.model.kinds import CRON_JOB, JOB, Manifest, Ref
from kubectl_rapt.objects import jobs, labels
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.runs import Adopted, Run
from kubectl_rapt.objects.tools import Tool

SLOT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
MARK = "rapt.dev/adopted-by"
"""Annotation of a Job that became a run: the Run's UID. It never becomes another one, also when that Run is gone."""

NAME_LIMIT = 57
"""Leaves room for the number of an attempt: what names the run is a label of Jobs and pods."""

LATEST = timedelta(hours=24)
"""A failure that nobody looked at for so long is recorded, and not tried again: its time is over."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A failed Job of a CronJob.

    Args:
        manifest: The Job.
        cron_job: The CronJob that made it.
    """

    manifest: Manifest
    cron_job: Ref

    @property
    def ref(self) -> Ref:
        """The Job's address."""
        metadata = self.manifest["metadata"]
        return Ref(JOB, metadata["name"], metadata["namespace"])

    @property
    def tool(self) -> str:
        """The name of its tool."""
        return str(self.manifest["metadata"]["labels"][labels.TOOL])

    @property
    def run_name(self) -> str:
        """The name of the Run that it becomes: the Job's own."""
        return names.shorten(self.ref.name, NAME_LIMIT)


def candidate(manifest: Manifest, job: Job) -> Candidate | None:
    """A Job that was read as one that is to become a run; None where it is not, or has become one already.

    Raises:
        KeyError, TypeError, ValueError: It is no Job as Kubernetes writes them.
    """
    metadata = manifest["metadata"]
    marks: Mapping[str, str] = metadata.get("labels") or {}
    if not marks.get(labels.TOOL) or labels.RUN in marks or "deletionTimestamp" in metadata:
        return None
    if job.ended != "Failed" or MARK in (metadata.get("annotations") or {}):
        return None
    for owner in metadata.get("ownerReferences") or ():
        if owner["kind"] == CRON_JOB.name and owner.get("controller"):
            return Candidate(manifest, Ref(CRON_JOB, owner["name"], metadata["namespace"]))
    return None


def run_of(
    found: Candidate, tool: Tool | None, cron_job: Manifest | None, now: datetime
) -> tuple[Run | None, str]:
    """The Run that a Job becomes, and why it will not be tried again, where it will not.

    A retry starts from the tool's own Job, never from a live one: so it is only possible while tool and CronJob are
    those that the Job was made from.

    Args:
        found: The Job.
        tool: Its tool; None where that is gone.
        cron_job: The CronJob as it is now; None where it is gone.
        now: The time.

    Returns:
        No Run where there is no tool any more: nothing could be told of it.
    """
    if tool is None:
        return None, "its tool is gone"
    why_not = _why_not(found, tool, cron_job, now)
    metadata = found.manifest["metadata"]
    marks = {key: value for key, value in metadata["labels"].items() if key.startswith("rapt.dev/")}
    slot = (metadata.get("annotations") or {}).get(SLOT)
    run = Run(
        name=found.run_name,
        namespace=tool.namespace,
        tool=tool.name,
        answers={},
        job=tool.job,
        digest="sha256:" + hashlib.sha256(str(metadata["uid"]).encode()).hexdigest(),
        requested_by=jobs.asked_by(metadata),
        labels={
            **marks,
            **labels.of_policies(tool.retry_policy, tool.cleanup_policy),
            labels.RUN: found.run_name,
            labels.MANAGED_BY: "rapt",
        },
        source=tool.source,
        retry=None if why_not else tool.retry,
        concurrency=tool.concurrency,
        adopted=Adopted(metadata["name"], metadata["uid"]),
        schedule=found.cron_job.name,
        slot=times.parse(slot) if slot else None,
    )
    return run, why_not


def _why_not(found: Candidate, tool: Tool, cron_job: Manifest | None, now: datetime) -> str:
    """Why it is not tried again whatever the policy says; empty where the policy decides."""
    ended_at = jobs.from_manifest(found.manifest).ended_at
    if ended_at is not None and now - ended_at > LATEST:
        return f"it failed {times.spell_seconds((now - ended_at).total_seconds())} ago"
    if cron_job is None:
        return f"{found.cron_job} is gone"
    definition = (cron_job["metadata"].get("annotations") or {}).get(labels.DEFINITION, "")
    if not definition or tool.source is None or tool.source.definition != definition:
        return f"tool/{tool.name} and {found.cron_job} are not of one definition"
    # The API server fills in the same defaults in both: what is equal was made from it.
    if _pod(found.manifest["spec"]) != _pod(cron_job["spec"]["jobTemplate"]["spec"]):
        return f"the definition of {found.cron_job} has moved on"
    return ""


def _pod(spec: Manifest) -> Manifest:
    pod: Manifest = spec["template"]["spec"]
    return pod
