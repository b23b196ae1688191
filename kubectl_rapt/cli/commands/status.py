"""``kubectl rapt status``."""

from typing import Annotated, Any

import typer

from kubectl_rapt.actions import status as looking
from kubectl_rapt.actions.status import Status
from kubectl_rapt.cli import columns, copying, listing, options, terminal
from kubectl_rapt.cli.commands import drift
from kubectl_rapt.model import shell

_FORMS = "json|yaml|jsonpath=…"


def status(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="[TOOL]", help="Only this tool")] = "",
    all_namespaces: listing.AllNamespaces = False,
    output: Annotated[str, typer.Option("-o", "--output", metavar=_FORMS, help="Output format")] = "",
) -> int:
    """Show the state of Rapt in the cluster. Exits with 1 if something is broken or drifted. It never asks a question.

    Example: kubectl rapt status -A
    """
    form = listing.form(output, forms=_FORMS)
    with options.open_world(context) as (world, _):
        environment = options.named_environment(context) or world.settings.environment
        is_compared = bool(world.settings.repository) and not tool
        namespace = listing.namespace(world, all_namespaces=all_namespaces)
        seen = looking.status(world, namespace, tool, environment if is_compared else "")
    if form.is_table:
        for key, text in _lines(seen):
            columns.entry(f"{key:<12}", terminal.clean(copying.here(text)))
    else:
        listing.document(_data(seen), form)
    return 0 if seen.is_healthy else 1


def _lines(seen: Status) -> list[tuple[str, str]]:
    is_connected = seen.minor_version is not None
    lines = [
        ("context", seen.context or "none"),
        ("server", seen.server or "none"),
        ("connected", f"yes, Kubernetes 1.{seen.minor_version} as {seen.user}" if is_connected else "no"),
    ]
    if is_connected:
        lines += [("kinds" if not index else "", _kind(one)) for index, one in enumerate(seen.kinds)]
        lines.append(("namespace", seen.namespace or "all"))
        lines.append(("tools", str(sum(seen.tools.values()))))
        if not seen.namespace:
            lines += [("", f"{count} in {name}") for name, count in seen.tools.items()]
        states = ", ".join(f"{count} {state}" for state, count in seen.runs.items())
        lines.append(("runs", f"{sum(seen.runs.values())}" + (f": {states}" if states else "")))
    if seen.synced:
        lines.append(("synced", drift.summary(seen.synced)))
        if seen.synced.objects:
            lines.append(
                ("", f"which objects: kubectl rapt drift --in {shell.word(seen.synced.environment)}")
            )
    lines += [("note", one) for one in seen.notes]
    lines += [("problem", one) for one in seen.problems]
    lines.append(("verdict", seen.verdict))
    return lines


def _kind(one: looking.Kind) -> str:
    return f"{one.name} {one.standing}" + (f", format {one.format}" if one.format else "")


def _data(seen: Status) -> dict[str, Any]:
    return {
        "healthy": seen.is_healthy,
        "verdict": seen.verdict,
        "connected": seen.minor_version is not None,
        "context": seen.context,
        "server": seen.server,
        "kubernetes": None if seen.minor_version is None else f"1.{seen.minor_version}",
        "user": seen.user,
        "namespace": seen.namespace,
        "allNamespaces": not seen.namespace,
        "kinds": [
            {"name": one.name, "standing": one.standing, "format": one.format, "created": one.created}
            for one in seen.kinds
        ],
        "tools": sum(seen.tools.values()),
        "toolsByNamespace": dict(seen.tools),
        "runs": dict(seen.runs),
        "synced": drift.data(seen.synced) if seen.synced else None,
        "notes": list(seen.notes),
        "problems": list(seen.problems),
    }
