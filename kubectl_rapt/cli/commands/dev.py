"""``kubectl rapt dev``: a template tried on this machine."""

import os
import shlex
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_rapt import wiring
from kubectl_rapt.actions import dev as trying
from kubectl_rapt.cli import options, polling, progress, refusals, show, terminal
from kubectl_rapt.errors import Invalid, NotFound, RaptError, UsageError
from kubectl_rapt.model import names
from kubectl_rapt.model.target import Target
from kubectl_rapt.templating import local as locally

if TYPE_CHECKING:
    from kubectl_rapt.actions.dev import Tried, Up
    from kubectl_rapt.ports.world import World
    from kubectl_rapt.templating.local import Given
    from kubectl_rapt.writes import Writers

CLUSTER = "cluster"


def group(context: typer.Context) -> None:
    """Try a template on this machine, with podman, Docker or a local cluster.

    Example: kubectl rapt dev run backup --watch
    """
    terminal.out(context.get_help())


def run(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(metavar="FOLDER", help="A template's folder or name, or a tool in your cluster"),
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Answer a parameter (repeatable)")
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env", metavar="NAME=VALUE", help="Value of a variable that a Secret would set (repeatable)"
        ),
    ] = None,
    mount: Annotated[
        list[str] | None,
        typer.Option("--mount", metavar="LOCAL:PATH", help="Files that a volume would contain (repeatable)"),
    ] = None,
    with_: Annotated[
        str,
        typer.Option(
            "--with", metavar="podman|docker|cluster", help="What runs it; by default, the first that answers"
        ),
    ] = "",
    watch: Annotated[
        bool, typer.Option("-w", "--watch", help="Run it again when a file of the template changes")
    ] = False,
    dry_run: options.DryRun = "none",
) -> int:
    """Render a template, run its pod on this machine, and say what differs from a cluster.

    Example: kubectl rapt dev run templates/backup --set host=localhost --watch
    """
    options.one_of("--with", with_, (*trying.ENGINES, CLUSTER))
    answers, given = options.pairs(set_ or [], "--set"), _given(env or [], mount or [])
    is_dry = options.is_dry(dry_run)
    with options.open_world(context, "cluster") as (world, writers):
        progress.aside(is_last=True)  # what is started has the terminal
        tried = trying.render(world, what, answers)
        for name, value in tried.examples.items():
            terminal.say(terminal.clean(f"  the example of {name} is taken: {terminal.shorten(value, 60)}"))
        if watch and not tried.root:
            raise UsageError("bad-flag", "--watch is for a template's folder", "kubectl rapt dev run --help")
        once = _runner(world, writers, with_, given, is_dry=is_dry)
        if not watch or is_dry:
            return once(tried, None)
        files = polling.Files(lambda: _folder(world, tried))
        code = 0
        while True:
            code = _shown(lambda: once(trying.render(world, what, answers), files.have_changed))
            terminal.say(
                f"  ended with {code}; it runs again when templates/{tried.name} changes, Ctrl-C ends"
            )
            progress.aside(is_last=True)
            files.wait()
            terminal.say(f"templates/{tried.name} changed")


def _folder(world: "World", tried: "Tried") -> Mapping[str, bytes]:
    return world.checkout.contents(tried.root, [f"templates/{tried.name}"])


def _shown(do: Callable[[], int]) -> int:
    """What a person makes wrong while they edit is told, and not the end."""
    try:
        return do()
    except RaptError as error:
        refusals.tell(error)
        return error.exit_code


def _given(env: list[str], mount: list[str]) -> "Given":
    files = {}
    for one in mount:
        here, _, path = one.rpartition(":")
        if not here or not path.startswith("/"):
            raise UsageError("bad-flag", f"--mount expects LOCAL:PATH, got {one}", "--mount ./key:/run/key")
        files[path] = os.path.abspath(here)  # noqa: PTH100 - Path.absolute() keeps ".."
    return locally.Given(options.pairs(env, "--env"), files)


_Once = Callable[["Tried", Callable[[], bool] | None], int]


def _runner(world: "World", writers: "Writers", wanted: str, given: "Given", *, is_dry: bool) -> _Once:
    """What runs it: an engine, or a cluster of one's own."""
    if wanted == CLUSTER:
        up = trying.read(world, str(wiring.dev_folder(os.environ)))
        if up is None:
            raise NotFound("no-dev-cluster", "no cluster was started by dev up", "kubectl rapt dev up")
        return lambda tried, is_over: _in_cluster(up, tried, is_dry=is_dry)
    engine = trying.engine(world, wanted)
    return lambda tried, is_over: _with_engine(world, writers, engine, tried, given, is_over, is_dry=is_dry)


def _with_engine(
    world: "World",
    writers: "Writers",
    engine: str,
    tried: "Tried",
    given: "Given",
    is_over: Callable[[], bool] | None,
    *,
    is_dry: bool,
) -> int:
    name = f"{trying.NAME}-{names.random_suffix(world.random(5))}"
    plan = locally.plan(tried.job, name, given)
    if plan.missing:
        what = f"{tried.name} needs what a cluster would give it"
        raise Invalid(
            "not-given", what, " ".join(f"--env {one.where}=…" for one in plan.missing), plan.missing
        )
    for note in plan.notes:
        terminal.say(terminal.clean(f"  not reproduced: {note}"))
    if is_dry:
        for command in plan.commands:
            terminal.out(terminal.clean(shlex.join([Path(engine).name, *command.words])))
        return 0
    code = 0
    with closing(trying.in_engine(writers, engine, plan, name, is_over)) as happenings:
        for one in happenings:
            if isinstance(one, int):
                code = one
                continue
            terminal.say(terminal.clean(f"{tried.name}  {'init ' if one.is_init else ''}{one.container}"))
            progress.aside(is_last=True)  # what runs has the terminal from now on
    return code


def _in_cluster(up: "Up", tried: "Tried", *, is_dry: bool) -> int:
    """Run it in the cluster of one's own, and in no other, wherever the kubeconfig points."""
    from kubectl_rapt.cli import watching
    from kubectl_rapt.runs.following import LogLine

    with wiring.open_world(Target(kubeconfig=up.kubeconfig, namespace="default")) as (world, writers):
        job = trying.as_job(tried, names.random_suffix(world.random(5)), "default")
        terminal.say("  not reproduced: quota, network policy, the service account, retries")
        if is_dry:
            terminal.out(show.document(job, "yaml"))
            return 0
        with closing(trying.in_cluster(world, writers, job)) as happenings:
            for one in happenings:
                if isinstance(one, LogLine):
                    terminal.out_line(one.line)
                else:
                    terminal.say(terminal.clean(f"{tried.name}  {one.message or one.cause}"))
                    return watching.code_of(one)
    return watching.FAILED_WITHOUT_CODE


def up(context: typer.Context, dry_run: options.DryRun = "none") -> int:
    """Start a local cluster: with kind if Docker answers, or else, in a Rapt that runs from source, its test cluster.

    Example: kubectl rapt dev up
    """
    is_dry = options.is_dry(dry_run)
    folder = str(wiring.dev_folder(os.environ))
    with options.open_world(context, "cluster") as (world, writers):
        progress.aside(is_last=True)  # what is started has the terminal
        known = trying.read(world, folder)
        if known is None:
            known, step = trying.starting(world, folder)
            if is_dry:
                terminal.out(str(step) if step else f"use what is up: {known.kubeconfig}")
                return 0
            wiring.make_dev_folder(os.environ)
            progress.aside(is_last=True)
            begun = trying.start(world, writers, folder, known, step)
            if isinstance(begun, int):
                return begun
            known = begun
    terminal.out(f"export KUBECONFIG={shlex.quote(known.kubeconfig)}")
    terminal.say("  next: kubectl rapt dev run --help")
    return 0


def down(context: typer.Context, dry_run: options.DryRun = "none") -> int:
    """Stop the cluster that dev up started. A cluster that was there before stays.

    Example: kubectl rapt dev down
    """
    is_dry = options.is_dry(dry_run)
    folder = str(wiring.dev_folder(os.environ))
    with options.open_world(context, "cluster") as (world, writers):
        progress.aside(is_last=True)  # what is started has the terminal
        known = trying.read(world, folder)
        if known is None:
            terminal.out("nothing was up")
            return 0
        step = trying.ending(world, known)
        if is_dry:
            terminal.out(str(step) if step else "forget it: it was there before, and stays")
            return 0
        progress.aside(is_last=True)
        if code := trying.end(writers, folder, step):
            return code
    terminal.out("down" if step else "forgotten: it was there before, and stays")
    return 0
