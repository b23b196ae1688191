"""``kubectl rapt dead``: the runs that used up their attempts."""

import os
from typing import Annotated

import typer

from kubectl_rapt import wiring
from kubectl_rapt.actions import clean as cleaning
from kubectl_rapt.actions import dead as letters
from kubectl_rapt.actions import evidence
from kubectl_rapt.cli import asking, copying, options, progress, refusals, show, terminal
from kubectl_rapt.cli.commands import clean
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import RUN
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Run

Runs = Annotated[list[str] | None, typer.Argument(metavar="RUN…", help="The dead letters")]
Selector = Annotated[str, typer.Option("-l", "--selector", metavar="LABELS", help="Those with these labels")]
Output = Annotated[str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Output format")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask")]


def list_(
    context: typer.Context,
    selector: Selector = "",
    all_namespaces: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="In every namespace")
    ] = False,
    output: Output = "",
) -> None:
    """List the runs that used up their attempts, newest first.

    Example: kubectl rapt dead list -l rapt.dev/tool=backup
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    with options.open_world(context) as (world, _):
        namespace = "" if all_namespaces else world.cluster.namespace()
        found = letters.every(world, namespace, selector)
        now = world.now()
    if output == "name":
        for one in found:
            terminal.out(f"run.{RUN.group}/{one['metadata']['name']}")
        return
    if output:
        terminal.out(show.document(show.listed(found), output))
        return
    if not found:
        where = "any namespace" if all_namespaces else f"namespace {namespace}"
        terminal.say(f"No dead letters in {where}.")
        return
    rows = []
    for run in map(runs.from_manifest, found):
        ended = times.spell_seconds((now - run.finished_at).total_seconds()) if run.finished_at else ""
        last = run.attempts[-1]
        said = [run.name, run.tool, last.cause, str(last.number), run.requested_by, ended, last.message]
        rows.append(([run.namespace] if all_namespaces else []) + said)
    header = ["RUN", "TOOL", "CAUSE", "ATTEMPTS", "BY", "ENDED", "MESSAGE"]
    terminal.out(show.table((["NAMESPACE"] if all_namespaces else []) + header, rows))


def show_(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The dead letter")],
    output: Annotated[str, typer.Option("-o", "--output", metavar="json|yaml", help="Output format")] = "",
) -> None:
    """Show a dead letter: its answers, each attempt with cause and evidence, and the last lines it said.

    Example: kubectl rapt dead show backup-x7k2p
    """
    options.one_of("-o", output, ("json", "yaml"))
    with options.open_world(context) as (world, _):
        found = letters.chosen(world, world.cluster.namespace(), [run], "")[0]
    if output:
        terminal.out(show.document(found, output))
        return
    dead = runs.from_manifest(found)
    lines = _lines(dead)
    width = max(len(key) for key, _ in lines)
    for key, text in lines:
        terminal.out(f"{key:<{width}}  {terminal.clean(text)}")
    if dead.log:
        terminal.out("last lines")
        for line in dead.log.splitlines():
            terminal.out(f"  {terminal.clean(line)}")


def _lines(dead: Run) -> list[tuple[str, str]]:
    lines = [("run", dead.name), ("tool", dead.tool), ("asked by", dead.requested_by)]
    if dead.answers:
        lines.append(("answers", ", ".join(f"{key}={value}" for key, value in dead.answers.items())))
    if dead.source:
        lines.append(("from", f"{dead.source.template} {dead.source.version} ({dead.source.registry})"))
    for one in dead.attempts:
        code = "" if one.exit_code is None else f", exit code {one.exit_code}"
        lines.append(
            (f"attempt {one.number}", f"{one.cause}{code}" + (f": {one.message}" if one.message else ""))
        )
        if one.evidence:
            lines.append(("evidence", one.evidence))
    if dead.result:
        lines.append(("result", dead.result))
    lines.append(("manifest", copying.here(f"kubectl rapt dead show {dead.name} -o yaml")))
    lines.append(("try", copying.here(f"kubectl rapt dead replay {dead.name}")))
    return lines


def replay(
    context: typer.Context,
    wanted: Runs = None,
    selector: Selector = "",
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Another answer (repeatable)")
    ] = None,
    dry_run: options.DryRun = "none",
    output: Output = "",
) -> int:
    """Run dead letters again: each once for the same changes, however often it is asked for.

    Without --set it is the same Job again. With it the tool is asked as it is today, with the old answers and these.

    Example: kubectl rapt dead replay -l rapt.dev/tool=backup --set memory=2Gi
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    is_dry, failed, made = options.is_dry(dry_run), 0, []
    changes = options.pairs(set_ or [], "--set")
    with options.open_world(context) as (world, writers):
        found = letters.chosen(world, world.cluster.namespace(), wanted or [], selector)
        for dead in map(runs.from_manifest, found):
            try:
                again = letters.replay(world, dead, changes)
                done = None if is_dry else letters.start(world, writers, again)
            except RaptError as error:
                if len(found) == 1:
                    raise
                failed += 1
                terminal.say(terminal.clean(f"{dead.ref} was not replayed: {refusals.brief(error)}"))
                continue
            made.append(runs.to_manifest(again))
            if not output:
                how = "would be created" if done is None else "created" if done.is_new else "exists already"
                terminal.out(terminal.clean(f"{show.name(again.ref)} {how} (replays {dead.name})"))
            elif output == "name":
                terminal.out(show.name(again.ref))
    if output in ("json", "yaml"):
        terminal.out(show.document(show.listed(made), output))
    return 1 if failed else 0


def drop(
    context: typer.Context,
    wanted: Runs = None,
    selector: Selector = "",
    dry_run: options.DryRun = "none",
    yes: Yes = False,
) -> int:
    """Delete dead letters, and what is left of their Jobs, after showing them.

    Example: kubectl rapt dead drop backup-x7k2p
    """
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        found = letters.chosen(world, world.cluster.namespace(), wanted or [], selector)
        plan = letters.drop(world, found)
        clean.show_plan(plan, "", is_dry=True)
        done: list[cleaning.Done] = []
        if plan.going and not is_dry:
            asking.confirm(f"delete {clean.count(plan.going)} for good", is_sure=yes)
            done = cleaning.carry_out(world, writers, plan.going, folder="")
    code = clean.tell(plan, done, is_dry=is_dry)
    return code or (0 if len(plan.going) == len(plan.verdicts) else 1)


def export(
    context: typer.Context,
    wanted: Runs = None,
    selector: Selector = "",
    to: Annotated[str, typer.Option(metavar="DIR", help="The folder; else one in your own data folder")] = "",
    dry_run: options.DryRun = "none",
) -> None:
    """Write dead letters to files: manifest, answers, causes, evidence, logs.

    Example: kubectl rapt dead export -l rapt.dev/tool=backup --to incident-7
    """
    is_dry = options.is_dry(dry_run)
    folder = to or str(wiring.evidence_folder(os.environ))
    with options.open_world(context) as (world, writers):
        found = letters.chosen(world, world.cluster.namespace(), wanted or [], selector)
        refs = letters.with_jobs(world, found)
        if not is_dry:
            progress.phase("writing evidence", len(refs))
            evidence.export(world, writers, refs, folder, progress.step)
    for ref in refs:
        terminal.out(terminal.clean(f"{ref} {'would be ' * is_dry}written to {folder}"))


def group(context: typer.Context) -> None:
    """Runs that used up their attempts: look at them, run them again, keep them elsewhere, drop them.

    Example: kubectl rapt dead list
    """
    list_(context)
