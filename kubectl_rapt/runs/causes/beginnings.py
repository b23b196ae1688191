"""Causes that a pod shows which does not begin: its node, its volumes, its configuration."""

import re
from collections.abc import Iterator

from kubectl_rapt.model import causes
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.runs.causes.containers import LOST
from kubectl_rapt.runs.causes.seen import Finding, Seen, by, safe

_MISSING = re.compile(r'(secret|configmap) "?([a-z0-9.-]+)"? not found', re.IGNORECASE)
_NO_KEY = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) (?:[a-z0-9-]+/)?([a-z0-9.-]+)")
_NO_CONFIG_KEY = re.compile(r"references non-existent (?:config|secret) key: (\S+)")
_CLAIM = re.compile(r'persistentvolumeclaim "([a-z0-9.-]+)" not found')
_VOLUME = re.compile(r'for volume "([^"]{1,253})"')
_NODES = re.compile(
    r"^(\d+)/(\d+) nodes are available: (.*?)(?:\. (?:no new claims to deallocate, )?preemption:.*)?\.?$",
    re.DOTALL,
)
_UNBOUND = "unbound immediate PersistentVolumeClaims"
_MOUNTS = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
_NODES_SHOWN = 5
"""How many names are shown of the nodes that do not take a pod."""


def unschedulable(pod: Pod, seen: Seen) -> Iterator[Finding]:
    """A pod without a node, in the scheduler's own words."""
    if pod.node or not never_ran(pod):
        return
    said = next(iter(seen.said_of(pod, "FailedScheduling")), None)
    why = pod.unscheduled or (said.message if said else "")
    if not why:
        return
    evidence = by(said) if said and said.message == why else f"pod/{pod.name} condition PodScheduled: {why}"
    hint = ""
    if found := _CLAIM.search(why):
        message, hint = (
            f"volume claim {found[1]} does not exist",
            f"kubectl get pvc {found[1]} -n {{namespace}}",
        )
    elif _UNBOUND in why:
        message, hint = "a volume claim of its pod has no volume yet", "kubectl get pvc -n {namespace}"
    elif nodes := _NODES.match(why):
        which = _which(seen.nodes) if str(len(seen.nodes)) == nodes[2] else ""
        message = (
            f"no node takes its pod ({nodes[1]} of {nodes[2]}{which}): {nodes[3]}{_wants(pod, nodes[3])}"
        )
    else:
        message = f"no node takes its pod: {why}"
    yield Finding(causes.UNSCHEDULABLE, message, evidence, hint, pod=pod.name)


def _which(nodes: tuple[str, ...]) -> str:
    """The names of the nodes, as many as fit into a line."""
    more = f" and {len(nodes) - _NODES_SHOWN} more" if len(nodes) > _NODES_SHOWN else ""
    return f": {', '.join(nodes[:_NODES_SHOWN])}{more}"


def _wants(pod: Pod, why: str) -> str:
    """What the pod asks for, of what the scheduler found missing."""
    asked = [
        f"{name} {amount}" + (f" (container {one.name})" if len(pod.containers) > 1 else "")
        for one in pod.containers
        for name, amount in one.requests.items()
        if f"Insufficient {name}" in why
    ]
    if "affinity" in why or "selector" in why:
        asked += [f"nodes with {key}={value}" for key, value in pod.node_selector.items()]
    return f"; it wants {', '.join(asked)}" if asked else ""


def configuration(pod: Pod, seen: Seen) -> Iterator[Finding]:
    """A container that cannot be set up: a Secret, a ConfigMap or a key is missing, or its user is not permitted."""
    failed = next((one for one in seen.said_of(pod, "Failed") if one.message.startswith("Error: ")), None)
    for container in pod.containers:
        if container.state == "waiting" and container.reason == "CreateContainerConfigError":
            evidence = f"pod/{pod.name} {container.role} waits: {container.reason}: {container.message}"
            yield _unset(pod, container, container.message, evidence)
        elif container.state == "waiting" and container.reason in (
            "CreateContainerError",
            "RunContainerError",
        ):
            message = f"{container.role} could not be created: {container.message}"
            evidence = f"pod/{pod.name} {container.role} waits: {container.reason}"
            if not container.last:
                yield Finding(causes.START_FAILED, message, evidence, container=container.name, pod=pod.name)
        elif failed and pod.phase == "Failed" and never_ran(pod):
            said = failed.message.removeprefix("Error: ")
            if _MISSING.search(said) or _NO_KEY.search(said):
                yield _unset(pod, container, said, by(failed))
                return


def _unset(pod: Pod, container: Container, said: str, evidence: str) -> Finding:
    message, hint = f"{container.role} cannot be set up: {said}", ""
    if missing := _MISSING.search(said):
        kind, name = _kind(missing[1]), missing[2]
        message = f"{kind} {name}, which {container.role} needs, does not exist"
        hint = f"kubectl get {kind.lower()} {safe(name, 'NAME')} -n {{namespace}}"
    elif key := _NO_KEY.search(said):
        message = f"{key[2]} {key[3]} has no key {key[1]}, which {container.role} needs"
        hint = f"kubectl describe {key[2].lower()} {safe(key[3], 'NAME')} -n {{namespace}}"
    return Finding(
        causes.INVALID_CONFIGURATION, message, evidence, hint, container=container.name, pod=pod.name
    )


def _kind(word: str) -> str:
    return "Secret" if word.lower() == "secret" else "ConfigMap"


def volumes(pod: Pod, seen: Seen) -> Iterator[Finding]:
    """A volume that is not mounted: the kubelet says so in events only."""
    if not never_ran(pod) or not pod.node:
        return
    said = next(iter(seen.said_of(pod, *_MOUNTS)), None)
    if said is None:
        return
    # "timed out waiting for the condition" only sums up what an earlier event says.
    said = next((one for one in seen.said_of(pod, *_MOUNTS) if " : " in one.message), said)
    volume = _VOLUME.search(said.message)
    name = f'volume "{volume[1]}"' if volume else "a volume of its pod"
    why = said.message.rpartition(" : ")[2]
    message, hint = f"{name} cannot be mounted: {why}", ""
    if missing := _MISSING.search(why):
        kind = _kind(missing[1])
        message = f"{name} cannot be mounted: {kind} {missing[2]} does not exist"
        hint = f"kubectl get {kind.lower()} {safe(missing[2], 'NAME')} -n {{namespace}}"
    elif key := _NO_CONFIG_KEY.search(why):
        message = f"{name} cannot be mounted: its source has no key {key[1]}"
    yield Finding(causes.VOLUME_NOT_MOUNTED, message, by(said), hint, pod=pod.name)


def never_ran(pod: Pod) -> bool:
    """Whether no container of a pod has ever started."""
    return not any(
        one.state == "running" or one.last or (one.started_at and one.reason != LOST)
        for one in pod.containers
    )
