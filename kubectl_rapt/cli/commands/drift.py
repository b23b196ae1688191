"""``kubectl rapt drift``."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from kubectl_rapt.actions import drift as drifting
from kubectl_rapt.actions.drift import Changed, Drift, Drifted, Switched
from kubectl_rapt.cli import columns, options, show, terminal
from kubectl_rapt.model import shell, times

DRIFTED = 1
_HOW = {
    "missing": "is missing in the cluster",
    "surplus": "is not in the repository any more",
    "changed": "was changed",
    "foreign": "is in the way",
}


def drift(
    context: typer.Context,
    output: Annotated[str, typer.Option("-o", "--output", metavar="json|yaml", help="Output format")] = "",
) -> int:
    """Compare an environment's cluster with the config repository. Exits with 1 if they differ.

    Example: kubectl rapt drift --in prod
    """
    options.one_of("-o", output, ("json", "yaml"))
    with options.open_world(context) as (world, _):
        found = drifting.drift(world, options.environment(context, world))
    if output:
        terminal.out(show.document(data(found), output))
    else:
        for one in found.objects:
            _tell(one)
        for switched in found.switched:
            note = f"note: {show.name(switched.ref)} -n {switched.ref.namespace} was {switched.how}"
            terminal.say(terminal.clean(note))
        columns.entry("", terminal.clean(summary(found)), hang=2)
        if way_out(found):
            terminal.say(f"  sync: {way_out(found)}")
    return DRIFTED if found.objects else 0


def _tell(one: Drifted) -> None:
    why = f": {one.why}" if one.why else ""
    owner = f" ({one.owner} applies it)" if one.owner else ""
    said = f"{show.name(one.ref)} -n {one.ref.namespace} {_HOW[one.how]}{why}{owner}"
    columns.entry("", terminal.clean(said), hang=2)
    for change in one.changes:
        columns.entry("  ", terminal.clean(_line(change)), hang=2)


def _line(change: Changed) -> str:
    field = change.difference
    by = ""
    if change.by:
        at = f" at {times.spell(change.by.at)}" if change.by.at else ""
        by = f" by {change.by.manager}{at}"
    return f"{field.label}: {show.value(field.before)} → {show.value(field.after)}{by}"


def summary(found: Drift) -> str:
    """One line: whether the cluster is as the repository says, and which commit was applied last."""
    main, applied = found.main[:7], found.applied[:7]
    at = f"{main} is applied"
    if not applied:
        at = f"{main} was never synced"
    elif found.state != "applied":
        at = f"a sync to {applied} has not finished: kubectl rapt sync --in {shell.word(found.environment)}"
    elif found.applied != found.main:
        # Which of the two is newer is not known here: main may have been set back since.
        at = f"{applied} is applied, main is at {main}"
    count = len(found.objects)
    what = (
        f"{count} object{'' if count == 1 else 's'} differ{'s' if count == 1 else ''}"
        if count
        else "no drift"
    )
    return f"{found.environment}: {what}; {at}"


def way_out(found: Drift) -> str:
    """The command that brings the cluster back to the repository; empty if there is nothing that it would write.

    What a controller applies is left to that one, and what is in the way belongs to somebody else.
    """
    is_ours = any(one.owner is None and one.how != "foreign" for one in found.objects)
    return f"kubectl rapt sync --in {shell.word(found.environment)}" if is_ours else ""


def data(found: Drift) -> Mapping[str, Any]:
    """The same as data, with every object that differs."""
    return {
        "environment": found.environment,
        "commits": {"main": found.main, "applied": found.applied, "state": found.state},
        "objects": [
            {
                "apiVersion": one.ref.kind.api_version,
                "kind": one.ref.kind.name,
                "namespace": one.ref.namespace,
                "name": one.ref.name,
                "drift": one.how,
                **({"why": one.why} if one.why else {}),
                **({"appliedBy": str(one.owner)} if one.owner else {}),
                **({"fields": [_field(change) for change in one.changes]} if one.changes else {}),
            }
            for one in found.objects
        ],
        **({"suspended": [_suspended(one) for one in found.switched]} if found.switched else {}),
    }


def _suspended(one: Switched) -> Mapping[str, Any]:
    return {"namespace": one.ref.namespace, "name": one.ref.name, "how": one.how}


def _field(change: Changed) -> Mapping[str, Any]:
    field, by = change.difference, change.by
    return {
        "field": field.label,
        "repository": field.before,
        "cluster": field.after,
        **({"changedBy": by.manager} if by else {}),
        **({"changedAt": times.spell(by.at)} if by and by.at else {}),
    }
