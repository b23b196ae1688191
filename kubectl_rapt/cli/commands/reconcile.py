"""``kubectl rapt reconcile``."""

import os
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from kubectl_rapt.actions import notify as notifying
from kubectl_rapt.actions import reconcile as reconciling
from kubectl_rapt.actions import repository
from kubectl_rapt.actions.notify import Webhook
from kubectl_rapt.actions.passing import Scope, Told
from kubectl_rapt.cli import options, progress, refusals, show, terminal
from kubectl_rapt.config.project import Environment, Reconcile
from kubectl_rapt.errors import UsageError
from kubectl_rapt.ports.world import World


def reconcile(
    context: typer.Context,
    all_namespaces: Annotated[bool, typer.Option("-A", "--all-namespaces", help="In all namespaces")] = False,
    several: Annotated[
        str, typer.Option("--for", metavar="NAMESPACE,…", help="In these namespaces: a,b")
    ] = "",
    export: Annotated[
        str, typer.Option(metavar="DIR", help="Folder for evidence that policies export before deletion")
    ] = "",
    webhook: Annotated[
        str,
        typer.Option(
            metavar="URL", help="Notify this URL of failures and recoveries; or set RAPT_WEBHOOK_URL"
        ),
    ] = "",
    dry_run: options.DryRun = "none",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml", help="Print what was done as data")
    ] = "",
) -> int:
    """Do everything that is due, once: retry runs, record results, adopt failed Jobs of schedules, clean up.

    Example: kubectl rapt reconcile -A
    """
    options.one_of("-o", output, ("json", "yaml"))
    is_dry = options.is_dry(dry_run)
    to = _webhook(webhook or os.environ.get("RAPT_WEBHOOK_URL", ""), "RAPT_WEBHOOK_SECRET")
    told: list[Told] = []
    named = options.several_namespaces(several, all_namespaces)
    for flag in ("--namespace", "--in"):
        if named and options.is_given(context, flag):
            error = UsageError("bad-flag", f"--for and {flag} contradict each other", f"--for {several}")
            raise error.meant(flag, "")
    is_wide = bool(named) or all_namespaces or bool(options.named_environment(context))

    def tell(one: Told) -> None:
        told.append(one)
        progress.step()
        if not output or one.error:
            _print(one, is_wide=is_wide)

    with options.open_world(context) as (world, writers):
        place = _environment(context, world)
        said = place.reconcile if place else Reconcile()
        to = to or _webhook(os.environ.get(said.url_variable, ""), said.secret_variable)
        places = [""] if all_namespaces else named or _namespaces(world)
        scopes = [
            Scope(one, options.named_environment(context), export or said.export_to, to) for one in places
        ]
        progress.phase(f"doing what is due in {' and '.join(filter(None, places)) or 'every namespace'}")
        if len(scopes) == 1:
            reconciling.reconcile(world, writers, scopes[0], tell, is_dry=is_dry)
        else:
            reconciling.reconcile_several(world, writers, scopes, tell, is_dry=is_dry)
    if output:
        terminal.out(show.document(show.listed([_data(one) for one in told]), output))
    failed = sum(one.error is not None for one in told)
    done = len(told) - failed
    what = f"{done} would be done" if is_dry else f"{done} done"
    terminal.say(f"{what}, {failed} failed" if told else "nothing is due")
    return 1 if failed else 0


def _webhook(url: str, variable: str) -> Webhook | None:
    """Whom to tell; None where nobody is named. Its secret is in an environment variable."""
    return notifying.webhook(url, os.environ.get(variable, ""), variable)


def _environment(context: typer.Context, world: World) -> Environment | None:
    """The environment that was named, as its config repository has it now."""
    name = options.named_environment(context)
    return repository.read(world).project().environment(name) if name else None


def _namespaces(world: World) -> Sequence[str]:
    """Those of the environment; without one the namespace in use."""
    return world.location.namespaces if world.location else [world.cluster.namespace()]


def _print(one: Told, *, is_wide: bool) -> None:
    where = f" in {one.ref.namespace}" if is_wide and one.ref.namespace else ""
    if one.error is None:
        terminal.out(terminal.clean(f"{one.ref}{where}: {one.what}"))
    else:
        terminal.say(terminal.clean(f"error: {one.ref}{where}: {refusals.brief(one.error)}"))


def _data(one: Told) -> dict[str, Any]:
    error = {"code": one.error.code, "message": one.error.message} if one.error else None
    data = {
        "kind": one.ref.kind.name,
        "name": one.ref.name,
        "namespace": one.ref.namespace or None,
        "what": one.what or None,
        "error": error,
    }
    return {key: value for key, value in data.items() if value is not None}
