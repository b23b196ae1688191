"""Waiting for a run that was cancelled: its attempt is closed when its pods have ended."""

from kubectl_rapt.actions import advance
from kubectl_rapt.errors import Conflict, Unavailable
from kubectl_rapt.model import shell
from kubectl_rapt.model.causes import CANCELLED
from kubectl_rapt.model.kinds import JOB
from kubectl_rapt.objects.runs import NOT_STARTED, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import lifecycle
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
        Conflict: ``changed-meanwhile``: somebody asked for another attempt after it was cancelled.
    """
    seen = _on(world, writers, seen)
    run = _run(seen)
    if run.is_finished:
        return run
    _check_asked(run)
    name = lifecycle.job_name(run)
    fields = f"metadata.name={name}"
    for event in world.cluster.watch(JOB, run.namespace, fields=fields, timeout_seconds=patience_seconds):
        if event.type != "added":
            seen = _on(world, writers, seen)
        if _run(seen).is_finished:
            return _run(seen)
        _check_asked(_run(seen))
    raise Unavailable(
        "still-stopping",
        f'run "{run.name}" is cancelled, and its pods have not ended yet',
        f"kubectl get pods -n {run.namespace} -l batch.kubernetes.io/job-name={name}",
    )


def _check_asked(run: Run) -> None:
    if not run.cancelled_by:
        what = f'another attempt of run "{run.name}" was asked for after it was cancelled'
        raise Conflict("changed-meanwhile", what, f"kubectl rapt attach {shell.word(run.name)}")


def was_stopped(run: Run) -> bool:
    """Whether a run that was cancelled ended because of that, and not before.

    An attempt that ended before it could be stopped, and would have been tried again, keeps its own cause.
    """
    return run.state == NOT_STARTED or CANCELLED in (run.status, run.reason)


def _on(world: World, writers: Writers, seen: Seen) -> Seen:
    """As far as it goes now. What ended before it could be stopped is closed as it ended."""
    return advance.carry(world, writers, advance.observe(world, seen))


def _run(seen: Seen) -> Run:
    assert seen.run is not None, "a run that was read exists"
    return seen.run
