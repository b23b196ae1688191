"""``kubectl rapt explain``."""

from typing import Annotated

import typer

from kubectl_rapt import documents
from kubectl_rapt.actions import explain as explaining
from kubectl_rapt.actions import repository
from kubectl_rapt.cli import options, show, terminal


def explain(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool")],
    key: Annotated[
        str, typer.Argument(metavar="[KEY]", help="One key, such as answers.url; without it, all")
    ] = "",
    output: Annotated[str, typer.Option("-o", "--output", metavar="json|yaml", help="Output format")] = "",
) -> None:
    """Show the values of a tool and where each comes from.

    Example: kubectl rapt explain backup retention --in prod
    """
    options.one_of("-o", output, ("json", "yaml"))
    with options.open_world(context) as (world, _):
        environment = options.environment(context, world)
        lines = explaining.explain(world, repository.read(world), environment, tool, key)
    if output:
        terminal.out(show.document([line._asdict() for line in lines], output))
        return
    rows = [[line.key, _shown(line.value), line.source] for line in lines]
    terminal.out(show.table(["KEY", "VALUE", "SOURCE"], rows))


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return terminal.clean(
        value if isinstance(value, str) else documents.dump_json(value, indent=None).strip()
    )
