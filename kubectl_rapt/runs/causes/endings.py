"""Causes that end a pod as a whole: its node, its time, those who need its place, somebody who deletes it."""

import re
from collections.abc import Iterator

from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.runs.causes import containers, words
from kubectl_rapt.runs.causes.seen import Finding, Seen

_DISRUPTIONS = {
    "PreemptionByScheduler": words.PREEMPTED,
    "EvictionByEvictionAPI": words.EVICTED,
    "DeletionByTaintManager": words.NODE_LOST,
    "DeletionByPodGC": words.NODE_LOST,
    "TerminationByKubelet": words.EVICTED,
}
"""The reasons of the pod's condition ``DisruptionTarget``."""
_REASONS = {
    "Evicted": words.EVICTED,
    "Preempting": words.PREEMPTED,
    "Preempted": words.PREEMPTED,
    "NodeLost": words.NODE_LOST,
    "NodeShutdown": words.NODE_LOST,
    "Shutdown": words.NODE_LOST,
    "Terminated": words.NODE_LOST,
    "DeadlineExceeded": words.DEADLINE_EXCEEDED,
    "UnexpectedAdmissionError": words.NODE_REFUSED,
    "NodeAffinity": words.NODE_REFUSED,
    "PodOSNotSupported": words.NODE_REFUSED,
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
        return _DISRUPTIONS.get(pod.disruption, words.EVICTED)
    if pod.reason.startswith("OutOf"):
        return words.NODE_REFUSED
    return _REASONS.get(pod.reason, "")


def recognise(pod: Pod, seen: Seen) -> Iterator[Finding]:
    """What ended a pod as a whole."""
    job = seen.job
    known = [one for one in pod.containers if not one.is_init and one.reason != containers.LOST]
    code = next((one.exit_code for one in known if one.exit_code), None)
    word = cause_of(pod)
    if word:
        yield Finding(word, _message(pod, word), _evidence(pod), exit_code=code, pod=pod.name)
    elif job and job.failing == words.DEADLINE_EXCEEDED and pod.deleted_at:
        message = "the Job was active longer than it may be"
        evidence = f"job/{job.name} condition FailureTarget: {job.failing}"
        yield Finding(words.DEADLINE_EXCEEDED, message, evidence, exit_code=code, pod=pod.name)
    elif _was_deleted(pod) and not (job and _is_deleting(job, pod)):
        message = "somebody deleted its pod while it ran"
        yield Finding(
            words.DELETED, message, f"pod/{pod.name} deletionTimestamp", exit_code=code, pod=pod.name
        )
    elif pod.reason:
        yield Finding(pod.reason, _said(pod), _evidence(pod), exit_code=code, pod=pod.name)


def _is_deleting(job: Job, pod: Pod) -> bool:
    """Whether the Job's own controller has deleted the pod: it is suspended, or over for another reason."""
    over_at = job.failing_at or job.ended_at
    is_over = over_at is not None and pod.deleted_at is not None and pod.deleted_at > over_at
    return job.is_suspended or job.ended == "Complete" or is_over


def _was_deleted(pod: Pod) -> bool:
    """Whether it went on when it was deleted; what has ended may be cleaned away."""
    main = [one for one in pod.containers if not one.is_init]
    return pod.deleted_at is not None and any(
        one.state != "terminated" or one.finished_at is None or one.finished_at >= pod.deleted_at
        for one in main
    )


def _message(pod: Pod, word: str) -> str:
    where = f"node {pod.node}" if pod.node else "its node"
    if word == words.PREEMPTED:
        return f"its pod made room on {where} for one of higher priority" + _in_brackets(pod)
    if word == words.NODE_LOST:
        return f"{where} went away or may not be used any more" + _in_brackets(pod)
    if word == words.NODE_REFUSED:
        return f"{where} did not take its pod" + _in_brackets(pod)
    if word == words.EVICTED:
        return _eviction(pod, where)
    if word == words.DEADLINE_EXCEEDED and _DEADLINE.match(pod.message):
        return "its pod was active longer than it may be (activeDeadlineSeconds)"
    return _said(pod)


def _eviction(pod: Pod, where: str) -> str:
    if found := _RESOURCE.search(pod.message):
        if found[1]:
            return f"{where} was low on {found[1]}" + _in_brackets(pod)
        what = "ephemeral-storage" if _LOCAL.search(pod.message) else "more than it may"
        return f"its pod used too much {what}" + _in_brackets(pod)
    if pod.disruption == "EvictionByEvictionAPI":
        return f"somebody asked that {where} be freed of it, as `kubectl drain` does" + _in_brackets(pod)
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
