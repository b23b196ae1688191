"""``kubectl rapt changes``."""

from datetime import datetime
from typing import Annotated

import typer

from kubectl_rapt import writes
from kubectl_rapt.actions import repository, review
from kubectl_rapt.actions.review import Open
from kubectl_rapt.cli import diffs, options, show, terminal
from kubectl_rapt.model import times

Identifier = Annotated[str, typer.Argument(metavar="ID", help="The change")]


def changes(
    context: typer.Context,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Output format")
    ] = "",
) -> None:
    """List the changes that wait for their review.

    Example: kubectl rapt changes
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    with options.open_world(context) as (world, _):
        waiting = list(review.waiting(world, repository.read(world)))
        rows = [_row(one, world.now()) for one in waiting]
    if output == "name":
        for one in waiting:
            terminal.out(one.change.id)
    elif output:
        terminal.out(show.document([dict(zip(_KEYS, row, strict=True)) for row in rows], output))
    elif rows:
        terminal.out(show.table([key.upper() for key in _KEYS], rows))
    else:
        terminal.say("No open changes.")


def show_(context: typer.Context, identifier: Identifier) -> None:
    """Show what a change does, as a diff of its files.

    Example: kubectl rapt changes show 7c1e42
    """
    with options.open_world(context) as (world, _):
        found = repository.read(world)
        one = review.find(world, found, identifier)
        before, after = review.contents(world, found, one)
    terminal.out(terminal.clean(f"change {one.change.id} by {one.commit.author}: {one.change.summary}"))
    terminal.out(diffs.unified(before, after))


def merge(context: typer.Context, identifier: Identifier, dry_run: options.DryRun = "none") -> None:
    """Merge a change: its tool's file, rendered anew on today's main.

    Example: kubectl rapt changes merge 7c1e42
    """
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        planned = review.plan_merge(world, identifier)
        if planned.plan.steps and not is_dry:
            writes.settle(
                writers,
                repository.address(world).url,
                lambda: review.plan_merge(world, identifier).plan,
                planned.plan,
            )
    done = "was merged already" if not planned.plan.steps else "would be merged" if is_dry else "merged"
    terminal.out(f"change {identifier} {done}: {terminal.clean(planned.change.summary)}")
    terminal.say(f"  then: kubectl rapt sync --in {planned.change.environment}")


_KEYS = ("id", "environment", "tool", "by", "age", "summary")


def _row(one: Open, now: datetime) -> list[str]:
    return [
        one.change.id,
        one.change.environment,
        one.change.tool,
        one.commit.author.partition(" <")[0],
        times.spell_seconds((now - one.commit.time).total_seconds()),
        one.change.summary,
    ]
