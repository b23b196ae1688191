"""Showing a matrix of runs while it goes on, and a table of how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kubectl_rapt.actions import matrices, threads
from kubectl_rapt.actions import run as running
from kubectl_rapt.actions.attach import Finished, Happening
from kubectl_rapt.actions.matrices import Part
from kubectl_rapt.actions.run import Request
from kubectl_rapt.cli import listing, refusals, show, terminal, watching
from kubectl_rapt.cli.columns import Shorten
from kubectl_rapt.cli.views import run as views
from kubectl_rapt.cli.views.run import Manner
from kubectl_rapt.config import location
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import shell
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import matrix
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.following import LogLine, Note
from kubectl_rapt.writes import Writers


def carry_out(
    world: World,
    writers: Writers,
    request: Request,
    tool: Tool,
    combinations: Sequence[matrix.Combination],
    parallel: int,
    manner: Manner,
) -> int:
    """Run every combination, so many at a time.

    Args:
        world: Where to read.
        writers: The door's ports.
        request: What holds for all of them.
        tool: The tool.
        combinations: What each has of its own.
        parallel: How many go on at a time.
        manner: How they are shown.

    Returns:
        0 where all succeeded, else the first other exit code in the matrix's order; 0 where nobody follows.
    """
    running.check_id(request.id, matrix.ROOM)
    is_new = not request.id
    request = replace(request, id=request.id or running.new_name(world, tool.name, matrix.ROOM))
    parts = matrices.plan(world, request, combinations, tool)
    if manner.dry_run:
        found = [views.job(world, part.run, manner) for part in parts]
        names = "\n".join(f"job.batch/{one['metadata']['name']}" for one in found)
        terminal.out(show.document(show.listed(found), manner.output or "yaml", names))
        return 0
    if is_new:
        terminal.say(f"to continue it after an interruption, add: --request-id {request.id}")
    if not manner.shows:
        ends = dict(enumerate(threads.each(lambda part: _started(world, writers, part), parts, parallel)))
    else:
        ends = _followed(world, writers, parts, parallel, manner)
    _tell(parts, ends, manner)
    return matrix.exit_code([_code(ends.get(index), manner) for index in range(len(parts))])


def _started(world: World, writers: Writers, part: Part) -> Run | RaptError:
    try:
        return running.start(world, writers, part.seen).run or part.run
    except RaptError as error:
        return error


def _followed(
    world: World, writers: Writers, parts: Sequence[Part], parallel: int, manner: Manner
) -> dict[int, Run | RaptError]:
    ends: dict[int, Run | RaptError] = {}
    screens = [watching.Lines(part.run.name, raw=manner.raw, has_log=False) for part in parts]
    at_once = 1 if parts[0].run.concurrency != "allow" else parallel
    try:
        for index, one in matrices.follow(
            world, writers, parts, at_once=at_once, timeout_seconds=manner.timeout_seconds
        ):
            _show(parts[index], one, screens[index], world, manner)
            if isinstance(one, RaptError) and location.concerns_all(one):
                raise one
            if isinstance(one, RaptError):
                ends[index] = one
            elif isinstance(one, Finished):
                ends[index] = one.run
    except KeyboardInterrupt:
        terminal.say(f"these runs are still running: kubectl rapt runs {shell.word(parts[0].run.tool)}")
        raise
    return ends


def _show(
    part: Part, one: Happening | RaptError, screen: watching.Lines, world: World, manner: Manner
) -> None:
    match one:
        case RaptError():
            terminal.say(terminal.clean(f"{part.run.name}  error: {refusals.brief(one)}"))
        case LogLine(_, text):
            if manner.shows == "log" and not manner.output:
                prefix = f"[{terminal.clean(matrix.label(part.combination))}] "
                terminal.out_line(prefix.encode() + text, raw=manner.raw)
        case Note():
            pass
        case _:
            screen.show(one, world.now())


def _tell(parts: Sequence[Part], ends: Mapping[int, Run | RaptError], manner: Manner) -> None:
    if manner.output == "name":
        terminal.out("\n".join(show.name(part.run.ref) for part in parts))
        return
    if manner.output:
        items = [_data(part, ends.get(index), manner) for index, part in enumerate(parts)]
        terminal.out(show.document(show.listed(items), "json"))
        return
    axes = list(parts[0].combination)
    rows = []
    for index, part in enumerate(parts):
        told = _data(part, ends.get(index), manner)
        code = "" if told["exitCode"] is None else str(told["exitCode"])
        rows.append([*part.combination.values(), part.run.name, told["status"], code])
    columns = [axis.upper() for axis in axes]
    narrow = [Shorten("STATUS", 16), *(Shorten(one, 8) for one in columns), Shorten("STATUS", 8)]
    listing.table([*columns, "RUN", "STATUS", "EXIT"], rows, listing.Form(), narrow)


def _data(part: Part, end: Run | RaptError | None, manner: Manner) -> dict[str, Any]:
    run = end if isinstance(end, Run) else part.run
    return {
        "run": part.run.name,
        "answers": dict(part.combination),
        "status": end.code if isinstance(end, RaptError) else run.status,
        "exitCode": _code(end, manner) if manner.shows else None,
        "attempts": len(run.attempts),
        "result": run.result,
        "message": end.message if isinstance(end, RaptError) else run.message,
    }


def _code(end: Run | RaptError | None, manner: Manner) -> int:
    """How one of them ended, as a command that followed it alone would say."""
    if isinstance(end, Run):
        if not manner.shows:
            return 0
        outcome = outcomes.recorded(end)
        return watching.code_of(outcome) if outcome else watching.FAILED_WITHOUT_CODE
    if isinstance(end, RaptError):
        if not manner.shows:
            return end.exit_code
        return watching.TIMED_OUT if end.code == "timed-out" else watching.OUR_FAILURE
    return watching.FAILED_WITHOUT_CODE
