"""What a pull request says: everything that a reviewer needs to know, and nothing that could act on their page."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kubectl_rapt import documents
from kubectl_rapt.config import changes
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.config.project import Review
from kubectl_rapt.model import proposals, times, visible
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.proposals import LONGEST_BODY, Proposal
from kubectl_rapt.objects import fields, labels, reach
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs import schedules
from kubectl_rapt.templating.definition import Template

_MOST_LINES = 200
"""Forges refuse long bodies; the files themselves are in the pull request anyway."""
_LONGEST_LINE = 500
_ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)


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


@dataclass(frozen=True, slots=True)
class Asked:
    """One run that a change asks for.

    Args:
        environment: Its environment.
        run: The run, as its file has it.
    """

    environment: str
    run: Run


def of(
    change: Change,
    subjects: Sequence[Subject | Asked],
    now: datetime,
    review: Review,
    *,
    is_draft: bool | None = None,
    notes: Sequence[str] = (),
) -> Proposal:
    """The pull request of a change; its mark stays the same as long as nothing but the time changes.

    Args:
        change: The change.
        subjects: What it renders, and the runs that it asks for.
        now: From when the next firings count.
        review: What it is given by its environments.
        is_draft: Whether it is a draft; None leaves that as it is.
        notes: See ``body``.
    """
    mark = hashlib.sha256(body(change, subjects, _ANY_DAY, notes).encode()).hexdigest()[:12]
    text = proposals.marked(body(change, subjects, now, notes), mark)
    return Proposal(
        change.branch, changes.MAIN, change.summary, text, review.labels, review.reviewers, is_draft
    )


def body(
    change: Change, subjects: Sequence[Subject | Asked], now: datetime, notes: Sequence[str] = ()
) -> str:
    """The text of a pull request, in Markdown; whatever comes from files stands in fences, where it is inert.

    Args:
        change: The change.
        subjects: What it renders, and the runs that it asks for.
        now: From when the next firings count.
        notes: More lines, such as what could not be checked.
    """
    parts = [f"{visible.inert(change.summary)}."]
    parts += [f"Template: `{visible.inert(one)}`" for one in change.templates]
    if notes:
        parts.append("### Notes\n\n" + _fenced(notes))
    # The trailers let Rapt recognise the change also where the forge squashes it with this text. Others wrote them.
    trailers = _fenced(change.message.partition("\n\n")[2].strip().split("\n"))
    room = LONGEST_BODY - len(trailers) - sum(map(len, parts)) - 1000
    for number, subject in enumerate(subjects):
        section = _of_run(subject) if isinstance(subject, Asked) else _section(subject, now)
        room -= len(section)
        if room < 0:
            parts.append(f"… and {len(subjects) - number} more: see the files")
            break
        parts.append(section)
    return "\n\n".join([*parts, trailers]) + "\n"


def _section(subject: Subject, now: datetime) -> str:
    title = f"{subject.tool} in {subject.environment}"
    parts = [f"### {visible.inert(title)}", _fenced(_rendered(subject), "diff")]
    for heading, lines in _facts(subject, now):
        parts += [f"**{heading}**", _fenced(lines)]
    return "\n\n".join(parts)


def _of_run(asked: Asked) -> str:
    """What is to run once, by whom it was asked for, and until when it may begin."""
    run = asked.run
    source = f"{run.source.template} {run.source.version}" if run.source else "written by hand"
    until = times.spell(run.not_after) if run.not_after else "not limited"
    facts = {"tool": f"{run.tool} ({source})", "asked by": run.requested_by, "not after": until}
    parts = [
        f"### {visible.inert(f'Run {run.name} in {asked.environment}, once')}",
        _fenced(f"{name:<10} {value}" for name, value in facts.items()),
    ]
    for heading, given in (("Answers", run.answers), ("Variables", run.env)):
        if given:
            parts += [f"**{heading}**", _fenced(f"{name}: {_value(value)}" for name, value in given.items())]
    return "\n\n".join(parts)


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
        yield "Next runs", [_firings(one.cron, one.time_zone, now) for one in wanted.schedules]
    new = reach.of(subject.after).beyond(reach.of(subject.before))
    if new:
        yield "New access", new.lines()


def _firings(cron: str, time_zone: str, now: datetime) -> str:
    times = ", ".join(f"{one:%Y-%m-%d %H:%M}" for one in schedules.next_firings(cron, time_zone, now, 3))
    return f"{cron}  →  {times or 'never'} {schedules.zone_named(time_zone)}"


def _value(value: object) -> str:
    return (
        value
        if isinstance(value, str) and "\n" not in value
        else documents.dump_json(value, indent=None).strip()
    )


def _fenced(lines: Iterable[str], language: str = "") -> str:
    text = [visible.clean(line.replace("\n", "⏎")) for line in lines]
    text = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in text]
    if len(text) > _MOST_LINES:
        text = [*text[:_MOST_LINES], f"… and {len(text) - _MOST_LINES} more lines: see the files"]
    longest = max((len(run) for line in text for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *text, fence])


def objects_of(files: Mapping[str, bytes], path: str) -> list[Manifest]:
    """The objects in a rendered file; empty where there is none, or it is not readable."""
    from kubectl_rapt.errors import Invalid

    try:
        return documents.load_all(files[path], path) if path in files else []
    except Invalid:
        return []
