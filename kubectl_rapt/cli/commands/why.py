"""``kubectl rapt why``."""

from typing import Annotated, Any

import typer

from kubectl_rapt.actions import why as explaining
from kubectl_rapt.actions.why import Explanation
from kubectl_rapt.cli import options, show, terminal, watching
from kubectl_rapt.objects import runs, tools


def why(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="TOOL|RUN|job/NAME|pod/NAME", help="What to explain")],
    output: Annotated[str, typer.Option("-o", "--output", metavar="json|yaml", help="Output format")] = "",
) -> None:
    """Explain where a run comes from and why it ended as it did.

    Example: kubectl rapt why job/http-check-x7k2p-1
    """
    options.one_of("-o", output, ("json", "yaml"))
    with options.open_world(context) as (world, _):
        explanation = explaining.why(world, what, world.cluster.namespace())
    if output:
        terminal.out(show.document(_data(explanation), output))
        return
    lines = _lines(explanation)
    width = max(len(key) for key, _ in lines)
    for key, text in lines:
        terminal.out(f"{key:<{width}}  {terminal.clean(text)}")


def _lines(one: Explanation) -> list[tuple[str, str]]:
    lines = []
    outcome, run, job = one.outcome, one.found.run, one.found.job
    if outcome is None:
        lines.append(("state", run.status if run else "Running"))
    elif outcome.is_success:
        lines.append(("state", "Succeeded"))
    else:
        lines.append(("cause", watching.cause(outcome)))
    if outcome and outcome.evidence:
        lines.append(("evidence", outcome.evidence))
    if outcome and outcome.result:
        lines.append(("result", outcome.result))
    if one.source:
        lines.append(
            (
                "from",
                f"{one.source.template} {one.source.version} ({one.source.registry}, tree {one.source.tree[:7]})",
            )
        )
    if one.origin:
        commit, change = one.origin.commit, one.origin.change
        by = commit.author.partition(" <")[0]
        lines.append(("commit", commit.id))
        lines.append(
            ("change", f"{change.id} by {by}: {change.summary}" if change else f"made by hand by {by}")
        )
    elif one.no_origin:
        lines.append(("commit", f"unknown: {one.no_origin}"))
    lines.append(("tool", one.tool + (f" in {one.environment}" if one.environment else "")))
    lines.append(("asked by", one.requested_by))
    if one.answers:
        lines.append(("answers", ", ".join(f"{key}={value}" for key, value in one.answers.items())))
    if run:
        lines.append(("run", run.name))
    if job:
        lines.append(("job", job.name))
    if outcome and not outcome.is_success:
        lines.append(("try", f"kubectl rapt logs {run.name if run else one.tool}"))
    return lines


def _data(one: Explanation) -> dict[str, Any]:
    outcome, origin = one.outcome, one.origin
    data: dict[str, Any] = {"tool": one.tool, "environment": one.environment, "requestedBy": one.requested_by}
    if one.found.run:
        data["run"] = runs.to_manifest(one.found.run)["metadata"]["name"]
    if one.found.job:
        data["job"] = one.found.job.name
    if one.answers:
        data["answers"] = dict(one.answers)
    if one.source:
        data["source"] = tools.source_to_data(one.source)
    if origin:
        data["commit"] = origin.commit.id
        data["author"] = origin.commit.author
    if origin and origin.change:
        data["change"] = origin.change.id
    if outcome:
        data["outcome"] = {
            "cause": outcome.cause,
            "exitCode": outcome.exit_code,
            "message": outcome.message,
            "evidence": outcome.evidence,
            "result": outcome.result,
        }
    return data
