"""``kubectl rapt changes``."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from kubectl_rapt.actions import abandon as abandoning
from kubectl_rapt.actions import merge as merging
from kubectl_rapt.actions import repository, review
from kubectl_rapt.actions import update as updating
from kubectl_rapt.actions.execute import Done
from kubectl_rapt.actions.merge import MergedTwice
from kubectl_rapt.actions.review import Merged, Open
from kubectl_rapt.cli import diffs, listing, options, show, terminal, waiting
from kubectl_rapt.cli.columns import Drop, Shorten
from kubectl_rapt.cli.waiting import After
from kubectl_rapt.config import changes as changes_
from kubectl_rapt.config import standing
from kubectl_rapt.config.changes import Change
from kubectl_rapt.errors import Refused
from kubectl_rapt.model import shell, times
from kubectl_rapt.model.plan import CommitFiles, DeleteBranch, Propose
from kubectl_rapt.model.proposals import PullRequest

_STEPS = (
    Shorten("SUMMARY", 24),
    Shorten("BY", 10),
    Drop("BY"),
    Drop("AGE"),
    Shorten("ENVIRONMENT", 8),
    Shorten("SUMMARY", 10),
    Drop("SUMMARY"),
    Drop("ENVIRONMENT"),
    Shorten("STATE", 10),
)
Identifier = Annotated[str, typer.Argument(metavar="ID", help="The change")]


def changes(
    context: typer.Context,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="wide|json|yaml|name", help="Output format")
    ] = "",
) -> None:
    """List the changes that are not merged yet, and the state of each.

    Example: kubectl rapt changes
    """
    form = listing.form(output, forms="wide|json|yaml|name")
    with options.open_world(context) as (world, _):
        named = options.named_environment(context)
        every = review.waiting(world, repository.read(world))
        found = [one for one in every if not named or _concerns(one.change, named)]
        rows = [_row(one, world.now()) for one in found]
    if output == "name":
        for one in found:
            terminal.out(one.change.id)
    elif not form.is_table:
        data = [_data(one, row) for one, row in zip(found, rows, strict=True)]
        terminal.out(show.document(data, output))
    elif rows:
        listing.table([key.upper() for key in _KEYS], rows, form, _STEPS)
    else:
        terminal.say("No open changes.")


def _concerns(change: Change, environment: str) -> bool:
    return change.is_everywhere or environment in change.environments


def _check_environment(context: typer.Context, change: Change, *, is_read: bool = False) -> None:
    """Make sure that a change is one of the environment that was named.

    Args:
        context: The command.
        change: The change.
        is_read: Whether it is only shown: one of ``rapt.yaml`` may be, in every environment.

    Raises:
        Refused: ``other-environment``.
    """
    named, own = options.named_environment(context), change.environments
    if not named or (is_read and change.is_everywhere):
        return
    hint = f"kubectl rapt changes show {change.id}"
    if change.is_everywhere:
        what = (
            f'change {change.id} edits rapt.yaml, so it belongs to every environment, not only to "{named}"'
        )
        raise Refused("other-environment", what, hint)
    if own and named not in own:
        what = f'change {change.id} belongs to environment "{", ".join(own)}", not to "{named}"'
        raise Refused("other-environment", what, hint)


def show_(
    context: typer.Context,
    identifier: Identifier,
    output: Annotated[str, typer.Option("-o", "--output", metavar="json|yaml", help="Output format")] = "",
) -> None:
    """Show the state of a change, its reviewers, and its diff.

    Example: kubectl rapt changes show 7c1e42
    """
    options.one_of("-o", output, ("json", "yaml"))
    with options.open_world(context) as (world, _):
        found = repository.read(world)
        one = review.read(world, found, identifier)
        _check_environment(context, one.change, is_read=True)
        before, after = review.contents(world, found, one)
        row = _row(one, world.now())
    if output:
        data = {
            **_data(one, row),
            **dict(_people(one)),
            "files": sorted(after),
            "diff": diffs.unified(before, after),
        }
        terminal.out(show.document(data, output))
        return
    terminal.out(terminal.clean(f"change {one.change.id} by {one.commit.author}: {one.change.summary}"))
    for name, text in _facts(one):
        terminal.out(terminal.clean(f"{name:<10} {text}"))
    terminal.out(diffs.unified(before, after))
    terminal.say(terminal.clean(f"  next: {_next(one)}"))
    if isinstance(one, Open) and one.has_conflict:
        terminal.say("  then: make the change again, on main as it is now")


def _next(one: Open | Merged) -> str:
    if isinstance(one, Open) and one.has_conflict:  # rendering it again does not settle what people wrote
        return f"kubectl rapt changes abandon {shell.word(one.change.id)}"
    if isinstance(one, Open):
        return standing.next_step(one.standing, one.change.id, one.url)
    return f"kubectl rapt sync --in {shell.word(next(iter(one.change.environments), 'ENV'))}"


def _facts(one: Open | Merged) -> Iterator[tuple[str, str]]:
    if one.change.is_everywhere:
        yield "edits", "rapt.yaml, which every environment follows"
    if isinstance(one, Merged):
        yield "state", f"merged {times.spell(one.commit.time)}"
        yield "commit", one.commit.id
        return
    yield "state", one.standing
    if not (seen := one.pull_request):
        return
    yield "review", seen.url
    for name, who in _people(one):
        if who:
            yield name, ", ".join(who)
    if seen.checks != "none":
        yield "checks", seen.checks


def _people(one: Open | Merged) -> Iterator[tuple[str, list[str]]]:
    seen = one.pull_request if isinstance(one, Open) else None
    yield "reviewers", list(seen.reviewers) if seen else []
    yield "approved", list(seen.approved_by) if seen else []
    yield "refused", list(seen.refused_by) if seen else []


def open_(context: typer.Context, identifier: Identifier, dry_run: options.DryRun = "none") -> None:
    """Open the pull request of a change, if it is missing, closed or a draft.

    Example: kubectl rapt changes open 7c1e42
    """
    _bring(context, identifier, options.is_dry(dry_run), opens=True)


def update(context: typer.Context, identifier: Identifier, dry_run: options.DryRun = "none") -> None:
    """Render a change again on the current main branch, and push the result to its branch.

    Example: kubectl rapt changes update 7c1e42
    """
    _bring(context, identifier, options.is_dry(dry_run), opens=False)


def _bring(context: typer.Context, identifier: str, is_dry: bool, *, opens: bool) -> None:
    with options.open_world(context) as (world, writers):
        planned = updating.plan(world, identifier, opens=opens)
        _check_environment(context, planned.one.change)
        seen = planned.one.pull_request if is_dry else updating.execute(world, writers, planned, opens=opens)
    kinds = {type(step) for step in planned.plan.steps}
    done = [
        *(["rendered again on the current main branch"] if CommitFiles in kinds else []),
        *(["pull request brought up to date"] if Propose in kinds else []),
    ]
    what = " and ".join(done) + (" (dry run)" if is_dry else "") if done else "is up to date"
    terminal.out(f"change {identifier} {what}")
    if seen:
        closed = " (closed)" if seen.state == "closed" else ""
        terminal.say(terminal.clean(f"  review: {seen.url}{closed}"))
    if seen and seen.state == "closed":
        terminal.say(f"  reopen: kubectl rapt changes open {shell.word(identifier)}")


def abandon(
    context: typer.Context,
    identifier: Identifier,
    message: Annotated[
        str, typer.Option("-m", "--message", metavar="TEXT", help="Reason, as a comment on the pull request")
    ] = "",
    dry_run: options.DryRun = "none",
) -> None:
    """Close the pull request of a change, and delete its branch.

    Example: kubectl rapt changes abandon 7c1e42 -m 'not needed any more'
    """
    is_dry = options.is_dry(dry_run)
    with options.open_world(context) as (world, writers):
        planned = abandoning.plan(world, identifier, message)
        _check_environment(context, planned.one.change)
        if not is_dry:
            abandoning.execute(world, writers, planned, message)
    done = "would be abandoned" if is_dry else "abandoned"
    terminal.out(terminal.clean(f"change {identifier} {done}: {planned.one.change.summary}"))
    if planned.one.url:
        terminal.say(terminal.clean(f"  closed: {planned.one.url}"))


def merge(
    context: typer.Context,
    identifier: Identifier,
    wait: options.Wait = False,
    sync: options.Sync = False,
    timeout: options.Timeout = 0,
    dry_run: options.DryRun = "none",
) -> int:
    """Merge a change, after rendering it on the current main branch. On a forge, its rules apply.

    Example: kubectl rapt changes merge 7c1e42
    """
    is_dry, after = options.is_dry(dry_run), After(wait or sync, sync, timeout)
    with options.open_world(context) as (world, writers):
        planned = merging.plan(world, identifier)
        _check_environment(context, planned.change)

        def attempt() -> None:
            for done in merging.execute(world, writers, planned):
                _tell(done)

        if not is_dry:
            if planned.is_merged or not after.waits:
                attempt()
            code = waiting.carry_out(context, world, writers, planned.change, after, attempt)
            if code:
                return code
    done = "was merged already" if planned.is_merged else "would be merged" if is_dry else "merged"
    terminal.out(f"change {identifier} {done}: {terminal.clean(planned.change.summary)}")
    if not sync:
        for environment in planned.change.environments:
            terminal.say(f"  then: kubectl rapt sync --in {shell.word(environment)}")
    return 0


def _tell(done: Done | MergedTwice) -> None:
    match done:
        case MergedTwice(commit):
            twice = "the forge merged it twice, as two asked at the same moment"
            terminal.say(f"  note: {twice}: commit {commit[:7]} is empty, and changes nothing")
        case Done(CommitFiles() as step):
            terminal.say(f"rendered again on the current main branch, pushed to {step.branch}")
        case Done(Propose(), PullRequest() as seen):
            terminal.say(terminal.clean(f"review: {seen.url}"))
        case Done(DeleteBranch() as step):
            terminal.say(f"branch {step.branch} deleted")


_KEYS = ("id", "environment", "tool", "state", "by", "age", "summary")


def _data(one: Open | Merged, row: list[str]) -> dict[str, object]:
    if isinstance(one, Merged):
        return {**dict(zip(_KEYS, row, strict=True)), "commit": one.commit.id}
    return {**dict(zip(_KEYS, row, strict=True)), "branch": one.branch, "pullRequest": one.url}


def _row(one: Open | Merged, now: datetime) -> list[str]:
    is_both = one.change.is_everywhere and bool(one.change.environments)
    return [
        one.change.id,
        changes_.SEVERAL if one.change.is_everywhere else one.change.environment,
        f"{one.change.tool} and rapt.yaml" if is_both else one.change.tool,
        "merged" if isinstance(one, Merged) else one.standing,
        one.commit.author.partition(" <")[0],
        times.spell_seconds((now - one.commit.time).total_seconds()),
        one.change.summary,
    ]
