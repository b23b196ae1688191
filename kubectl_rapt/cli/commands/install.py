"""``kubectl rapt install``."""

from typing import Annotated

import typer

from kubectl_rapt import writes
from kubectl_rapt.actions import install as installing
from kubectl_rapt.actions.install import Reconciler
from kubectl_rapt.cli import options, progress, show, terminal
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import ref_of
from kubectl_rapt.model.plan import Apply


def install(
    context: typer.Context,
    reconciler: Annotated[
        bool, typer.Option("--reconciler", help="Also install a CronJob that reconciles all namespaces")
    ] = False,
    image: Annotated[str, typer.Option(metavar="IMAGE", help="Rapt's image, for --reconciler")] = "",
    every: Annotated[str, typer.Option(metavar="TIME", help="How often the CronJob reconciles")] = "1m",
    dry_run: options.DryRun = "none",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Print the objects")
    ] = "",
) -> None:
    """Install Rapt's kinds and roles in a cluster. An administrator does this once for each cluster.

    With --reconciler, also install a CronJob that retries, records and cleans up: see docs/reconcile.md.

    Example: kubectl rapt install --context admin@prod
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    is_dry = options.is_dry(dry_run)
    period = _period(every)
    wanted = _reconciler(context, image, period) if reconciler else None
    if image and not wanted:
        raise UsageError("bad-flag", "--image is of use with --reconciler only", "--reconciler")
    with options.open_world(context, "cluster") as (world, writers):
        plan = installing.plan(world, wanted)
        applies = [step for step in plan.steps if isinstance(step, Apply)]
        if output in ("json", "yaml"):
            terminal.out(show.document(show.listed([step.manifest for step in applies]), output))
        progress.phase("applying", len(applies))
        for step in applies:
            if not is_dry:
                writes.apply(writers, step)
            progress.step()
            if output not in ("json", "yaml"):
                name = show.name(ref_of(step.manifest))
                terminal.out(name if output == "name" else f"{name} applied{' (dry run)' if is_dry else ''}")
        if not is_dry:
            progress.phase("waiting until the API server serves them")
            installing.wait(world, writers)


def _period(every: str) -> Duration:
    try:
        return Duration.parse(every)
    except ValueError as error:
        what = f'--every expects a time such as 5m, got "{every}"'
        raise UsageError("bad-flag", what, "--every 5m") from error


def _reconciler(context: typer.Context, image: str, period: Duration) -> Reconciler:
    if not image:
        what = "--reconciler needs Rapt's own image, which deploy/Containerfile makes"
        raise UsageError(
            "bad-flag", what, "kubectl rapt install --reconciler --image registry.example.com/rapt:1"
        )
    return Reconciler(image, period, options.target(context).namespace or "rapt-system")
