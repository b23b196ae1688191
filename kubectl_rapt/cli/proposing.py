"""Carrying a change to the config repository out, and showing what it does: the same for every verb."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import typer

from kubectl_rapt.actions import change as changing
from kubectl_rapt.actions import compose, desired
from kubectl_rapt.actions.composition import Composition, Make
from kubectl_rapt.cli import diffs, options, progress, show, terminal, waiting
from kubectl_rapt.cli.views import sync
from kubectl_rapt.cli.waiting import NOTHING, After
from kubectl_rapt.config import changes, derive, layout, proposal
from kubectl_rapt.errors import Refused
from kubectl_rapt.model import shell
from kubectl_rapt.objects import reach
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import schedules
from kubectl_rapt.writes import Writers


@dataclass(frozen=True, slots=True)
class Manner:
    """How a change is carried out and shown.

    Args:
        is_dry: Show what would be done, do nothing.
        overwrite: Whether rendered files that were edited by hand may be replaced.
        is_draft: Whether its pull request is a draft.
        after: What is to happen once it is pushed.
        output: ``json``, ``yaml`` or ``name`` of the rendered objects; empty for people.
        document: What is printed in place of the change; empty for the change itself, or its rendered objects.
        names_environments: Whether it is about the environment that a person names, or about all there are.
    """

    is_dry: bool
    overwrite: bool = False
    is_draft: bool = False
    after: After = NOTHING
    output: str = ""
    document: str = ""
    names_environments: bool = True


def carry_out(context: typer.Context, world: World, writers: Writers, make: Make, manner: Manner) -> int:
    """Make a change: on main and into the cluster where nobody reviews it, else on its branch, with a pull request.

    Args:
        context: The command.
        world: Where to read.
        writers: The door's ports.
        make: What the person asks for.
        manner: How.

    Returns:
        The exit code.

    Raises:
        RaptError: What ``compose.plan``, ``change.execute``, ``waiting`` and ``sync`` raise.
    """

    def plan(refs: Mapping[str, str] | None = None) -> Composition:
        return compose.plan(
            world, make, overwrite=manner.overwrite, is_draft=manner.is_draft or None, refs=refs
        )

    progress.phase("preparing the change")
    made = plan()
    for environment in made.environments if manner.names_environments else ():
        options.check_default(context, environment)
    notes = changing.check(world, made)
    if not manner.is_dry and made.plan.steps:
        _check_clusters(context, world, writers, made)
        progress.phase("pushing")
        made = changing.execute(world, writers, made, plan)
    if not manner.is_dry and made.has_forge and made.after:
        notes += changing.merge_when_ready(world, writers, made)
    if manner.is_draft and made.is_reviewed and not made.has_forge:
        notes.append("--draft is for pull requests, and the config repository is on plain git")
    if manner.document:
        terminal.out(manner.document)
    elif manner.output:
        objects = [one for built in made.built for one in built.objects]
        name = "\n".join(f"tool.rapt.dev/{built.installation.tool}" for built in made.built)
        terminal.out(show.document(show.listed(objects), manner.output, name))
    else:
        _show(made, world)
        _conclude(made, manner.is_dry)
    for note in notes:
        terminal.say(f"note: {note}")
    if manner.is_dry:
        return 0
    if made.is_reviewed and made.after:
        return waiting.carry_out(context, world, writers, made.change, manner.after)
    if not made.is_reviewed or manner.after.syncs:  # it is on main
        for environment in made.environments:
            with options.world_of(context, (world, writers), environment.name) as (there, door):
                try:
                    sync.carry_out(
                        there,
                        door,
                        environment.name,
                        shows="" if manner.output else "lines",
                        known={path: text for one in made.built for path, text in one.files.items()},
                        about=[tool for place, tool in made.change.tools if place == environment.name],
                    )
                except Refused as error:
                    if error.code != "no-right":
                        raise
                    raise _not_applied(error, environment.name) from error
    return 0


def _not_applied(error: Refused, environment: str) -> Refused:
    """The refusal to apply what is on main already: somebody who may is to apply it."""
    hints = (*error.hints, f"kubectl rapt sync --in {shell.word(environment)}")
    message = f"{error.message}; the change is committed, and not applied"
    return Refused(error.code, message, hints, error.problems)


def _check_clusters(context: typer.Context, world: World, writers: Writers, made: Composition) -> None:
    """Refuse, before anything is written, what would be applied next to another cluster than its environment's."""
    for environment in made.environments:
        if not made.is_reviewed and environment.cluster:
            with options.world_of(context, (world, writers), environment.name) as (there, _):
                desired.check_cluster(there, environment)


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
        path = layout.rendered(built.environment, built.installation.tool)
        known = reach.of(proposal.objects_of(made.before, path))
        for line in reach.of(built.objects).beyond(known).lines() if path in made.after else ():
            terminal.out(terminal.clean(f"new   {line}"))
        whose = f"{built.installation.tool}: " if len(made.built) > 1 else ""
        for one in built.installation.schedules if path in made.after else ():
            firings = schedules.next_firings(one.cron, one.time_zone, world.now(), 3)
            times = ", ".join(f"{firing:%a %H:%M}" for firing in firings)
            terminal.out(f"next runs   {whose}{times} {schedules.zone_named(one.time_zone)}")
    for note in made.plan.notes:
        terminal.say(note)


def _conclude(made: Composition, is_dry: bool) -> None:
    """Where it is now, and what comes next."""
    change = made.change
    if not change.edits:
        terminal.out("nothing to change")
    elif is_dry and made.after:
        terminal.out(f"{change.summary}: nothing was written (dry run)")
    elif made.is_waiting:
        terminal.out(f"change {change.id} is pushed already as {change.branch}")
    elif not made.after:
        is_one = changes.SEVERAL not in (change.tool, change.environment)
        terminal.out(f"{change.tool} is unchanged in {change.environment}" if is_one else "nothing to change")
    elif made.is_reviewed:
        terminal.out(f"change {change.id} pushed as {change.branch}")
    else:
        terminal.out(f"change {change.id} committed")
    if made.is_reviewed and not is_dry and made.after:
        for line in _next(made):
            terminal.say(terminal.clean(f"  {line}"))


def _next(made: Composition) -> Iterator[str]:
    """Where the change is looked at, and what brings it further."""
    identifier, seen = made.change.id, made.pull_request
    if not made.has_forge:
        yield f"review: kubectl rapt changes show {shell.word(identifier)}"
    elif seen and seen.state == "closed":
        yield f"review: {seen.url} was closed"
        yield f"reopen: kubectl rapt changes open {shell.word(identifier)}"
    elif seen:
        yield f"review: {seen.url}" + (" (draft)" if seen.is_draft else "")
    yield f"merge:  kubectl rapt changes merge {shell.word(identifier)}"
    for environment in made.environments:
        yield f"then:   kubectl rapt sync --in {shell.word(environment.name)}"
