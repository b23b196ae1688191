"""``kubectl rapt clean``."""

import os
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from kubectl_rapt import wiring
from kubectl_rapt.actions import clean as cleaning
from kubectl_rapt.actions.clean import Done, Plan, Scope
from kubectl_rapt.cli import asking, listing, options, progress, show, terminal
from kubectl_rapt.cli.columns import Drop, Shorten, Wrap
from kubectl_rapt.cli.listing import Form
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.runs import retention
from kubectl_rapt.runs.retention import Verdict

_STEPS = (
    Wrap("WHY", 24),
    Drop("TOOL"),
    Shorten("NAMESPACE", 12),
    Drop("STATUS"),
    Wrap("WHY", 14),
    Shorten("NAMESPACE", 6),
    Wrap("WHY", 8),
    Drop("WHY"),
)
_MANY = 0.2
"""Beyond this part of the finished Jobs it is asked again."""


def _age(text: str) -> Duration:
    try:
        return Duration.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f'a time such as 12h, 7d or 1d12h, got "{text}"') from error


def clean(
    context: typer.Context,
    tools: Annotated[list[str] | None, typer.Argument(metavar="[TOOL…]", help="Only these tools")] = None,
    selector: listing.Labels = "",
    older_than: Annotated[
        Duration | None,
        typer.Option(
            metavar="TIME", parser=_age, help="Jobs that ended this long ago, whatever policies say"
        ),
    ] = None,
    status: Annotated[
        str,
        typer.Option(metavar="WORD,…", help="Only these: succeeded, failed, cancelled, dead, notstarted"),
    ] = "",
    policy: Annotated[
        str, typer.Option(metavar="NAME", help="Use this cleanup policy instead of the tools' own")
    ] = "",
    export: Annotated[
        str, typer.Option(metavar="DIR", help="Write manifests, causes and logs to this folder first")
    ] = "",
    all_namespaces: Annotated[bool, typer.Option("-A", "--all-namespaces", help="In all namespaces")] = False,
    dry_run: options.DryRun = "none",
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask")] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml|name", help="Print the plan as data")
    ] = "",
) -> int:
    """Delete finished Jobs and runs that no cleanup policy keeps, after showing them.

    Example: kubectl rapt clean backup --older-than 7d --status failed
    """
    form = listing.form(output, forms="wide|json|yaml|name")
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        namespace = listing.namespace(world, all_namespaces=all_namespaces)
        scope = Scope(namespace, tuple(tools or ()), older_than, policy=policy, labels=selector)
        scope = cleaning.with_statuses(scope, options.words(status))
        progress.phase("reading what has finished")
        plan = cleaning.plan(world, scope)
        show_plan(plan, form, is_dry=is_dry)
        done: list[Done] = []
        if plan.going and not is_dry:
            _ask(scope, plan, is_sure=yes)
            progress.phase("deleting", len(plan.going))
            folder = export or str(wiring.evidence_folder(os.environ))
            done = cleaning.carry_out(
                world, writers, plan.going, folder=folder, export_all=bool(export), tell=progress.step
            )
    return tell(plan, done, is_dry=is_dry)


def _ask(scope: Scope, plan: Plan, *, is_sure: bool) -> None:
    """Ask where it is much, or where nobody has said what."""
    part = retention.part_of_jobs(plan.verdicts)
    what = f"delete {count(plan.going)}"
    if part > _MANY:
        asking.confirm(f"{what}, {part:.0%} of the finished Jobs", is_sure=is_sure)
    elif scope.is_everything:
        asking.confirm(f"{what} of all tools", is_sure=is_sure)


def count(verdicts: Sequence[Verdict]) -> str:
    """How many Jobs and Runs: ``3 Jobs and 1 Run``."""
    found = Counter(one.item.ref.kind.name for one in verdicts)
    return (
        " and ".join(f"{number} {kind}{'s' * (number != 1)}" for kind, number in found.items()) or "nothing"
    )


def show_plan(plan: Plan, form: Form, *, is_dry: bool) -> None:
    """What goes; in a dry run also what stays."""
    if form.kind == "name":
        for one in plan.going:
            terminal.out(show.name(one.item.ref))
        return
    if not form.is_table:
        terminal.out(show.document(show.listed([_data(one) for one in plan.verdicts]), form.kind))
        return
    shown = plan.verdicts if is_dry else plan.going
    is_wide = len({one.item.ref.namespace for one in shown}) > 1
    rows = [
        ([one.item.ref.namespace] if is_wide else [])
        + ["delete" if one.goes else "keep", str(one.item.ref), one.item.tool, one.item.ending, str(one)]
        for one in shown
    ]
    if rows:
        header = (["NAMESPACE"] if is_wide else []) + ["DO", "WHAT", "TOOL", "STATUS", "WHY"]
        listing.table(header, rows, form, _STEPS)


def _data(one: Verdict) -> dict[str, Any]:
    return {
        "kind": one.item.ref.kind.name,
        "name": one.item.ref.name,
        "namespace": one.item.ref.namespace,
        "uid": one.item.uid,
        "tool": one.item.tool,
        "status": one.item.ending,
        "delete": one.goes,
        "why": one.why,
        "policy": one.policy,
        "export": one.export,
    }


def tell(plan: Plan, done: Sequence[Done], *, is_dry: bool = False) -> int:
    """What was done, and what was not; the exit code."""
    for problem in plan.broken:
        terminal.say(terminal.clean(f"{problem.where} stays: {problem.what}"))
    for one in done:
        if one.what in ("changed", "failed"):
            word = "stays" if one.what == "changed" else "was not deleted"
            terminal.say(terminal.clean(f"{one.verdict.item.ref} {word}: {one.why}"))
    deleted = [one.verdict for one in done if one.what in ("deleted", "gone")]
    stay = len(plan.verdicts) - len(plan.going if is_dry else deleted)
    what = f"{count(plan.going)} would be deleted" if is_dry else f"{count(deleted)} deleted"
    why = "" if plan.going or is_dry or not stay else " (--dry-run says why)"
    terminal.say(f"{what}, {stay} {'stays' if stay == 1 else 'stay'}{why}")
    return 1 if plan.broken or any(one.what == "failed" for one in done) else 0
