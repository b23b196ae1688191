"""``kubectl rapt explain``."""

from typing import Annotated

import typer

from kubectl_rapt import documents
from kubectl_rapt.actions import explain as explaining
from kubectl_rapt.actions import repository
from kubectl_rapt.cli import listing, options, show, terminal
from kubectl_rapt.cli.columns import Drop, Shorten

_STEPS = (Shorten("SOURCE", 30), Shorten("VALUE", 20), Shorten("SOURCE", 10), Drop("SOURCE"))


def explain(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool")],
    key: Annotated[
        str, typer.Argument(metavar="[KEY]", help="One key, such as answers.url; without it, all")
    ] = "",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml", help="Output format")
    ] = "",
) -> None:
    """Show the values of a tool and where each comes from.

    Example: kubectl rapt explain backup retention --in prod
    """
    form = listing.form(output, forms="wide|json|yaml")
    with options.open_world(context) as (world, _):
        environment = options.environment(context, world)
        lines = explaining.explain(world, repository.read(world), environment, tool, key)
    if not form.is_table:
        terminal.out(show.document([line._asdict() for line in lines], output))
        return
    rows = [[line.key, _shown(line.value), line.source] for line in lines]
    listing.table(["KEY", "VALUE", "SOURCE"], rows, form, _STEPS)


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else documents.dump_json(value, indent=None).strip()
