"""How a sync is shown while it goes on: by ``sync`` itself, and by the commands that sync what they have changed."""

from collections.abc import Callable, Collection, Mapping
from typing import Literal

from kubectl_rapt.actions import sync as syncing
from kubectl_rapt.actions.sync import Outcome, Synced
from kubectl_rapt.cli import progress, refusals, show, terminal
from kubectl_rapt.config.project import Environment
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers


def carry_out(
    world: World,
    writers: Writers | None,
    environment: str,
    *,
    rollback: bool = False,
    overwrite: bool = False,
    shows: Literal["lines", "names", ""] = "lines",
    may: Callable[[Environment], None] = lambda _: None,
    known: Mapping[str, bytes] | None = None,
    about: Collection[str] | None = None,
) -> None:
    """Sync, and show each object as it is done: as a line of what was done, by its name, or not at all.

    Args:
        world: Where to read.
        writers: The door's ports; None for a dry run.
        environment: The environment.
        rollback: As of ``sync.sync``.
        overwrite: The same.
        shows: How each object is shown.
        may: As of ``sync.sync``.
        known: The same.
        about: The tools that the command is about; None for all. That others cannot be applied is only a note.

    Raises:
        RaptError: What ``sync.sync`` raises; why a tool was not applied, after the others were.
    """
    done: list[Synced] = []
    here = world.cluster.namespace()

    def tell(one: Synced) -> None:
        is_first = one.ref not in {other.ref for other in done}
        done.append(one)
        if is_first:
            progress.step()
        if shows == "names":
            if is_first:
                terminal.out(show.name(one.ref))
        elif shows and one.what != "unchanged":
            why = f": {one.why}" if one.why else ""
            where = f" -n {one.ref.namespace}" if one.ref.namespace != here else ""
            line = f"{show.name(one.ref)}{where} {one.what}{why}{'' if writers else ' (dry run)'}"
            terminal.out(terminal.clean(line))

    progress.phase(f"syncing {environment}: objects")
    outcome = syncing.sync(
        world, writers, environment, tell, rollback=rollback, overwrite=overwrite, known=known, may=may
    )
    for one in outcome.runs:
        if shows == "names":
            terminal.out(f"run.rapt.dev/{one.name}")
        elif shows:
            terminal.out(terminal.clean(f"{one}{'' if writers else ' (dry run)'}"))
    if shows == "lines":
        if not outcome.is_left_whole:
            what = "synced" if writers else "would be synced"
            but = f" without {', '.join(sorted(left))}" if (left := _left_out(outcome)) else ""
            line = f"{environment} {what} to {outcome.commit[:7]}{but}: {syncing.summary(done)}"
            terminal.out(terminal.clean(line))
        _tell_left(environment, outcome)
    _tell_blocked(outcome, about)


def _left_out(outcome: Outcome) -> set[str]:
    """The tools that were not applied."""
    return {tool for one in outcome.blocked for tool in one.tools}


def _tell_blocked(outcome: Outcome, about: Collection[str] | None) -> None:
    """Raise why a tool that the command is about was not applied; that another one was not is a note."""
    errors = []
    for one in outcome.blocked:
        if about is None or set(about) & set(one.tools):
            errors.append(one.error)
        else:
            terminal.say(terminal.clean(f"note: {one.error.message}: {one.error.hint}"))
    for error in errors[1:]:
        refusals.tell(error)
    if errors:
        raise errors[0]


def _tell_left(environment: str, outcome: Outcome) -> None:
    """Say who applies the rest, and what is left to do."""
    if outcome.is_left_whole:
        controllers = ", ".join(map(str, outcome.left_to))
        line = f"{environment} is left to {controllers}: merge, and its controller applies it"
        terminal.out(terminal.clean(line))
    for note in outcome.notes:
        terminal.say(terminal.clean(note))
