"""The Workload: what Kueue makes of a Job that waits in one of its queues."""

from collections.abc import Mapping
from dataclasses import dataclass

from kubectl_rapt.model.kinds import Manifest

QUEUE = "kueue.x-k8s.io/queue-name"
"""The label by which a Job asks for a queue."""
JOB_UID = "kueue.x-k8s.io/job-uid"
"""The label by which its Workload is found."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A Workload as Kueue shows it.

    Args:
        name: Its name.
        queue: The LocalQueue that it waits in.
        is_admitted: Whether it may run.
        is_active: Whether it may be admitted at all.
        reason: Why it waits: ``WaitingForQuota``, ``Misconfigured``, …; empty where Kueue has not looked yet.
        message: One line more on that.
    """

    name: str
    queue: str
    is_admitted: bool
    is_active: bool = True
    reason: str = ""
    message: str = ""


def from_manifest(manifest: Manifest) -> Workload:
    """Read a Workload of ``v1beta2``."""
    spec = manifest.get("spec") or {}
    conditions = {one["type"]: one for one in (manifest.get("status") or {}).get("conditions") or ()}
    # What was taken from it (``Evicted``) says more than that it has no quota again.
    waits: Mapping[str, str] = next(
        (
            conditions[name]
            for name, status in (("Evicted", "True"), ("QuotaReserved", "False"), ("Admitted", "False"))
            if conditions.get(name, {}).get("status") == status
        ),
        {},
    )
    return Workload(
        name=manifest["metadata"]["name"],
        queue=spec.get("queueName", ""),
        is_admitted=conditions.get("Admitted", {}).get("status") == "True",
        is_active=spec.get("active", True),
        reason=waits.get("reason", ""),
        message=waits.get("message", ""),
    )
