"""``kubectl rapt install``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from kubectl_rapt.actions import install as installing
from kubectl_rapt.actions.install import Reconciler, Step
from kubectl_rapt.cli import options, progress, show, terminal
from kubectl_rapt.errors import Refused, UsageError
from kubectl_rapt.model import shell
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import ROLE_BINDING, ref_of
from kubectl_rapt.model.plan import Apply, Create, Delete, Patch

_EXAMPLE = "kubectl rapt install --reconciler --image registry.example.com/rapt:1 --for default"


def install(
    context: typer.Context,
    reconciler: Annotated[
        bool, typer.Option("--reconciler", help="Also install a CronJob that reconciles regularly")
    ] = False,
    namespaces: Annotated[
        str,
        typer.Option("--for", metavar="NAMESPACE,…", help="The namespaces that the CronJob reconciles: a,b"),
    ] = "",
    all_namespaces: Annotated[
        bool, typer.Option("-A", "--all-namespaces", help="The CronJob reconciles the whole cluster")
    ] = False,
    image: Annotated[str, typer.Option(metavar="IMAGE", help="Rapt's image, for --reconciler")] = "",
    every: Annotated[str, typer.Option(metavar="TIME", help="How often the CronJob reconciles")] = "1m",
    dry_run: options.DryRun = "none",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Print the objects")
    ] = "",
) -> None:
    """Install Rapt's kinds and roles in a cluster. An administrator does this once for each cluster.

    With --reconciler, also install a CronJob that retries, records and cleans up in the namespaces of --for, and
    has rights only there: see docs/reconcile.md.

    Example: kubectl rapt install --context admin@prod
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    is_dry = options.is_dry(dry_run)
    period = _period(every)
    given = {"--image": image, "--for": namespaces, "--all-namespaces": all_namespaces}
    for flag in (flag for flag, value in given.items() if value and not reconciler):
        raise UsageError("bad-flag", f"{flag} is of use with --reconciler only", _EXAMPLE)
    named = options.several_namespaces(namespaces, all_namespaces)
    wanted = _reconciler(context, image, period, named, all_namespaces) if reconciler else None
    with options.open_world(context, "cluster") as (world, writers):
        plan = installing.plan(world, wanted)
        steps = [step for step in plan.steps if isinstance(step, Apply | Create | Delete | Patch)]
        if output in ("json", "yaml"):
            objects = [step.manifest for step in steps if not isinstance(step, Delete | Patch)]
            terminal.out(show.document(show.listed(objects), output))
        with _administrator_named():
            if not is_dry:
                installing.check_rights(world, steps)
            progress.phase("applying", len(steps))
            for step in steps:
                if not is_dry:
                    installing.carry_out(world, writers, step)
                progress.step()
                if output not in ("json", "yaml"):
                    terminal.out(_told(step, output, is_dry=is_dry))
        if not installing.is_guarded(world):
            terminal.say(
                "note: this cluster has no ValidatingAdmissionPolicies (Kubernetes 1.30), so that nothing but "
                "their own rights keeps people from creating Runs in the name of others"
            )
        if not is_dry:
            progress.phase("waiting until the API server serves them")
            installing.wait(world, writers)


@contextmanager
def _administrator_named() -> Iterator[None]:
    """Say who can do it where the user may not."""
    try:
        yield
    except Refused as error:
        if error.code != "no-right":
            raise
        hint = "ask a cluster administrator to type: kubectl rapt install"
        raise Refused(error.code, error.message, (hint, *error.hints), error.problems) from error


def _told(step: Step, output: str, *, is_dry: bool) -> str:
    ref = step.ref if isinstance(step, Delete | Patch) else ref_of(step.manifest)
    if output == "name":
        return show.name(ref)
    where = f" in {ref.namespace}" if ref.kind == ROLE_BINDING else ""
    return f"{show.name(ref)}{where} {_DONE[type(step)]}{' (dry run)' if is_dry else ''}"


_DONE = {Apply: "applied", Create: "created", Delete: "deleted", Patch: "updated"}


def _period(every: str) -> Duration:
    try:
        return Duration.parse(every)
    except ValueError as error:
        what = f'--every expects a time such as 5m, got "{every}"'
        raise UsageError("bad-flag", what, "--every 5m") from error


def _reconciler(
    context: typer.Context, image: str, period: Duration, named: tuple[str, ...], is_for_all: bool
) -> Reconciler:
    command = "kubectl rapt install --reconciler"
    if not image:
        what = "--reconciler needs Rapt's own image, which deploy/Containerfile makes"
        raise UsageError("bad-flag", what, _EXAMPLE)
    if not (named or is_for_all):
        what = "--reconciler needs the namespaces that it reconciles: it has rights only there"
        raise UsageError("bad-flag", what, f"{command} --image {shell.word(image)} --for default")
    return Reconciler(image, period, options.target(context).namespace or "rapt-system", named)
