"""One line of the list of runs: of a Run, of the server's printed row of one, or of a CronJob's Job without a Run."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kubectl_rapt.model import causes, names, times
from kubectl_rapt.model.kinds import JOB, RUN, Manifest
from kubectl_rapt.objects import jobs, labels, reading, runs
from kubectl_rapt.runs import counting

if TYPE_CHECKING:
    from kubectl_rapt.runs.standing import Standing

BROKEN = "<broken>"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = "1970-01-02"
"""Older Rapts recorded the epoch for what never started."""
DEAD = "dead"
"""What people call a run that used up its attempts."""


REVIEW = "Review"
"""The state of a run that is a change to the config repository, and waits for its merge."""
MERGED = "Merged"
"""Its state after that, until a sync starts it."""
SEEN = ("Pending", "Waiting", "Suspended", "Stopping", "Turn", REVIEW, MERGED)
"""What the list says of runs that no Run records: see ``standing``."""
STATUSES = (DEAD, *dict.fromkeys((*SEEN, *runs.STATES, *causes.CAUSES)))
"""What the list may say of a run: its state, or the cause of its end. Kubernetes has reasons besides these."""
_REASON = re.compile(r"([A-Z][a-z0-9]+){2,}")


def is_status(word: str) -> bool:
    """Whether the list may say that of a run: a word of ours in any case, or what may be a reason of Kubernetes."""
    waiting, colon, what = word.partition(":")
    if colon:
        return waiting.lower() == "waiting" and is_status(what)
    if word.lower() in {one.lower() for one in STATUSES}:
        return True
    return bool(_REASON.fullmatch(word)) and names.nearest(word, STATUSES) is None


def near_status(word: str) -> str:
    """What was probably meant: the nearest word of the list, or one that begins so; empty if there is none."""
    begins = (one for one in STATUSES if one.lower().startswith(word.lower()) and len(word) >= _TELLING)
    return next(begins, "") or names.nearest(word, STATUSES) or ""


_TELLING = 3


@dataclass(frozen=True, slots=True)
class Line:
    """What the list says of one run.

    Args:
        namespace: Where it runs.
        name: Its name; that of the Job where there is no Run.
        tool: Its tool.
        status: One word: what it does, or what ended it.
        state: The Run's state, ``Pending`` where it has none yet, ``Cancelled`` where somebody ended it; of a Job the
            nearest one.
        attempts: Such as ``1``, ``1/3`` or ``3/3 dead``.
        by: Who asked; ``cron`` for a schedule.
        created: When it was asked for; of what a Run has adopted, when its Job began.
        started: When its first attempt was released; empty where none was, or nobody knows.
        finished: When its last one ended; empty where it has not.
        exit_code: The exit code of that, if any.
        environment: Its environment.
    """

    namespace: str
    name: str
    tool: str
    status: str
    state: str
    attempts: str
    by: str
    created: str
    started: str = ""
    finished: str = ""
    exit_code: str = ""
    environment: str = ""


_PACKED = ("created", *(one for one in Line.__slots__ if one != "created"))
_STATE = _PACKED.index("state")
_SEPARATOR, _INSTEAD = "\0", "\ufffd"
"""What stands between packed fields, and in place of it where a field of an object holds it: the server lets it."""
Fields = tuple[str, ...]
"""What a line says, in the order of its packed text: ten thousand of them are read in a moment, and lines are not."""


def reader(columns: Sequence[str]) -> Callable[[Sequence[Any]], Fields]:
    """Reads rows that the server printed under these columns: those that ``install`` gave Runs."""
    at = {name: index for index, name in enumerate(columns)}
    none = len(columns)
    wanted = ("Created", "Namespace", "Name", "Tool", "By", "Started", "Finished", "Environment")
    told = [at.get(name, none) for name in (*wanted, "State", "Cause", "Attempt", "Of", "Exit")]
    # Rapt's earlier definitions have no such column: of several attempts they tell only when the last one started.
    begun = at.get("Begun", none)
    wish = at.get("Wish", none)

    def read(cells: Sequence[Any]) -> Fields:
        found = fields_of(cells)
        return found if _has_times(found) else _broken(found)

    def fields_of(cells: Sequence[Any]) -> Fields:
        row = (*cells, "")
        texts = [row[index] or "" for index in told[:-1]]
        created, namespace, name, tool, by, started, finished, environment, state, cause, number, of = texts
        code = row[told[-1]]
        if state in runs.FINISHED and is_wished(row[wish], number):
            state = runs.RETRYING
        begun_at = row[begun] or ("" if str(number) not in ("", "1") else started)
        return (
            _created(created, begun_at),
            namespace,
            name,
            tool,
            _status(state, cause, bool(number)),
            _state(state, cause),
            _attempts(number, of, row[wish], state),
            by,
            begun_at,
            finished,
            "" if code is None else str(code),
            environment,
        )

    return read


def is_wished(wish: Any, attempts: Any) -> bool:
    """Whether a row tells of an attempt that somebody asked for, and that is the next one."""
    return isinstance(wish, int) and isinstance(attempts, int) and wish == attempts + 1


_TIMES = tuple(_PACKED.index(one) for one in ("created", "started", "finished"))
_STATUS = _PACKED.index("status")


def _has_times(fields: Fields) -> bool:
    """Whether each time of a line can be read, or is missing."""
    return all(_is_time(fields[index]) for index in _TIMES)


def _is_time(text: str) -> bool:
    try:
        return not text or times.parse(text) is not None
    except ValueError:
        return False


def _broken(fields: Fields) -> Fields:
    """The fields of a line that says that its Run is broken, and nothing that cannot be read."""
    said = list(fields)
    said[_STATUS] = said[_STATE] = BROKEN
    for index in _TIMES:
        if not _is_time(said[index]):
            said[index] = ""
    return tuple(said)


def packed(fields: Fields) -> str:
    """The packed text of a line's fields."""
    text = _SEPARATOR.join(fields)
    if text.count(_SEPARATOR) >= len(fields):
        text = _SEPARATOR.join(field.replace(_SEPARATOR, _INSTEAD) for field in fields)
    return text


def unpacked(text: str) -> Fields:
    """The fields of a packed text."""
    return tuple(text.split(_SEPARATOR))


def is_broken(fields: Fields) -> bool:
    """Whether its Run cannot be read."""
    return fields[_STATE] == BROKEN


def is_open(fields: Fields) -> bool:
    """Whether a Run does not say that it is over: then its Job and its pods know better."""
    return fields[_STATE] not in (*runs.FINISHED, causes.CANCELLED, BROKEN)


def as_it_stands(line: Line, now: "Standing", run: runs.Run | None = None) -> Line:
    """A line that says how the run stands, whatever its Run has recorded.

    Args:
        line: What is recorded.
        now: How it stands.
        run: The Run; None of a Job that has none.
    """
    return replace(
        line,
        status=now.status,
        state=_state(now.state, now.status),
        attempts=_attempts(now.attempt, run.allowed if run else 1, run.wished if run else 0, now.state),
        started=times.spell(now.released_at) if now.released_at else "",
        finished=times.spell(now.finished_at) if now.finished_at else "",
        exit_code="" if now.exit_code is None else str(now.exit_code),
    )


def line(fields: Fields) -> Line:
    """The line of its fields."""
    return Line(**dict(zip(_PACKED, fields, strict=True)))


def fields(one: Line) -> Fields:
    """The fields of a line."""
    return tuple(getattr(one, name) for name in _PACKED)


def spell_duration(started: str, finished: str, now: datetime) -> str:
    """How long a run took, or has taken so far; empty if it is not known.

    It is the time from the release of its first Job to the end of its last one, over all attempts and pods, as in
    ``standing.Standing``.
    """
    return times.spell_span(times.perhaps(started), times.parse(finished) if finished else now)


def spell_age(created: str, now: datetime) -> str:
    """How long ago that was; empty where it is not known."""
    return times.spell_seconds((now - times.parse(created)).total_seconds()) if created else ""


def _status(state: str, cause: str, has_begun: bool) -> str:
    """As ``Run.status``."""
    if state in ("", runs.RUNNING):
        return state or "Pending"
    return cause or state if has_begun and state != runs.RETRYING else state


def _state(state: str, cause: str) -> str:
    """A Run's state for people, who do not take what somebody cancelled for a failure."""
    return causes.CANCELLED if state == runs.FAILED and cause == causes.CANCELLED else state or "Pending"


def _created(created: str, begun: str) -> str:
    """A Run is younger than its first attempt only where it has adopted a Job, whose age is the run's."""
    return begun if _NEVER <= begun < created else created


def _attempts(number: Any, allowed: Any, wished: Any, state: str) -> str:
    """Which attempt of how many, of numbers as the API server tells them: what is none counts as missing."""
    if not number or not isinstance(number, int):
        return str(number or "")
    at_most, since = (one if isinstance(one, int) else 0 for one in (allowed, wished))
    counted = counting.counted(number, at_most, since)
    return f"{counted} {DEAD}" if state == runs.EXHAUSTED else counted


@reading.reader(RUN)
def of_run(manifest: Manifest) -> Line:
    """The line of a Run. Raises Invalid: ``unreadable-object``."""
    metadata, spec, status = manifest["metadata"], manifest["spec"], manifest.get("status") or {}
    attempts = status.get("attempts") or ()
    first: Mapping[str, Any] = attempts[0] if attempts else {}
    last: Mapping[str, Any] = attempts[-1] if attempts else {}
    state, code = status.get("state", ""), last.get("exitCode")
    if state in runs.FINISHED and is_wished((spec.get("wish") or {}).get("attempt"), last.get("number")):
        state = runs.RETRYING
    return _checked(
        metadata["namespace"],
        metadata["name"],
        spec["tool"],
        _status(state, last.get("cause", ""), bool(attempts)),
        _state(state, last.get("cause", "")),
        _attempts(
            last.get("number"),
            (spec.get("retry") or {}).get("attempts"),
            (spec.get("wish") or {}).get("attempt"),
            state,
        ),
        spec.get("requestedBy", ""),
        _created(metadata["creationTimestamp"], first.get("startedAt", "")),
        first.get("startedAt", ""),
        last.get("finishedAt", ""),
        "" if code is None else str(code),
        (metadata.get("labels") or {}).get(labels.ENVIRONMENT, ""),
    )


@reading.reader(JOB)
def of_job(manifest: Manifest) -> Line:
    """The line of a Job that has no Run. Raises Invalid: ``unreadable-object``."""
    metadata, spec, status = manifest["metadata"], manifest["spec"], manifest.get("status") or {}
    ended: Mapping[str, Any] = {}
    for one in status.get("conditions") or ():
        if one["type"] in ("Complete", "Failed") and one["status"] == "True":
            ended = one
    marks, started = metadata.get("labels") or {}, status.get("startTime", "")
    if ended:
        is_done = ended["type"] == "Complete"
        state = runs.SUCCEEDED if is_done else runs.FAILED
        word = state if is_done else ended.get("reason") or state
    elif spec.get("suspend"):
        state = word = "Suspended"
    else:
        state = word = runs.RUNNING if status.get("active") else "Pending"
    return _checked(
        metadata["namespace"],
        metadata["name"],
        marks[labels.TOOL],
        word,
        state,
        "1" if started else "",
        jobs.asked_by(metadata),
        metadata["creationTimestamp"],
        started,
        (status.get("completionTime") or ended.get("lastTransitionTime", "")) if ended else "",
        environment=marks.get(labels.ENVIRONMENT, ""),
    )


def _checked(*said: str, environment: str = "") -> Line:
    """A line of such fields. Raises ValueError where a time is none."""
    one = Line(*said, **({"environment": environment} if environment else {}))
    for time in (one.created, one.started, one.finished):
        if time:
            times.parse(time)
    return one


@dataclass(frozen=True, slots=True)
class Filter:
    """Which lines are wanted.

    Args:
        statuses: Words that the status or the state must be one of, in any case; none for all.
        by: Who asked; empty for anybody.
        since: Asked for then or later.
        before: Asked for earlier than this.
    """

    statuses: frozenset[str] = frozenset()
    by: str = ""
    since: datetime | None = None
    before: datetime | None = None

    @classmethod
    def ago(
        cls,
        now: datetime,
        *,
        statuses: Sequence[str] = (),
        by: str = "",
        since: float | None = None,
        older_than: float | None = None,
    ) -> "Filter":
        """The filter of words, where ``dead`` means exhausted, and of ages in seconds."""
        words = {DEAD: runs.EXHAUSTED}
        chosen = frozenset(words.get(word.lower(), word).lower() for word in statuses)
        return cls(chosen, by, _before(now, since), _before(now, older_than))

    @property
    def is_open(self) -> bool:
        """Whether it lets everything through."""
        return self == Filter()

    def accepts(self, line: Line) -> bool:
        """Whether a line is wanted."""
        status = line.status.lower()
        words = {status, status.rpartition(":")[2], line.state.lower()}
        if self.statuses and not words & self.statuses:
            return False
        if self.by and line.by != self.by:
            return False
        if self.since is None and self.before is None:
            return True
        created = times.parse(line.created) if line.created else _EPOCH
        return (self.since is None or created >= self.since) and (
            self.before is None or created < self.before
        )


def _before(now: datetime, seconds: float | None) -> datetime | None:
    """So long before now; of what is longer than there were years, the beginning of time."""
    return None if seconds is None else max(_EPOCH, now - timedelta(seconds=min(seconds, 10**10)))
