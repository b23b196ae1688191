"""``kubectl rapt changes``."""

from datetime import datetime
from typing import Annotated

import typer

from kubectl_rapt import writes
from kubectl_rapt.actions import repository, review
from kubectl_rapt.actions.review import Open
from kubectl_rapt.cli import diffs, options, show, terminal
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model import times
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers


def changes(
    context: typer.Context,
    verb: Annotated[str, typer.Argument(metavar="[show|merge]", help="What to do; none lists them")] = "",
    identifier: Annotated[str, typer.Argument(metavar="[ID]", help="The change")] = "",
    dry_run: options.DryRun = "none",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Output format")
    ] = "",
) -> None:
    """List the changes that wait for their review; show or merge one.

    Example: kubectl rapt changes merge 7c1e42
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    is_dry = options.is_dry(dry_run)
    if verb and output:
        raise UsageError(
            "bad-usage", f"{verb} has one output: -o is for the list", "kubectl rapt changes -o json"
        )
    if verb not in ("", "show", "merge") or (verb and not identifier):
        raise UsageError("bad-usage", "changes takes nothing, show ID or merge ID", "kubectl rapt changes")
    with options.open_world(context) as (world, writers):
        if verb == "merge":
            _merge(world, writers, identifier, is_dry)
        elif verb == "show":
            _show(world, identifier)
        else:
            _list(world, output)


def _merge(world: World, writers: Writers, identifier: str, is_dry: bool) -> None:
    merge = review.plan_merge(world, identifier)
    if merge.plan.steps and not is_dry:
        writes.settle(
            writers,
            repository.address(world).url,
            lambda: review.plan_merge(world, identifier).plan,
            merge.plan,
        )
    done = "was merged already" if not merge.plan.steps else "would be merged" if is_dry else "merged"
    terminal.out(f"change {identifier} {done}: {terminal.clean(merge.change.summary)}")
    terminal.say(f"  then: kubectl rapt sync --in {merge.change.environment}")


def _show(world: World, identifier: str) -> None:
    found = repository.read(world)
    one = review.find(world, found, identifier)
    before, after = review.contents(world, found, one)
    terminal.out(terminal.clean(f"change {one.change.id} by {one.commit.author}: {one.change.summary}"))
    terminal.out(diffs.unified(before, after))


def _list(world: World, output: str) -> None:
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
