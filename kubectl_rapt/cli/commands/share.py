"""``kubectl rapt share``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import share as sharing
from kubectl_rapt.cli import options, proposing
from kubectl_rapt.cli.proposing import Manner
from kubectl_rapt.cli.waiting import After
from kubectl_rapt.errors import UsageError


def share(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool")],
    to_namespace: Annotated[
        str, typer.Option(metavar="NAME,…", help="Namespaces to add; rapt.yaml must allow them")
    ] = "",
    to_environment: Annotated[str, typer.Option(metavar="ENV,…", help="Environments to add it to")] = "",
    overwrite: options.Overwrite = False,
    draft: options.Draft = False,
    wait: options.Wait = False,
    sync: options.Sync = False,
    timeout: options.Timeout = 0,
    dry_run: options.DryRun = "none",
) -> int:
    """Share a tool with other namespaces or environments, as one change.

    Example: kubectl rapt share backup --in prod --to-namespace team-a,team-b
    """
    is_dry = options.is_dry(dry_run)
    namespaces, environments = options.words(to_namespace), options.words(to_environment)
    if not namespaces and not environments:
        raise UsageError(
            "bad-usage",
            "share needs a namespace or an environment to share with",
            "--to-namespace NAME",
        )
    with options.open_world(context) as (world, writers):
        source = options.environment(context, world)
        make = sharing.draft(tool, source, namespaces, environments)
        after = After(wait or sync, sync, timeout)
        # The environments that get it were named, whichever one they get it from.
        manner = Manner(is_dry, overwrite, draft, after, names_environments=not environments)
        return proposing.carry_out(context, world, writers, make, manner)
