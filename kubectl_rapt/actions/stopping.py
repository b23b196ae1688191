"""Waiting for a run that was cancelled: its attempt is closed when its pods have ended."""

from kubectl_rapt.actions import advance
from kubectl_rapt.errors import Unavailable
from kubectl_rapt.model.kinds import JOB, POD
from kubectl_rapt.objects import pods
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import lifecycle
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.writes import Writers

PATIENCE_SECONDS = 120.0
"""How long pods are waited for; Kubernetes gives them 30 s unless the tool says otherwise."""


def wait(world: World, writers: Writers, seen: Seen, *, patience_seconds: float = PATIENCE_SECONDS) -> Run:
    """Wait until a run that was cancelled has ended, and close it.

    Args:
        world: Where to read.
        writers: The door's ports.
        seen: The run, as ``cancel`` left it.
        patience_seconds: How long to wait for its pods.

    Returns:
        The Run as it ended: ``Cancelled``, or as it ended before anybody could stop it.

    Raises:
        Unavailable: ``still-stopping``: its pods have not ended yet.
    """
    seen = _on(world, writers, seen)
    run = _run(seen)
    if run.is_finished:
        return run
    name = lifecycle.job_name(run)
    fields = f"metadata.name={name}"
    for event in world.cluster.watch(JOB, run.namespace, fields=fields, timeout_seconds=patience_seconds):
        if event.type != "added":
            seen = _on(world, writers, seen)
        if _run(seen).is_finished:
            return _run(seen)
    raise Unavailable(
        "still-stopping",
        f'run "{run.name}" is cancelled, and its pods have not ended yet',
        f"kubectl get pods -n {run.namespace} -l batch.kubernetes.io/job-name={name}",
    )


def _on(world: World, writers: Writers, seen: Seen) -> Seen:
    """As far as it goes now. What ended before it could be stopped is closed as it ended."""
    seen = advance.advance(world, writers, advance.observe(world, seen))
    job = seen.job
    if _run(seen).is_finished or job is None or not job.ended:
        return seen
    selector = f"batch.kubernetes.io/controller-uid={job.uid}"
    found = [pods.from_manifest(one) for one in world.cluster.list(POD, job.namespace, labels=selector)]
    outcome = outcomes.of(job, found)
    return advance.close(world, writers, seen, outcome) if outcome else seen


def _run(seen: Seen) -> Run:
    assert seen.run is not None, "a run that was read exists"
    return seen.run
