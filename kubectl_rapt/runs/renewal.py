"""The attempt that a person asks for: its number, and the Job that it starts from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects import job_changes
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs import retries

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Resources:
    """What a Job may get more of.

    Args:
        memory: For the container that failed; None to leave it.
        deadline: For its pod; None to leave it.
    """

    memory: Quantity | None = None
    deadline: Duration | None = None


RESOURCES = ("memory", "deadline")
"""What ``--set`` changes of a Job where the tool has no parameter of that name."""


def read(given: Mapping[str, str]) -> Resources:
    """Read ``memory=2Gi`` and ``deadline=1h``.

    Raises:
        ValueError: Which one is wrong, and why.
    """
    found = Resources(_read(given, "memory", Quantity.parse), _read(given, "deadline", Duration.parse))
    if found.memory is not None and found.memory.nano <= 0:
        raise ValueError("memory: it is more than nothing, such as 2Gi")
    if found.deadline is not None and not found.deadline.seconds:
        raise ValueError("deadline: it is at least 1s, such as 1h")
    return found


def _read(given: Mapping[str, str], name: str, parse: Callable[[str], T]) -> T | None:
    if name not in given:
        return None
    try:
        return parse(given[name])
    except ValueError as error:
        raise ValueError(f"{name}: {error}, got {given[name]}") from error


def number(run: Run) -> int:
    """The number of the next attempt of a run."""
    return len(run.attempts) + 1


def job(run: Run) -> Manifest:
    """The Job template that the next attempt would start from, with the resources that its policy gave it so far."""
    # A Run keeps templates of Tools, which may not choose their nodes.
    changes = replace(retries.changes(run, number(run)), avoid_nodes=())
    return job_changes.apply(run.template(number(run)), changes)


def memory(run: Run, container: str, attempt: int = 0) -> Quantity | None:
    """How much memory a container of an attempt may use.

    Args:
        run: The run.
        container: Its name; empty for the first one of the pod.
        attempt: The attempt's number, as far as the next one; by default the last one that there is.

    Returns:
        Its limit; None if it has none, or if there is no such container.
    """
    number = attempt or len(run.attempts)
    job = job_changes.apply(run.template(number), retries.changes(run, number))
    pod = job["spec"]["template"]["spec"]
    for one in (*(pod.get("containers") or ()), *(pod.get("initContainers") or ())):
        if container in ("", one["name"]):
            limit = ((one.get("resources") or {}).get("limits") or {}).get("memory")
            return None if limit is None else Quantity.parse(str(limit))
    return None


def resized(run: Run, template: Manifest, resources: Resources) -> Manifest:
    """A Job template with other resources: memory for the container that failed last, or for all."""
    if resources.memory is not None:
        failed = next((one.container for one in reversed(run.attempts) if one.container), "")
        template = job_changes.with_memory(template, failed, resources.memory)
    if resources.deadline is not None:
        template = job_changes.with_deadline(template, resources.deadline)
    return template
