"""``kubectl rapt sync``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import sync as syncing
from kubectl_rapt.actions.sync import Synced
from kubectl_rapt.cli import options, terminal
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers


def sync(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, do nothing")] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Allow an older commit than the applied one")
    ] = False,
    output: Annotated[str, typer.Option("-o", "--output", metavar="name", help="Print names only")] = "",
) -> None:
    """Apply an environment to its cluster, and prune what is no longer defined.

    Example: kubectl rapt sync --in prod
    """
    options.one_of("-o", output, ("name",))
    with options.open_world(context) as (world, writers):
        environment = options.environment(context, world.settings)
        carry_out(
            world, None if dry_run else writers, environment, rollback=rollback, names_only=output == "name"
        )


def carry_out(
    world: World,
    writers: Writers | None,
    environment: str,
    *,
    rollback: bool = False,
    names_only: bool = False,
) -> None:
    """Sync, and show each object as it is done."""
    done: list[Synced] = []

    def tell(one: Synced) -> None:
        done.append(one)
        kind = one.ref.kind.resource.replace(one.ref.kind.plural, one.ref.kind.name.lower(), 1)
        if names_only:
            terminal.out(f"{kind}/{one.ref.name}")
        elif one.what != "unchanged":
            why = f": {one.why}" if one.why else ""
            terminal.out(f"{kind}/{one.ref.name} {one.what}{why}{'' if writers else ' (dry run)'}")

    desired = syncing.sync(world, writers, environment, tell, rollback=rollback)
    if not names_only:
        what = "synced" if writers else "would be synced"
        terminal.out(f"{environment} {what} to {desired.commit[:7]}: {syncing.summary(done)}")
