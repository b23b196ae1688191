"""Cancel a run: its pods are asked to stop, and its attempt is closed when they have."""

from kubectl_rapt import writes
from kubectl_rapt.actions import advance, find
from kubectl_rapt.errors import Conflict, Unavailable
from kubectl_rapt.model.kinds import JOB
from kubectl_rapt.model.plan import Patch
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import lifecycle
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.writes import Writers

PATIENCE_SECONDS = 120.0
"""How long pods are waited for; Kubernetes gives them 30 s unless the tool says otherwise."""

_ATTEMPTS = 12


def plan(world: World, run: Run) -> Patch | None:
    """The step that asks a run to stop; None where somebody has asked already.

    Raises:
        Conflict: ``already-ended``: there is nothing to cancel.
    """
    if run.is_finished:
        raise Conflict(
            "already-ended", f'run "{run.name}" has ended: {run.status}', f"kubectl rapt why {run.name}"
        )
    if run.cancelled_by:
        return None
    metadata = {"uid": run.uid, "resourceVersion": run.resource_version}
    return Patch(run.ref, {"metadata": metadata, "spec": {"cancelledBy": world.cluster.user()}})


def ask(world: World, writers: Writers, name: str, namespace: str) -> Seen:
    """Ask a run to stop, and suspend its Job; whoever follows or reconciles it closes it once its pods have ended.

    Args:
        world: Where to look.
        writers: The door's ports.
        name: The run's name.
        namespace: Where it is.

    Returns:
        The run, closed already where nothing of it was running.

    Raises:
        NotFound: There is no such run.
        Conflict: ``already-ended``.
    """
    for attempt in range(_ATTEMPTS):
        run = find.run(world, name, namespace)
        step = plan(world, run)
        if step is None:
            break
        try:
            writes.apply(writers, step)
            break
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
            writers.pause(attempt)
    return _on(world, writers, Seen(run))


def cancel(world: World, writers: Writers, run: Run, *, patience_seconds: float = PATIENCE_SECONDS) -> Run:
    """Cancel a run, and wait until it has ended.

    Args:
        world: Where to read.
        writers: The door's ports.
        run: The run, as it was read.
        patience_seconds: How long to wait for its pods.

    Returns:
        The Run as it ended: ``Cancelled``, or as it ended before anybody could stop it.

    Raises:
        Conflict: ``already-ended``: there is nothing to cancel.
        Unavailable: ``still-stopping``: it was cancelled, and its pods have not ended yet.
    """
    seen = ask(world, writers, run.name, run.namespace)
    if _has_ended(seen):
        return _run(seen)
    name = lifecycle.job_name(_run(seen))
    fields = f"metadata.name={name}"
    for event in world.cluster.watch(JOB, run.namespace, fields=fields, timeout_seconds=patience_seconds):
        if event.type != "added":
            seen = _on(world, writers, seen)
        if _has_ended(seen):
            return _run(seen)
    raise Unavailable(
        "still-stopping",
        f'run "{run.name}" is cancelled, and its pods have not ended yet',
        f"kubectl get pods -n {run.namespace} -l batch.kubernetes.io/job-name={name}",
    )


def _on(world: World, writers: Writers, seen: Seen) -> Seen:
    """As far as it goes now. What ended before it could be stopped is closed as it ended."""
    return advance.carry(world, writers, advance.observe(world, seen))


def _has_ended(seen: Seen) -> bool:
    return _run(seen).is_finished


def _run(seen: Seen) -> Run:
    assert seen.run is not None, "a run that was read exists"
    return seen.run
