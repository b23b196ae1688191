"""``kubectl rapt add``."""

from dataclasses import replace
from typing import Annotated

import typer

from kubectl_rapt.actions import add as adding
from kubectl_rapt.cli import answering, line, options, proposing, terminal
from kubectl_rapt.cli.proposing import Manner
from kubectl_rapt.cli.waiting import After
from kubectl_rapt.config import installation
from kubectl_rapt.config.installation import DIGEST, Schedule
from kubectl_rapt.errors import Refused, UsageError
from kubectl_rapt.model import shell
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating.reference import Reference

COMMAND = "bundled/command"
"""What ``--image`` means, whatever other registries call ``command``."""
"""The template that ``--image`` and the words after ``--`` fill."""


def add(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="TEMPLATE", help="The template to install; with --image, the name of the tool"
        ),
    ] = "",
    command: Annotated[
        list[str] | None, typer.Argument(metavar="[-- COMMAND…]", help="Command to run, with --image")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Answer a parameter (repeatable)")
    ] = None,
    tool: Annotated[
        str, typer.Option("--name", metavar="TOOL", help="Name of the tool; by default, that of the template")
    ] = "",
    image: Annotated[
        str, typer.Option(metavar="IMAGE", help="Run this image, with the command after --")
    ] = "",
    schedule: Annotated[
        list[str] | None, typer.Option(metavar="CRON", help="Run at these times, in cron syntax (repeatable)")
    ] = None,
    time_zone: Annotated[str, typer.Option(metavar="ZONE", help="Time zone of the schedules")] = "",
    allow_literal: Annotated[
        list[str] | None,
        typer.Option(metavar="sha256:…", help="The value with this digest is not a secret (repeatable)"),
    ] = None,
    replace_: Annotated[
        bool,
        typer.Option(
            "--replace", help="Replace the tool of that name: its template, answers and schedules go"
        ),
    ] = False,
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
    """Install a template as a tool in an environment. In a reviewed environment, this pushes a branch for review.

    Example: kubectl rapt add http-check --in prod --set url=http://example.com --schedule '*/15 * * * *'
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    is_dry = options.is_dry(dry_run)
    answers = options.pairs(set_ or [], "--set")
    if wrong := [one for one in allow_literal or [] if not DIGEST.fullmatch(one)]:
        what = f"--allow-literal expects sha256: and 64 hex digits, got {wrong[0]}"
        raise UsageError("bad-flag", what, "kubectl rapt add --help")
    if name and not _is_named(context):
        name, command = "", [name, *(command or [])]
        answering.check_asked(context, "TEMPLATE")
    values = {"image": image, **({"command": command} if command else {})} if image else {}
    if command and not image:
        raise UsageError(
            "bad-usage",
            "a command needs an image",
            f"kubectl rapt add {shell.word(name)} --image IMAGE -- COMMAND",
        )
    if twice := sorted(values.keys() & answers.keys()):
        what = f"{twice[0]} is given twice"
        raise UsageError("bad-usage", what, f"leave out --set {twice[0]}").meant(twice[0], "")
    with options.open_world(context) as (world, writers):
        asked = [] if name else [_template(context, world, is_name=bool(image))]
        name = name or asked[0]
        environment = _environment(context, world, asked)
        namespace = world.cluster.namespace() if context.ensure_object(dict).get("namespace") else ""
        request = adding.Request(
            template=COMMAND if image else name,
            tool=tool or (name if image else Reference.parse(name).name),
            environment=environment,
            answers=answers,
            values=values,
            schedules=[Schedule(one, time_zone) for one in schedule or []],
            namespaces=[namespace] if namespace else [],
            allowed_literals=allow_literal or [],
            replace=replace_,
            time_zone=time_zone,
        )
        if terminal.is_interactive():
            request = _answered(world, request, asked)
        manner = Manner(is_dry, overwrite, draft, After(wait or sync, sync, timeout), output)
        try:
            code = proposing.carry_out(context, world, writers, adding.draft(world, request), manner)
        except Refused as error:
            if error.code != "same-object":
                raise
            hints = (f"--name {shell.word(f'{request.tool}-b')}", *error.hints)
            raise Refused(error.code, error.message, hints, error.problems) from error
        answering.tell(options.words_given(context), asked)
        return code


def _is_named(context: typer.Context) -> bool:
    """Whether an argument stands before ``--``: the words after it are the command, never a name."""
    words = options.words_given(context)
    return "--" not in words or bool(line.read(words[: words.index("--")]).arguments)


def _template(context: typer.Context, world: World, *, is_name: bool) -> str:
    """The template that was not named, or with an image the tool's name: asked for on a terminal."""
    answering.check_asked(context, "TEMPLATE")
    if is_name:
        return answering.argument(context, "TEMPLATE", "name of the tool", _check_name)
    from kubectl_rapt.actions import catalogs, registry, repository

    shelves = catalogs.read(world, repository.known_project(world)[0], fresh=False)
    known = sorted(catalogs.written(shelves, one, name) for one in shelves for name in one.offers)

    def check(text: str) -> None:
        registry.find(world, shelves, Reference.parse(text))

    return answering.argument(context, "TEMPLATE", f"template ({', '.join(known)})", check)


def _check_name(text: str) -> None:
    if problem := installation.bad_name(text):
        raise ValueError(problem)


def _environment(context: typer.Context, world: World, asked: list[str]) -> str:
    """The environment: the one that is named, the default, or the one that is asked for."""
    is_open = not (options.named_environment(context) or world.settings.environment)
    if not (is_open and world.settings.repository and terminal.is_interactive()):
        return options.environment(context, world)
    from kubectl_rapt.actions import repository

    known = list(repository.read(world).project().environments)
    gone = UsageError(
        "no-environment",
        "no environment is given, and you have no default",
        "--in ENV",
    )
    found = answering.answer(
        f"environment ({', '.join(known)})", answering.one_of(known, "environment"), gone
    )
    asked += ["--in", found]
    context.ensure_object(dict)["environment"] = found
    return found


def _answered(world: World, request: adding.Request, asked: list[str]) -> adding.Request:
    """The request with the answers that were missing, from the person."""
    every, open_ = adding.open_questions(world, request)
    if not open_:
        return request
    answers = answering.ask(request.tool, every, open_)
    asked += answering.sets(answers)
    return replace(request, answers={**request.answers, **answers})
