"""``kubectl rapt add``."""

from datetime import datetime
from typing import Annotated

import typer

from kubectl_rapt import writes
from kubectl_rapt.actions import add as adding
from kubectl_rapt.actions import capacity, repository
from kubectl_rapt.actions import sync as syncing
from kubectl_rapt.actions.add import Addition
from kubectl_rapt.cli import diffs, options, show, terminal
from kubectl_rapt.cli.commands import sync
from kubectl_rapt.config import derive
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.errors import UsageError
from kubectl_rapt.runs import schedules

COMMAND = "command"
"""The template that ``--image`` and the words after ``--`` fill."""


def add(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="TEMPLATE", help="The template; with --image, the tool's name")
    ],
    command: Annotated[
        list[str] | None, typer.Argument(metavar="[-- COMMAND…]", help="With --image: what to run")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Answer a parameter (repeatable)")
    ] = None,
    tool: Annotated[str, typer.Option("--name", metavar="TOOL", help="What to call the tool")] = "",
    image: Annotated[str, typer.Option(metavar="IMAGE", help="Any image, with a command after --")] = "",
    schedule: Annotated[
        list[str] | None, typer.Option(metavar="CRON", help="Run by itself at these times (repeatable)")
    ] = None,
    time_zone: Annotated[str, typer.Option(metavar="ZONE", help="Time zone of the schedules")] = "",
    allow_literal: Annotated[
        list[str] | None,
        typer.Option(metavar="sha256:…", help="A value of this digest is no secret (repeatable)"),
    ] = None,
    dry_run: options.DryRun = "none",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Print the objects")
    ] = "",
) -> None:
    """Add a tool to an environment; where that is reviewed, as a change on a branch of its own.

    Example: kubectl rapt add http-check --in prod --set url=http://example.com --schedule '*/15 * * * *'
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    is_dry = options.is_dry(dry_run)
    answers = options.pairs(set_ or [], "--set")
    values = {"image": image, **({"command": command} if command else {})} if image else {}
    if command and not image:
        raise UsageError(
            "bad-usage", "a command needs an image", f"kubectl rapt add {name} --image IMAGE -- COMMAND"
        )
    if twice := sorted(values.keys() & answers.keys()):
        raise UsageError("bad-usage", f"{twice[0]} is given twice", f"leave out --set {twice[0]}")
    with options.open_world(context) as (world, writers):
        namespace = world.cluster.namespace() if context.ensure_object(dict).get("namespace") else ""
        request = adding.Request(
            template=COMMAND if image else name,
            tool=tool or name,
            environment=options.environment(context, world.settings),
            answers=answers,
            values=values,
            schedules=[Schedule(one, time_zone) for one in schedule or []],
            namespaces=[namespace] if namespace else [],
            allowed_literals=allow_literal or [],
        )
        addition = adding.plan(world, request)
        environment = addition.environment
        options.check_default(context, environment)
        notes = capacity.check(world, environment, addition.built) if addition.plan.steps else []
        if not is_dry and addition.plan.steps:
            if not environment.is_reviewed and environment.cluster:
                # It is applied next: who points at another cluster is told before anything is written.
                syncing.check_cluster(world, environment)
            writes.settle(
                writers,
                repository.address(world).url,
                lambda: adding.plan(world, request).plan,
                addition.plan,
            )
        if output:
            objects = list(addition.built.objects)
            terminal.out(show.document(show.listed(objects), output, f"tool.rapt.dev/{request.tool}"))
        else:
            _show(addition, world.now())
            _conclude(addition, is_dry)
        for note in notes:
            terminal.say(f"note: {note}")
        if not is_dry and not environment.is_reviewed:
            sync.carry_out(world, writers, environment.name, shows="" if output else "lines")


def _show(addition: Addition, now: datetime) -> None:
    """What changes, and when it would run by itself."""
    people_edit = [path for path in addition.after if not path.startswith("rendered/")]
    if people_edit:
        before = {path: addition.before[path] for path in people_edit if path in addition.before}
        terminal.out(diffs.unified(before, {path: addition.after[path] for path in people_edit}))
    width = max((len(path) for path in addition.after), default=0)
    for path, content in addition.after.items():
        done = "removed" if content is None else "changed" if path in addition.before else "created"
        kinds = f": {', '.join(derive.kinds(addition.built.objects))}" if path.startswith("rendered/") else ""
        terminal.out(f"{path:<{width}}   {done}{kinds}")
    for one in addition.built.installation.schedules:
        firings = schedules.next_firings(one.cron, one.time_zone, now, 3)
        times = ", ".join(f"{firing:%a %H:%M}" for firing in firings)
        terminal.out(f"next firings   {times} {one.time_zone or 'UTC, unless the cluster says otherwise'}")


def _conclude(addition: Addition, dry_run: bool) -> None:
    """Where it is now, and what comes next."""
    change, environment = addition.change, addition.environment
    if dry_run:
        terminal.out(f"{change.summary}: nothing was written (dry run)")
    elif addition.is_waiting:
        terminal.out(f"change {change.id} is pushed already as {change.branch}")
    elif not addition.plan.steps:
        terminal.out(f"{change.tool} is unchanged in {environment.name}")
    elif environment.is_reviewed:
        terminal.out(f"change {change.id} pushed as {change.branch}")
    else:
        terminal.out(f"change {change.id} committed")
    if environment.is_reviewed and not dry_run and addition.after:
        terminal.say(
            f"  review: kubectl rapt changes show {change.id}   (on plain git, review is a convention)"
        )
        terminal.say(f"  merge:  kubectl rapt changes merge {change.id}")
        terminal.say(f"  then:   kubectl rapt sync --in {environment.name}")
