"""``kubectl rapt sync``."""

from typing import Annotated

import typer

from kubectl_rapt.cli import options
from kubectl_rapt.cli.views import sync as views


def sync(
    context: typer.Context,
    dry_run: options.DryRun = "none",
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Allow a commit that is older than the applied one")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Apply rendered files even if they were edited by hand")
    ] = False,
    output: Annotated[str, typer.Option("-o", "--output", metavar="name", help="Print names only")] = "",
) -> None:
    """Apply an environment to its cluster, and delete what git no longer defines.

    Example: kubectl rapt sync --in prod
    """
    options.one_of("-o", output, ("name",))
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        environment = options.environment(context, world)
        views.carry_out(
            world,
            None if is_dry else writers,
            environment,
            rollback=rollback,
            overwrite=overwrite,
            shows="names" if output else "lines",
            may=lambda one: options.check_default(context, one),
        )
