"""The Lease of a tool: which run has it, where the tool's runs go on one at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubectl_rapt.model import digits
from kubectl_rapt.model.kinds import LEASE, Manifest, Ref
from kubectl_rapt.objects import labels, reading
from kubectl_rapt.objects.runs import Run


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as it exists.

    Args:
        name: Its name.
        namespace: Its namespace.
        holder: The name of the run that has it; empty for none.
        attempt: The attempt that it was taken for.
        uid: Its UID.
        resource_version: The version that was read.
    """

    name: str
    namespace: str
    holder: str
    attempt: int
    uid: str
    resource_version: str

    @property
    def ref(self) -> Ref:
        """Its address."""
        return Ref(LEASE, self.name, self.namespace)


def ref_of(run: Run) -> Ref:
    """The lease that a run needs."""
    return Ref(LEASE, f"rapt-{run.tool}", run.namespace)


@reading.reader(LEASE)
def from_manifest(manifest: Manifest) -> Lease:
    """Read a Lease object; one that somebody else made is nobody's."""
    metadata = manifest["metadata"]
    attempt = digits.whole((metadata.get("annotations") or {}).get(labels.ATTEMPT, ""))
    return Lease(
        name=metadata["name"],
        namespace=metadata["namespace"],
        holder=(manifest.get("spec") or {}).get("holderIdentity") or "",
        attempt=attempt or 0,
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
    )


def create(run: Run, attempt: int, now: datetime) -> Manifest:
    """The lease as it is made for an attempt."""
    ref = ref_of(run)
    return {
        "apiVersion": LEASE.api_version,
        "kind": LEASE.name,
        "metadata": {
            "name": ref.name,
            "namespace": ref.namespace,
            "labels": {labels.TOOL: run.tool, labels.MANAGED_BY: "rapt"},
            "annotations": {labels.ATTEMPT: str(attempt)},
        },
        "spec": _spec(run, now),
    }


def take(lease: Lease, run: Run, attempt: int, now: datetime) -> dict[str, Any]:
    """The merge patch that takes a lease, provided that it is as it was read."""
    metadata = {
        "uid": lease.uid,
        "resourceVersion": lease.resource_version,
        "annotations": {labels.ATTEMPT: str(attempt)},
    }
    return {"metadata": metadata, "spec": _spec(run, now)}


def _spec(run: Run, now: datetime) -> dict[str, str]:
    return {"holderIdentity": run.name, "acquireTime": f"{now:%Y-%m-%dT%H:%M:%S.%fZ}"}
