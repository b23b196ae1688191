"""``kubectl rapt diff``."""

from typing import Annotated, Any

import typer

from kubectl_rapt.actions import diff as comparing
from kubectl_rapt.actions.diff import Compared, Differs
from kubectl_rapt.cli import options, show, terminal
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model.versions import VersionRange
from kubectl_rapt.ports.world import World

DIFFERENT = 1


def diff(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="The tool")],
    version: Annotated[
        str, typer.Option(metavar="RANGE", help="Show what an upgrade to this version would change")
    ] = "",
    with_: Annotated[
        str, typer.Option("--with", metavar="ENV", help="Show how another environment differs")
    ] = "",
    change: Annotated[str, typer.Option(metavar="ID", help="Show what an open change does")] = "",
    output: Annotated[str, typer.Option("-o", "--output", metavar="json|yaml", help="Output format")] = "",
) -> int:
    """Show which fields of a tool's objects the next sync would change, or what a flag asks for.

    Exits with 1 if something differs. The digest of the tool's file, which is in every object, is not compared.

    Example: kubectl rapt diff backup --version ^1.3 --in prod
    """
    options.one_of("-o", output, ("json", "yaml"))
    if len([one for one in (version, with_, change) if one]) > 1:
        what = "--version, --with and --change exclude each other"
        raise UsageError("bad-usage", what, "--help")
    with options.open_world(context) as (world, _):
        environment = options.environment(context, world)
        found = _compared(world, environment, tool, version, with_, change)
    if output:
        terminal.out(show.document(_data(found), output))
    else:
        for one in found.objects:
            _tell(one)
        count = len(found.objects)
        objects = "1 object differs" if count == 1 else f"{count} objects differ"
        how = objects if count else "no difference"
        terminal.out(terminal.clean(f"{tool}: {how} from {found.before} to {found.after}"))
    return DIFFERENT if found.objects else 0


def _compared(world: World, environment: str, tool: str, version: str, other: str, change: str) -> Compared:
    if version:
        try:
            wanted = VersionRange.parse(version)
        except ValueError as error:
            raise UsageError("bad-flag", f"--version: {error}", "--version ^1.2") from error
        return comparing.upgraded(world, environment, tool, wanted)
    if other:
        return comparing.across(world, environment, tool, other)
    if change:
        return comparing.of_change(world, environment, tool, change)
    return comparing.pending(world, environment, tool)


def _tell(one: Differs) -> None:
    mark = "+" if one.is_new else "-" if one.is_gone else "~"
    terminal.out(terminal.clean(f"{mark} {show.name(one.ref)} -n {one.ref.namespace}"))
    for field in one.changes if mark == "~" else ():
        line = f"{field.label}: {show.value(field.before)} → {show.value(field.after)}"
        terminal.out(terminal.clean(f"    {line}"))


def _data(found: Compared) -> dict[str, Any]:
    return {
        "tool": found.tool,
        "from": found.before,
        "to": found.after,
        "objects": [
            {
                "apiVersion": one.ref.kind.api_version,
                "kind": one.ref.kind.name,
                "namespace": one.ref.namespace,
                "name": one.ref.name,
                "change": "added" if one.is_new else "removed" if one.is_gone else "changed",
                "fields": []
                if one.is_new or one.is_gone
                else [
                    {"field": field.label, "from": field.before, "to": field.after} for field in one.changes
                ],
            }
            for one in found.objects
        ],
    }
