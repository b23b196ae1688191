"""``kubectl rapt describe``."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from kubectl_rapt import documents
from kubectl_rapt.actions import describe as describing
from kubectl_rapt.actions.describe import OfRun, OfTool
from kubectl_rapt.cli import columns, copying, listing, options, terminal
from kubectl_rapt.cli.columns import Wrap
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.runs import EXHAUSTED, SUCCEEDED, Attempt, Run
from kubectl_rapt.objects.tools import Source, Tool
from kubectl_rapt.runs import listed, schedules, standing
from kubectl_rapt.runs.listed import Line
from kubectl_rapt.runs.standing import Standing

_NONE = "<none>"
_FORMS = "json|yaml|name|jsonpath=…"


def describe(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="TOOL|RUN|job/NAME|pod/NAME", help="What to describe")],
    output: Annotated[str, typer.Option("-o", "--output", metavar=_FORMS, help="Print the object")] = "",
) -> None:
    """Show everything about a tool or a run.

    Example: kubectl rapt describe http-check
    """
    form = listing.form(output, forms=_FORMS)
    with options.open_world(context) as (world, writers):
        found = describing.describe(world, what, world.cluster.namespace())
        if isinstance(found, OfRun):
            found = describing.recorded(world, writers, found)
        now = world.now()
    if not form.is_table:
        listing.document(found.manifest, form)
        return
    if isinstance(found, OfTool):
        _tool(found, now)
    else:
        _run(found, now)


def _tool(found: OfTool, now: datetime) -> None:
    tool = found.tool
    _head(_metadata(found.manifest, now))
    if tool is None:
        _head([("Broken", found.problem)])
    else:
        _head(_of_tool(tool, found.manifest))
        _section("Parameters", _PARAMETERS, [_parameter(one) for one in tool.parameters])
        _section("Variables", ("NAME", "VALUE"), _variables(tool))
    _section("Schedules", _SCHEDULES, [_schedule(one, now) for one in found.schedules])
    runs = [_last(one, now) for one in found.last]
    _section("Last runs", ("RUN", "STATUS", "ATTEMPTS", "BY", "DURATION", "AGE"), runs)
    if tool is not None:
        required = [f"--set {one['name']}=…" for one in tool.parameters if _is_asked(one)]
        terminal.out(terminal.clean(copying.here(" ".join(["Try: kubectl rapt run", tool.name, *required]))))


def _last(one: Line, now: datetime) -> list[str]:
    took = listed.spell_duration(one.started, one.finished, now)
    return [one.name, one.status, one.attempts, one.by, took, listed.spell_age(one.created, now)]


def _of_tool(tool: Tool, manifest: Manifest) -> list[tuple[str, str]]:
    containers = _containers(tool)
    lines = [
        ("Summary", tool.summary or _NONE),
        ("Environment", tool.environment or _NONE),
        ("Template", _source(tool.source)),
        ("Form", "the predecessor's (spec.jobTemplate)" if "jobTemplate" in manifest["spec"] else ""),
        ("Retry policy", _policy(tool.retry_policy, tool.retry)),
        ("Cleanup policy", tool.cleanup_policy or _NONE),
        ("Concurrency", tool.concurrency),
        ("Image", ", ".join(str(one.get("image", "")) for one in containers)),
    ]
    for name in ("command", "args"):
        words = containers[0].get(name) if containers else None
        if words:
            lines.append((name.capitalize(), documents.dump_json(list(words), indent=None).strip()))
    return [(key, text) for key, text in lines if text]


def _containers(tool: Tool) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = tool.job["spec"]["template"]["spec"]["containers"]
    return found


def _source(source: Source | None) -> str:
    if source is None:
        return _NONE
    return f"{source.template} {source.version} ({source.registry or 'bundled'}, tree {source.tree[:7]})"


def _policy(name: str, policy: RetryPolicy | None) -> str:
    if policy is None:
        return name or _NONE
    return f"{policy.name or name}: at most {policy.attempts} attempts"


_PARAMETERS = ("NAME", "TYPE", "REQUIRED", "DEFAULT", "DESCRIPTION")


def _parameter(one: Mapping[str, Any]) -> list[str]:
    return [
        str(one["name"]),
        str(one["type"]),
        "yes" if _is_asked(one) else "no",
        "" if one.get("default") is None else _spelled(one["default"]),
        str(one.get("description", "")),
    ]


def _is_asked(one: Mapping[str, Any]) -> bool:
    return one.get("default") is None and bool(one.get("required", True))


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) and value else documents.dump_json(value, indent=None).strip()


def _variables(tool: Tool) -> list[list[str]]:
    rows = []
    for variable in (one for container in _containers(tool) for one in container.get("env") or ()):
        source = variable.get("valueFrom")
        said = _reference(source) if source else str(variable.get("value", ""))
        rows.append([str(variable["name"]), said])
    return rows


def _reference(source: Mapping[str, Any]) -> str:
    kind, where = next(iter(source.items()))
    keys = ("name", "key", "fieldPath", "resource")
    said = [
        kind.removesuffix("KeyRef").removesuffix("Ref"),
        *(str(where[key]) for key in keys if key in where),
    ]
    return f"<{' '.join(said)}>"


_SCHEDULES = ("CRONJOB", "SCHEDULE", "ZONE", "SUSPENDED", "LAST", "NEXT")


def _schedule(one: Manifest, now: datetime) -> list[str]:
    spec, last = one["spec"], (one.get("status") or {}).get("lastScheduleTime")
    zone = spec.get("timeZone", "")
    try:
        coming = schedules.next_firings(spec["schedule"], zone, now, 1)
    except (ValueError, KeyError):
        coming = []
    return [
        one["metadata"]["name"],
        spec["schedule"],
        zone or "the cluster's",
        "yes" if spec.get("suspend") else "no",
        f"{times.spell_seconds((now - times.parse(last)).total_seconds())} ago" if last else "never",
        "" if spec.get("suspend") or not coming else f"{coming[0]:%a %H:%M %Z}",
    ]


def _run(found: OfRun, now: datetime) -> None:
    run = found.run
    _head(_metadata(found.manifest, now))
    if run is None:
        _head([("Broken", found.problem)])
    else:
        stands = found.standing
        _head(_of_run(run, stands, now))
        rows = [_attempt(one, now, stands if one is run.attempts[-1] else None) for one in run.attempts]
        _section("Attempts", ("ATTEMPT", "JOB", "STARTED", "DURATION", "EXIT", "CAUSE", "NODE"), rows)
        for title, texts in (
            ("Message", [one.message for one in run.attempts if one.message]),
            ("Evidence", [one.evidence for one in run.attempts if one.evidence and one.cause != SUCCEEDED]),
        ):
            if texts:
                _head([(title, texts[-1])])
        if run.log:
            terminal.out("Last lines:")
            for line in run.log.splitlines():
                terminal.out(f"  {terminal.clean(line)}".rstrip())
    conditions = (found.manifest.get("status") or {}).get("conditions") or ()
    rows = [[str(one.get(key, "")) for key in ("type", "status", "reason", "message")] for one in conditions]
    _section("Conditions", ("TYPE", "STATUS", "REASON", "MESSAGE"), rows)
    _section(
        "Events", ("TYPE", "REASON", "AGE", "OBJECT", "MESSAGE"), [_event(one, now) for one in found.events]
    )
    if run is not None and run.state == EXHAUSTED:
        terminal.out(terminal.clean(copying.here(f"Try: kubectl rapt dead replay {run.name}")))


def _of_run(run: Run, stands: Standing | None, now: datetime) -> list[tuple[str, str]]:
    mounts = ", ".join(f"{one.path} from {one.ref('')}" for one in run.mounts)
    lines = [
        ("Tool", run.tool),
        ("Template", _source(run.source)),
        ("Requested by", run.requested_by or _NONE),
        *_status(run, stands, now),
        ("Answers", _answers(run)),
        ("Variables", ", ".join(f"{key}={value}" for key, value in run.env.items()) or _NONE),
        ("Retry policy", _policy("", run.retry)),
        ("Concurrency", run.concurrency if run.concurrency != "allow" else ""),
        ("Mounts", mounts),
        ("Schedule", run.schedule),
        ("Slot", times.spell(run.slot) if run.slot else ""),
        ("Replay of", run.replay_of),
        ("Not after", times.spell(run.not_after) if run.not_after else ""),
        ("Cancelled by", run.cancelled_by),
        ("Next attempt", times.spell(run.next_attempt_at) if run.next_attempt_at else ""),
        ("Finished", times.spell(run.finished_at) if run.finished_at else ""),
        ("Result", run.result or _NONE),
    ]
    return [(key, text) for key, text in lines if text]


def _answers(run: Run) -> str:
    """What was answered for this run; what its tool was installed with is in the config repository."""
    given = ", ".join(f"{key}={_spelled(value)}" for key, value in run.answers.items()) or _NONE
    is_installed = run.source is not None and run.source.definition
    return (
        f"{given}; those of the tool: {copying.here(f'kubectl rapt why {run.name}')}"
        if is_installed
        else given
    )


def _status(run: Run, stands: Standing | None, now: datetime) -> list[tuple[str, str]]:
    """How it stands now, and what of that its Run does not say."""
    if stands is None:
        return [("Status", run.status)]
    lines = [("Status", standing.spell(stands, run))]
    if stands.message and not (stands.is_over and stands.is_recorded):
        lines.append(("", stands.message))
    if not stands.is_recorded:
        lines.append(("", "this is not recorded yet: kubectl rapt reconcile"))
    elif stands.overdue:
        due = times.spell_seconds(stands.overdue.total_seconds())
        lines.append(("", f"due for {due}, and nothing starts it: kubectl rapt attach {run.name}"))
    took = times.spell_span(stands.released_at, stands.finished_at or now)
    return [*lines, ("Duration", took or "unknown")]


def _attempt(one: Attempt, now: datetime, stands: Standing | None) -> list[str]:
    """A row; of the last attempt as it stands now, whoever records it."""
    cause, code, started, finished = one.cause, one.exit_code, one.started_at, one.finished_at
    if not cause and stands:
        cause, code, finished = stands.status, stands.exit_code, stands.finished_at
        if stands.outcome:
            cause, started = stands.outcome.cause, stands.outcome.started_at
        elif one.number == 1:
            started = stands.released_at
    return [
        str(one.number),
        one.job,
        times.spell(started) if started else "",
        times.spell_span(started, finished or now),
        "" if code is None else str(code),
        cause,
        one.node,
    ]


def _event(one: Event, now: datetime) -> list[str]:
    message = terminal.shorten(" ".join(one.message.split()), 300)
    return [one.type, one.reason, one.spell_age(now), one.subject, message]


def _metadata(one: Manifest, now: datetime) -> list[tuple[str, str]]:
    metadata = one["metadata"]
    created = metadata["creationTimestamp"]
    shown = [f"{key}={value}" for key, value in sorted((metadata.get("labels") or {}).items())]
    return [
        ("Name", metadata["name"]),
        ("Namespace", metadata["namespace"]),
        *((("Labels", "")[bool(index)], one) for index, one in enumerate(shown)),
        ("Created", f"{created} ({times.spell_seconds((now - times.parse(created)).total_seconds())} ago)"),
    ]


def _head(lines: Iterable[tuple[str, str]]) -> None:
    for key, text in lines:
        columns.entry(f"{key + ':' if key else '':<17}", str(text))


_INDENT = 2
_SENTENCES = ("DESCRIPTION", "MESSAGE")
"""The last columns of tables, which go on in the next line on a terminal."""
_LEAST = 20


def _section(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        _head([(title, _NONE)])
        return
    terminal.out(f"{title}:")
    cells = [columns.cells(row) for row in rows]
    steps = [Wrap(one, _LEAST) for one in header if one in _SENTENCES]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    room = columns.room()
    fitted = columns.fit(header, widths, None if room is None else room - _INDENT, steps)
    if room is None or sum(fitted.widths) + columns.GAP * (len(header) - 1) <= room - _INDENT:
        listing.table(header, rows, listing.Form(), steps, indent=_INDENT)
        return
    # Nothing is cut or left out here: each row is told in lines of its own.
    most = max(map(len, header)) + len(":  ")
    for row in cells:
        for index, (name, cell) in enumerate(zip(header, row, strict=True)):
            columns.entry(f"{'' if index else '-':<{_INDENT}}{name.lower() + ':':<{most}}", cell)
