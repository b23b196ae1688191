"""``kubectl rapt history``."""

from typing import Annotated, Any

import typer

from kubectl_rapt.actions import history as histories
from kubectl_rapt.actions import repository
from kubectl_rapt.actions.history import Entry
from kubectl_rapt.cli import listing, options, show, terminal
from kubectl_rapt.cli.columns import Drop, Shorten
from kubectl_rapt.config import layout
from kubectl_rapt.model import times

_STEPS = (Shorten("SUMMARY", 20), Shorten("BY", 10), Drop("BY"), Shorten("TEMPLATE", 12), Drop("SUMMARY"))


def history(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool")],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml|name", help="Output format")
    ] = "",
) -> None:
    """Show the commits that changed a tool or what rapt.yaml says of it, newest first.

    Example: kubectl rapt history backup --in prod
    """
    form = listing.form(output, forms="wide|json|yaml|name")
    with options.open_world(context) as (world, _):
        environment = options.environment(context, world)
        found = repository.read(world)
        entries = list(histories.history(world, found, environment, tool))
        now = world.now()
    if output == "name":
        for one in entries:
            terminal.out(one.commit.id)
    elif not form.is_table:
        terminal.out(show.document([_data(one) for one in entries], output))
    else:
        rows = []
        for one in entries:
            data = _data(one)
            age = times.spell_seconds((now - one.commit.time).total_seconds())
            cells = (data["commit"][:7], data["change"] or "-", data["template"] or "removed")
            said = [f"{layout.PROJECT}: {change}" for change in one.settings]
            rows.append([*cells, by(one), age, "; ".join([data["summary"], *said])])
        header = ["COMMIT", "CHANGE", "TEMPLATE", "BY", "AGE", "SUMMARY"]
        listing.table(header, rows, form, _STEPS)


def by(one: Entry) -> str:
    """Who made a commit, and for whom, by that one's own words."""
    author = one.commit.author
    return one.change.by(author) if one.change else author.partition(" <")[0]


def _data(one: Entry) -> dict[str, Any]:
    return {
        "commit": one.commit.id,
        "change": one.change.id if one.change else "",
        "template": one.template,
        "by": one.commit.author,
        "requester": one.change.requester if one.change else "",
        "time": times.spell(one.commit.time),
        "summary": one.commit.message.partition("\n")[0],
        **({"settings": settings(one)} if one.settings else {}),
    }


def settings(one: Entry) -> list[dict[str, Any]]:
    """What a commit changed of ``rapt.yaml``, as data."""
    return [
        {"field": change.label, "before": change.before, "after": change.after} for change in one.settings
    ]
