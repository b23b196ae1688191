"""``kubectl rapt upgrade``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import upgrade as upgrading
from kubectl_rapt.cli import options, proposing
from kubectl_rapt.cli.proposing import Manner
from kubectl_rapt.cli.waiting import After
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model.versions import VersionRange


def upgrade(
    context: typer.Context,
    tools: Annotated[list[str] | None, typer.Argument(metavar="[TOOL…]", help="The tools")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every tool of the environment")] = False,
    to: Annotated[
        str,
        typer.Option(metavar="VERSION", help="Version or range: 1.2.0, ^1.2 or ~1.2; by default, the newest"),
    ] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Answer a new parameter (repeatable)"),
    ] = None,
    unset: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Drop the answer for a parameter that is gone (repeatable)"),
    ] = None,
    overwrite: options.Overwrite = False,
    draft: options.Draft = False,
    wait: options.Wait = False,
    sync: options.Sync = False,
    timeout: options.Timeout = 0,
    dry_run: options.DryRun = "none",
) -> int:
    """Upgrade tools to newer versions of their templates, from the same registry. Their answers stay.

    Example: kubectl rapt upgrade backup --in prod --to ^1.2
    """
    names = tools or []
    if bool(names) == all_:
        raise UsageError("bad-usage", "name the tools, or give --all", "kubectl rapt upgrade --all --in ENV")
    if set_ and len(names) != 1:
        raise UsageError("bad-usage", "--set is for one tool", "kubectl rapt upgrade TOOL --set NAME=VALUE")
    try:
        wanted = VersionRange.parse(to) if to else None
    except ValueError as error:
        raise UsageError("bad-flag", f"--to: {error}", "--to ^1.2") from None
    with options.open_world(context) as (world, writers):
        request = upgrading.Request(
            options.environment(context, world),
            names,
            wanted,
            options.pairs(set_ or [], "--set"),
            unset or [],
        )
        make = upgrading.draft(world, request)
        after = After(wait or sync, sync, timeout)
        manner = Manner(options.is_dry(dry_run), overwrite, draft, after)
        return proposing.carry_out(context, world, writers, make, manner)
