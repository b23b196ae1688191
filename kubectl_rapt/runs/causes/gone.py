"""Pods that are gone, as far as events still tell of them: those that never began."""

from collections.abc import Iterator

from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.runs.causes.seen import Seen


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
