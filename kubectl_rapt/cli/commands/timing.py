"""``kubectl rapt timing``."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_rapt.cli import copying, listing, options, show, terminal
from kubectl_rapt.cli.listing import Form
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model import shell

if TYPE_CHECKING:
    from kubectl_rapt.actions.timing import OfRun, OfTool
    from kubectl_rapt.ports.world import World

_WHAT = "TOOL|RUN|job/NAME|pod/NAME"
SLOWER = 1
_LEAST_SECONDS = 1.0


def timing(
    context: typer.Context,
    what: Annotated[
        list[str] | None, typer.Argument(metavar=f"[{_WHAT}]", help="What to measure; with --self, a command")
    ] = None,
    watch: Annotated[
        bool, typer.Option("-w", "--watch", help="Measure CPU and memory until the run has ended")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", parser=options.seconds, metavar="TIME", help="Interval of --watch")
    ] = 5.0,
    self_: Annotated[
        bool, typer.Option("--self", help="Measure a command of kubectl rapt: start, imports, requests")
    ] = False,
    output: Annotated[str, typer.Option("-o", "--output", metavar="wide|json", help="Output format")] = "",
) -> int:
    """Show how long each phase of a run took, or compare versions of a tool. Exits with 1 if one became slower.

    Example: kubectl rapt timing http-check
    """
    form = listing.form(output, forms="wide|json")
    words = list(what or ())
    if self_:
        return _self(context, words, form)
    if len(words) != 1:
        missing = f"missing argument '{_WHAT}'" if not words else f"too many arguments: {' '.join(words[1:])}"
        raise UsageError("bad-usage", missing, "kubectl rapt timing --help")
    from kubectl_rapt.actions import timing as timings
    from kubectl_rapt.cli import timings as telling

    with options.open_world(context) as (world, _):
        found = (
            _watch(world, words[0], max(_LEAST_SECONDS, every), tells=form.is_table)
            if watch
            else timings.of(world, words[0], world.cluster.namespace())
        )
    if isinstance(found, timings.OfTool):
        return _tool(found, form)
    if not form.is_table:
        terminal.out(show.document(telling.run_data(found), form.kind))
        return 0
    for line in telling.of_run(found):
        terminal.out(terminal.clean(line))
    return 0


def _watch(world: "World", what: str, every: float, *, tells: bool) -> "OfRun":
    """Tell each sample as it comes; the last look is at its end."""
    from kubectl_rapt.actions import timing as timings
    from kubectl_rapt.cli import timings as telling

    told, said = 0, ""
    for look in timings.watch(world, what, world.cluster.namespace(), timedelta(seconds=every)):
        for usage in look.usages[told:] if tells else ():
            at, cores, memory = telling.sample(usage)
            terminal.say(f"{at}  cpu {cores}  memory {memory}")
        told = len(look.usages)
        if not look.usages and look.source != said and look.timing.is_open:
            said = look.source
            terminal.say(f"usage is not known: {terminal.clean(said)}")
    return look


def _tool(found: "OfTool", form: Form) -> int:
    from kubectl_rapt.cli import timings as telling

    if not form.is_table:
        terminal.out(show.document(telling.tool_data(found), form.kind))
    else:
        listing.table(telling.PACE, telling.of_tool(found), form, telling.STEPS)
        for line in telling.chart(found):
            terminal.out(terminal.clean(line))
        for one in found.slower:
            terminal.out(terminal.clean(telling.slower(one)))
    if found.others:
        what = "1 run that has" if found.others == 1 else f"{found.others} runs that have"
        note = copying.here(
            f"note: left out: {what} not succeeded: kubectl rapt runs {shell.word(found.tool)}"
        )
        terminal.say(terminal.clean(note))
    for problem in found.unread:
        terminal.say(terminal.clean(f"note: left out: {problem}"))
    return SLOWER if found.slower else 0


def _self(context: typer.Context, words: list[str], form: Form) -> int:
    from kubectl_rapt.actions import profile as profiling
    from kubectl_rapt.cli import timings as telling

    target = options.target(context)
    environment = options.named_environment(context)
    flags = [*target.kubectl_flags, *([f"--namespace={target.namespace}"] if target.namespace else [])]
    with options.open_world(context) as (world, _):
        found = profiling.profile(world, words, [*flags, *([f"--in={environment}"] if environment else [])])
    if not form.is_table:
        terminal.out(show.document(telling.self_data(found), form.kind))
        return 0
    for line in telling.of_self(found):
        terminal.out(terminal.clean(line))
    return 0
