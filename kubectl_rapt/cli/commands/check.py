"""``kubectl rapt check``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import check as checking
from kubectl_rapt.actions import repository
from kubectl_rapt.actions.check import Checked
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.cli import options, progress, show, terminal

Path = Annotated[
    str,
    typer.Option(
        metavar="FOLDER", help="A checkout of the config repository; by default, the one you are in"
    ),
]


def check(
    context: typer.Context,
    path: Path = "",
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Output format")
    ] = "",
) -> int:
    """Check that every tool renders to exactly what is committed, and that it is valid. Run it in CI.

    In a checkout, this checks the files there; elsewhere, the newest commit of the config repository. Exits with 1 if
    something is wrong. Without --in, it checks all environments.

    Example: kubectl rapt check
    """
    options.one_of("-o", output, ("json", "yaml", "name"))
    count = 0
    wrong: list[Checked] = []
    with options.open_world(context, "repository") as (world, _):
        found = repository.checked_out(world, path) or repository.read(world)
        environment = options.named_environment(context)
        progress.phase("rendering tools", len(found.tools(environment)))
        for one in checking.check(world, found, environment):
            count += 1
            progress.step()
            if one.problems:
                wrong.append(one)
    if output == "name":
        for one in wrong:
            terminal.out(one.path)
    elif output:
        terminal.out(show.document([_data(one) for one in wrong], output))
    else:
        for one in wrong:
            for problem in one.problems:
                where = f" {problem.where}:" if problem.where else ""
                terminal.out(terminal.clean(f"{one.path}:{where} {problem.what}"))
            if one.hint:
                terminal.out(terminal.clean(f"  try: {one.hint}"))
        wrongs = f", {len(wrong)} invalid" if wrong else ""
        tools = "1 tool" if count == 1 else f"{count} tools"
        terminal.out(terminal.clean(f"{tools} checked {_where(found)}{wrongs or ', all right'}"))
    return 1 if wrong else 0


def _where(found: Repository) -> str:
    """What was checked: in a checkout that is more than its commit, where files are not as that has them."""
    commit = f"at {found.head[:7]}" if found.head else "without a commit"
    if not found.root:
        return commit
    count = len(found.uncommitted)
    edits = f" with {count} file{'' if count == 1 else 's'} not committed" if count else ""
    return f"in {found.root} {commit}{edits}"


def _data(one: Checked) -> dict[str, object]:
    return {
        "path": one.path,
        "problems": [{"where": problem.where, "what": problem.what} for problem in one.problems],
        "hint": one.hint,
    }
