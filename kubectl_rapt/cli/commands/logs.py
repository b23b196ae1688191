"""``kubectl rapt logs``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import find
from kubectl_rapt.actions import logs as logging
from kubectl_rapt.actions.find import Found
from kubectl_rapt.actions.follow import Part
from kubectl_rapt.cli import listing, named, options, refusals, terminal, watching
from kubectl_rapt.config import location
from kubectl_rapt.errors import NotFound, RaptError, UsageError
from kubectl_rapt.guard.secrets import HIDDEN
from kubectl_rapt.model import shell
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs import retries
from kubectl_rapt.runs.outcome import Outcome
from kubectl_rapt.writes import Writers


def logs(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOOL|RUN|job/NAME|pod/NAME…", help="What to print the logs of"),
    ] = None,
    selector: listing.Labels = "",
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Follow the log to its end, with the run's exit code")
    ] = False,
    tail: Annotated[int, typer.Option(metavar="LINES", help="Lines from the end; -1 means all")] = -1,
    attempt: Annotated[int, typer.Option(metavar="N", help="Only this attempt; by default, all")] = 0,
    container: Annotated[
        str, typer.Option("-c", "--container", metavar="NAME", help="Only this container")
    ] = "",
    since: Annotated[
        float | None,
        typer.Option(parser=options.seconds, metavar="TIME", help="Only lines newer than 5m, 2h, …"),
    ] = None,
    timestamps: Annotated[bool, typer.Option("--timestamps", help="Print the time of each line")] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the log unchanged, with control characters")
    ] = False,
) -> int:
    """Print the logs of a tool's newest run, of all attempts of a run, of a job or of a pod.

    Example: kubectl rapt logs http-check
    """
    if tail < -1:
        raise UsageError(
            "bad-flag", f"--tail expects a number of lines, or -1 for all, got {tail}", "--tail 20"
        )
    if attempt < 0:
        raise UsageError("bad-flag", f"--attempt expects a number from 1, got {attempt}", "--attempt 1")
    given = what or []
    named.some(given, selector, "logs")
    if follow and (selector or len(given) > 1):
        raise UsageError("bad-usage", "--follow goes with one run", "kubectl rapt logs RUN --follow")
    lines = None if tail == -1 else tail
    part = Part(container, lines, since, timestamps)
    with options.open_world(context) as (world, writers):
        if selector:
            given = [f"run/{one.name}" for one in named.chosen(world, selector)]
            if not given:
                terminal.say(f"No runs found with the labels {terminal.repeated(selector)}.")
        codes = []
        for one in given:
            try:
                codes.append(
                    _print(
                        world, writers, one, part, attempt, follow=follow, is_alone=len(given) == 1, raw=raw
                    )
                )
            except RaptError as error:
                if len(given) == 1 or location.concerns_all(error):
                    raise
                refusals.tell(error)  # the others have a log all the same
                codes.append(error.exit_code)
        return max(codes, default=0)


def _print(
    world: World,
    writers: Writers,
    what: str,
    part: Part,
    attempt: int,
    *,
    follow: bool,
    is_alone: bool,
    raw: bool,
) -> int:
    """Print the log of one execution, or follow it; the exit code."""
    found = find.execution(world, what, world.cluster.namespace(), "logs")
    name = found.run.name if found.run else what
    if follow and (job := logging.job(world, found, name, attempt)):
        logging.check_container(found.pods, part.container, name)
        return watching.watch(world, writers, job.ref, name, found.run, part=part, raw=raw)
    run = found.run
    sources = logging.sources(world, found, name, attempt=attempt, container=part.container)
    goes_on = follow and run is None and found.job is None  # a pod of nobody's
    for pod, one in sources:
        prefix = f"[{pod.name} {one.name}] ".encode() if len(sources) > 1 or not is_alone else b""
        for line in world.cluster.logs(
            pod.ref,
            one.name,
            follow=goes_on,
            tail=part.tail,
            since_seconds=part.since_seconds,
            timestamps=part.timestamps,
        ):
            terminal.out_line(prefix + line, raw=raw)
    is_kept = not sources and _show_kept(run, name, attempt, part.tail, raw=raw)
    if follow and run and run.attempts:
        return _ended(run, name, attempt)
    if not sources and not is_kept:
        _explain_nothing(found, name)
    return 0


def _ended(run: Run, name: str, attempt: int) -> int:
    """How an attempt ended whose Job is gone; its exit code."""
    one = run.attempts[attempt - 1]
    gone = Outcome(outcomes.DELETED, message=f"job/{one.job} was deleted")
    outcome = outcomes.recorded(run, one.number) or gone
    return watching.ended(name, outcome, run, one, retries.after(run) if run.attempts[-1].cause else None)


def _show_kept(run: Run | None, name: str, attempt: int, tail: int | None, *, raw: bool) -> bool:
    """Show the last lines of the last attempt that a Run keeps; whether it keeps any."""
    if run is None or not run.log or attempt not in (0, len(run.attempts)):
        return False
    said = run.log.rstrip("\n").split("\n")
    masked = ", with *** for what looks like a secret" if HIDDEN in run.log else ""
    terminal.say(f"the pods of {name} are gone: these are the last lines, as its Run keeps them{masked}")
    for line in said if tail is None else said[len(said) - min(tail, len(said)) :]:
        terminal.out_line(line.encode(), raw=raw)
    return True


def _explain_nothing(found: Found, name: str) -> None:
    """Say why there is nothing; raises NotFound where there was something once."""
    run = found.run
    if run and run.is_finished and not run.attempts:
        terminal.say(terminal.clean(f"{name} did not start: {run.message}"))
        return
    has_run = run.is_finished if run else bool(found.job and found.job.ended)
    if not has_run and (found.pods or found.job or (run and not run.attempts)):
        terminal.say(f"{name} has not started yet: kubectl rapt logs {shell.word(name)} --follow")
        return
    raise NotFound(
        "no-log",
        f"{name} has no pods any more, and its log went with them",
        f"kubectl rapt why {shell.word(name)}",
    )
