"""``kubectl rapt template impact``."""

from collections import Counter
from typing import Annotated, Any

import typer

from kubectl_rapt.actions import impact as impacts
from kubectl_rapt.actions.impact import Effect, State
from kubectl_rapt.cli import options, show, terminal
from kubectl_rapt.guard import secrets
from kubectl_rapt.model import times
from kubectl_rapt.runs import schedules
from kubectl_rapt.templating.definition import Template

SOMETHING_BREAKS = 1
_SAID: dict[State, str] = {
    "breaks": "would break",
    "changes": "would change",
    "stays": "would stay the same",
    "unknown": "cannot be told",
}


def impact(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(metavar="NAME[@VERSION]", help="The template as it is here, or a released version"),
    ],
    repositories: Annotated[
        list[str] | None,
        typer.Option(
            "--repository",
            metavar="URL|PATH",
            help="Config repository to look at; yours by default (repeatable)",
        ),
    ] = None,
    output: Annotated[str, typer.Option("-o", "--output", metavar="json", help="Output format")] = "",
) -> int:
    """Show what a version would change in every tool that uses the template, before anybody upgrades.

    Exits with 1 if a tool would break because an answer is missing or it does not render. Without --in, it looks at
    all environments.

    Example: kubectl rapt template impact backup --repository git@git.example.com:platform/config.git
    """
    options.one_of("-o", output, ("json",))
    found: list[Effect] = []
    with options.open_world(context, "repository" if repositories else "environment") as (world, _):
        candidate = impacts.candidate(world, name)
        template = candidate.entry.template
        for one in impacts.effects(world, candidate, repositories or (), options.named_environment(context)):
            found.append(one)
            if not output:
                _tell(one, template, is_one=len(repositories or ()) < 2)
    if output:
        terminal.out(show.document([_data(one, template) for one in found], output))
    else:
        _count(found, template)
    return SOMETHING_BREAKS if any(one.state in ("breaks", "unknown") for one in found) else 0


def _tell(one: Effect, template: Template, *, is_one: bool) -> None:
    place = f"{one.environment}/{one.tool}" if one.tool else one.environment
    address = secrets.redact(one.repository)
    where = place if is_one and place else f"{place} in {address}" if place else address
    versions = f" {one.version} → {template.version}" if one.version else ""
    terminal.out(terminal.clean(f"{where}{versions}: {_state(one)}"))
    for line in _lines(one):
        terminal.out(terminal.shorten(terminal.clean(f"  {line}")))


def _state(one: Effect) -> str:
    match one.state:
        case "breaks":
            return "would break"
        case "changes":
            return f"{len(one.changes)} {'change' if len(one.changes) == 1 else 'changes'}"
        case "unknown":
            return "cannot be told"
        case _:
            return "stays the same"


def _lines(one: Effect) -> list[str]:
    lines = [f"renamed  {earlier} → {name}" for earlier, name in one.renamed.items()]
    if one.state == "stays":
        return lines
    lines += [f"{misfit.name}  {misfit.what}: {misfit.flag}" for misfit in one.misfits]
    lines += [f"{name}  must be answered by each run: --set {name}=…" for name in one.asked]
    if one.error:
        lines.append(one.error.message)
        lines += [f"{problem.where}  {problem.what}".strip() for problem in one.error.problems]
    lines += [str(change) for change in one.changes]
    for schedule, firings in one.firings:
        zone = schedules.zone_named(schedule.time_zone)
        at = ", ".join(f"{firing:%a %Y-%m-%d %H:%M}" for firing in firings)
        lines.append(f"next  {at or 'never'} {zone}   ({schedule.cron})")
    return lines


def _count(found: list[Effect], template: Template) -> None:
    of = Counter(one.state for one in found)
    said = ", ".join(f"{of[state]} {words}" for state, words in _SAID.items() if of[state])
    what = f"{template.name} {template.version}"
    terminal.say(f"{what}: {said}" if found else f"{what}: no tool was installed from this registry")


def _data(one: Effect, template: Template) -> dict[str, Any]:
    problems = one.error.problems if one.error else ()
    return {
        "repository": secrets.redact(one.repository),
        "environment": one.environment,
        "tool": one.tool,
        "version": one.version,
        "newVersion": str(template.version),
        "state": one.state,
        "changes": [
            {
                "object": str(change.ref),
                "how": change.how,
                **(
                    {
                        "field": change.field.label,
                        "before": change.field.before,
                        "after": change.field.after,
                    }
                    if change.field
                    else {}
                ),
            }
            for change in one.changes
        ],
        "answers": [{"name": each.name, "what": each.what, "pass": each.flag} for each in one.misfits],
        "renamed": dict(one.renamed),
        "askedAtRun": list(one.asked),
        "schedules": [
            {
                "cron": schedule.cron,
                "timeZone": schedule.time_zone,
                "next": [times.spell(firing) for firing in firings],
            }
            for schedule, firings in one.firings
        ],
        "error": one.error.message if one.error else "",
        "problems": [{"where": each.where, "what": each.what} for each in problems],
    }
