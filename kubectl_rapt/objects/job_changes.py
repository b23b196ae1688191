"""What a later attempt's Job has that the first one had not: more memory, more time, another node."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.quantity import Quantity

_HOST = "kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class JobChanges:
    """Changes of a Job template.

    Args:
        memory: Container to the factor by which its memory grows; an empty name is every container.
        memory_cap: What no memory grows beyond.
        deadline: The factor by which the pod's deadline grows.
        deadline_cap: What it does not grow beyond.
        avoid_nodes: Nodes that are taken only where no other will do.
    """

    memory: Mapping[str, float] = field(default_factory=dict)
    memory_cap: Quantity | None = None
    deadline: float = 1
    deadline_cap: Duration | None = None
    avoid_nodes: tuple[str, ...] = ()


def apply(job: Manifest, changes: JobChanges) -> Manifest:
    """A Job template with the changes; the same one where there are none."""
    if changes == JobChanges():
        return job
    pod: dict[str, Any] = dict(job["spec"]["template"]["spec"])
    for group in ("initContainers", "containers"):
        if group in pod:
            pod[group] = [_grown(container, changes) for container in pod[group]]
    if changes.deadline > 1 and "activeDeadlineSeconds" in pod:
        seconds = int(pod["activeDeadlineSeconds"] * changes.deadline)
        cap = changes.deadline_cap.seconds if changes.deadline_cap else seconds
        pod["activeDeadlineSeconds"] = max(pod["activeDeadlineSeconds"], min(seconds, cap))
    if changes.avoid_nodes:
        pod["affinity"] = _elsewhere(changes.avoid_nodes)
    template = {**job["spec"]["template"], "spec": pod}
    return {**job, "spec": {**job["spec"], "template": template}}


def _grown(container: Mapping[str, Any], changes: JobChanges) -> Mapping[str, Any]:
    factor = changes.memory.get(container["name"], 1) * changes.memory.get("", 1)
    resources = container.get("resources") or {}
    if factor == 1 or not resources:
        return container
    sized = {
        kind: {
            name: _times(amount, factor, changes.memory_cap) if name == "memory" else amount
            for name, amount in amounts.items()
        }
        for kind, amounts in resources.items()
    }
    return {**container, "resources": sized}


def _times(amount: str | int, factor: float, cap: Quantity | None) -> str | int:
    """An amount that many times, no further than the cap, and never less than it was."""
    was = Quantity.parse(str(amount))
    grown = was.times(factor)
    if cap is not None and grown > cap:
        grown = cap
    return str(grown) if grown > was else amount


def _elsewhere(nodes: tuple[str, ...]) -> dict[str, Any]:
    away = {"key": _HOST, "operator": "NotIn", "values": list(nodes)}
    preferred = {"weight": 100, "preference": {"matchExpressions": [away]}}
    return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preferred]}}
