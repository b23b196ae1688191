"""Causes that an image shows which cannot be pulled: what the runtime, and through it the registry, says."""

import re
from collections.abc import Iterator

from kubectl_rapt.model import causes
from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.runs.causes.containers import LOST
from kubectl_rapt.runs.causes.seen import Finding, Seen, by

_REASONS = {
    "ErrImagePull": "",
    "ImagePullBackOff": "",
    "RegistryUnavailable": causes.REGISTRY_UNREACHABLE,
    "ErrImageNeverPull": causes.IMAGE_NOT_FOUND,
    "InvalidImageName": causes.INVALID_IMAGE_NAME,
    "SignatureValidationFailed": causes.IMAGE_NOT_ALLOWED,
}
"""The kubelet's reasons to wait for an image; an empty word: its message says more."""

_SAYS = (
    (
        causes.INVALID_IMAGE_NAME,
        r"invalid reference format|couldn't parse image (?:name|reference)|InvalidImageName",
    ),
    (
        causes.REGISTRY_UNREACHABLE,
        r"dial tcp|no such host|connection refused|connection reset|i/o timeout|network is unreachable|no route to host"
        r"|TLS handshake|x509:|server misbehaving|context deadline exceeded|\b50[0234]\b|Service Unavailable"
        r"|toomanyrequests|\b429\b|http: server gave HTTP response|unexpected EOF|: EOF$",
    ),
    (
        causes.IMAGE_NOT_ALLOWED,
        r"\b401\b|\b403\b|[Uu]nauthorized|[Ff]orbidden|authorization failed|insufficient_scope|pull access denied"
        r"|access to the resource is denied|no basic auth credentials|authentication required"
        r"|failed to fetch (?:anonymous|oauth) token",
    ),
    (
        causes.IMAGE_NOT_FOUND,
        r"not found|manifest unknown|name unknown|NotFound|not present with pull policy|\b404\b",
    ),
)
"""What tells one from another: the first pattern that is in the message. A registry that is not reached says nothing
about the image, and one that refuses may say that it has no such image."""

_MEANS = {
    causes.IMAGE_NOT_FOUND: "does not exist there",
    causes.IMAGE_NOT_ALLOWED: "may not be pulled with the credentials that the pod has",
    causes.REGISTRY_UNREACHABLE: "cannot be pulled: its registry does not answer as it should",
    causes.INVALID_IMAGE_NAME: "has no valid name",
    causes.IMAGE_PULL_FAILED: "cannot be pulled",
}
_LAST_WORDS = re.compile(r"(?:^|: )([^:]+(?:: [^:]+)?)$")


def classify(message: str) -> str:
    """The cause that a message about a pull means."""
    return next((word for word, pattern in _SAYS if re.search(pattern, message)), causes.IMAGE_PULL_FAILED)


def recognise(pod: Pod, seen: Seen) -> Iterator[Finding]:
    """What a container of a pod waits for, where that is its image; or waited for, when its pod's time was up."""
    for container in pod.containers:
        failed = next((one for one in seen.said_of(pod, "Failed") if _is_about(one, container)), None)
        if container.state == "waiting" and container.reason in _REASONS:
            # Backing off, some kubelets repeat what they were told, and others do not.
            is_silent = classify(container.message) == causes.IMAGE_PULL_FAILED
            said = failed.message if failed and is_silent else container.message
            word = _REASONS[container.reason] or classify(said)
            shown = f"pod/{pod.name} {container.role} waits: {container.reason}: {said}"
            yield _finding(pod, container, word, said, shown)
        elif failed and not _was_started(container) and pod.phase == "Failed":
            yield _finding(pod, container, classify(failed.message), failed.message, by(failed))


def _is_about(event: Event, container: Container) -> bool:
    return event.container in ("", container.name) and event.message.startswith("Failed to pull image")


def _was_started(container: Container) -> bool:
    return container.started_at is not None and container.reason != LOST


def _finding(pod: Pod, container: Container, word: str, said: str, evidence: str) -> Finding:
    detail = ""
    if word in (causes.REGISTRY_UNREACHABLE, causes.IMAGE_PULL_FAILED) and (
        last := _LAST_WORDS.search(said.strip())
    ):
        detail = f" ({last[1].strip()})"
    if "not present with pull policy" in said:
        detail = " (its node has to have it already, and has not: imagePullPolicy Never)"
    message = f"image {container.image} of {container.role} {_MEANS[word]}{detail}"
    return Finding(word, message, evidence, container=container.name, pod=pod.name)
