"""What a pull request says: everything that a reviewer needs to know, and nothing that could act on their page."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kubectl_rapt import documents
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import fields, labels, reach
from kubectl_rapt.runs import schedules
from kubectl_rapt.templating.definition import Template

_MOST_LINES = 200
"""Forges refuse long bodies; the files themselves are in the pull request anyway."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One tool that a change renders or removes.

    Args:
        environment: Its environment.
        tool: Its name.
        before: Its objects as they are on main; empty for a new one.
        after: Its objects as they will be; empty for one that goes.
        installation: Its file, resolved; None for one that goes.
        template: Its template; None for one that goes.
    """

    environment: str
    tool: str
    before: Sequence[Manifest]
    after: Sequence[Manifest]
    installation: Installation | None = None
    template: Template | None = None


def body(change: Change, subjects: Sequence[Subject], now: datetime, notes: Sequence[str] = ()) -> str:
    """The text of a pull request, in Markdown; whatever comes from files stands in fences, where it is inert.

    Args:
        change: The change.
        subjects: What it renders.
        now: From when the next firings count.
        notes: More lines, such as what could not be checked.
    """
    parts = [f"{_plain(change.summary)}."]
    parts += [f"Template: `{_plain(one)}`" for one in change.templates]
    for subject in subjects:
        title = f"{subject.tool} in {subject.environment}"
        parts.append(f"### {_plain(title)}")
        parts.append(_fenced(_rendered(subject), "diff"))
        for heading, lines in _facts(subject, now):
            parts.append(f"**{heading}**")
            parts.append(_fenced(lines))
    if notes:
        parts.append("### Notes\n\n" + _fenced(notes))
    # The trailers let Rapt recognise the change also where the forge squashes it with this text.
    parts.append(change.message.partition("\n\n")[2].strip())
    return "\n\n".join(parts) + "\n"


def _rendered(subject: Subject) -> list[str]:
    found = applied_changes(subject.before, subject.after)
    return [str(one) for one in found] or ["nothing changes but where it comes from"]


def applied_changes(before: Iterable[Manifest], after: Iterable[Manifest]) -> list[fields.Change]:
    """What differs between objects, without what only says which file and version they were rendered from."""
    return [one for one in fields.changes(before, after) if not (one.field and _is_bookkeeping(one.field))]


def _is_bookkeeping(field: fields.Difference) -> bool:
    marks = (labels.DEFINITION, labels.VERSION, labels.APP_VERSION)
    return field.path[:2] == ("spec", "source") or field.path[-1] in marks


def _facts(subject: Subject, now: datetime) -> Iterator[tuple[str, list[str]]]:
    wanted, template = subject.installation, subject.template
    if wanted and wanted.answers:
        yield "Answers", [f"{name}: {_value(value)}" for name, value in wanted.answers.items()]
    if wanted and template:
        names = {"retry": wanted.retry_policy, "cleanup": wanted.cleanup_policy}
        policies = [f"{kind}: {name}" for kind, name in names.items() if name]
        yield (
            "Policies",
            [*policies, f"concurrency: {template.concurrency}", "rendered, validated, guarded: ok"],
        )
    if wanted and wanted.schedules:
        yield "Next firings", [_firings(one.cron, one.time_zone, now) for one in wanted.schedules]
    new = reach.of(subject.after).beyond(reach.of(subject.before))
    if new:
        yield (
            "New reach",
            [
                *(f"image   {one}" for one in new.images),
                *(f"reads   {one}" for one in new.secrets),
                *(f"may     {one}" for one in new.rights),
                *(f"egress  {one}" for one in new.hosts),
            ],
        )


def _firings(cron: str, time_zone: str, now: datetime) -> str:
    times = ", ".join(f"{one:%Y-%m-%d %H:%M}" for one in schedules.next_firings(cron, time_zone, now, 3))
    return f"{cron}  →  {times or 'never'} {time_zone or 'UTC, unless the cluster says otherwise'}"


def _value(value: object) -> str:
    return (
        value
        if isinstance(value, str) and "\n" not in value
        else documents.dump_json(value, indent=None).strip()
    )


def _fenced(lines: Iterable[str], language: str = "") -> str:
    text = [line.replace("\n", "⏎") for line in lines]
    if len(text) > _MOST_LINES:
        text = [*text[:_MOST_LINES], f"… and {len(text) - _MOST_LINES} more lines: see the files"]
    longest = max((len(run) for line in text for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *text, fence])


def _plain(text: str) -> str:
    """A line that no page makes a link, a mention or an image of."""
    return re.sub(
        r"[\\`*_{}\[\]<>@#|!]", lambda found: f"\\{found[0]}" if found[0] != "@" else "@\u200b", text
    )


def objects_of(files: Mapping[str, bytes], path: str) -> list[Manifest]:
    """The objects in a rendered file; empty where there is none, or it is not readable."""
    from kubectl_rapt.errors import Invalid

    try:
        return documents.load_all(files[path], path) if path in files else []
    except Invalid:
        return []
