"""``kubectl rapt attach``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import advance
from kubectl_rapt.cli import named, options, watching
from kubectl_rapt.runs.lifecycle import Seen


def attach(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run to follow; of a tool, the newest", metavar=named.WHAT)],
    wait: options.RunWait = False,
    timeout: options.RunTimeout = 0,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json", help="Print one event on each line")
    ] = "",
    raw: options.Raw = False,
) -> int:
    """Follow a run again: print its log, record how it ends, and retry it by its policy.

    Example: kubectl rapt attach http-check-x7k2p
    """
    options.one_of("-o", output, ("json",))
    shows: watching.Shows = "events" if output else "phases" if wait else "log"
    with options.open_world(context) as (world, writers):
        found = named.run(world, run, "attach")
        seen = advance.advance(world, writers, advance.observe(world, Seen(found)))
        return watching.attach(world, writers, seen, timeout_seconds=timeout, raw=raw, shows=shows)
