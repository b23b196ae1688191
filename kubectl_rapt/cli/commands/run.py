"""``kubectl rapt run``."""

import shlex
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations as pairs_of
from typing import Annotated, Literal

import typer

from kubectl_rapt.actions import answered, find
from kubectl_rapt.actions import run as running
from kubectl_rapt.actions.run import Request
from kubectl_rapt.cli import options, show, terminal, watching
from kubectl_rapt.cli.views import run as views
from kubectl_rapt.cli.views.run import Manner
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model.kinds import TOOL, Manifest
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import line_ends, mounts
from kubectl_rapt.runs import matrix as matrices
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.writes import Writers

Texts = list[str] | None
MOST_AT_ONCE = 32


def run(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(help="The tool to run", metavar="TOOL")] = "",
    set_: Annotated[
        Texts, typer.Option("--set", "--arg", metavar="NAME=VALUE", help="Answer a parameter (repeatable)")
    ] = None,
    set_file: Annotated[
        Texts, typer.Option(metavar="NAME=PATH", help="Answer a parameter with a file's text (repeatable)")
    ] = None,
    answers: Annotated[
        str,
        typer.Option(metavar="FILE", help="File of answers, YAML or JSON; flags override it"),
    ] = "",
    env: Annotated[
        Texts, typer.Option("--env", metavar="K=V", help="Set a variable that the tool allows (repeatable)")
    ] = None,
    mount: Annotated[
        Texts,
        typer.Option(
            metavar="LOCAL:PATH",
            help="Mount a file or folder, up to 1 MiB (repeatable)",
        ),
    ] = None,
    secret_mount: Annotated[
        Texts, typer.Option(metavar="LOCAL:PATH", help="Mount it as a Secret (repeatable)")
    ] = None,
    matrix: Annotated[
        Texts, typer.Option(metavar="NAME=A,B,…", help="Start one run for each combination (repeatable)")
    ] = None,
    parallel: Annotated[
        int,
        typer.Option(metavar="N", show_default=False, help="Runs of a matrix at the same time; by default 4"),
    ] = 4,
    review: Annotated[
        bool, typer.Option("--review", help="Ask for a review, and run after the merge")
    ] = False,
    not_after: Annotated[
        str,
        typer.Option(metavar="TIME", help="Do not start a reviewed run after this; by default 24h"),
    ] = "",
    follow: options.Follow = None,
    wait: options.RunWait = False,
    timeout: options.RunTimeout = 0,
    request_id: Annotated[
        str, typer.Option(metavar="ID", help="Id of the request; the same one never runs twice")
    ] = "",
    dry_run: Annotated[
        str,
        typer.Option(
            "--dry-run", metavar="none|client|server", help="Only show the Job; without a value: client"
        ),
    ] = "none",
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="json|yaml|name", help="Print the Run; with --follow -o json, events"
        ),
    ] = "",
    raw: options.Raw = False,
) -> int:
    """Run a tool. When it follows the run, it exits with the container's exit code.

    Example: kubectl rapt run http-check --set url=http://example.com --follow
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    options.one_of("--dry-run", dry_run, ("client", "server", "none"))
    if not 1 <= parallel <= MOST_AT_ONCE:
        raise UsageError("bad-flag", f"--parallel takes 1 to {MOST_AT_ONCE}, got {parallel}", "--parallel 4")
    given = mounts.parse(mount or [], secret_mount or [])
    _check(is_matrix=bool(matrix), is_reviewed=review, has_mounts=bool(given), output=output)
    combinations = matrices.read(matrix or [])  # without --matrix one that has nothing of its own
    follows = options.follows(follow, wait=wait, has_output=bool(output))
    shows = _shows(output, follows=follows, wait=wait, is_matrix=bool(matrix))
    manner = Manner(shows, output, "" if dry_run == "none" else dry_run, timeout, raw)
    if not_after:
        _time(not_after, datetime.now(UTC))  # only whether it is one; the world's own clock counts
        if not review:
            raise UsageError("bad-usage", "--not-after goes with --review only", "--review")
    texts, files = options.pairs(set_ or [], "--set"), options.pairs(set_file or [], "--set-file")
    _check_once(combinations[0], texts, files)
    with options.open_world(context) as (world, writers):
        chosen = [] if tool else [_tool(context, world)]
        request = Request(
            tool or chosen[0],
            world.cluster.namespace(),
            {**texts, **{name: running.read_text(world, path) for name, path in files.items()}},
            options.pairs(env or [], "--env"),
            request_id,
            running.read_answers(world, answers) if answers else {},
            running.read_mounts(world, given),
        )
        for path in line_ends.given(request.mounts):
            terminal.say(
                terminal.clean(
                    f"warning: {path} has Windows line ends (CRLF), and a container will not find its interpreter: "
                    f"{line_ends.FIX} {shlex.quote(path)}"
                )
            )
        found = running.tool(world, request)
        if terminal.is_interactive():
            request = _asked(context, request, found, combinations[0], chosen)
        if review:
            return _review(context, world, writers, request, found, not_after or "24h", manner)
        running.check_direct(found, options.words_given(context))
        if matrix:
            from kubectl_rapt.cli import sweeping

            return sweeping.carry_out(world, writers, request, found, combinations, parallel, manner)
        return _run(world, writers, request, found, manner)


def _check(*, is_matrix: bool, is_reviewed: bool, has_mounts: bool, output: str) -> None:
    """Refuse flags that contradict each other. Raises UsageError."""
    wrong = ""
    if is_reviewed and is_matrix:
        wrong = "--review and --matrix: each reviewed run is a change of its own"
    elif is_reviewed and has_mounts:
        wrong = "--review and --mount: what is reviewed is in git, and nothing beside it"
    elif is_matrix and output not in ("", "json", "name"):
        wrong = "--matrix takes -o json or -o name"
    if wrong:
        raise UsageError("bad-usage", f"these do not go together: {wrong}", "kubectl rapt run --help")


def _check_once(*given: Collection[str]) -> None:
    """Refuse a parameter that is answered in more than one way. Raises UsageError."""
    for one, other in pairs_of(given, 2):
        for name in sorted(name for name in one if name in other):
            error = UsageError("bad-usage", f"{name} is given twice", f"leave out one of them: {name}")
            raise error.meant(name, "")


def _shows(output: str, *, follows: bool, wait: bool, is_matrix: bool) -> watching.Shows | Literal[""]:
    """What is shown of a run that is followed; nothing of one that is not."""
    if not follows:
        return ""
    if output == "json" and not is_matrix:
        return "events"
    return "phases" if output == "json" or wait else "log"


def _review(
    context: typer.Context,
    world: World,
    writers: Writers,
    request: Request,
    tool: Tool,
    not_after: str,
    manner: Manner,
) -> int:
    """Ask for a review of the run, instead of beginning it."""
    from kubectl_rapt.cli import reviewing

    request = replace(request, not_after=_time(not_after, world.now()))
    wanted = running.plan(world, request, tool)
    return reviewing.carry_out(context, world, writers, wanted, tool.environment, manner)


def _time(text: str, now: datetime) -> datetime:
    """A time of its own, or so long from now; whole seconds. Raises UsageError."""
    from kubectl_rapt.model import times

    try:
        found = times.parse(text) if "T" in text else now + timedelta(seconds=options.seconds(text))
    except (ValueError, typer.BadParameter) as error:
        what = f"--not-after expects 24h or 2026-11-22T18:00:00Z, got {text}"
        raise UsageError("bad-flag", what, "--not-after 24h") from error
    return found.replace(microsecond=0)


def _tool(context: typer.Context, world: World) -> str:
    """The tool that was not named: asked for on a terminal."""
    from kubectl_rapt.cli import answering

    answering.check_asked(context, "TOOL")
    known = sorted(one["metadata"]["name"] for one in world.cluster.list(TOOL, world.cluster.namespace()))
    what = f"tool ({', '.join(known)})" if known else "tool"
    return answering.argument(context, "TOOL", what, answering.one_of(known, "tool"))


def _asked(
    context: typer.Context,
    request: Request,
    tool: Tool,
    combination: matrices.Combination,
    chosen: Sequence[str],
) -> Request:
    """The request with what was missing, from the person; and the command that needs no answers."""
    open_ = [one for one in running.open_questions(tool, request) if one.name not in combination]
    if not (open_ or chosen):
        return request
    from kubectl_rapt.cli import answering

    answers = answering.ask(tool.name, answered.questions(tool), open_) if open_ else {}
    request = replace(request, answers={**request.answers, **answers})
    running.check_secrets(tool, request)
    answering.tell(options.words_given(context), [*chosen, *answering.sets(answers)])
    return request


def _run(world: World, writers: Writers, request: Request, tool: Tool, manner: Manner) -> int:
    wanted = running.plan(world, request, tool)
    if manner.dry_run:
        terminal.out(
            show.document(views.job(world, wanted, manner), manner.output or "yaml", views.job_name(wanted))
        )
        return 0
    if request.id and (earlier := find.perhaps(world, wanted.ref)):
        _tell_repeated(earlier, wanted, world.now())
    seen = running.start(world, writers, Seen(wanted, contents=mounts.contents(wanted, request.mounts)))
    return views.begun(world, writers, seen, manner)


def _tell_repeated(earlier: Manifest, wanted: Run, now: datetime) -> None:
    """Say of a request that was made before that nothing is started again."""
    from kubectl_rapt.model import times

    known = runs.from_manifest(earlier)
    if known.digest == wanted.digest and known.created_at:
        ago = times.spell_seconds((now - known.created_at).total_seconds())
        by = f" by {known.requested_by}" if known.requested_by != wanted.requested_by else ""
        terminal.say(terminal.clean(f"{known.name} was asked for {ago} ago{by}; not started again"))
