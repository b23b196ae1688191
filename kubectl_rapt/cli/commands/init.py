"""``kubectl rapt init``."""

import os
from typing import Annotated

import typer

from kubectl_rapt import wiring, writes
from kubectl_rapt.actions import init as setting_up
from kubectl_rapt.cli import options, terminal
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model.plan import Plan
from kubectl_rapt.writes import Writers


def init(
    context: typer.Context,
    local: Annotated[bool, typer.Option("--local", help="A bare repository in your own data folder")] = False,
    dry_run: options.DryRun = "none",
) -> None:
    """Set up a config repository and your settings; again, it completes what is missing.

    Example: kubectl rapt init --local
    """
    if not local:
        raise UsageError(
            "bad-usage", "init needs to know where the config repository is", "kubectl rapt init --local"
        )
    is_dry = options.is_dry(dry_run)
    path = wiring.local_repository(os.environ)
    with options.open_world(context) as (world, writers):
        plan = setting_up.create(world, str(path)) if not path.exists() else setting_up.plan(world, str(path))
        if not path.exists() and not is_dry:
            # Only a repository that exists can be read, and only then is the rest decided.
            _carry_out(writers, plan)
            plan = setting_up.plan(world, str(path))
        if is_dry:
            for step in plan.steps:
                terminal.out(f"{step} (dry run)")
            return
        _carry_out(writers, plan)
    for note in plan.notes:
        terminal.say(f"  note: {note}")
    terminal.out(f"config repository {path}")
    terminal.out("environments      dev (review: none, the default), prod (review: required)")
    terminal.say("  next: kubectl rapt search")


def _carry_out(writers: Writers, plan: Plan) -> None:
    for step in plan.steps:
        writes.apply(writers, step)
        terminal.out(str(step))
