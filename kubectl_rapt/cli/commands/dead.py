"""``kubectl rapt dead``: what is done with runs that used up their attempts; ``runs --status dead`` lists them."""

import os
from typing import Annotated

import typer

from kubectl_rapt import wiring
from kubectl_rapt.actions import clean as cleaning
from kubectl_rapt.actions import dead as letters
from kubectl_rapt.actions import evidence
from kubectl_rapt.cli import asking, listing, options, progress, refusals, show, terminal
from kubectl_rapt.cli.commands import clean
from kubectl_rapt.config import location
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import ref_of
from kubectl_rapt.objects import runs

Runs = Annotated[list[str] | None, typer.Argument(metavar="RUN…", help="The dead runs")]
Selector = Annotated[str, typer.Option("-l", "--selector", metavar="LABELS", help="Label selector")]
Output = Annotated[str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Output format")]
Yes = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask")]


def replay(
    context: typer.Context,
    wanted: Runs = None,
    selector: Selector = "",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change an answer, memory or deadline (repeatable)"),
    ] = None,
    dry_run: options.DryRun = "none",
    output: Output = "",
) -> int:
    """Repeat dead runs as new runs. The same replay with the same changes happens once, however often you type it.

    The new run has the same Job, with other memory or another deadline if you --set them. With another answer, it
    uses today's tool, the old answers, and these.

    Example: kubectl rapt dead replay -l rapt.dev/tool=backup --set memory=2Gi
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    is_dry, failed, made = options.is_dry(dry_run), 0, []
    changes = options.pairs(set_ or [], "--set")
    with options.open_world(context) as (world, writers):
        found = letters.chosen(world, world.cluster.namespace(), wanted or [], selector)
        for manifest in found:
            try:
                dead = runs.from_manifest(manifest)
                again = letters.replay(world, dead, changes)
                done = None if is_dry else letters.start(world, writers, again)
            except RaptError as error:
                if len(found) == 1 or location.concerns_all(error):
                    raise
                failed += 1
                terminal.say(terminal.clean(f"{ref_of(manifest)} was not replayed: {refusals.brief(error)}"))
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
    """Delete dead runs and their Jobs, after showing them.

    Example: kubectl rapt dead drop backup-x7k2p
    """
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        found = letters.chosen(world, world.cluster.namespace(), wanted or [], selector)
        plan = letters.drop(world, found)
        clean.show_plan(plan, listing.Form(), is_dry=True)
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
    to: Annotated[
        str, typer.Option(metavar="DIR", help="Folder to write to; by default, one in your data folder")
    ] = "",
    dry_run: options.DryRun = "none",
) -> None:
    """Write dead runs to files: manifest, answers, causes, evidence, and logs.

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
    """Repeat, export or delete runs that used up their attempts. List them with: kubectl rapt runs --status dead

    Example: kubectl rapt dead replay backup-x7k2p --set memory=2Gi
    """
    terminal.out(context.get_help())
