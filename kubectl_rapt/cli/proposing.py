"""Carrying a change to the config repository out, and showing what it does: the same for every verb."""

import typer

from kubectl_rapt import writes
from kubectl_rapt.actions import capacity, compose, desired, repository
from kubectl_rapt.actions.compose import Composition, Make
from kubectl_rapt.cli import diffs, options, show, terminal
from kubectl_rapt.cli.commands import sync
from kubectl_rapt.config import changes, derive
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import schedules
from kubectl_rapt.writes import Writers


def carry_out(
    context: typer.Context,
    world: World,
    writers: Writers,
    make: Make,
    *,
    is_dry: bool,
    output: str = "",
    overwrite: bool = False,
    names_environments: bool = True,
) -> None:
    """Make a change: on main and into the cluster where nobody reviews it, else on its branch.

    Args:
        context: The command.
        world: Where to read.
        writers: The door's ports.
        make: What the person asks for.
        is_dry: Show what would be done, do nothing.
        output: ``json``, ``yaml`` or ``name`` of the rendered objects; empty for people.
        overwrite: Whether rendered files that were edited by hand may be replaced.
        names_environments: Whether it is about the environment that a person names, or about all there are.

    Raises:
        RaptError: What ``compose.plan``, ``writes.settle`` and ``sync`` raise.
    """
    made = compose.plan(world, make, overwrite=overwrite)
    for environment in made.environments if names_environments else ():
        options.check_default(context, environment)
    places = {environment.name: environment for environment in made.environments}
    notes = [
        note
        for built in made.built
        if made.plan.steps
        for note in capacity.check(world, places[built.environment], built)
    ]
    if not is_dry and made.plan.steps:
        for environment in made.environments:
            if not made.is_reviewed and environment.cluster:
                # It is applied next: who points at another cluster is told before anything is written.
                desired.check_cluster(world, environment)
        writes.settle(
            writers,
            repository.address(world).url,
            lambda: compose.plan(world, make, overwrite=overwrite).plan,
            made.plan,
        )
    if output:
        objects = [one for built in made.built for one in built.objects]
        name = "\n".join(f"tool.rapt.dev/{built.installation.tool}" for built in made.built)
        terminal.out(show.document(show.listed(objects), output, name))
    else:
        _show(made, world)
        _conclude(made, is_dry)
    for note in notes:
        terminal.say(f"note: {note}")
    if not is_dry and not made.is_reviewed:
        for environment in made.environments:
            sync.carry_out(world, writers, environment.name, shows="" if output else "lines")


def _show(made: Composition, world: World) -> None:
    """What changes, and when it would run by itself."""
    people_edit = [path for path in made.after if not path.startswith("rendered/")]
    if people_edit:
        before = {path: made.before[path] for path in people_edit if path in made.before}
        terminal.out(diffs.unified(before, {path: made.after[path] for path in people_edit}))
    objects = {path: built.objects for built in made.built for path in built.files}
    width = max((len(path) for path in made.after), default=0)
    for path, content in made.after.items():
        done = "removed" if content is None else "changed" if path in made.before else "created"
        is_rendered = path.startswith("rendered/") and path in objects
        kinds = f": {', '.join(derive.kinds(objects[path]))}" if is_rendered else ""
        terminal.out(f"{path:<{width}}   {done}{kinds}")
    for built in made.built:
        for one in built.installation.schedules:
            firings = schedules.next_firings(one.cron, one.time_zone, world.now(), 3)
            times = ", ".join(f"{firing:%a %H:%M}" for firing in firings)
            terminal.out(
                f"next firings   {times} {one.time_zone or 'UTC, unless the cluster says otherwise'}"
            )
    for note in made.plan.notes:
        terminal.say(note)


def _conclude(made: Composition, is_dry: bool) -> None:
    """Where it is now, and what comes next."""
    change = made.change
    if not change.edits:
        terminal.out("nothing to change")
    elif is_dry:
        terminal.out(f"{change.summary}: nothing was written (dry run)")
    elif made.is_waiting:
        terminal.out(f"change {change.id} is pushed already as {change.branch}")
    elif not made.plan.steps:
        is_one = changes.SEVERAL not in (change.tool, change.environment)
        terminal.out(f"{change.tool} is unchanged in {change.environment}" if is_one else "nothing to change")
    elif made.is_reviewed:
        terminal.out(f"change {change.id} pushed as {change.branch}")
    else:
        terminal.out(f"change {change.id} committed")
    if made.is_reviewed and not is_dry and made.after:
        terminal.say(
            f"  review: kubectl rapt changes show {change.id}   (on plain git, review is a convention)"
        )
        terminal.say(f"  merge:  kubectl rapt changes merge {change.id}")
        for environment in made.environments:
            terminal.say(f"  then:   kubectl rapt sync --in {environment.name}")
