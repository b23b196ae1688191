"""Whose log a person means: the containers of an execution, over all its attempts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kubectl_rapt.actions.find import Found
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model import names
from kubectl_rapt.model.kinds import POD
from kubectl_rapt.objects import labels, pods
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.ports.world import World


class Source(NamedTuple):
    """One container of one pod of an execution."""

    pod: Pod
    container: Container


def sources(
    world: World, found: Found, name: str, *, attempt: int = 0, container: str = ""
) -> Sequence[Source]:
    """The containers that have said something, the oldest pod first.

    Args:
        world: Where to read.
        found: The execution.
        name: What a person calls it.
        attempt: Only of this attempt, counted from 1; 0 for all.
        container: Only of this name; empty for all.

    Raises:
        NotFound: There was no such attempt, or the pods have no such container.
    """
    run = found.run
    seen = {pod.name: pod for pod in found.pods}
    if run is not None:
        mine = world.cluster.list(POD, run.namespace, labels=labels.selector({labels.RUN: run.name}))
        seen |= {pod.name: pod for pod in map(pods.from_manifest, mine)}
    chosen = sorted(seen.values(), key=lambda pod: (pod.created_at, pod.name))
    if attempt:
        numbers = [one.number for one in run.attempts] if run else [1]
        if attempt not in numbers:
            made = f"{len(numbers)} attempt{'' if len(numbers) == 1 else 's'}"
            raise NotFound(
                "no-attempt", f"{name} has {made}, and no attempt {attempt}", f"kubectl rapt logs {name}"
            )
        job = next((one.job for one in run.attempts if one.number == attempt), "") if run else ""
        chosen = [pod for pod in chosen if not job or pod.labels.get("batch.kubernetes.io/job-name") == job]
    if container:
        _check(chosen, container, name)
    return [
        Source(pod, one)
        for pod in chosen
        for one in pod.containers
        if one.state != "waiting" and container in ("", one.name)
    ]


def _check(chosen: Iterable[Pod], container: str, name: str) -> None:
    known = list(dict.fromkeys(one.name for pod in chosen for one in pod.containers))
    if known and container not in known:
        near = names.nearest(container, known) or known[0]
        what = f'{name} has no container "{container}"; it has {", ".join(known)}'
        raise NotFound("no-container", what, f"kubectl rapt logs {name} -c {near}")
