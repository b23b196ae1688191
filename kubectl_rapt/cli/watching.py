"""Following on a terminal or in a pipe: log lines on standard output, everything else on standard error."""

import math
import time
from dataclasses import replace
from datetime import datetime
from typing import Literal, Protocol

from kubectl_rapt.actions import advance, find, follow, standings
from kubectl_rapt.actions import attach as attaching
from kubectl_rapt.actions.attach import Ended, Finished, Happening
from kubectl_rapt.actions.follow import Part
from kubectl_rapt.cli import events, refusals, terminal
from kubectl_rapt.errors import RaptError, Unavailable
from kubectl_rapt.model import shell, times
from kubectl_rapt.model.kinds import Ref
from kubectl_rapt.objects import retry_fields, runs
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import counting, lifecycle, retries, standing
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.following import EndedEarly, LogLine, Note, Started
from kubectl_rapt.runs.lifecycle import Later, Seen
from kubectl_rapt.runs.outcome import CANCELLED, EXIT_CODE, Outcome
from kubectl_rapt.runs.retries import Again, Over
from kubectl_rapt.writes import Writers

TIMED_OUT = 124
OUR_FAILURE = 125
FAILED_WITHOUT_CODE = 1
TWICE_SECONDS = 1.5
"""Ctrl-C again within so long asks whether to cancel."""

Shows = Literal["log", "phases", "events"]


class Screen(Protocol):
    """Where a run is shown."""

    def show(self, one: Happening | Outcome, now: datetime) -> None:
        """Show one thing that happened."""
        ...


class Lines:
    """For people: the log on standard output, and what else there is to know on standard error.

    Args:
        name: What to call what is followed.
        raw: Whether log lines pass unchanged.
        has_log: Whether log lines are shown at all.
    """

    def __init__(self, name: str, *, raw: bool, has_log: bool = True) -> None:
        self._name = name
        self._raw = raw
        self._has_log = has_log

    def show(self, one: Happening | Outcome, now: datetime) -> None:
        """See the protocol."""
        match one:
            case LogLine(source, text, has_others):
                if self._has_log:
                    prefix = f"[{source.pod} {source.container}] " if has_others else ""
                    terminal.out_line(prefix.encode() + text, raw=self._raw)
            case Started():
                terminal.say(_started(self._name, one))
            case Note(text):
                terminal.say(terminal.clean(text))
            case EndedEarly():
                if self._has_log:
                    terminal.say(terminal.clean(ended_early(self._name, one)))
            case Later():
                terminal.say(f"{self._name}  {terminal.clean(_later(self._name, one, now))}")
            case Ended(run, attempt, then):
                if outcome := outcomes.recorded(run, attempt.number):
                    ended(self._name, outcome, run, attempt, then)
                    if not outcome.is_success and run.retry:
                        terminal.say(f"  retry: {terminal.clean(_next(self._name, then, now))}")
            case Finished(run):
                if not run.attempts:
                    terminal.say(f"{self._name}  did not start: {terminal.clean(run.message)}")
            case Outcome():
                ended(self._name, one)


def watch(
    world: World,
    writers: Writers,
    job: Ref,
    name: str,
    run: Run | None,
    *,
    part: Part = follow.ALL,
    raw: bool = False,
) -> int:
    """Follow a Job to its end. What is seen of its end is recorded in its Run; nothing is tried again.

    Args:
        world: Where to read.
        writers: The door's ports.
        job: The Job.
        name: What to call it.
        run: The Run that it is an attempt of; None of a Job that has none.
        part: How much of the logs.
        raw: Whether log lines pass unchanged.

    Returns:
        The container's exit code; 125 where following itself failed, 1 for a failure without code.
    """
    screen = Lines(name, raw=raw)
    again = f"kubectl rapt logs {shell.word(name)} --follow"
    lines = attaching.follow_job(world, job, part=part)
    try:
        while True:
            try:
                screen.show(next(lines), world.now())
            except StopIteration as end:
                outcome: Outcome | None = end.value
                break
    except KeyboardInterrupt:
        terminal.say(f"{name} is still running: {again}")
        raise
    except RaptError as error:
        return _failed(error, again)
    if outcome is None:
        terminal.say(f"{name} is suspended")
        return FAILED_WITHOUT_CODE
    if run is None or not run.attempts or run.attempts[-1].job != job.name:
        return ended(name, outcome)
    last = lifecycle.closed(run.attempts[-1], outcome, world.now())
    code = ended(name, outcome, run, last, retries.after(replace(run, attempts=(*run.attempts[:-1], last))))
    after = advance.record(world, writers, run, outcome)
    if after.retry and after.attempts[-1].cause and not outcome.is_success:
        terminal.say(f"  retry: {terminal.clean(_next(name, retries.after(after), world.now()))}")
    return code


def left_alone(run: Run) -> None:
    """Say of a run that nobody follows what will not happen by itself."""
    terminal.say(f"  follow: kubectl rapt attach {run.name}")
    if run.state == runs.RETRYING or (run.retry and not retry_fields.is_native(run.retry)):
        terminal.say("  retry:  when you attach to it or reconcile: kubectl rapt reconcile")


def attach(
    world: World,
    writers: Writers,
    seen: Seen,
    *,
    timeout_seconds: float = 0,
    raw: bool = False,
    shows: Shows = "log",
) -> int:
    """Follow a run to its end, over all its attempts, and carry it on meanwhile.

    Args:
        world: Where to read.
        writers: The door's ports.
        seen: What is known of the run.
        timeout_seconds: Stop after this long; 0 for never.
        raw: Whether log lines pass unchanged.
        shows: The log and what happens; only what happens; or both as JSON, one line each.

    Returns:
        The last attempt's exit code; 124 on timeout, 125 where following itself failed, 1 for a failure without code.
    """
    name = seen.wanted.name
    again = f"kubectl rapt attach {shell.word(name)}"
    screen: Screen = events.Events() if shows == "events" else Lines(name, raw=raw, has_log=shows == "log")
    try:
        for one in attaching.attach(world, writers, seen, timeout_seconds=timeout_seconds or None):
            screen.show(one, world.now())
            if isinstance(one, Finished):
                outcome = outcomes.recorded(one.run)
                return code_of(outcome) if outcome else FAILED_WITHOUT_CODE
    except KeyboardInterrupt:
        terminal.say(f"{name} is still running: {again}")
        _ask_to_cancel(world, writers, seen)
        raise
    except RaptError as error:
        if isinstance(error, Unavailable) and error.code == "timed-out":
            error.message = (
                f"{name} did not end within {timeout_seconds:g} s; {_meanwhile(world, seen.wanted)}"
            )
        return _failed(error, again)
    raise AssertionError("following ended without an outcome")


def ended_early(name: str, log: EndedEarly) -> str:
    """What is said of a log that ended before all of it had arrived.

    Args:
        name: The run, or what else the log is called by.
        log: Whose log it is, and why it ended.
    """
    rest = f"; kubectl rapt logs {shell.word(name)} has the rest" if log.may_be_read_later else ""
    return f"the log of {log.source.pod} {log.source.container} ended early: {log.why}{rest}"


def _meanwhile(world: World, run: Run) -> str:
    """What a run does that did not end in time: it runs, or it has not started, and what it waits for."""
    try:
        found = find.of_run(world, find.run(world, run.name, run.namespace))
        stands = standings.of_found(world, found)
    except RaptError:
        stands = None
    if stands is None or stands.state not in (standing.PENDING, standing.WAITING, standing.SUSPENDED):
        return "it is still running"
    if stands.state == standing.SUSPENDED:
        return f"it is suspended: {stands.message}"
    why = [stands.status.partition(":")[2], stands.message]
    return ": ".join(["it has not started", *filter(None, why)])


def _failed(error: RaptError, again: str) -> int:
    error.hint = again
    refusals.tell(error)
    return TIMED_OUT if error.code == "timed-out" else OUR_FAILURE


def _ask_to_cancel(world: World, writers: Writers, seen: Seen) -> None:
    """Who presses Ctrl-C once more may want it to stop; nobody is asked who is not there."""
    if not terminal.is_interactive():
        return
    name = seen.wanted.name
    try:
        terminal.say("  press Ctrl-C again to cancel it")
        time.sleep(TWICE_SECONDS)
        return
    except KeyboardInterrupt:
        terminal.say_part(f"cancel {name}? [y/N] ")
    if input().strip().lower() not in ("y", "yes"):
        return
    from kubectl_rapt.actions import cancel, stopping

    stops = cancel.cancel(world, writers, name, seen.wanted.namespace)
    terminal.say(f"{name}  is told to stop; its pods are ending")
    try:
        run = stopping.wait(world, writers, stops)
    except KeyboardInterrupt:
        terminal.say(f"{name}  is not recorded as cancelled yet: kubectl rapt attach {shell.word(name)}")
        raise
    if not stopping.was_stopped(run):
        raise cancel.over(run)
    terminal.say(f"{name}  cancelled")


def ended(
    name: str,
    outcome: Outcome,
    run: Run | None = None,
    attempt: Attempt | None = None,
    then: Again | Over | None = None,
) -> int:
    """Say how a run ended, or one of its attempts that others follow; its exit code.

    Args:
        name: What to call it.
        outcome: How it ended.
        run: The run; None of a Job that has none.
        attempt: The attempt of it that this is about.
        then: What follows that attempt.
    """
    what, began_at = f"{name} ", outcome.started_at
    if run and attempt and (isinstance(then, Again) or attempt.number < len(run.attempts)):
        what += f" {counting.named(attempt.number, run.allowed, run.wished)}"
    elif run and attempt:
        began_at = run.released_at or began_at
    took = times.spell_span(began_at, outcome.finished_at)
    took = f" after {took}" if took else ""
    if outcome.is_success:
        terminal.say(f"{what} succeeded{took}")
        return 0
    code = f", exit code {outcome.exit_code}" if outcome.exit_code is not None else ""
    how = "cancelled" if outcome.cause == CANCELLED else "failed"
    terminal.say(f"{what} {how}{took}{code}", is_bad=True)
    terminal.say(f"  cause: {terminal.clean(cause(outcome))}")
    terminal.say(f"  why:   kubectl rapt why {shell.word(name)}")
    return code_of(outcome)


def code_of(outcome: Outcome) -> int:
    """The exit code of a command that followed something to this end."""
    return 0 if outcome.is_success else outcome.exit_code or FAILED_WITHOUT_CODE


def cause(outcome: Outcome) -> str:
    """The cause and what is known of it, in one line."""
    return (
        outcome.message if outcome.cause == EXIT_CODE else f"{outcome.cause}: {outcome.message}".rstrip(": ")
    )


def _later(name: str, later: Later, now: datetime) -> str:
    if later.behind:
        return later.what
    if later.is_held:
        return (
            f"waits until {later.at:%H:%M} UTC: {later.what}; at once: kubectl rapt retry {shell.word(name)}"
        )
    if later.by:
        return f"waits: {later.what} {_span(later.at, now)} ({later.by})"
    return f"{later.what}; it is given up {_span(later.at, now)}"


def _next(name: str, then: Again | Over, now: datetime) -> str:
    if isinstance(then, Over):
        return f"none, {then.why}; kubectl rapt retry {shell.word(name)}"
    return f"{then.what} {_span(then.at, now)} ({then.by}); kubectl rapt attach {shell.word(name)}"


def _span(at: datetime, now: datetime) -> str:
    """When something is due: ``in 10s``, ``now``; rounded up, for nobody waits less than it says."""
    seconds = math.ceil((at - now).total_seconds())
    return f"in {times.spell_seconds(seconds)}" if seconds > 0 else "now"


def _started(name: str, started: Started) -> str:
    phases = {
        "queued": started.queued_seconds,
        "scheduled": started.scheduled_seconds,
        "started": started.started_seconds,
    }
    return "  ".join(
        [name, *(f"{phase} {times.spell_seconds(seconds)}" for phase, seconds in phases.items())]
    )
