"""``kubectl rapt delete``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import delete as deleting
from kubectl_rapt.actions.delete import Going
from kubectl_rapt.cli import asking, options, refusals, show, terminal
from kubectl_rapt.config import location
from kubectl_rapt.errors import RaptError, UsageError
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import ref_of
from kubectl_rapt.writes import Writers


def delete(
    context: typer.Context,
    tools: Annotated[list[str] | None, typer.Argument(metavar="TOOL…", help="The tools")] = None,
    all_: Annotated[bool, typer.Option("--all", "-a", help="Delete all tools in the namespace")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Delete tools even if they are running; the runs continue")
    ] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask")] = False,
    dry_run: options.DryRun = "none",
) -> int:
    """Delete tools from a namespace, with their schedules and accounts. Their runs stay.

    A tool that is defined in git is refused: use kubectl rapt remove.

    Example: kubectl rapt delete old-report
    """
    is_dry = options.is_dry(dry_run)
    if bool(tools) == all_:
        what = "--all is all of them, without names" if tools else "name a tool, or give --all"
        raise UsageError("bad-usage", what, "kubectl rapt list")
    with options.open_world(context) as (world, writers):
        namespace = world.cluster.namespace()
        plan = deleting.plan(world, tools or [], namespace)
        for ref in plan.held:
            terminal.say(
                terminal.clean(
                    f"{show.name(ref)} stays: git holds it (kubectl rapt remove {shell.word(ref.name)})"
                )
            )
        fate = "would be deleted" if is_dry else "will be deleted"
        for one in plan.going:
            for manifest in one.objects:
                terminal.out(terminal.clean(f"{show.name(ref_of(manifest))} {fate}"))
        if not plan.going:
            terminal.say(f"No tools to delete in namespace {namespace}.")
            return 1 if plan.held else 0
        unseen = dict.fromkeys(kind.plural for one in plan.going for kind in one.unseen)
        if unseen:
            terminal.say(f"note: you may not list {' and '.join(unseen)}: what the tools have of them stays")
        deleting.check(world, plan, is_forced=force)
        if is_dry:
            return 0
        names = ", ".join(one.ref.name for one in plan.going)
        asking.confirm(f"delete {names} from namespace {namespace}", is_sure=yes)
        failed = [one for one in plan.going if not _delete(writers, one)]
    terminal.say(
        f"{_count(len(plan.going) - len(failed))} deleted" + (f", {len(failed)} not" if failed else "")
    )
    return 1 if failed or plan.held else 0


def _delete(writers: Writers, one: Going) -> bool:
    try:
        deleting.carry_out(writers, one)
    except RaptError as error:
        if location.concerns_all(error):
            raise
        terminal.say(terminal.clean(f"{show.name(one.ref)} was not deleted: {refusals.brief(error)}"))
        return False
    return True


def _count(number: int) -> str:
    return f"{number} tool{'s' * (number != 1)}"
