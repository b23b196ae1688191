"""``kubectl rapt cancel``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import cancel as cancelling
from kubectl_rapt.actions import find, stopping
from kubectl_rapt.cli import options, terminal


def cancel(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run")],
    dry_run: options.DryRun = "none",
) -> int:
    """Stop a run. Its pods get their grace period, and the run is recorded as Cancelled.

    Example: kubectl rapt cancel backup-x7k2p
    """
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        namespace = world.cluster.namespace()
        found = find.run(world, run, namespace)
        cancelling.plan(world, found)
        if is_dry:
            terminal.out(terminal.clean(f"run.rapt.dev/{found.name} would be cancelled ({found.status})"))
            return 0
        ended = stopping.wait(world, writers, cancelling.cancel(world, writers, run, namespace))
    # An attempt that ended before it could be stopped, and would have been tried again, keeps its own cause.
    is_cancelled = "Cancelled" in (ended.status, ended.reason) or ended.state == "NotStarted"
    how = "cancelled" if is_cancelled else f"had ended before: {ended.status}"
    terminal.out(terminal.clean(f"run.rapt.dev/{ended.name} {how}"))
    return 0 if is_cancelled else 1
