"""Whose turn it is, where the runs of a tool go on one at a time: decided from a lease and the run that has it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubectl_rapt.model.plan import Create, Patch
from kubectl_rapt.objects import labels, leases
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.leases import Lease
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs import retries
from kubectl_rapt.runs.retries import Again

FORBIDDEN = "ConcurrencyForbidden"
"""Why a run did not start: another one of its tool went on."""
LOOK_AGAIN = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody has looked whether a CronJob's Job goes on."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Another one goes on: ``run/NAME`` or ``job/NAME``."""

    who: str


def turn(
    run: Run, attempt: int, lease: Lease | None, *, is_held: bool, firing: str | None, now: datetime
) -> Create | Patch | Unknown | Behind | None:
    """What must happen before an attempt of a run may go on; None for nothing.

    A lease is taken anew for each attempt: a run that was over may have lost it to another one meanwhile, and of two
    that take it at once one is told.

    Args:
        run: The run.
        attempt: The attempt that is to go on.
        lease: The tool's lease as it exists.
        is_held: Whether the run that has it is another one, and is not over.
        firing: The CronJob's Job that goes on; empty for none, None where nobody looked.
        now: The time.
    """
    if run.concurrency == "allow":
        return None
    if lease is None:
        return Create(leases.create(run, attempt, now))
    if lease.holder != run.name and is_held:
        return Behind(f"run/{lease.holder}")
    if lease.holder != run.name or lease.attempt != attempt:
        return Patch(lease.ref, leases.take(lease, run, attempt, now))
    if firing is None:
        return Unknown()
    return Behind(f"job/{firing}") if firing else None


def is_over(run: Run) -> bool:
    """Whether a run that has a lease needs it no more: nothing of it goes on, and nobody has asked for more."""
    return run.is_finished and not isinstance(retries.after(run), Again) if run.attempts else run.is_finished


def firing(run: Run, found: Iterable[Job]) -> str:
    """The Job of a CronJob that goes on, among the tool's Jobs; empty for none."""
    mine = run.adopted.job if run.adopted else ""
    going = (one for one in found if not one.ended and not one.is_suspended and one.name != mine)
    return next((one.name for one in going if labels.RUN not in one.labels), "")
