"""``kubectl rapt doctor``."""

from collections import Counter
from typing import Annotated, Any

import typer

from kubectl_rapt.actions import doctor as examining
from kubectl_rapt.actions.doctor import Line
from kubectl_rapt.cli import columns, listing, options, terminal
from kubectl_rapt.config.checkup import State

_FORMS = "json|yaml|jsonpath=…"
_STATES: tuple[State, ...] = ("ok", "skipped", "warning", "failed")
_WIDTH = max(len(check.name) for check in examining.CHECKS)


def doctor(
    context: typer.Context,
    output: Annotated[str, typer.Option("-o", "--output", metavar=_FORMS, help="Output format")] = "",
) -> int:
    """Check everything that Rapt needs: programs, repositories, the forge, the cluster, and your rights.

    Each line says ok, skipped, warning, or failed, and how to fix it. Exits with 1 if something failed.

    Example: kubectl rapt doctor --in prod
    """
    form = listing.form(output, forms=_FORMS)
    timeout = options.target(context).request_timeout_seconds or None
    found = []
    with options.open_world(context, "anything") as (world, _):
        for line in examining.examine(world, options.named_environment(context), timeout):
            found.append(line)
            if form.is_table:
                _print(line)
    if not form.is_table:
        listing.document(_data(found), form)
    counts = Counter(line.verdict.state for line in found)
    if form.is_table:
        terminal.say(", ".join(f"{counts[state]} {state}" for state in _STATES if counts[state]))
    return 1 if counts["failed"] else 0


def _print(line: Line) -> None:
    verdict = line.verdict
    code = f" ({verdict.code})" if verdict.code else ""
    said = f"{verdict.state:<7}  {line.name:<{_WIDTH}}  "
    columns.entry(said, terminal.clean(f"{verdict.says}{code}"))
    if verdict.cure:
        columns.entry(" " * len(said), terminal.clean(f"try: {verdict.cure}"), hang=len("try: "))


def _data(found: list[Line]) -> dict[str, Any]:
    return {
        "healthy": all(line.verdict.state != "failed" for line in found),
        "checks": [
            {
                "name": line.name,
                "state": line.verdict.state,
                "says": line.verdict.says,
                "cure": line.verdict.cure,
                "code": line.verdict.code,
            }
            for line in found
        ],
    }
