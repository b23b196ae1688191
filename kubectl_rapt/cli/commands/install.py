"""``kubectl rapt install``."""

from typing import Annotated

import typer

from kubectl_rapt import writes
from kubectl_rapt.actions import install as installing
from kubectl_rapt.cli import options, show, terminal
from kubectl_rapt.model.kinds import ref_of
from kubectl_rapt.model.plan import Apply


def install(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be applied, apply nothing")
    ] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Print the objects")
    ] = "",
) -> None:
    """Install Rapt's kinds and roles in a cluster; needs an administrator, once a cluster.

    Example: kubectl rapt install --context admin@prod
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    with options.open_world(context) as (world, writers):
        plan = installing.plan(world)
        applies = [step for step in plan.steps if isinstance(step, Apply)]
        if output in ("json", "yaml"):
            terminal.out(show.document(show.listed([step.manifest for step in applies]), output))
        for step in applies:
            if not dry_run:
                writes.apply(writers, step)
            if output not in ("json", "yaml"):
                ref = ref_of(step.manifest)
                kind = f"{ref.kind.name.lower()}.{ref.kind.group}/{ref.name}"
                terminal.out(kind if output == "name" else f"{kind} applied{' (dry run)' if dry_run else ''}")
        if not dry_run:
            installing.wait(world)
