"""Cancel a run: its Job is suspended, which ends its pods gracefully, and nothing is tried again."""

from kubectl_rapt import writes
from kubectl_rapt.actions import advance
from kubectl_rapt.errors import Conflict, Refused, Unavailable
from kubectl_rapt.model import causes
from kubectl_rapt.model.kinds import RUN, Ref
from kubectl_rapt.model.plan import Patch
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import turns
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.runs.standing import Standing
from kubectl_rapt.writes import Writers

_ATTEMPTS = 12


def over(run: Run, status: str = "") -> Refused:
    """What is said of a run that cannot be cancelled because it has ended, whether that was recorded or not.

    Args:
        run: The run.
        status: How it ended, if its Run does not say so.
    """
    what = f'run "{run.name}" is over: {status or run.status}'
    return Refused("run-is-over", what, f"kubectl rapt why {run.name}")


def check(world: World, run: Run) -> Standing | None:
    """How a run stands that is to be cancelled, as of ``advance.look_at_end``.

    Raises:
        Refused: ``run-is-over``: it has ended, and its Run says so.
    """
    if turns.is_over(run):
        raise over(run)
    return advance.look_at_end(world, run)


def refuse_if_over(run: Run, stands: Standing | None) -> None:
    """Raises Refused, ``run-is-over``: the run has ended, and nobody has recorded that."""
    if stands and stands.is_over and stands.status != causes.CANCELLED:
        raise over(run, stands.status)


def plan(world: World, run: Run) -> Patch | None:
    """The step that asks a run to stop; None where somebody has asked already.

    Raises:
        Refused: ``run-is-over``: there is nothing to stop.
    """
    if turns.is_over(run):
        raise over(run)
    if run.cancelled_by:
        return None
    metadata = {"uid": run.uid, "resourceVersion": run.resource_version}
    return Patch(run.ref, {"metadata": metadata, "spec": {"cancelledBy": world.cluster.user()}})


def cancel(world: World, writers: Writers, name: str, namespace: str) -> Seen:
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
        Refused: ``run-is-over``: it had ended, which is recorded first if nobody has.
    """
    run = runs.from_manifest(world.cluster.get(Ref(RUN, name, namespace)))
    stands = check(world, run)
    advance.note_end(world, writers, run, stands)
    refuse_if_over(run, stands)
    for attempt in range(_ATTEMPTS):
        run = runs.from_manifest(world.cluster.get(Ref(RUN, name, namespace)))
        step = plan(world, run)
        if step is None:
            break
        try:
            writes.apply(writers, step)
            break
        except (Conflict, Unavailable) as error:
            is_lost = isinstance(error, Unavailable) and error.outcome_unknown
            if attempt == _ATTEMPTS - 1 or not (is_lost or isinstance(error, Conflict)):
                raise
            writers.pause(attempt)
    return advance.advance(world, writers, advance.observe(world, Seen(run)))
