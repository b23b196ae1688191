"""``kubectl rapt why``."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kubectl_rapt.actions import find
from kubectl_rapt.cli import columns, listing, options, show, terminal
from kubectl_rapt.cli.columns import Drop, Shorten
from kubectl_rapt.cli.listing import Form
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model import times

if TYPE_CHECKING:
    from kubectl_rapt.actions.failed import Failure

_STEPS = (
    Shorten("MESSAGE", 24),
    Drop("ATTEMPTS"),
    Shorten("TOOL", 12),
    Drop("TOOL"),
    Shorten("NAMESPACE", 12),
    Drop("AGE"),
    Shorten("MESSAGE", 10),
    Drop("MESSAGE"),
    Shorten("NAMESPACE", 8),
    Shorten("CAUSE", 8),
)
_WHAT = "TOOL|RUN|job/NAME|pod/NAME"


def why(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar=_WHAT, help="What to explain")] = "",
    failed: Annotated[
        bool,
        typer.Option("--failed", help="List all failed runs with their causes; of a tool, if you name one"),
    ] = False,
    all_namespaces: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="With --failed: in all namespaces")
    ] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml", help="Output format")
    ] = "",
) -> None:
    """Explain why a run ended as it did, and where it came from.

    Example: kubectl rapt why job/http-check-x7k2p-1
    """
    form = listing.form(output, forms="wide|json|yaml")
    if failed:
        _failed(context, what, all_namespaces, form)
        return
    if not what:
        raise UsageError("bad-usage", f"missing argument '{_WHAT}'", "kubectl rapt why --help")
    if all_namespaces:
        raise UsageError("bad-flag", "-A goes with --failed only", "kubectl rapt why --failed -A")
    from kubectl_rapt.actions import advance
    from kubectl_rapt.actions import why as explaining
    from kubectl_rapt.cli import explanations

    with options.open_world(context) as (world, writers):
        explanation = explaining.why(world, what, world.cluster.namespace())
        advance.note_end(world, writers, explanation.found.run, explanation.standing)
        now = world.now()
    if not form.is_table:
        terminal.out(show.document(explanations.data(explanation), form.kind))
        return
    lines = list(explanations.lines(explanation, now))
    width = max(len(key) for key, _ in lines)
    for key, text in lines:
        columns.entry(f"{key:<{width}}  ", terminal.clean(terminal.shorten(text)))


def _failed(context: typer.Context, tool: str, all_namespaces: bool, form: Form) -> None:
    from kubectl_rapt.actions import failed

    with options.open_world(context) as (world, _):
        namespace = listing.namespace(world, all_namespaces=all_namespaces)
        all_namespaces = not namespace
        found = failed.listed(world, namespace, tool)
        now = world.now()
        if tool and not found and namespace:
            find.tool(world, tool, namespace, "why --failed")
    if not form.is_table:
        terminal.out(show.document(show.listed([_failure(one) for one in found]), form.kind))
        return
    if not found:
        where = "any namespace" if all_namespaces else f"namespace {namespace}"
        terminal.say(f"No failed runs{f' of {terminal.repeated(tool)}' if tool else ''} found in {where}.")
        return
    header = ["RUN", "TOOL", "CAUSE", "ATTEMPTS", "AGE", "MESSAGE"]
    rows = [
        ([one.namespace] if all_namespaces else [])
        + [
            one.run,
            one.tool,
            one.finding.cause,
            one.counted,
            times.spell_seconds((now - one.at).total_seconds()),
            one.finding.message,
        ]
        for one in found
    ]
    listing.table((["NAMESPACE"] if all_namespaces else []) + header, rows, form, _STEPS)
    counts = Counter(one.finding.cause for one in found).most_common()
    terminal.say(
        f"{len(found)} failed: {', '.join(f'{count} {terminal.clean(word)}' for word, count in counts)}"
    )


def _failure(one: "Failure") -> dict[str, Any]:
    from kubectl_rapt.cli import explanations

    about = {"namespace": one.namespace, "run": one.run, "tool": one.tool, "attempts": one.attempts}
    return {**about, **explanations.finding_data(one.finding)}
