"""Showing a Job while it runs: log lines on standard output, everything else on standard error."""

from collections.abc import Callable
from typing import Any

from kubectl_rapt.actions import follow
from kubectl_rapt.cli import terminal
from kubectl_rapt.errors import Unavailable
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import Ref
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.following import LogLine, Note, Source, Started
from kubectl_rapt.runs.outcome import Outcome

TIMED_OUT = 124
OUR_FAILURE = 125
FAILED_WITHOUT_CODE = 1


def watch(
    world: World,
    job: Ref,
    name: str,
    *,
    timeout_seconds: float | None = None,
    raw: bool = False,
    close: Callable[[Outcome], Any] | None = None,
) -> int:
    """Follow a Job to its end.

    Args:
        world: Where to read.
        job: The Job.
        name: What to call it: the run's name.
        timeout_seconds: Stop after this long.
        raw: Whether log lines pass unchanged.
        close: Called with the outcome, to record it.

    Returns:
        The container's exit code; 124 on timeout, 125 where following itself failed, 1 for a failure without code.
    """
    sources: list[Source] = []
    try:
        for line in follow.follow(world, job, timeout_seconds=timeout_seconds):
            match line:
                case LogLine(source, text):
                    if source not in sources:
                        sources.append(source)
                    _print(sources, source, text, raw)
                case Started():
                    terminal.say(_started(name, line))
                case Note(text):
                    terminal.say(terminal.clean(text))
                case Outcome():
                    if close:
                        close(line)
                    return ended(name, line)
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
        outcome.message if outcome.cause == "ExitCode" else f"{outcome.cause}: {outcome.message}".rstrip(": ")
    )


def _print(sources: list[Source], source: Source, line: bytes, raw: bool) -> None:
    prefix = f"[{source.pod} {source.container}] ".encode() if len(sources) > 1 else b""
    terminal.out_line(prefix + line, raw=raw)


def _started(name: str, started: Started) -> str:
    phases = {
        "queued": started.queued_seconds,
        "scheduled": started.scheduled_seconds,
        "started": started.started_seconds,
    }
    return "  ".join(
        [name, *(f"{phase} {times.spell_seconds(seconds)}" for phase, seconds in phases.items())]
    )
