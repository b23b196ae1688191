"""Waiting for a change on its way to main, and applying it there: what ``--wait`` and ``--sync`` do."""

from collections.abc import Callable
from dataclasses import dataclass

import typer

from kubectl_rapt.actions import wait
from kubectl_rapt.actions.wait import Look
from kubectl_rapt.cli import options, progress, terminal
from kubectl_rapt.cli.views import sync
from kubectl_rapt.config.changes import Change
from kubectl_rapt.model import times
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

_TIMED_OUT = 124


@dataclass(frozen=True, slots=True)
class After:
    """What is to happen once a change is pushed.

    Args:
        waits: Wait until it is merged.
        syncs: Wait, and apply its environments then.
        timeout_seconds: How long to wait; 0 is for ever.
    """

    waits: bool = False
    syncs: bool = False
    timeout_seconds: float = 0


NOTHING = After()


def carry_out(
    context: typer.Context,
    world: World,
    writers: Writers,
    change: Change,
    after: After,
    attempt: Callable[[], None] = lambda: None,
) -> int:
    """Wait for a change as it was asked for, and sync; the exit code.

    Args:
        context: The command.
        world: Where to read.
        writers: The door's ports.
        change: The change.
        after: What was asked for.
        attempt: What is tried before each look.

    Raises:
        RaptError: What ``wait.until_merged`` and ``sync`` raise.
    """
    if not after.waits:
        return 0
    progress.phase(f"waiting until change {change.id} is merged")
    seen = wait.until_merged(
        world, writers, change.id, _tell, timeout_seconds=after.timeout_seconds, attempt=attempt
    )
    if seen.standing != "merged":
        time = times.spell_seconds(after.timeout_seconds)
        terminal.say(f"change {change.id} is not merged after {time}; type the same command to wait longer")
        return _TIMED_OUT
    if after.syncs:
        for environment in dict.fromkeys(environment for environment, _ in change.tools):
            about = [tool for place, tool in change.tools if place == environment]
            with options.world_of(context, (world, writers), environment) as (there, door):
                sync.carry_out(there, door, environment, about=about)
    return 0


def _tell(seen: Look) -> None:
    more = [seen.url, seen.why]
    line = "  ".join([f"change {seen.change.id} is {seen.standing}", *(one for one in more if one)])
    terminal.say(terminal.clean(line))
