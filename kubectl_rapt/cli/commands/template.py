"""``kubectl rapt template``: the author's kit."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn, get_args

import typer

from kubectl_rapt.actions import checkout, draft, execute, lint, publish, release, verify
from kubectl_rapt.actions.release import Releasing
from kubectl_rapt.actions.verify import Result
from kubectl_rapt.cli import (
    answering,
    columns,
    diffs,
    junit,
    options,
    polling,
    progress,
    refusals,
    show,
    terminal,
)
from kubectl_rapt.errors import Problem, RaptError, UsageError
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.plan import Plan, WriteFiles
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.compatibility import Level
from kubectl_rapt.templating.from_job import Source
from kubectl_rapt.writes import Writers

FOUND_SOMETHING = 1

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME…]", help="Templates or their folders; without it, all of this registry"),
]
Several = Annotated[list[str], typer.Argument(metavar="NAME…", help="The templates, or their folders")]
Json = Annotated[str, typer.Option("-o", "--output", metavar="json", help="Output format")]


def template(context: typer.Context) -> None:
    """Write, test, release and publish templates, in a checkout of a registry.

    Example: kubectl rapt template new backup --from job.yaml
    """
    terminal.out(context.get_help())


def lint_(context: typer.Context, wanted: Names = None, output: Json = "") -> int:
    """Report everything that is wrong with templates, with file and line.

    Example: kubectl rapt template lint backup
    """
    options.one_of("-o", output, ("json",))
    with options.open_world(context) as (world, _):
        registry, chosen = checkout.find(world, wanted or ())
        found = {name: lint.lint_template(world, registry, name) for name in chosen}
    problems = [problem for one in found.values() for problem in one]
    if output:
        rows = [
            {"template": name, "where": one.where, "what": one.what}
            for name, few in found.items()
            for one in few
        ]
        terminal.out(show.document(rows, output))
    else:
        _tell(problems)
        count = "1 finding" if len(problems) == 1 else f"{len(problems)} findings"
        terminal.say(f"{_counted(len(chosen), 'template')}, {count}")
    return FOUND_SOMETHING if problems else 0


def test(
    context: typer.Context,
    wanted: Names = None,
    update: Annotated[
        bool, typer.Option("--update", help="Rewrite golden files to what the templates render to now")
    ] = False,
    dry_run: options.DryRun = "none",
    output: Json = "",
    report: Annotated[
        str, typer.Option("--junit", metavar="FILE", help="Also write the results as JUnit XML")
    ] = "",
    watch: Annotated[
        bool, typer.Option("-w", "--watch", help="Run the tests again when a file of the registry changes")
    ] = False,
) -> int:
    """Run the tests of templates.

    Example: kubectl rapt template test backup --update
    """
    options.one_of("-o", output, ("json",))
    if watch and (update or output):
        raise UsageError("bad-flag", "--watch goes with --junit alone", "kubectl rapt template test --watch")
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        if watch:
            _watch(world, writers, wanted or (), "" if is_dry else report)
        registry, chosen = checkout.find(world, wanted or ())
        found = _run(world, registry, chosen, tells=not output)
        if update and (plan := verify.goldens(registry, found)).steps:
            _show(registry.files, plan)
            if not is_dry:
                execute.every(writers, plan)
                registry, _ = checkout.find(world, [f"{registry.root}/templates/{one}" for one in chosen])
                found = _run(world, registry, chosen, tells=not output)
        elif not output:
            _show(registry.files, verify.goldens(registry, found))
        if not is_dry:
            _report(writers, report, found)
    if output:
        terminal.out(show.document([_row(one) for one in found], output))
    else:
        _sum(found)
    return FOUND_SOMETHING if any(one.problems for one in found) else 0


def _sum(found: Sequence[Result]) -> None:
    failed = sum(bool(one.problems) for one in found)
    terminal.say(f"{len(found) - failed} passed, {failed} failed")


def _report(writers: Writers, path: str, found: Sequence[Result]) -> None:
    if path:
        execute.every(writers, Plan((WriteFiles(*junit.place(path, junit.spell(found))),)))


def _watch(world: World, writers: Writers, wanted: Sequence[str], report: str) -> NoReturn:
    """Run them, and again after each change, until Ctrl-C; what a person breaks while they edit is told."""
    root = checkout.find(world, wanted)[0].root
    files = polling.Files(lambda: dict(world.checkout.files(root)))
    while True:
        try:
            registry, chosen = checkout.find(world, wanted)
            found = _run(world, registry, chosen, tells=True)
            _report(writers, report, found)
            _sum(found)
        except RaptError as error:
            refusals.tell(error)
        terminal.say("  waiting for a change, Ctrl-C ends")
        progress.aside(is_last=True)
        files.wait()


def _run(world: World, registry: checkout.Registry, chosen: Sequence[str], *, tells: bool) -> list[Result]:
    found = []
    for name in chosen:
        for one in verify.results(world, registry, name):
            found.append(one)
            if tells:
                terminal.out(f"{'FAIL' if one.problems else 'ok  '} {terminal.clean(one.source)}")
                _tell(one.problems)
    return found


def _row(result: Result) -> dict[str, Any]:
    return {
        "template": result.template,
        "test": result.source,
        "passed": not result.problems,
        "problems": [{"where": one.where, "what": one.what} for one in result.problems],
    }


def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name")] = "",
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="FILE|-", help="A Job or CronJob to make it from; - is standard input"
        ),
    ] = "",
    summary: Annotated[str, typer.Option("--summary", metavar="TEXT", help="What it does, in one line")] = "",
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", metavar="NAME", help="A literal that does not become a parameter (repeatable)"
        ),
    ] = None,
    at_run: Annotated[
        list[str] | None,
        typer.Option(
            "--at-run", metavar="NAME", help="A parameter that each run may set with run --set (repeatable)"
        ),
    ] = None,
    dry_run: options.DryRun = "none",
) -> None:
    """Create a template: a small one with a test of each kind, or one made from a Job or CronJob.

    Example: kubectl rapt template new backup --from cronjob.yaml
    """
    if (keep or at_run) and not source:
        flag = "--keep" if keep else "--at-run"
        raise UsageError(
            "bad-usage",
            f"{flag} is for what --from finds",
            f"kubectl rapt template new {shell.word(name)} --from FILE",
        )
    is_dry, asked = options.is_dry(dry_run), []
    with options.open_world(context) as (world, writers):
        if not name:
            name = answering.argument(context, "NAME", "name of the template", _check_name)
            asked.append(name)
        found = draft.understand(world, source) if source else None
        kept, set_at_run = list(keep or ()), list(at_run or ())
        if terminal.is_interactive() and source != "-" and not summary and keep is None and at_run is None:
            progress.aside(is_last=True)
            summary, kept, set_at_run = _ask(name, found)
            asked += ["--summary", summary, *(word for one in kept for word in ("--keep", one))]
            asked += [word for one in set_at_run for word in ("--at-run", one)]
        planned = draft.plan(world, name, summary, found, kept, set_at_run)
        _show({}, planned.plan)
        verb = "test"
        if not is_dry:
            execute.every(writers, planned.plan)
            registry, _ = checkout.find(world, [name])
            verb = (
                "lint" if lint.lint_template(world, registry, name) else "test"
            )  # nothing else helps before it
    for one in planned.template.parameters:
        default = (
            f" = {terminal.shorten(parameters.spell(one.default), 60)}" if one.default is not None else ""
        )
        when = ", set at a run" if one.at == "run" else ""
        terminal.say(f"  parameter: {one.name} ({one.type}{when}){terminal.clean(default)}")
    for note in planned.notes:
        terminal.say(f"  note: {terminal.clean(note)}")
    terminal.out(f"template {name} {'would be made' if is_dry else 'made'} in templates/{name}")
    answering.tell(options.words_given(context), asked)
    terminal.say(f"  next: kubectl rapt template {verb} {shell.word(name)}")


def _ask(name: str, found: Source | None) -> tuple[str, list[str], list[str]]:
    """What a person wants: the template's line, which literals stay, and which parameters each run may set."""
    summary = typer.prompt("What does it do, in one line", default=f"Run {name}", err=True)
    kept, at_run = [], []
    for literal in found.literals if found else ():
        one = literal.parameter
        if one.type in parameters.REFERENCES:
            continue
        shown = terminal.clean(terminal.shorten(parameters.spell(one.default), 60))
        if not typer.confirm(f"Should {one.name} be asked for (now {shown})?", default=True, err=True):
            kept.append(one.name)
        elif draft.may_be_set_at_run(one) and typer.confirm(
            f"May each run set {one.name}, besides the installation?", default=False, err=True
        ):
            at_run.append(one.name)
    return summary, kept, at_run


def _check_name(text: str) -> None:
    if not names.is_dns_label(text):
        raise ValueError(f'a name has small letters, digits and dashes, got "{text}"')


def release_(
    context: typer.Context,
    wanted: Several,
    bump: Annotated[
        str,
        typer.Option(
            "--bump",
            metavar="patch|minor|major",
            help="Raise the version; by default, the one in template.yaml",
        ),
    ] = "",
    dry_run: options.DryRun = "none",
) -> None:
    """Release templates: their versions and places in the index, once lint and tests pass.

    Example: kubectl rapt template release backup --bump minor
    """
    options.one_of("--bump", bump, get_args(Level))
    level: Any = bump or None
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        every = release.plan_all(world, wanted, level)
        for planned in every:
            _show(planned.before, planned.plan)
            if not is_dry:
                execute.every(writers, planned.plan)
            _tell_released(planned, is_dry)
        if not is_dry and (command := _commit_command(world, every)):
            terminal.say(f"  commit: {command}")
    names = shell.join(planned.template.name for planned in every)
    terminal.say(f"  next: kubectl rapt template publish {names}")


def _commit_command(world: World, every: Sequence[Releasing]) -> str:
    """What keeps the releases in the checkout's own git repository; empty where they are, and where there is none."""
    root = every[0].registry.root
    paths = [*(checkout.folder(one.template.name) for one in every), checkout.INDEX]
    head, uncommitted = world.checkout.committed(root, paths)
    if not head or not uncommitted:
        return ""
    git = ["git"] if Path.cwd() == Path(root) else ["git", "-C", root]
    what = ", ".join(f"{one.template.name} {one.template.version}" for one in every)
    return f"{shlex.join([*git, 'add', *paths])} && {shlex.join([*git, 'commit', '-m', f'Release {what}'])}"


def _tell_released(planned: Releasing, is_dry: bool) -> None:
    for change in planned.changes:
        terminal.say(f"  {change.level}: {change.subject} {terminal.clean(change.what)}")
    for note in planned.plan.notes:
        terminal.say(f"  note: {terminal.clean(note)}")
    done = "is released already" if not planned.plan.steps else "would be released" if is_dry else "released"
    terminal.out(f"{planned.template.name} {planned.template.version} {done}")


def publish_(context: typer.Context, wanted: Several, dry_run: options.DryRun = "none") -> None:
    """Push releases to the registry's repository, each on its own branch for review.

    Example: kubectl rapt template publish backup
    """
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        _, names = checkout.find(world, wanted)
        if len(names) > 1:
            for name in names:  # what cannot be published is told before anything is pushed
                publish.plan(world, name)
        for name in names:
            _publish(world, writers, name, is_dry)


def _publish(world: World, writers: Writers, name: str, is_dry: bool) -> None:
    planned = publish.plan(world, name)
    seen = planned.pull_request
    if is_dry:
        terminal.out(diffs.unified(planned.before, planned.after))
    else:
        seen = publish.execute(world, writers, planned)
    what = f"{planned.template.name} {planned.template.version}"
    if planned.is_merged:
        terminal.out(f"{what} is published already: {planned.base} has it")
        return
    done = (
        "is published already" if not planned.plan.steps else "would be published" if is_dry else "published"
    )
    if planned.is_first:
        terminal.out(f"{what} {done} as the first commit of {planned.base}: the registry was empty")
        return
    terminal.out(f"{what} {done} on branch {planned.proposal.branch}")
    terminal.say(f"  title: {terminal.clean(planned.proposal.title)}")
    if seen:
        closed = " was closed: open it again there" if seen.state == "closed" else ""
        terminal.say(terminal.clean(f"  review: {seen.url}{closed}"))
    elif not planned.has_forge:
        terminal.say(f"  then: open a pull request from {planned.proposal.branch} to {planned.base}")


def _tell(problems: Sequence[Problem]) -> None:
    for one in problems:
        columns.entry("  ", terminal.shorten(terminal.clean(f"{one.where}  {one.what}")), hang=2)


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def _show(before: Mapping[str, bytes], plan: Plan) -> None:
    for step in plan.steps:
        if isinstance(step, WriteFiles):
            terminal.out(
                diffs.unified({path: before[path] for path in step.files if path in before}, step.files)
            )
