"""How a run that was asked for is shown: its Job in a dry run, its name, and what it does while it is followed."""

from dataclasses import dataclass
from typing import Literal

from kubectl_rapt.cli import show, terminal, watching
from kubectl_rapt.model.kinds import Manifest, ref_of
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.writes import Writers


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run is shown.

    Args:
        shows: The log, only what happens, or events; empty where nobody follows.
        output: ``json``, ``yaml`` or ``name``; empty for people.
        dry_run: ``client`` or ``server`` where nothing is written.
        timeout_seconds: Stop following after this long; 0 for never.
        raw: Whether log lines pass unchanged.
    """

    shows: watching.Shows | Literal[""]
    output: str
    dry_run: str
    timeout_seconds: float
    raw: bool


def job(world: World, wanted: Run, manner: Manner) -> Manifest:
    """The Job that a run would start as; as the API server would take it, where that was asked."""
    wanted_job = jobs.of_attempt(wanted, 1)
    return world.cluster.dry_run(wanted_job) if manner.dry_run == "server" else wanted_job


def job_name(wanted: Run) -> str:
    """The name of that Job, as kubectl writes it."""
    return show.name(ref_of(jobs.of_attempt(wanted, 1)))


def begun(world: World, writers: Writers, seen: Seen, manner: Manner) -> int:
    """Show a run that was begun, and follow it where that was asked; the exit code."""
    assert seen.run is not None, "a run that was advanced exists"
    created = seen.run
    if manner.output and manner.shows != "events":
        terminal.out(show.document(runs.to_manifest(created), manner.output, show.name(created.ref)))
    elif not manner.shows:
        terminal.out(f"{show.name(created.ref)} created")
        watching.left_alone(created)
    if not manner.shows:
        return 0
    return watching.attach(
        world, writers, seen, timeout_seconds=manner.timeout_seconds, raw=manner.raw, shows=manner.shows
    )
