"""Look at one execution from all sides: what the causes of a failure are recognised from."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from kubectl_rapt.actions import events, find, threads
from kubectl_rapt.actions.find import Found
from kubectl_rapt.errors import NotFound, RaptError, Refused
from kubectl_rapt.model.kinds import CONFIG_MAP, KUEUE_WORKLOAD, NODE, Manifest, Ref
from kubectl_rapt.objects import jobs, workloads
from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.objects.workloads import Workload
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import failures, line_ends
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.causes import containers
from kubectl_rapt.runs.causes.seen import Finding, Seen
from kubectl_rapt.runs.line_ends import Script
from kubectl_rapt.runs.outcome import Outcome

LINES = 5
"""How many last lines of a log are shown."""
_LOGS = 3
"""Of how many containers, the newest pods first."""
_BEGINNING = timedelta(seconds=5)
"""How long a run may have no Job before it is asked why."""


def at(world: World, found: Found) -> Seen:
    """Everything that can be seen of an execution. What the person may not read is left out.

    Args:
        world: Where to read.
        found: The execution.
    """
    namespace = found.run.namespace if found.run else found.job.namespace if found.job else ""
    namespace = namespace or next((pod.namespace for pod in found.pods), "")
    ended = [
        (pod, container)
        for pod in reversed(found.pods)
        for container in pod.containers
        if (end := containers.ended(container)) and end.exit_code
    ][:_LOGS]
    lines = threads.each(lambda one: _log(world, *one), ended) if ended else []
    logs = {(pod.name, one.name): said for (pod, one), said in zip(ended, lines, strict=True) if said}
    said = _events(world, found, namespace)
    return Seen(
        found.job,
        found.pods,
        said,
        logs,
        _until(found),
        _workload(world, found),
        _refusal(world, found),
        _nodes(world, found.pods),
        _crlf(world, found),
        has_ended=found.job is not None and outcomes.of(found.job, found.pods, said) is not None,
    )


def explain(world: World, found: Found) -> tuple[tuple[Finding, ...], Seen]:
    """The causes of an execution's failure, ranked, and what they were found in."""
    seen = at(world, found)
    return failures.explain(seen), seen


def _until(found: Found) -> Run | None:
    """The Run as it was when the Job that was found was its latest: later attempts say nothing of that one."""
    run, job = found.run, found.job
    if run is None or job is None:
        return run
    numbers = [number for number, attempt in enumerate(run.attempts, 1) if attempt.uid == job.uid]
    if not numbers or numbers[0] == len(run.attempts):
        return run
    return replace(
        run, attempts=run.attempts[: numbers[0]], wish=run.wish if run.wished <= numbers[0] else None
    )


def closely(world: World, job: Job | None, pods: Sequence[Pod], outcome: Outcome) -> Outcome:
    """An outcome that was certain from the Job and its pods, with what events add to it.

    Args:
        world: Where to read.
        job: The Job; None where it is gone.
        pods: Its pods.
        outcome: What is certain.
    """
    if outcome.is_success or job is None:
        return outcome
    said = _events(world, Found(None, job, tuple(pods)), job.namespace)
    return outcomes.of(job, pods, said) or outcome


def _events(world: World, found: Found, namespace: str) -> tuple[Event, ...]:
    try:
        return tuple(event for event, _ in events.read(world, events.about(found), namespace))
    except RaptError:
        return ()  # the person may not read them; they only add to what is known


def _nodes(world: World, pods: Sequence[Pod]) -> tuple[str, ...]:
    """The nodes that did not take a pod, where there is one that none took and the person may know them."""
    if not any(pod.unscheduled and not pod.node for pod in pods):
        return ()
    try:
        return tuple(sorted(one["metadata"]["name"] for one in world.cluster.list(NODE, "")))
    except RaptError:
        return ()


def _crlf(world: World, found: Found) -> tuple[Script, ...]:
    """The scripts of what failed whose lines end with carriage returns."""
    has_failed = any(one.exit_code for pod in found.pods for one in pod.containers)
    if not has_failed or found.job is None:
        return ()
    manifest = find.perhaps(world, found.job.ref)
    if manifest is None:
        return ()
    held: dict[str, Manifest] = {}
    for name in line_ends.config_maps(manifest):
        try:
            held[name] = world.cluster.get(Ref(CONFIG_MAP, name, found.job.namespace))
        except RaptError:
            continue  # it is gone, or the person may not read it
    return tuple(dict.fromkeys(line_ends.of_job(manifest, held)))


def _log(world: World, pod: Pod, container: Container) -> tuple[str, ...]:
    try:
        lines = [*world.cluster.logs(pod.ref, container.name, tail=LINES)]
    except RaptError:
        return ()  # its node may be gone, or keep it no more
    return tuple(line.decode("utf-8", "backslashreplace") for line in lines)


def _workload(world: World, found: Found) -> Workload | None:
    job = found.job
    if job is None or not job.is_suspended or workloads.QUEUE not in job.labels:
        return None
    try:
        listed = world.cluster.list(KUEUE_WORKLOAD, job.namespace, labels=f"{workloads.JOB_UID}={job.uid}")
        return next((workloads.from_manifest(one) for one in listed), None)
    except (NotFound, Refused):
        return None


def _refusal(world: World, found: Found) -> RaptError | None:
    """Why a run has no Job, where it should have one by now: the API server says it again."""
    run = found.run
    if run is None or found.job or run.attempts or run.is_finished or run.cancelled_by:
        return None
    if run.created_at is None or world.now() - run.created_at < _BEGINNING:
        return None
    try:
        world.cluster.dry_run(jobs.of_attempt(run, 1))
    except RaptError as error:
        return error
    return None
