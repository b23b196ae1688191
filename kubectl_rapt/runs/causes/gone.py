"""Pods that are gone, as far as events still tell of them: those that never began."""

from collections.abc import Iterator

from kubectl_rapt.model import causes
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.runs.causes import endings
from kubectl_rapt.runs.causes.seen import Finding, Seen, by

_OTHERS = frozenset(
    ("Evicted", "Preempted", "Preempting", "TaintManagerEviction", "NodeShutdown", "NodeNotReady")
)
"""Who else ends pods, and says so in an event."""


def deleted(seen: Seen) -> Iterator[Finding]:
    """That somebody deleted a pod which is gone, as far as events tell: it ran, and the kubelet had to stop it."""
    job = seen.job
    if job is None or job.is_suspended or job.reason != causes.BACKOFF_LIMIT_EXCEEDED or seen.pods:
        return
    said = [event for event in seen.events if event.kind == "Pod" and event.first_at >= job.created_at]
    for name in sorted({event.about for event in said}):
        own = [event for event in said if event.about == name]
        stopped = [event for event in own if endings.is_stop(event)]
        # A sidecar is stopped too, when all others have ended by themselves.
        started = {event.container for event in own if event.reason == "Started"}
        was_stopped = bool(stopped) and started <= {event.container for event in stopped}
        if was_stopped and not any(event.reason in _OTHERS for event in own):
            message = "its pod was deleted while it ran"
            yield Finding(causes.DELETED, message, by(stopped[0]), container=stopped[0].container, pod=name)


def pods(seen: Seen) -> Iterator[Pod]:
    """The pods of the Job that only events speak of, and of which none says that a container started."""
    job = seen.job
    if job is None:
        return
    known = {pod.name for pod in seen.pods}
    said = [event for event in seen.events if event.kind == "Pod" and event.about not in known]
    for name in sorted({event.about for event in said}):
        own = [event for event in said if event.about == name]
        if any(event.reason == "Started" for event in own) or own[0].first_at < job.created_at:
            continue
        node = next((one.message.rpartition(" ")[2] for one in own if one.reason == "Scheduled"), "")
        first_at = min(event.first_at for event in own)
        yield Pod(name, job.namespace, "Failed", {}, first_at, None, node, "", "", "", ())
