"""``kubectl rapt init``."""

import os
from typing import Annotated

import typer

from kubectl_rapt import wiring, writes
from kubectl_rapt.actions import init as setting_up
from kubectl_rapt.cli import options, terminal
from kubectl_rapt.errors import UsageError


def init(
    context: typer.Context,
    local: Annotated[bool, typer.Option("--local", help="A bare repository in your own data folder")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, do nothing")] = False,
) -> None:
    """Set up a config repository and your settings; again, it completes what is missing.

    Example: kubectl rapt init --local
    """
    if not local:
        raise UsageError(
            "bad-usage", "init needs to know where the config repository is", "kubectl rapt init --local"
        )
    path = wiring.local_repository(os.environ)
    with options.open_world(context) as (world, writers):
        while True:
            plan = setting_up.plan(world, str(path), exists=path.exists())
            for step in plan.steps:
                terminal.out(f"{step}{' (dry run)' if dry_run else ''}")
            if dry_run:
                return
            for step in plan.steps:
                writes.apply(writers, step)
            if not plan.steps:
                break
    for note in plan.notes:
        terminal.say(f"  note: {note}")
    terminal.out(f"config repository {path}")
    terminal.out("environments      dev (review: none, the default), prod (review: required)")
    terminal.say("  next: kubectl rapt search")
