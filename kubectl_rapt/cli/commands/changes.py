"""``kubectl rapt changes``."""

from typing import Annotated

import typer

from kubectl_rapt import writes
from kubectl_rapt.actions import repository, review
from kubectl_rapt.cli import diffs, options, show, terminal
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model import times


def changes(
    context: typer.Context,
    verb: Annotated[str, typer.Argument(metavar="[show|merge]", help="What to do; none lists them")] = "",
    identifier: Annotated[str, typer.Argument(metavar="[ID]", help="The change")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be merged, do nothing")] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Output format")
    ] = "",
) -> None:
    """List the changes that wait for their review; show or merge one.

    Example: kubectl rapt changes merge 7c1e42
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    if verb not in ("", "show", "merge") or (verb and not identifier):
        raise UsageError("bad-usage", "changes takes nothing, show ID or merge ID", "kubectl rapt changes")
    with options.open_world(context) as (world, writers):
        if verb == "merge":
            merge = review.plan_merge(world, identifier)
            if not dry_run and merge.plan.steps:
                writes.settle(
                    writers,
                    repository.address(world).url,
                    lambda: review.plan_merge(world, identifier).plan,
                    merge.plan,
                )
            done = "would be merged" if dry_run else "merged"
            if not merge.plan.steps:
                done = "was merged already"
            terminal.out(f"change {identifier} {done}: {merge.change.summary}")
            terminal.say(f"  then: kubectl rapt sync --in {merge.change.environment}")
            return
        found = repository.read(world)
        if verb == "show":
            one = review.find(world, found, identifier)
            before, after = review.contents(world, found, one)
            about = f"change {one.change.id} by {one.commit.author}: {one.change.summary}"
            terminal.out(terminal.clean(about))
            terminal.out(diffs.unified(before, after))
            return
        waiting = list(review.waiting(world, found))
        now = world.now()
    rows = [
        [
            one.change.id,
            one.change.environment,
            one.change.tool,
            one.commit.author.partition(" <")[0],
            times.spell_seconds((now - one.commit.time).total_seconds()),
            one.change.summary,
        ]
        for one in waiting
    ]
    keys = ["id", "environment", "tool", "by", "age", "summary"]
    if output == "name":
        for one in waiting:
            terminal.out(one.change.id)
    elif output:
        terminal.out(show.document([dict(zip(keys, row, strict=True)) for row in rows], output))
    elif rows:
        terminal.out(show.table([key.upper() for key in keys], rows))
    else:
        terminal.say("No open changes.")
