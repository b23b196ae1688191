"""``kubectl rapt run``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import advance
from kubectl_rapt.actions import run as running
from kubectl_rapt.cli import options, show, terminal, watching
from kubectl_rapt.model.kinds import ref_of
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.runs.lifecycle import Seen

Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Answer a parameter (repeatable)")
]
Env = Annotated[
    list[str] | None, typer.Option("--env", metavar="K=V", help="Set a variable that the tool declares")
]


def run(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(help="The tool to run", metavar="TOOL")],
    set_: Set = None,
    env: Env = None,
    follow: options.Follow = None,
    wait: options.RunWait = False,
    timeout: options.RunTimeout = 0,
    request_id: Annotated[str, typer.Option(metavar="ID", help="The same request never runs twice")] = "",
    dry_run: Annotated[
        str,
        typer.Option(
            "--dry-run", metavar="none|client|server", help="Show the Job, run nothing; bare is client"
        ),
    ] = "none",
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="json|yaml|name", help="Print the Run; json with --follow: events"
        ),
    ] = "",
    raw: options.Raw = False,
) -> int:
    """Run a tool; while following, end with the container's exit code.

    Example: kubectl rapt run http-check --set url=http://example.com --follow
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    options.one_of("--dry-run", dry_run, ("none", "client", "server"))
    follows = options.follows(follow, wait=wait, has_output=bool(output))
    with options.open_world(context) as (world, writers):
        request = running.Request(
            tool,
            world.cluster.namespace(),
            options.pairs(set_ or [], "--set"),
            options.pairs(env or [], "--env"),
            request_id,
        )
        wanted = running.plan(world, request)
        if dry_run != "none":
            job = jobs.of_attempt(wanted, 1)
            shown = world.cluster.dry_run(job) if dry_run == "server" else job
            terminal.out(show.document(shown, output or "yaml", show.name(ref_of(shown))))
            return 0
        seen = advance.advance(world, writers, Seen(wanted))
        assert seen.run is not None, "a run that was advanced exists"
        created = seen.run
        has_events = follows and output == "json"
        if output and not has_events:
            terminal.out(show.document(runs.to_manifest(created), output, show.name(created.ref)))
        elif not follows:
            terminal.out(f"{show.name(created.ref)} created")
            terminal.say(f"  follow: kubectl rapt attach {created.name}")
        if not follows:
            return 0
        shows: watching.Shows = "events" if has_events else "phases" if wait else "log"
        return watching.attach(world, writers, seen, timeout_seconds=timeout, raw=raw, shows=shows)
