"""``kubectl rapt shell`` and ``kubectl rapt debug``: into a run that goes on, and into one that does not."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_rapt.actions import find
from kubectl_rapt.actions import shell as opening
from kubectl_rapt.cli import named, options, progress, show, terminal
from kubectl_rapt.config import location as locations
from kubectl_rapt.errors import RaptError

if TYPE_CHECKING:
    from kubectl_rapt.actions.shell import Kubectl, Place
    from kubectl_rapt.model.plan import Delete
    from kubectl_rapt.ports.world import World
    from kubectl_rapt.writes import Writers

Words = Annotated[
    list[str] | None, typer.Argument(metavar="[-- COMMAND…]", help="What to run instead of a shell")
]
Container = Annotated[str, typer.Option("-c", "--container", metavar="NAME", help="The container")]


def shell(
    context: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="TOOL|RUN|job/NAME|pod/NAME", help="What to open the shell in")
    ],
    words: Words = None,
    container: Container = "",
    image: Annotated[
        str,
        typer.Option("--image", metavar="IMAGE", help="Add an ephemeral container with this image"),
    ] = "",
    dry_run: options.DryRun = "none",
) -> int:
    """Open a shell in a running container. If its image has no shell, one is added beside it.

    Example: kubectl rapt shell http-check-x7k2p
    """
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        found = find.execution(world, what, world.cluster.namespace(), "shell")
        where = opening.place(found, what, container)
        if len(found.pods) > 1 or len(where.pod.containers) > 1:
            terminal.say(terminal.clean(f"{where.container.role} of {where.pod.ref}"))
        program = _kubectl(context, world)
        command = opening.command(world, program, where, words or (), image)
        return _open(writers, program, command, words or (), is_dry=is_dry)


def _kubectl(context: typer.Context, world: "World") -> "Kubectl":
    """The person's kubectl, pointed where this command is pointed.

    Raises:
        Refused: ``no-cluster-recorded``: a command in a container may change whatever it likes.
        Unavailable: ``no-kubectl``.
    """
    locations.check_recorded(world.location, options.target(context).context)
    target = replace(options.target(context), context=world.cluster.context().name)
    is_terminal = terminal.is_interactive() and sys.stdout.isatty()
    return opening.kubectl(world, target.kubectl_flags, has_terminal=is_terminal)


def _open(
    writers: "Writers", program: "Kubectl", command: Sequence[str], words: Sequence[str], *, is_dry: bool
) -> int:
    """Hand the terminal over; without one there is nobody to type, and the command is printed."""
    if is_dry or not (program.has_terminal or words):
        terminal.out(terminal.clean(shlex.join(_typed(command))))
        return 0
    progress.aside(is_last=True)  # the terminal is the shell's from now on
    return opening.attend(writers, command)


def _typed(command: Sequence[str]) -> list[str]:
    """A command as a person at a terminal would type it."""
    at = list(command).index("--")
    flags = [one for one in command[2:at] if one not in ("-i", "-t", "--attach")]
    return ["kubectl", command[1], "-i", "-t", *flags, *command[at:]]


def debug(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar=named.WHAT, help="The run to copy; of a tool, the newest")],
    words: Words = None,
    container: Container = "",
    attempt: Annotated[
        int,
        typer.Option("--attempt", metavar="NUMBER", min=0, help="The attempt to copy; by default, the last"),
    ] = 0,
    after: Annotated[
        bool, typer.Option("--after", help="Run the command first, and keep the container if it fails")
    ] = False,
    image: Annotated[
        str, typer.Option("--image", metavar="IMAGE", help="Use this image for the container")
    ] = "",
    time: Annotated[
        float,
        typer.Option("--for", parser=options.seconds, metavar="TIME", help="Delete it after this time"),
    ] = 3600.0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep it after the shell ends")] = False,
    dry_run: options.DryRun = "none",
) -> int:
    """Open a shell in a copy of a run's pod, whose command is not started. It does not count as a run.

    Example: kubectl rapt debug http-check-x7k2p --after
    """
    from kubectl_rapt.actions import debug as debugging
    from kubectl_rapt.model.duration import Duration

    is_dry = options.is_dry(dry_run)
    wanted = debugging.Wanted(attempt, container, image, after, Duration(int(time)))
    with options.open_world(context) as (world, writers):
        found = named.run(world, run, "debug")
        clone = debugging.plan(world, found, wanted)
        if is_dry:
            terminal.out(show.document(clone.manifest, "yaml"))
            return 0
        program = _kubectl(context, world)
        removal = debugging.start(world, writers, clone)
        stays = True
        try:
            terminal.say(f"{show.name(removal.ref)} created, for {wanted.time} at most")
            progress.phase("waiting until it is held")
            where = debugging.held(world, removal.ref, clone.container, after=after, tell=terminal.out_line)
            if not after and clone.command:
                terminal.say(f"  its own command: {terminal.clean(shlex.join(clone.command))}")
            code = _look_around(world, writers, program, where, words or ())
            stays = keep or not (program.has_terminal or words)
        except BaseException:  # Ctrl-C too
            stays = keep
            raise
        finally:
            _leave(writers, removal, stays=stays)
    return code


def _look_around(
    world: "World", writers: "Writers", program: "Kubectl", where: "Place", words: Sequence[str]
) -> int:
    command = opening.command(world, program, where, words)
    return _open(writers, program, command, words, is_dry=False)


def _leave(writers: "Writers", removal: "Delete", *, stays: bool) -> None:
    from kubectl_rapt.actions import debug as debugging

    again = f"kubectl delete {show.name(removal.ref)} -n {removal.ref.namespace}"
    if stays:
        terminal.say(f"  it stays until its time is over: {again}")
        return
    try:
        debugging.remove(writers, removal)
        terminal.say(f"{show.name(removal.ref)} deleted")
    except RaptError as error:
        terminal.say(
            terminal.clean(f"  it could not be deleted now, and will be deleted later: {error.message}")
        )
        terminal.say(f"  try: {again}")
