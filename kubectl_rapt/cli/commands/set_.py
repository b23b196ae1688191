"""``kubectl rapt set``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import set_ as setting
from kubectl_rapt.cli import options, proposing, terminal
from kubectl_rapt.cli.proposing import Manner
from kubectl_rapt.cli.waiting import After
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.errors import RaptError, UsageError
from kubectl_rapt.model import shell
from kubectl_rapt.ports.world import World


def set_(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool")],
    answers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE…] [NAME-…]", help="Answers to set; NAME- resets one to its default"
        ),
    ] = None,
    schedule: Annotated[
        list[str] | None, typer.Option(metavar="CRON", help="Run at these times, in cron syntax (repeatable)")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone of the schedules; by default, it is kept")
    ] = None,
    no_schedule: Annotated[bool, typer.Option("--no-schedule", help="Remove all schedules")] = False,
    retry: Annotated[
        str | None, typer.Option(metavar="POLICY", help='Retry policy; "" means the default')
    ] = None,
    cleanup: Annotated[
        str | None, typer.Option(metavar="POLICY", help='Cleanup policy; "" means the default')
    ] = None,
    overwrite: options.Overwrite = False,
    draft: options.Draft = False,
    wait: options.Wait = False,
    sync: options.Sync = False,
    timeout: options.Timeout = 0,
    dry_run: options.DryRun = "none",
    output: options.ObjectsOutput = "",
) -> int:
    """Change answers, schedules or policies in a tool's file, and nothing else in it.

    Example: kubectl rapt set backup retention=30d --schedule '0 3 * * *' --in prod
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    is_dry = options.is_dry(dry_run)
    words = answers or []
    unset = [word[:-1] for word in words if word.endswith("-") and "=" not in word]
    given = options.pairs([word for word in words if not (word.endswith("-") and "=" not in word)], "set")
    if schedule and not all(one.strip() for one in schedule):
        what = "--schedule is empty"
        raise UsageError("bad-flag", what, f"kubectl rapt set {shell.word(tool)} --no-schedule")
    if schedule and no_schedule:
        raise UsageError(
            "bad-usage", "--schedule and --no-schedule exclude each other", "--no-schedule"
        ).meant("--no-schedule", "")
    if time_zone is not None and not schedule:
        raise UsageError(
            "bad-usage", "--time-zone needs --schedule", "--schedule '0 3 * * *' --time-zone ZONE"
        )
    policies = {kind: name for kind, name in (("retry", retry), ("cleanup", cleanup)) if name is not None}
    schedules = (
        [Schedule(one, time_zone or "") for one in schedule or []] if schedule or no_schedule else None
    )
    if not (given or unset or policies or schedules is not None):
        raise UsageError(
            "bad-usage",
            "there is nothing to set",
            f"kubectl rapt explain {shell.word(tool)}",
        )
    with options.open_world(context) as (world, writers):
        environment = options.environment(context, world)
        request = setting.Request(
            tool, environment, given, unset, schedules, policies, keeps_time_zone=time_zone is None
        )
        make = setting.draft(world, request)
        after = After(wait or sync, sync, timeout)
        manner = Manner(is_dry, overwrite, draft, after, output)
        code = proposing.carry_out(context, world, writers, make, manner)
        if code == 0:
            _tell_stuck(world, tool)
        return code


def _tell_stuck(world: World, tool: str) -> None:
    """Say of a Job that cannot start that a new definition does not change it, and that its schedule waits for it."""
    from kubectl_rapt.actions import stuck

    try:
        held = stuck.found(world, world.cluster.namespace(), tool=tool)
    except RaptError:
        return  # what was set is in the repository, whether or not there is a cluster
    for one in held:
        terminal.say(terminal.clean(f"note: the schedule is still {one.told(world.now())}"))
