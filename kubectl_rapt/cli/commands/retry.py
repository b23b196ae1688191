"""``kubectl rapt retry``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import retry as retrying
from kubectl_rapt.cli import named, options, show, terminal, watching
from kubectl_rapt.errors import NotFound
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers


def retry(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run to try again", metavar=named.WHAT)],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change an answer, memory or deadline (repeatable)",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also a run that succeeded: do its work again")
    ] = False,
    follow: options.Follow = None,
    wait: options.RunWait = False,
    timeout: options.RunTimeout = 0,
    dry_run: options.DryRun = "none",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Print the Run")
    ] = "",
    raw: options.Raw = False,
) -> int:
    """Add an attempt to a run that failed, with the same Job.

    Example: kubectl rapt retry http-check-x7k2p --set memory=1Gi
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    is_dry = options.is_dry(dry_run)
    follows = options.follows(follow, wait=wait, has_output=bool(output))
    given = options.pairs(set_ or [], "--set")
    with options.open_world(context) as (world, writers):
        namespace = world.cluster.namespace()
        found = _run(world, None if is_dry else writers, run)
        if is_dry:
            job = retrying.next_job(world, found, given, again=again)
            terminal.out(show.document(job, output or "yaml", f"job.batch/{job['metadata']['name']}"))
            return 0
        seen, number, by = retrying.retry(world, writers, found.name, namespace, given, again=again)
        assert seen.run is not None, "a run that was advanced exists"
        if by:
            terminal.say(f"attempt {number} was asked for already, by {terminal.clean(by)}")
        has_events = follows and output == "json"
        if output and not has_events:
            terminal.out(show.document(runs.to_manifest(seen.run), output, show.name(seen.run.ref)))
        elif not follows:
            behind = retrying.behind(world, seen, number)
            what = f"queued behind {behind}" if behind else "created"
            terminal.out(terminal.clean(f"{show.name(found.ref)} attempt {number} {what}"))
            watching.left_alone(seen.run)
        if not follows:
            return 0
        shows: watching.Shows = "events" if has_events else "phases" if wait else "log"
        return watching.attach(world, writers, seen, timeout_seconds=timeout, raw=raw, shows=shows)


def _run(world: World, writers: Writers | None, what: str) -> Run:
    """The run that was meant; a schedule's failure that nobody has recorded yet is recorded first."""
    try:
        return named.run(world, what, "retry")
    except NotFound as error:
        if error.code != "no-run":
            raise
        from kubectl_rapt.actions import adopt

        found = adopt.by_name(world, writers, what.rpartition("/")[2], world.cluster.namespace())
        if found is None:
            raise
    if writers is not None:
        terminal.say(terminal.clean(f"recorded what a schedule started as run {found.name}"))
    return found
