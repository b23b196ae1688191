"""What is seen of one execution, and what is found in it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kubectl_rapt.errors import RaptError
from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.objects.workloads import Workload
from kubectl_rapt.runs.line_ends import Script

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause, and what it rests on. All text is as the cluster gave it: it is cleaned where it is shown.

    Args:
        cause: A word of ``model.causes.CAUSES``.
        message: One line on what happened.
        evidence: The object and the fact that it rests on.
        hint: The next command to try.
        exit_code: The code of the container that it is about; None where none ended.
        container: The container that it is about; empty for none.
        pod: The pod that it is about; empty for none.
    """

    cause: str
    message: str
    evidence: str
    hint: str = ""
    exit_code: int | None = None
    container: str = ""
    pod: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What could be read; all of it may be missing.

    Args:
        job: The Job of the latest attempt.
        pods: Its pods, oldest first.
        events: What was said of them and of the Run.
        logs: Pod and container to the last lines of its log.
        run: The Run.
        workload: What Kueue says of the Job.
        refusal: What the API server answers when a Job that is missing is to be created; None where it would be.
        crlf: Scripts of it whose lines end with carriage returns, as its containers see them.
        nodes: The names of the cluster's nodes, where a pod has none and the person may know them.
        has_ended: Whether the end of that attempt is certain, whether or not Kubernetes or the Run says so yet.
    """

    job: Job | None = None
    pods: tuple[Pod, ...] = ()
    events: tuple[Event, ...] = ()
    logs: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    run: Run | None = None
    workload: Workload | None = None
    refusal: RaptError | None = None
    nodes: tuple[str, ...] = ()
    crlf: tuple[Script, ...] = ()
    has_ended: bool = False

    def said_of(self, pod: Pod, *reasons: str) -> Iterator[Event]:
        """The events of a pod that have one of these reasons, newest first."""
        return self._said("Pod", pod.name, pod.uid, reasons)

    def said_of_job(self, job: Job, *reasons: str) -> Iterator[Event]:
        """The events of the Job that have one of these reasons, newest first."""
        return self._said("Job", job.name, job.uid, reasons)

    def _said(self, kind: str, name: str, uid: str, reasons: tuple[str, ...]) -> Iterator[Event]:
        for event in sorted(self.events, key=lambda one: one.order, reverse=True):
            is_about = event.kind == kind and event.about == name and (not uid or event.uid in ("", uid))
            if is_about and event.reason in reasons:
                yield event


def by(event: Event) -> str:
    """An event as evidence."""
    times = f", {event.count} times" if event.count > 1 else ""
    return f"{event.subject} event {event.reason}{times}: {event.message}"


def safe(name: str, otherwise: str) -> str:
    """A name that may stand in a command which a person copies: one as Kubernetes permits, or a placeholder."""
    return name if _NAME.fullmatch(name) else otherwise
