"""Causes that end a pod as a whole: its node, its time, those who need its place, somebody who deletes it."""

import re
from collections.abc import Iterator
from datetime import datetime

from kubectl_rapt.model import causes, times
from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.runs.causes import containers
from kubectl_rapt.runs.causes.seen import Finding, Seen

_DISRUPTIONS = {
    "PreemptionByScheduler": causes.PREEMPTED,
    "EvictionByEvictionAPI": causes.EVICTED,
    "DeletionByTaintManager": causes.NODE_LOST,
    "DeletionByPodGC": causes.NODE_LOST,
    "TerminationByKubelet": causes.EVICTED,
}
"""The reasons of the pod's condition ``DisruptionTarget``."""
_REASONS = {
    "Evicted": causes.EVICTED,
    "Preempting": causes.PREEMPTED,
    "Preempted": causes.PREEMPTED,
    "NodeLost": causes.NODE_LOST,
    "NodeShutdown": causes.NODE_LOST,
    "Shutdown": causes.NODE_LOST,
    "Terminated": causes.NODE_LOST,
    "DeadlineExceeded": causes.DEADLINE_EXCEEDED,
    "UnexpectedAdmissionError": causes.NODE_REFUSED,
    "NodeAffinity": causes.NODE_REFUSED,
    "PodOSNotSupported": causes.NODE_REFUSED,
}
"""The reasons of a pod's status; ``OutOfcpu`` and the like refuse it too."""
_RESOURCE = re.compile(r"low on resource: ([\w-]+)|exceeds? the (?:total )?limit|usage .*exceeds")
_LOCAL = re.compile(r"(?:emptyDir volume|ephemeral local storage|ephemeral-storage)", re.IGNORECASE)
_DEADLINE = re.compile(r"^Pod was active on the node longer than the specified deadline")


def cause_of(pod: Pod) -> str:
    """The word for what ended a pod as a whole; empty where nothing did."""
    if pod.reason in ("NodeShutdown", "Shutdown", "Terminated", "Preempting", "NodeLost"):
        return _REASONS[pod.reason]
    if pod.disruption:
        return _DISRUPTIONS.get(pod.disruption, causes.EVICTED)
    if pod.reason.startswith("OutOf"):
        return causes.NODE_REFUSED
    return _REASONS.get(pod.reason, "")


def recognise(pod: Pod, seen: Seen) -> Iterator[Finding]:
    """What ended a pod as a whole."""
    job = seen.job
    known = [one for one in pod.containers if not one.is_init and one.reason != containers.LOST]
    code = next((one.exit_code for one in known if one.exit_code), None)
    word = cause_of(pod)
    if word:
        yield Finding(word, _message(pod, word), _evidence(pod), exit_code=code, pod=pod.name)
    elif job and job.failing == causes.DEADLINE_EXCEEDED and pod.deleted_at:
        message = too_long("the Job", job.deadline_seconds)
        evidence = f"job/{job.name} condition FailureTarget: {job.failing}"
        yield Finding(causes.DEADLINE_EXCEEDED, message, evidence, exit_code=code, pod=pod.name)
    elif (at := _deleted_while_it_ran(pod, seen)) and not (job and _is_deleting(job, at)):
        message = "its pod was deleted while it ran"
        yield Finding(
            causes.DELETED, message, f"pod/{pod.name} deletionTimestamp", exit_code=code, pod=pod.name
        )
    elif pod.reason:
        yield Finding(pod.reason, _said(pod), _evidence(pod), exit_code=code, pod=pod.name)


def too_long(what: str, limit_seconds: int | None) -> str:
    """What is said of something whose time is up."""
    limit = f" {times.spell_seconds(limit_seconds)}" if limit_seconds is not None else " its time limit"
    return f"{what} was active for longer than{limit} (activeDeadlineSeconds)"


def _is_deleting(job: Job, deleted_at: datetime) -> bool:
    """Whether the Job's own controller has deleted the pod: it is suspended, or over for another reason."""
    over_at = job.failing_at or job.ended_at
    return job.is_suspended or job.ended == "Complete" or (over_at is not None and deleted_at > over_at)


def _deleted_while_it_ran(pod: Pod, seen: Seen) -> datetime | None:
    """When a pod was deleted that had not ended; None otherwise: what has ended may be cleaned away.

    When its containers have ended, the kubelet deletes it once more, and its time of deletion is then that one's. That
    the kubelet had to stop it is left in an event.
    """
    if pod.deleted_at is None:
        return None
    main = [one for one in pod.containers if not one.is_init]
    names = {one.name for one in main}
    stopped = (one for one in seen.said_of(pod, "Killing") if is_stop(one) and one.container in names)
    deleted_at = min((pod.deleted_at, *(one.first_at for one in stopped)))
    is_open = any(
        one.state != "terminated" or one.finished_at is None or one.finished_at >= deleted_at for one in main
    )
    return deleted_at if is_open else None


def is_stop(event: Event) -> bool:
    """Whether the kubelet says that it stops a container because its pod is to end; of a probe it says other words."""
    return event.reason == "Killing" and event.message.startswith("Stopping container")


def _message(pod: Pod, word: str) -> str:
    where = f"node {pod.node}" if pod.node else "its node"
    if word == causes.PREEMPTED:
        return f"its pod made room on {where} for one of higher priority" + _in_brackets(pod)
    if word == causes.NODE_LOST:
        return f"{where} went away or may not be used any more" + _in_brackets(pod)
    if word == causes.NODE_REFUSED:
        return f"{where} did not take its pod" + _in_brackets(pod)
    if word == causes.EVICTED:
        return _eviction(pod, where)
    if word == causes.DEADLINE_EXCEEDED and _DEADLINE.match(pod.message):
        return too_long("its pod", pod.deadline_seconds)
    return _said(pod)


def _eviction(pod: Pod, where: str) -> str:
    if found := _RESOURCE.search(pod.message):
        if found[1]:
            return f"{where} was low on {found[1]}" + _in_brackets(pod)
        what = "ephemeral-storage" if _LOCAL.search(pod.message) else "more than it may"
        return f"its pod used too much {what}" + _in_brackets(pod)
    if pod.disruption and pod.disruption not in _DISRUPTIONS:
        return f"Kubernetes ended its pod on {where}: {pod.disruption}" + _in_brackets(pod)
    if pod.disruption == "EvictionByEvictionAPI":
        return f"it was evicted from {where}, as `kubectl drain` does" + _in_brackets(pod)
    return f"{where} had to be freed of its pod" + _in_brackets(pod)


def _said(pod: Pod) -> str:
    return (pod.message or pod.disruption_message).strip()


def _in_brackets(pod: Pod) -> str:
    said = _said(pod)
    return f" ({said.rstrip('.')})" if said else ""


def _evidence(pod: Pod) -> str:
    if pod.reason:
        return f"pod/{pod.name} {pod.phase}: {pod.reason}"
    return f"pod/{pod.name} condition DisruptionTarget: {pod.disruption}"
