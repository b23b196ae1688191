"""Whose log a person means: the containers of an execution, over all its attempts."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kubectl_rapt.actions import find
from kubectl_rapt.actions.find import Found
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.kinds import JOB, POD, Ref
from kubectl_rapt.objects import jobs, labels, pods
from kubectl_rapt.objects.jobs import Job
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
        known = {one.uid for one in run.attempts} | ({found.job.uid} if found.job else set())
        own = (one for one in map(pods.from_manifest, mine) if one.controller_uid in ("", *known))
        seen |= {pod.name: pod for pod in own}
    chosen = sorted(seen.values(), key=lambda pod: (pod.created_at, pod.name))
    if attempt and (job := _job_name(found, name, attempt)):
        chosen = [pod for pod in chosen if pod.labels.get("batch.kubernetes.io/job-name") == job]
    check_container(chosen, container, name)
    return [
        Source(pod, one)
        for pod in chosen
        for one in pod.containers
        if one.state != "waiting" and container in ("", one.name)
    ]


def job(world: World, found: Found, name: str, attempt: int = 0) -> Job | None:
    """The Job whose log is followed; None where it is gone.

    Args:
        world: Where to read.
        found: The execution.
        name: What a person calls it.
        attempt: That of this attempt, counted from 1; 0 for the newest.

    Raises:
        NotFound: There was no such attempt.
    """
    wanted = _job_name(found, name, attempt) if attempt else ""
    if not wanted or not found.run or (found.job and found.job.name == wanted):
        return found.job
    manifest = find.perhaps(world, Ref(JOB, wanted, found.run.namespace))
    return jobs.from_manifest(manifest) if manifest else None


def _job_name(found: Found, name: str, attempt: int) -> str:
    """The Job of an attempt; empty where there is no Run, and so one Job only."""
    attempts = found.run.attempts if found.run else ()
    known = {one.number: one.job for one in attempts} if found.run else {1: ""}
    if attempt not in known:
        made = f"{len(known)} attempt{'' if len(known) == 1 else 's'}"
        raise NotFound(
            "no-attempt",
            f"{name} has {made}, and no attempt {attempt}",
            f"kubectl rapt logs {shell.word(name)}",
        )
    return known[attempt]


def check_container(chosen: Iterable[Pod], container: str, name: str) -> None:
    """Raises NotFound where there are pods, and none has a container of that name; an empty one means all."""
    known = list(dict.fromkeys(one.name for pod in chosen for one in pod.containers))
    if container and known and container not in known:
        near = names.nearest(container, known) or known[0]
        what = f'{name} has no container "{container}"; it has {", ".join(known)}'
        raise NotFound("no-container", what, f"kubectl rapt logs {shell.word(name)} -c {shell.word(near)}")
