"""``kubectl rapt config``: the person's own settings."""

import os
from typing import Annotated

import typer

from kubectl_rapt import wiring
from kubectl_rapt.actions import execute, preferences
from kubectl_rapt.cli import listing, options, show, terminal
from kubectl_rapt.cli.columns import Drop, Wrap
from kubectl_rapt.config import settings
from kubectl_rapt.guard import secrets
from kubectl_rapt.model.plan import Plan

_STEPS = (Drop("FROM"), Wrap("VALUE", 16))
_KEYS = "repository, environment, contexts.ENV or forges.HOST"


def group(context: typer.Context) -> None:
    """Show and change your own settings: the config repository, the default environment and kube contexts.

    Example: kubectl rapt config view
    """
    terminal.out(context.get_help())


def view(
    context: typer.Context,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml", help="Output format")
    ] = "",
) -> None:
    """Show your settings, and where each comes from.

    Example: kubectl rapt config view
    """
    form = listing.form(output, forms="wide|json|yaml")
    found, path = wiring.read_settings(os.environ), str(wiring.settings_path(os.environ))
    if not form.is_table:
        data = {
            "file": path,
            "repository": secrets.redact(found.repository),
            "environment": found.environment,
            "contexts": dict(found.contexts),
            "forges": dict(found.forges),
        }
        terminal.out(show.document(data, output))
        return
    rows = [[key, secrets.redact(value), _source(key, path)] for key, value in settings.values(found).items()]
    if rows:
        listing.table(["SETTING", "VALUE", "FROM"], rows, form, _STEPS)
    else:
        terminal.say("Nothing is set: kubectl rapt init")


def _source(key: str, path: str) -> str:
    variable = settings.VARIABLES.get(key, "")
    return variable if os.environ.get(variable) else path


def set_(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="SETTING", help=f"The setting: {_KEYS}")],
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE", help="An address, an environment, a kube context or a variable's name"
        ),
    ],
    dry_run: options.DryRun = "none",
) -> None:
    """Change one of your settings: the config repository, the default environment, a kube context, a forge's token.

    Example: kubectl rapt config set contexts.prod prod-admin
    """
    is_dry = options.is_dry(dry_run)
    target = options.target(context)
    text, path = wiring.settings_text(os.environ), str(wiring.settings_path(os.environ))
    with options.open_world(context, "cluster") as (world, writers):
        step = preferences.put(
            world,
            text,
            path,
            key,
            value,
            lambda: [name for name, _ in wiring.contexts(target.kubeconfig, os.environ)],
            lambda name: wiring.cluster_of_context(name, target),
        )
        if not is_dry:
            execute.every(writers, Plan((step,)))
    _tell(key, f"set to {secrets.redact(value)}", is_dry=is_dry)


def unset(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="SETTING", help=f"The setting: {_KEYS}")],
    dry_run: options.DryRun = "none",
) -> None:
    """Remove one of your settings.

    Example: kubectl rapt config unset contexts.prod
    """
    is_dry = options.is_dry(dry_run)
    step = preferences.drop(wiring.settings_text(os.environ), str(wiring.settings_path(os.environ)), key)
    with options.open_world(context, "cluster") as (_, writers):
        if not is_dry:
            execute.every(writers, Plan((step,)))
    _tell(key, "unset", is_dry=is_dry)


def _tell(key: str, what: str, *, is_dry: bool) -> None:
    terminal.out(terminal.clean(f"{key} {what}{' (dry run)' if is_dry else ''}"))
    variable = settings.VARIABLES.get(key, "")
    if os.environ.get(variable):
        terminal.say(f"note: {variable} is set in your environment, and is stronger than this setting")
