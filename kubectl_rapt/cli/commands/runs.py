"""``kubectl rapt runs``."""

from typing import Annotated

import typer

from kubectl_rapt.cli import options, show, terminal
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import RUN
from kubectl_rapt.objects import labels
from kubectl_rapt.objects import runs as run_objects
from kubectl_rapt.objects.runs import Run


def runs(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="[TOOL]", help="Only of this tool")] = "",
    all_namespaces: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="Of every namespace")
    ] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Output format")
    ] = "",
) -> None:
    """List runs, newest first.

    Example: kubectl rapt runs http-check
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    environment = options.named_environment(context)
    wanted = {labels.TOOL: tool, labels.ENVIRONMENT: environment}
    with options.open_world(context) as (world, _):
        namespace = "" if all_namespaces else world.cluster.namespace()
        selector = labels.selector({key: value for key, value in wanted.items() if value})
        found = list(world.cluster.list(RUN, namespace, labels=selector))
        now = world.now()
    found.sort(key=lambda one: str(one["metadata"]["creationTimestamp"]), reverse=True)
    if output == "name":
        for one in found:
            terminal.out(f"run.{RUN.group}/{one['metadata']['name']}")
        return
    if output:
        terminal.out(show.document(show.listed(found), output))
        return
    if not found:
        terminal.say(f"No runs found in {'any namespace' if all_namespaces else f'namespace {namespace}'}.")
        return
    header = ["RUN", "TOOL", "STATUS", "EXIT", "BY", "DURATION", "AGE"]
    rows = []
    for one in found:
        run = run_objects.from_manifest(one)
        last = run.attempts[-1] if run.attempts else None
        rows.append(
            ([run.namespace] if all_namespaces else [])
            + [
                run.name,
                run.tool,
                run.status,
                "" if last is None or last.exit_code is None else str(last.exit_code),
                run.requested_by,
                _duration(run),
                times.spell_seconds((now - run.created_at).total_seconds()) if run.created_at else "",
            ]
        )
    terminal.out(show.table((["NAMESPACE"] if all_namespaces else []) + header, rows))


def _duration(run: Run) -> str:
    last = run.attempts[-1] if run.attempts else None
    if last is None or last.started_at is None or last.finished_at is None:
        return ""
    return times.spell_seconds((last.finished_at - last.started_at).total_seconds())
