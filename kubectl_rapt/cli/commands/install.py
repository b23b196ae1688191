"""``kubectl rapt install``."""

from typing import Annotated

import typer

from kubectl_rapt import writes
from kubectl_rapt.actions import install as installing
from kubectl_rapt.cli import options, show, terminal
from kubectl_rapt.model.kinds import ref_of
from kubectl_rapt.model.plan import Apply


def install(
    context: typer.Context,
    dry_run: options.DryRun = "none",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Print the objects")
    ] = "",
) -> None:
    """Install Rapt's kinds and roles in a cluster; needs an administrator, once a cluster.

    Example: kubectl rapt install --context admin@prod
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        plan = installing.plan(world)
        applies = [step for step in plan.steps if isinstance(step, Apply)]
        if output in ("json", "yaml"):
            terminal.out(show.document(show.listed([step.manifest for step in applies]), output))
        for step in applies:
            if not is_dry:
                writes.apply(writers, step)
            if output not in ("json", "yaml"):
                name = show.name(ref_of(step.manifest))
                terminal.out(name if output == "name" else f"{name} applied{' (dry run)' if is_dry else ''}")
        if not is_dry:
            installing.wait(world)
