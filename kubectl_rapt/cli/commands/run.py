"""``kubectl rapt run``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import advance
from kubectl_rapt.actions import run as running
from kubectl_rapt.cli import options, show, terminal, watching
from kubectl_rapt.model.kinds import JOB, Ref, ref_of
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.runs.outcome import Outcome
from kubectl_rapt.writes import Writers

Set = Annotated[
    list[str] | None,
    typer.Option("--set", "--arg", metavar="NAME=VALUE", help="Answer a parameter (repeatable)"),
]
Env = Annotated[
    list[str] | None, typer.Option("--env", metavar="K=V", help="Set a variable that the tool declares")
]


def run(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(help="The tool to run", metavar="TOOL")],
    set_: Set = None,
    env: Env = None,
    follow: Annotated[
        bool | None,
        typer.Option("--follow/--detach", "-f", help="Stream the log until it ends (default on a terminal)"),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            parser=options.seconds, metavar="TIME", help="Stop following after this long; 0 is never"
        ),
    ] = 0,
    request_id: Annotated[str, typer.Option(metavar="ID", help="The same request never runs twice")] = "",
    dry_run: Annotated[
        str,
        typer.Option(
            "--dry-run", metavar="none|client|server", help="Show the Job, run nothing; bare is client"
        ),
    ] = "none",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Print the Run")
    ] = "",
    raw: Annotated[bool, typer.Option("--raw", help="Pass the log's bytes through unchanged")] = False,
) -> int:
    """Run a tool; while following, end with the container's exit code.

    Example: kubectl rapt run http-check --set url=http://example.com --follow
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    options.one_of("--dry-run", dry_run, ("none", "client", "server"))
    follows = (terminal.is_interactive() and not output) if follow is None else follow
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
        created = _run_of(seen)
        if output:
            terminal.out(show.document(runs.to_manifest(created), output, show.name(created.ref)))
        elif not follows:
            terminal.out(f"{show.name(created.ref)} created")
            terminal.say(f"  follow: kubectl rapt logs {created.name} --follow")
        if not follows:
            return 0
        return watching.watch(
            world,
            Ref(JOB, created.attempts[-1].job, created.namespace),
            created.name,
            timeout_seconds=timeout or None,
            raw=raw,
            close=lambda outcome: _close(world, writers, seen, outcome),
        )


def _close(world: World, writers: Writers, seen: Seen, outcome: Outcome) -> Outcome:
    """Record the outcome; what stands recorded in the end, because someone else may have been quicker."""
    return outcomes.recorded(_run_of(advance.close(world, writers, seen, outcome))) or outcome


def _run_of(seen: Seen) -> Run:
    assert seen.run is not None, "a run that was advanced exists"
    return seen.run
