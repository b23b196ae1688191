"""``kubectl rapt search``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import registry
from kubectl_rapt.cli import options, show, terminal


def search(
    context: typer.Context,
    word: Annotated[
        str, typer.Argument(metavar="[WORD]", help="Part of a name or a summary; none for all")
    ] = "",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Output format")
    ] = "",
) -> None:
    """Find templates in the registries.

    Example: kubectl rapt search backup
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    wanted = word.lower()
    with options.open_world(context) as (world, _):
        found = [
            one
            for one in registry.entries(world)
            if wanted in one.template.name or wanted in one.template.summary.lower()
        ]
    if output == "name":
        for one in found:
            terminal.out(one.template.name)
        return
    rows = [
        [one.template.name, str(one.template.version), one.registry, one.template.summary] for one in found
    ]
    keys = ("name", "version", "registry", "summary")
    if output:
        terminal.out(show.document([dict(zip(keys, row, strict=True)) for row in rows], output))
    elif rows:
        terminal.out(show.table([key.upper() for key in keys], rows))
    else:
        terminal.say(f'No templates found for "{terminal.clean(word)}".\n  all of them: kubectl rapt search')
