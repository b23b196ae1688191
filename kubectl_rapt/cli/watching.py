"""Showing a Job while it runs: log lines on standard output, everything else on standard error."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from kubectl_rapt.actions import follow
from kubectl_rapt.cli import terminal
from kubectl_rapt.errors import Unavailable
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import Ref
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.following import LogLine, Note, Source, Started
from kubectl_rapt.runs.outcome import EXIT_CODE, Outcome

TIMED_OUT = 124
OUR_FAILURE = 125
FAILED_WITHOUT_CODE = 1
LAST_LINE_LENGTH = 200


def watch(
    world: World,
    job: Ref,
    name: str,
    *,
    timeout_seconds: float | None = None,
    tail: int | None = None,
    raw: bool = False,
    close: Callable[[Outcome], Outcome] | None = None,
) -> int:
    """Follow a Job to its end.

    Args:
        world: Where to read.
        job: The Job.
        name: What to call it: the run's name.
        timeout_seconds: Stop after this long.
        tail: Begin with so many last lines; None for all.
        raw: Whether log lines pass unchanged.
        close: Records the outcome, and says which one stands: someone else may have been first.

    Returns:
        The container's exit code; 124 on timeout, 125 where following itself failed, 1 for a failure without code.
    """
    last: dict[Source, bytes] = {}
    try:
        for line in follow.follow(world, job, timeout_seconds=timeout_seconds, tail=tail):
            match line:
                case LogLine(source, text):
                    last[source] = text
                    prefix = f"[{source.pod} {source.container}] " if len(last) > 1 else ""
                    terminal.out_line(prefix.encode() + text, raw=raw)
                case Started():
                    terminal.say(_started(name, line))
                case Note(text):
                    terminal.say(terminal.clean(text))
                case Outcome():
                    outcome = _with_last_line(line, last)
                    return ended(name, close(outcome) if close else outcome)
    except KeyboardInterrupt:
        terminal.say(f"{name} goes on: kubectl rapt logs {name} --follow")
        raise
    except Unavailable as error:
        terminal.say(f"error: {terminal.clean(error.message)}\n  try: kubectl rapt logs {name} --follow")
        return TIMED_OUT if error.code == "timed-out" else OUR_FAILURE
    raise AssertionError("following ended without an outcome")


def ended(name: str, outcome: Outcome) -> int:
    """Say how a run ended; its exit code."""
    took = ""
    if outcome.started_at and outcome.finished_at:
        took = f" after {times.spell_seconds((outcome.finished_at - outcome.started_at).total_seconds())}"
    if outcome.is_success:
        terminal.say(f"{name}  succeeded{took}")
        return 0
    code = f", exit code {outcome.exit_code}" if outcome.exit_code is not None else ""
    terminal.say(f"{name}  failed{took}{code}")
    terminal.say(f"  cause: {terminal.clean(cause(outcome))}")
    terminal.say(f"  why:   kubectl rapt why {name}")
    return outcome.exit_code or FAILED_WITHOUT_CODE


def cause(outcome: Outcome) -> str:
    """The cause and what is known of it, in one line."""
    return (
        outcome.message if outcome.cause == EXIT_CODE else f"{outcome.cause}: {outcome.message}".rstrip(": ")
    )


def _with_last_line(outcome: Outcome, last: Mapping[Source, bytes]) -> Outcome:
    """An exit code says little without the last thing that the tool said."""
    said = last[list(last)[-1]].decode("utf-8", "backslashreplace").strip() if last else ""
    if outcome.cause != EXIT_CODE or not said:
        return outcome
    return replace(outcome, message=f'{outcome.message}, last line "{said[:LAST_LINE_LENGTH]}"')


def _started(name: str, started: Started) -> str:
    phases = {
        "queued": started.queued_seconds,
        "scheduled": started.scheduled_seconds,
        "started": started.started_seconds,
    }
    return "  ".join(
        [name, *(f"{phase} {times.spell_seconds(seconds)}" for phase, seconds in phases.items())]
    )
