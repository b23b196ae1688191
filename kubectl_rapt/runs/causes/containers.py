"""Causes that a container which ended shows: its code, its memory, its command, a probe, its rights."""

import re
from collections.abc import Iterator, Mapping

from kubectl_rapt.model import causes
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.runs.causes.seen import Finding, Seen, by, safe

SIGNALS: Mapping[int, tuple[str, str]] = {
    1: ("SIGHUP", "its terminal was closed"),
    2: ("SIGINT", "it was interrupted"),
    3: ("SIGQUIT", "it was told to quit"),
    4: ("SIGILL", "the processor does not know an instruction: built for another kind of machine?"),
    6: ("SIGABRT", "it gave itself up"),
    7: ("SIGBUS", "it touched memory that is not there"),
    8: ("SIGFPE", "it divided by zero, or the like"),
    9: ("SIGKILL", "something ended it by force"),
    11: ("SIGSEGV", "it touched memory that is not its own"),
    13: ("SIGPIPE", "its output was not read"),
    14: ("SIGALRM", "its own alarm rang"),
    15: ("SIGTERM", "it was told to end"),
    24: ("SIGXCPU", "it used more processor time than it may"),
    25: ("SIGXFSZ", "it wrote a larger file than it may"),
    31: ("SIGSYS", "it made a system call that it may not"),
}
"""The signals of Linux that a program is ended by: an exit code is 128 and the signal's number."""
_CODES = {
    126: "a command that it ran may not be executed",
    127: "a command that it ran does not exist",
}
_NOT_FOUND = ("executable file not found", "no such file or directory")
_NOT_EXECUTABLE = ("permission denied", "exec format error", "is a directory")
_OUT_OF_MEMORY = "OOM-killed"
_COMMAND = re.compile(r'exec: "([^"]{1,200})"')
_PROBE = re.compile(r"(Liveness|Startup) probe failed")
LOST = "ContainerStatusUnknown"
"""The kubelet's reason for a container that it cannot find any more, or that never was; its exit code means nothing."""
_FORBIDDEN = re.compile(
    r'[Uu]ser \\?"system:serviceaccount:([a-z0-9-]+):([a-z0-9.-]+)\\?" cannot (\w+) resource \\?"([\w./-]+)\\?"'
    r'(?: in API group \\?"([\w.-]*)\\?")?'
)


def ended(container: Container) -> Container | None:
    """How a container ended; before its last restart, where it waits for the next one."""
    if container.state == "terminated":
        return container
    is_restarting = container.state == "waiting" and container.reason in (
        "CrashLoopBackOff",
        "RunContainerError",
    )
    return (
        container.last if is_restarting and container.last and container.last.state == "terminated" else None
    )


def evidence(pod: Pod, container: Container, end: Container) -> str:
    """The end of a container as evidence."""
    return (
        f"pod/{pod.name} {container.role} terminated: {end.reason or 'Error'}, exit code {end.exit_code}"
        + (f", restarted {container.restarts} times" if container.restarts > 1 else "")
    )


def recognise(pod: Pod, seen: Seen) -> Iterator[Finding]:
    """What the containers of a pod that ended badly show."""
    for container in (*(one for one in pod.containers if not one.is_init), *pod.containers):
        end = ended(container)
        if end is None or not end.exit_code:
            continue
        if end.reason == LOST:
            if not pod.reason and not pod.deleted_at and not container.is_init:
                message = f"node {pod.node} has lost {container.role}: it, or its runtime, was restarted"
                yield Finding(causes.NODE_LOST, message, evidence(pod, container, end), pod=pod.name)
            continue
        if container.is_init and (pod.phase == "Succeeded" or _has_begun(pod)):
            continue  # a sidecar, stopped when all was done
        yield from _of(pod, container, end, seen)


def _has_begun(pod: Pod) -> bool:
    return any(one.state == "running" or one.started_at for one in pod.containers if not one.is_init)


def _of(pod: Pod, container: Container, end: Container, seen: Seen) -> Iterator[Finding]:
    """The one cause of a container's end, and what its log adds."""
    if end.reason == "OOMKilled" or _OUT_OF_MEMORY in end.message:
        cause, message = causes.OOM_KILLED, _memory(container, end)
    elif end.reason in ("StartError", "ContainerCannotRun"):
        cause, message = _start(container, end)
    elif killed := _probe(pod, container, end, seen):
        yield killed
        return
    elif container.is_init:
        cause, message = causes.INIT_FAILED, _code(container, end)
    else:
        cause, message = causes.EXIT_CODE, _code(container, end)
    yield Finding(
        cause,
        message,
        evidence(pod, container, end),
        exit_code=end.exit_code,
        container=container.name,
        pod=pod.name,
    )
    yield from _rights(pod, container, seen)


def _memory(container: Container, end: Container) -> str:
    code = "" if end.exit_code == 137 else f", and ended with exit code {end.exit_code}"
    if not container.memory_limit:
        return (
            f"{container.role} was killed because its node ran out of memory (no limit, peak unknown){code}"
        )
    return f"{container.role} used all of its {container.memory_limit} of memory (limit and peak) and wanted more{code}"


def _start(container: Container, end: Container) -> tuple[str, str]:
    found = _COMMAND.search(end.message)
    command = f'"{found[1]}"' if found else "its command"
    if any(words_ in end.message for words_ in _NOT_FOUND):
        return (
            causes.COMMAND_NOT_FOUND,
            f"{container.role} runs {command}, which image {container.image} does not have",
        )
    if any(words_ in end.message for words_ in _NOT_EXECUTABLE):
        return (
            causes.COMMAND_NOT_EXECUTABLE,
            f"{container.role} runs {command}, which is not a program that image {container.image} can run",
        )
    return causes.START_FAILED, f"{container.role} could not be started: {end.message}"


def _code(container: Container, end: Container) -> str:
    assert end.exit_code is not None, "what ended has a code"
    said = _CODES.get(end.exit_code, "")
    if end.exit_code > 128 and end.exit_code - 128 in SIGNALS:
        name, meaning = SIGNALS[end.exit_code - 128]
        said = f"{name}, {meaning}"
    return f"{container.role} ended with exit code {end.exit_code}" + (f" ({said})" if said else "")


def _probe(pod: Pod, container: Container, end: Container, seen: Seen) -> Finding | None:
    """The kubelet says only in events that a probe failed, and that it then stopped the container."""
    if pod.deleted_at or pod.reason:
        return None
    stopped = [one for one in seen.said_of(pod, "Killing") if one.container == container.name]
    for failed in seen.said_of(pod, "Unhealthy"):
        found = _PROBE.match(failed.message)
        if found and stopped and failed.container == container.name:
            message = f"{container.role} failed its {found[1].lower()} probe, so the kubelet ended it"
            said = by(failed).rstrip(": ")
            return Finding(
                causes.PROBE_FAILED,
                message,
                said,
                exit_code=end.exit_code,
                container=container.name,
                pod=pod.name,
            )
    return None


def _rights(pod: Pod, container: Container, seen: Seen) -> Iterator[Finding]:
    for line in seen.logs.get((pod.name, container.name), ()):
        if found := _FORBIDDEN.search(line):
            namespace, account, verb, resource, group = found.groups(default="")
            resource, _, sub = resource.partition("/")
            kind = safe(f"{resource}.{group}" if group else resource, "RESOURCE")
            kind += f" --subresource={safe(sub, 'NAME')}" if sub else ""
            yield Finding(
                causes.RIGHTS_MISSING,
                f"service account {account} may not {verb} {resource}" + (f" of {group}" if group else ""),
                f"log of pod/{pod.name} {container.role}: {line}",
                hint=f"kubectl auth can-i {safe(verb, 'VERB')} {kind} --as=system:serviceaccount:{namespace}:{account} "
                "-n {namespace}",
                exit_code=container.exit_code,
                container=container.name,
                pod=pod.name,
            )
            return
