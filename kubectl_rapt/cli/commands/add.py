"""``kubectl rapt add``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import add as adding
from kubectl_rapt.cli import options, proposing
from kubectl_rapt.cli.proposing import Manner
from kubectl_rapt.cli.waiting import After
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.errors import UsageError
from kubectl_rapt.templating.reference import Reference

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
    overwrite: options.Overwrite = False,
    draft: options.Draft = False,
    wait: options.Wait = False,
    sync: options.Sync = False,
    timeout: options.Timeout = 0,
    dry_run: options.DryRun = "none",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Print the objects")
    ] = "",
) -> int:
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
            tool=tool or (name if image else Reference.parse(name).name),
            environment=options.environment(context, world.settings),
            answers=answers,
            values=values,
            schedules=[Schedule(one, time_zone) for one in schedule or []],
            namespaces=[namespace] if namespace else [],
            allowed_literals=allow_literal or [],
        )
        manner = Manner(is_dry, overwrite, draft, After(wait or sync, sync, timeout), output)
        return proposing.carry_out(context, world, writers, adding.draft(world, request), manner)
