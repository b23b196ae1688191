"""What a later attempt's Job has that the first one had not: more memory, more time, another node."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubectl_rapt.model.duration import MAX_SECONDS, Duration
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.quantity import Quantity


@dataclass(frozen=True, slots=True)
class JobChanges:
    """Changes of a Job template.

    Args:
        memory: Container to the factor by which its memory grows; an empty name is every container.
        memory_cap: What no memory grows beyond.
        deadline: The factor by which the pod's deadline grows; where it has none, the Job's.
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
    spec, pod = dict(job["spec"]), dict(job["spec"]["template"]["spec"])
    for group in ("initContainers", "containers"):
        if group in pod:
            pod[group] = [_grown(container, changes) for container in pod[group]]
    if changes.deadline > 1:
        spec, pod = _longer(spec, pod, changes)
    if changes.avoid_nodes:
        pod["affinity"] = _elsewhere(pod.get("affinity") or {}, changes.avoid_nodes)
    return {**job, "spec": {**spec, "template": {**spec["template"], "spec": pod}}}


def with_memory(job: Manifest, container: str, memory: Quantity) -> Manifest:
    """A Job template in which a container may use so much memory.

    Args:
        job: The Job template.
        container: The container; empty for every one that is no init container.
        memory: Its limit. A request that was as much as the old limit, or that would be more than the new one, follows.
    """

    def sized(one: Mapping[str, Any]) -> Mapping[str, Any]:
        resources = one.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        asked = requests.get("memory")
        follows = asked is not None and (asked == limits.get("memory") or Quantity.parse(str(asked)) > memory)
        new = {**resources, "limits": {**limits, "memory": str(memory)}}
        if follows:
            new["requests"] = {**requests, "memory": str(memory)}
        return {**one, "resources": new}

    pod: dict[str, Any] = dict(job["spec"]["template"]["spec"])
    for group in ("initContainers", "containers"):
        if group in pod:
            pod[group] = [
                sized(one) if one["name"] == container or (not container and group == "containers") else one
                for one in pod[group]
            ]
    return _with_pod(job, pod)


def with_deadline(job: Manifest, deadline: Duration) -> Manifest:
    """A Job template whose pod may run so long; a ceiling of the Job itself that would be lower is raised."""
    changed = _with_pod(job, {**job["spec"]["template"]["spec"], "activeDeadlineSeconds": deadline.seconds})
    ceiling = job["spec"].get("activeDeadlineSeconds")
    if ceiling is not None and ceiling < deadline.seconds:
        changed["spec"]["activeDeadlineSeconds"] = deadline.seconds
    return changed


def _with_pod(job: Manifest, pod: Mapping[str, Any]) -> dict[str, Any]:
    return {**job, "spec": {**job["spec"], "template": {**job["spec"]["template"], "spec": pod}}}


def _longer(
    spec: dict[str, Any], pod: dict[str, Any], changes: JobChanges
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The pod's deadline grows, and with it the Job's own, which is a later ceiling."""
    cap = changes.deadline_cap.seconds if changes.deadline_cap else MAX_SECONDS
    added = 0
    if "activeDeadlineSeconds" in pod:
        was = pod["activeDeadlineSeconds"]
        pod["activeDeadlineSeconds"] = max(was, min(int(was * changes.deadline), cap))
        added = pod["activeDeadlineSeconds"] - was
    if "activeDeadlineSeconds" in spec:
        was = spec["activeDeadlineSeconds"]
        grown = was + added if "activeDeadlineSeconds" in pod else min(int(was * changes.deadline), cap)
        spec["activeDeadlineSeconds"] = max(was, min(grown, MAX_SECONDS))
    return spec, pod


def _grown(container: Mapping[str, Any], changes: JobChanges) -> Mapping[str, Any]:
    factor = changes.memory.get(container["name"], 1) * changes.memory.get("", 1)
    resources = container.get("resources") or {}
    if factor == 1 or not resources:
        return container
    sized = dict(resources)
    for kind in ("limits", "requests"):
        if "memory" in (amounts := resources.get(kind) or {}):
            sized[kind] = {**amounts, "memory": _times(amounts["memory"], factor, changes.memory_cap)}
    return {**container, "resources": sized}


def _times(amount: str | int, factor: float, cap: Quantity | None) -> str | int:
    """An amount that many times, no further than the cap, and never less than it was."""
    was = Quantity.parse(str(amount))
    grown = was.times(factor)
    if cap is not None and grown > cap:
        grown = cap
    return str(grown) if grown > was else amount


def _elsewhere(affinity: Mapping[str, Any], nodes: tuple[str, ...]) -> dict[str, Any]:
    """Nodes by their names, of which Kubernetes takes one a field: all of them are to be avoided."""
    preferences = "preferredDuringSchedulingIgnoredDuringExecution"
    away = [{"key": "metadata.name", "operator": "NotIn", "values": [node]} for node in nodes]
    to_nodes = affinity.get("nodeAffinity") or {}
    preferred = [*(to_nodes.get(preferences) or ()), {"weight": 100, "preference": {"matchFields": away}}]
    return {**affinity, "nodeAffinity": {**to_nodes, preferences: preferred}}
