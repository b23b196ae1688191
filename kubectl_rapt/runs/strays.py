"""Suspended Jobs that no Run has recorded: which of them nobody will ever release."""

from datetime import datetime, timedelta

from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import labels
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs import lifecycle, retries
from kubectl_rapt.runs.retries import Again

PATIENCE = timedelta(minutes=10)
"""Whoever created it may be about to record it."""


def may_be(manifest: Manifest, job: Job, now: datetime) -> bool:
    """Whether its Run is worth a look: it is ours, suspended for long, and on its way nowhere."""
    return (
        job.is_suspended
        and not job.ended
        and not job.active
        and bool(job.owner_uids)
        and labels.RUN in job.labels
        and job.suspended_by in ("", lifecycle.MANAGER)
        and "deletionTimestamp" not in manifest["metadata"]
        and now - job.created_at > PATIENCE
    )


def is_stray(job: Job, run: Run) -> bool:
    """Whether the Run that owns it is over, and has neither recorded it nor is about to."""
    if run.uid not in job.owner_uids or not run.is_finished:
        return False
    if any(job.uid == attempt.uid for attempt in run.attempts):
        return False
    return not (run.attempts and isinstance(retries.after(run), Again))
