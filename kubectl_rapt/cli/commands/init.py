"""``kubectl rapt init``."""

import os
from typing import Annotated

import typer

from kubectl_rapt import wiring
from kubectl_rapt.actions import execute
from kubectl_rapt.actions import init as setting_up
from kubectl_rapt.actions import repository as repositories
from kubectl_rapt.cli import answering, options, terminal
from kubectl_rapt.config import owners
from kubectl_rapt.errors import UsageError
from kubectl_rapt.guard import secrets
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.plan import Plan
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.writes import Writers

_SAME = "dev and prod need a namespace each, or a tool could be in one of them only"
OWN = "local"
"""The answer for a repository of one's own."""


def init(
    context: typer.Context,
    repository: Annotated[
        str,
        typer.Argument(
            metavar="[REPOSITORY]",
            help="An existing repository, https://… or user@host:path; by default, the one in your settings",
        ),
    ] = "",
    local: Annotated[bool, typer.Option("--local", help="Create a repository in your data folder")] = False,
    owned_by: Annotated[
        str,
        typer.Option(
            "--owners", metavar="NAME,…", help="Reviewers, who are written to CODEOWNERS on a forge"
        ),
    ] = "",
    dev: Annotated[
        str, typer.Option(metavar="NAMESPACE", help="Namespace of dev; else the one that kubectl uses")
    ] = "",
    prod: Annotated[
        str,
        typer.Option(metavar="NAMESPACE", help="Namespace of prod; else the one that is named like dev's"),
    ] = "",
    dry_run: options.DryRun = "none",
) -> None:
    """Set up a config repository and your settings. If you repeat it, it adds what is missing.

    Example: kubectl rapt init --local --dev shop-dev --prod shop-prod
    """
    if options.named_environment(context):
        what = "init sets up every environment, so it does not take --in"
        raise UsageError(
            "bad-usage", what, f"kubectl rapt init {shell.word(repository) if repository else '--local'}"
        )
    if local and repository:
        raise UsageError(
            "bad-usage", "--local is a repository of its own", f"kubectl rapt init {shell.word(repository)}"
        )
    repository = repository or ("" if local else wiring.read_settings(os.environ).repository)
    asked: list[str] = []
    if not (local or repository):
        repository = _asked(context)
        local = repository == OWN
        asked, repository = (["--local"], "") if local else ([repository], repository)
    reviewers = options.words(owned_by)
    if wrong := [one for one in reviewers if not owners.is_owner(one)]:
        raise UsageError("bad-flag", f'--owners does not take "{wrong[0]}"', "--owners anna,@group/team")
    named = {name: namespace for name, namespace in (("dev", dev), ("prod", prod)) if namespace}
    for name, namespace in named.items():
        if not names.is_dns_label(namespace):
            what = f'--{name} expects the name of a namespace, got "{namespace}"'
            raise UsageError("bad-flag", what, f"--{name} shop-{name}")
    if dev and dev == prod:
        raise UsageError("bad-usage", f"{_SAME}: both are {dev}", f"--prod {setting_up.sibling(dev)}")
    is_dry = options.is_dry(dry_run)
    path = wiring.local_repository(os.environ)
    place = repository or str(path)
    is_new = local and not path.exists()
    with options.open_world(context, "cluster") as (world, writers):
        if is_new and not prod and terminal.is_interactive():
            here = dev or world.cluster.namespace()
            if setting_up.production(world, here) == here:
                named["prod"] = _asked_namespace(here, is_named=bool(dev))
                asked += ["--prod", named["prod"]]
        plan = setting_up.create(world, place) if is_new else setting_up.plan(world, place, reviewers, named)
        if is_new and not is_dry:
            world.git.identity()  # it is committed to next, and nobody commits without a name
            # Only a repository that exists can be read, and only then is the rest decided.
            _carry_out(writers, plan)
            plan = setting_up.plan(world, place, reviewers, named)
        if is_dry:
            for step in plan.steps:
                terminal.out(f"{step} (dry run)")
            if not plan.steps:
                terminal.out("nothing is missing (dry run)")
            for note in plan.notes:
                terminal.say(f"  note: {note}")
            return
        _carry_out(writers, plan)
        environments = repositories.read_at(world, Remote(place)).project().environments.values()
    for note in plan.notes:
        terminal.say(f"  note: {note}")
    default = wiring.read_settings(os.environ).environment
    told = [
        f"{one.name} (review: {'required' if one.is_reviewed else 'none'}"
        + (", the default)" if one.name == default else ")")
        for one in environments
    ]
    terminal.out(f"config repository {secrets.redact(place)}")
    terminal.out(f"environments      {', '.join(told)}")
    answering.tell(options.words_given(context), asked)
    terminal.say("  next: kubectl rapt search")


def _asked_namespace(here: str, *, is_named: bool) -> str:
    """The namespace of ``prod``, which nobody named: a person on a terminal says it.

    Args:
        here: The namespace of ``dev``.
        is_named: Whether the person named that one; ``prod`` then has another.
    """

    def check(text: str) -> None:
        if not names.is_dns_label(text):
            raise ValueError(f'"{text}" is not the name of a namespace')
        if is_named and text == here:
            raise ValueError(_SAME)

    gone = UsageError(
        "bad-usage", "init needs to know the namespace of prod", "kubectl rapt init --local --prod NAMESPACE"
    )
    return answering.answer(f"namespace of prod (dev has {here})", check, gone, "" if is_named else here)


def _asked(context: typer.Context) -> str:
    """The repository that nobody named: asked for on a terminal."""
    gone = UsageError(
        "bad-usage", "init needs to know where the config repository is", "kubectl rapt init --local"
    )
    if not terminal.is_interactive():
        raise gone
    with options.open_world(context, "cluster") as (world, _):

        def check(text: str) -> None:
            if text != OWN:
                repositories.read_at(world, Remote(text))

        what = f"config repository (https://…, user@host:path, or {OWN}: one of your own on this machine)"
        return answering.answer(what, check, gone, default=OWN)


def _carry_out(writers: Writers, plan: Plan) -> None:
    for done in execute.each(writers, plan):
        terminal.out(str(done.step))
