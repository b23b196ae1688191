"""``kubectl rapt render``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import execute, repository
from kubectl_rapt.actions import render as rendering
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.cli import diffs, options, proposing, terminal
from kubectl_rapt.cli.commands.check import Path
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers


def render(
    context: typer.Context,
    tools: Annotated[
        list[str] | None, typer.Argument(metavar="[TOOL…]", help="The tools; without it, all")
    ] = None,
    path: Path = "",
    overwrite: options.Overwrite = False,
    dry_run: options.DryRun = "none",
) -> None:
    """Render again after you edited rapt.yaml or the files of tools by hand.

    In a checkout of the config repository, this writes the files in rendered/. Elsewhere it makes a change, like other
    commands. Without --in, it renders all environments.

    Example: kubectl rapt render
    """
    is_dry = options.is_dry(dry_run)
    environment, wanted = options.named_environment(context), tools or []
    with options.open_world(context, "repository") as (world, writers):
        if found := repository.checked_out(world, path):
            again = rendering.stale(world, found, environment, wanted)
            _write(world, writers, found, again, is_dry=is_dry, overwrite=overwrite)
            return
        make = rendering.draft(world, environment, wanted)
        manner = proposing.Manner(is_dry, overwrite, names_environments=False)
        proposing.carry_out(context, world, writers, make, manner)


def _write(
    world: World,
    writers: Writers,
    found: Repository,
    again: list[rendering.Stale],
    *,
    is_dry: bool,
    overwrite: bool,
) -> None:
    plan = rendering.plan(found, again, overwrite=overwrite)
    if is_dry:
        before = {one.path: one.before for one in again if one.before is not None}
        terminal.out(diffs.unified(before, {one.path: one.after for one in again}))
    else:
        execute.every(writers, plan)
    for one in again:
        terminal.out(f"{one.path}   {'created' if one.before is None else 'changed'}")
    end = " (dry run)" if is_dry and again else ""
    count = f"{len(again)} rendered again" if again else "nothing to render"
    terminal.out(terminal.clean(f"{count} in {found.root}{end}"))
