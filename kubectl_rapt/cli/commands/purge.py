"""``kubectl rapt purge``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import purge as purging
from kubectl_rapt.cli import asking, listing, options, terminal
from kubectl_rapt.errors import UsageError


def purge(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask for the cluster's name")] = False,
    dry_run: options.DryRun = "none",
) -> int:
    """Delete everything of Rapt from a cluster: tools, runs and their records, and Rapt's kinds.

    The config repository stays as it is. You must be an administrator.

    Example: kubectl rapt purge --dry-run
    """
    is_dry = options.is_dry(dry_run)
    if options.named_environment(context):
        what = "purge deletes from a whole cluster, so it does not take --in"
        raise UsageError("bad-usage", what, "kubectl rapt purge --context NAME --dry-run")
    with options.open_world(context, "cluster") as (world, writers):
        plan = purging.plan(world)
        where = world.cluster.context()
        name = where.name or where.server
        if not plan.groups:
            terminal.out(terminal.clean(f"there is nothing of Rapt's in {name}"))
            return 0
        rows = [[str(number), resource] for resource, number in purging.count(plan.groups).items()]
        listing.table(["NUMBER", "KIND"], rows, listing.Form())
        for owner in plan.owners:
            terminal.say(
                terminal.clean(f"note: {owner} brings back what it applies, until it is told otherwise")
            )
        purging.check(world, plan)
        if is_dry:
            terminal.say(terminal.clean(f"nothing was deleted from {name} (dry run)"))
            return 0
        asking.confirm(
            terminal.clean(f"delete all of this from {name}, and the record of every run"),
            is_sure=yes,
            word=name,
        )
        problems = []
        for group in plan.groups:
            problems += purging.carry_out(writers, group)
        if not problems:
            purging.wait(world, plan)
    for problem in problems:
        terminal.say(terminal.clean(f"{problem.where} was not deleted: {problem.what}"))
    terminal.say(f"{sum(len(group.objects) for group in plan.groups) - len(problems)} objects deleted")
    return 1 if problems else 0
