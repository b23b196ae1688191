"""``kubectl rapt remove``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import remove as removing
from kubectl_rapt.cli import options, proposing
from kubectl_rapt.cli.proposing import Manner
from kubectl_rapt.cli.waiting import After


def remove(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool")],
    from_namespace: Annotated[str, typer.Option(metavar="NAME,…", help="Only from these namespaces")] = "",
    overwrite: options.Overwrite = False,
    draft: options.Draft = False,
    wait: options.Wait = False,
    sync: options.Sync = False,
    timeout: options.Timeout = 0,
    dry_run: options.DryRun = "none",
) -> int:
    """Remove a tool from an environment. Its runs stay.

    Example: kubectl rapt remove backup --in staging
    """
    with options.open_world(context) as (world, writers):
        environment = options.environment(context, world)
        make = removing.draft(tool, environment, options.words(from_namespace))
        after = After(wait or sync, sync, timeout)
        manner = Manner(options.is_dry(dry_run), overwrite, draft, after)
        return proposing.carry_out(context, world, writers, make, manner)
