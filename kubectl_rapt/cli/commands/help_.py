"""``kubectl rapt help``: the help of a command, and the pages of errors."""

import os
from typing import Annotated

import typer

from kubectl_rapt.cli import helping, listing, options, pages, refusals, terminal
from kubectl_rapt.cli.columns import Shorten
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model import names, shell

ERRORS = "errors"


def help_(
    context: typer.Context,
    topic: Annotated[
        list[str] | None, typer.Argument(metavar="[COMMAND…|flags|errors [CODE]]", help="What to explain")
    ] = None,
) -> int:
    """Print the help of a command, the flags of every command, or what an error means.

    Example: kubectl rapt help errors no-tool
    """
    words = topic or []
    if words == [helping.FLAGS]:
        terminal.out(helping.flags(helping.width(os.environ)))
        return 0
    if words[:1] != [ERRORS]:
        root = context.find_root()
        root.command.main([*words, "--help"], prog_name=root.info_name, standalone_mode=False, obj=root.obj)
        return 0
    with options.open_world(context) as (world, _):
        found = pages.sections(world.bundle.page("errors.md"))
    for code in words[1:]:
        if code not in found:
            nearest = names.nearest(code, found)
            hint = f"{refusals.PAGE} {shell.word(nearest)}" if nearest else refusals.PAGE
            raise NotFound("no-page", f'no error has the code "{code}"', hint)
        terminal.out(f"{code}\n\n{pages.filled(found[code])}")
    if not words[1:]:
        rows = [[code, pages.summary(body)] for code, body in found.items()]
        listing.table(["CODE", "WHAT IT MEANS"], rows, listing.Form(), [Shorten("WHAT IT MEANS", 20)])
    return 0
