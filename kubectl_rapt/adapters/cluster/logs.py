"""Container logs: each line once, however often the connection is cut.

The kubelet can resume at whole seconds only (``sinceTime`` loses its fraction on the way), so the lines of the last
second come again; the time stamps that it puts before lines, in nanoseconds, tell which of them were given. Standard
output and error are stamped before they are merged, so stamps need not ascend, and after a rotation the log begins
later: neither the order nor the number of lines can be trusted, only which stamps came how often.
"""

import itertools
import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from kubectl_rapt.adapters.cluster import answers, http, paths
from kubectl_rapt.adapters.cluster.answers import Ask
from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.streams import Leash, Patience
from kubectl_rapt.errors import Invalid, NotFound, Unavailable
from kubectl_rapt.model.kinds import Ref

LONGEST_LINE = 64 * 1024 * 1024
"""A longer line is given in parts of this size; any other is held in memory whole."""


_STALL_SECONDS = 5.0
"""How long a log may be silent once its end is due, before it is opened again; twice as long after each time."""
_SETTLE_SECONDS = 0.5
_RESTART_SECONDS = 1.0
"""How often to look for a container that is to be started again: the kubelet waits ten seconds and more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which log, how much of it, and how long silence and trouble are borne."""

    pod: Ref
    container: str
    follow: bool
    tail: int | None
    since_seconds: float | None
    timestamps: bool
    restarts: bool
    silence_seconds: float
    patience_seconds: float

    @property
    def ask(self) -> Ask:
        """What is asked for."""
        return Ask("get", self.pod.kind, self.pod.namespace, self.pod.name, "log")

    def text(self, line: "_Line") -> bytes:
        """A line as it is given."""
        return line.stamp + b" " + line.text if self.timestamps else line.text


class _Line(NamedTuple):
    stamp: bytes
    text: bytes
    is_ended: bool


def lines(door: Door, wanted: Wanted, leash: Leash) -> Iterator[bytes]:
    """See ``ClusterReads.logs``.

    That a stream ends does not tell that the container did: an API server or a kubelet that restarts ends it as
    well, cleanly. So the log is opened once more, at its last line: if that is the last one given, and the stream
    ends again without another, that was all. A line without an end is given only then.
    """
    given = _Given(begins_late=wanted.tail is not None or wanted.since_seconds is not None)
    patience = Patience(wanted.patience_seconds)
    due = _Due(wanted, leash)
    is_known = is_over = was_clean = probes = is_waiting = False
    is_whole = True
    unended: _Line | None = None
    if not wanted.follow:
        leash.expect_end()  # what there is can be had now
    while not leash.is_stopped:
        if due.is_over:
            if is_whole:
                return
            raise _incomplete(wanted)
        expected = (unended or given.last) if probes else None
        query = _query(wanted, given, is_probe=expected is not None)
        rest: _Line | None = None
        has_news = is_clean = is_gap = False
        try:
            if is_waiting:
                is_over, is_waiting = _has_finished(door, wanted.pod), False
            opened = _read(door, wanted, query, leash, patience, due)
            if wanted.restarts and not expected and (given.last or wanted.tail is None):
                first = next(opened, None)
                if first is None or not given.is_owed(first):
                    is_gap = yield from _left(door, wanted, given, unended, first, leash, patience, due)
                opened = itertools.chain(filter(None, [first]), opened)
            for line in () if is_gap else opened:
                if expected and line != expected:
                    is_gap = True
                    break
                rest = None if line.is_ended else line
                if expected:
                    expected = None
                elif line.is_ended and given.is_new(line):
                    has_news = True
                    is_whole = False
                    patience.renew()
                    yield wanted.text(line)
                    due.renew()
            else:
                is_gap = is_gap or expected is not None
                is_clean = not is_gap
        except NotFound:
            if not (is_known or given.last):
                raise
            if not is_whole:
                what = f"{wanted.ask.thing}{wanted.ask.place} was deleted before all of its log had arrived"
                raise NotFound("no-log", what, "kubectl rapt runs") from None
            return
        except http.Cut:
            if leash.is_stopped:
                return
            is_whole = is_whole and probes
            patience.bear(answers.lost(wanted.ask, "the log was cut again and again"))
        except http.TooSlow:
            is_whole = is_whole and probes
            due.stalled()
        except Unavailable as error:
            if leash.is_stopped:
                return
            if error.code != "not-started":
                patience.bear(error)
                leash.wait(error.retry_after_seconds or 0.0)
            elif given.last and not is_whole:
                raise _incomplete(wanted) from error
            elif is_over or given.last or not wanted.follow:
                return
            else:
                is_known = is_waiting = True
        if is_gap:
            probes = is_whole = False
            continue
        if is_clean and (not wanted.follow or (was_clean and not has_news and rest == unended)):
            if rest and (not wanted.restarts or given.is_new(rest)):
                yield wanted.text(rest)
            if not wanted.follow or not wanted.restarts or not _may_restart(door, wanted):
                return
            leash.wait(_RESTART_SECONDS)
            is_clean, rest = False, None
        was_clean, probes, unended = is_clean, is_clean, rest if is_clean else None
        is_whole = is_whole or is_clean
        if not is_clean:
            leash.wait(min(1.0, patience.pause_seconds()))
        elif rest:
            # On a busy node the runtime may still be writing the line that was cut short.
            leash.wait(_SETTLE_SECONDS)


def _incomplete(wanted: Wanted) -> Unavailable:
    ask = wanted.ask
    what = f"the end of the log of {ask.thing}{ask.place} did not arrive"
    return Unavailable("log-incomplete", what, f"kubectl logs {ask.name} -c {wanted.container}{ask.where}")


class _Due:
    """How long silence is borne: for long while the container may still speak, briefly once its log's end is due.

    Args:
        wanted: Which log.
        leash: What tells that the end is due.
    """

    def __init__(self, wanted: Wanted, leash: Leash) -> None:
        self._wanted, self._leash = wanted, leash
        self._stall_seconds = _STALL_SECONDS
        self._news_at = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the end is due and nothing new came for too long."""
        return time.monotonic() > self._gives_up_at()

    def renew(self) -> None:
        """Note that something new came."""
        self._news_at = time.monotonic()
        self._stall_seconds = _STALL_SECONDS

    def stalled(self) -> None:
        """Note that the connection was silent for too long."""
        if self._leash.ending_since < math.inf:
            self._stall_seconds *= 2

    def silence_ends_at(self, since: float, silence_seconds: float) -> float:
        """When a connection is given up that has been silent since a moment and may be for so long at most."""
        stall_ends_at = max(since, self._leash.ending_since) + self._stall_seconds
        return min(since + silence_seconds, stall_ends_at, self._gives_up_at())

    def _gives_up_at(self) -> float:
        return max(self._news_at, self._leash.ending_since) + self._wanted.patience_seconds


def _query(wanted: Wanted, given: "_Given", *, is_probe: bool = False, is_previous: bool = False) -> str:
    since = tail = age = ""
    if is_probe:
        tail = "1"
    elif given.last:
        since = given.resume()
    else:
        tail = "" if wanted.tail is None else str(wanted.tail)
        age = "" if wanted.since_seconds is None else str(max(1, math.ceil(wanted.since_seconds)))
    return paths.query(
        container=wanted.container,
        follow="true" if wanted.follow and not is_previous else "",
        previous="true" if is_previous else "",
        timestamps="true",
        tailLines=tail,
        sinceTime=since,
        sinceSeconds=age,
    )


def _read(
    door: Door, wanted: Wanted, query: str, leash: Leash, patience: Patience, due: _Due
) -> Iterator[_Line]:
    path = paths.of(wanted.pod.kind, wanted.pod.namespace, wanted.pod.name, "log") + query
    began_at = time.monotonic()

    def begins_by(_: float) -> float:
        return due.silence_ends_at(began_at, door.timeout_seconds)

    with door.stream(wanted.ask, path, leash, begins_by) as answer:
        patience.reached()
        if answer.status == 204:
            raise Unavailable(
                "not-started", "the pod has no node yet", f"kubectl describe pod {wanted.pod.name}"
            )
        yield from _split(answer.pieces(lambda since: due.silence_ends_at(since, wanted.silence_seconds)))


def _split(pieces: Iterator[bytes]) -> Iterator[_Line]:
    """The stamped lines of a log. One without a stamp is the kubelet's own word, and nothing of the container's."""
    begun: list[bytes] = []
    size = 0
    stamp = b""
    for piece in pieces:
        *ended, rest = piece.split(b"\n")
        for text in ended:
            if begun:
                text = b"".join((*begun, text))
                begun, size = [], 0
            if not stamp:
                stamp, _, text = text.partition(b" ")
            if _is_stamp(stamp):
                yield _Line(stamp, text, True)
            stamp = b""
        begun.append(rest)
        size += len(rest)
        if size > LONGEST_LINE + 100:
            text = b"".join(begun)
            if not stamp:
                stamp, _, text = text.partition(b" ")
            while len(text) > LONGEST_LINE:
                yield _Line(stamp, text[:LONGEST_LINE], True)
                text = text[LONGEST_LINE:]
            begun, size = [text], len(text)
    text = b"".join(begun)
    if text and not stamp:
        stamp, _, text = text.partition(b" ")
    if _is_stamp(stamp):
        yield _Line(stamp, text, False)


def _is_stamp(word: bytes) -> bool:
    return word[10:11] == b"T" and word[4:5] == b"-" and word[:4].isdigit()


def _has_finished(door: Door, pod: Ref) -> bool:
    """Whether no container of the pod can start any more."""
    ask = Ask("get", pod.kind, pod.namespace, pod.name)
    try:
        found = door.json(ask, "GET", paths.of(pod.kind, pod.namespace, pod.name))
    except NotFound:
        return True
    return found.get("status", {}).get("phase") in ("Succeeded", "Failed")


def _left(
    door: Door,
    wanted: Wanted,
    given: "_Given",
    unended: _Line | None,
    first: _Line | None,
    leash: Leash,
    patience: Patience,
    due: _Due,
) -> Generator[bytes, None, bool]:
    """What the instance before the one whose log was just opened has still to say.

    A log that was read already begins with what was given; one that does not is another instance's, and the one
    before may have said something since it was last looked at. It is asked for only now that the other is open,
    so that none can slip in between. The kubelet drops it as soon as the other has ended too: a line without an end
    that was read in time is given all the same.

    Returns:
        Whether the log that is open has become the one before meanwhile: then it was given here, and the one after
        it is to be opened.
    """
    query = _query(wanted, given, is_previous=True)
    is_replaced = False
    try:
        for line in _read(door, wanted, query, leash, patience, due):
            if unended and line.stamp == unended.stamp:
                unended = None
            is_replaced = is_replaced or (first is not None and line.stamp == first.stamp)
            if given.is_new(line):
                yield wanted.text(line)
    except (Invalid, NotFound):
        pass  # there was none, or it is gone
    except Unavailable as error:
        if error.code != "not-started":
            raise
    if unended and not given.is_owed(unended) and given.is_new(unended):
        yield wanted.text(unended)
    given.owes_nothing()
    return is_replaced


def _may_restart(door: Door, wanted: Wanted) -> bool:
    """Whether a container that has ended is started again in its pod."""
    pod = wanted.pod
    ask = Ask("get", pod.kind, pod.namespace, pod.name)
    try:
        found = door.json(ask, "GET", paths.of(pod.kind, pod.namespace, pod.name))
    except NotFound:
        return False
    status = found.get("status") or {}
    if status.get("phase") in ("Succeeded", "Failed") or found["metadata"].get("deletionTimestamp"):
        return False
    known = (*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ()))
    state = next((one.get("state") or {} for one in known if one["name"] == wanted.container), {})
    return bool(state.get("terminated", {}).get("exitCode") != 0)


class _Given:
    """What was given of the last second: exactly what comes again when the log is opened from there."""

    def __init__(self, *, begins_late: bool) -> None:
        self.last: _Line | None = None
        self._begins_late = begins_late
        self._first = b""
        self._second = b""
        self._instant = datetime.min.replace(tzinfo=UTC)
        self._stamps: dict[bytes, int] = {}
        self._owed: dict[bytes, int] = {}

    def resume(self) -> str:
        """Where to open the log again: what was given from there on is known from now on as not new."""
        self._owed = dict(self._stamps)
        return self._second.decode("ascii", "replace")

    def owes_nothing(self) -> None:
        """What comes next is another log's."""
        self._owed = {}

    def is_owed(self, line: _Line) -> bool:
        """Whether the line was given before the log was opened again."""
        return bool(self._owed.get(line.stamp))

    def is_new(self, line: _Line) -> bool:
        """Whether the line was not given yet; it counts as given then."""
        stamp = line.stamp
        if left := self._owed.get(stamp):
            self._owed[stamp] = left - 1
            return False
        if self._begins_late and stamp < self._first:
            return False  # older than what was asked for
        self.last = line
        self._first = self._first or stamp
        head, dot, tail = stamp.partition(b".")
        second = head + tail.lstrip(b"0123456789") if dot else head
        if second != self._second:
            instant = _instant(second)
            if self._second and instant <= self._instant:
                return True
            self._second, self._instant, self._stamps = second, instant, {}
        self._stamps[stamp] = self._stamps.get(stamp, 0) + 1
        return True


def _instant(second: bytes) -> datetime:
    try:
        return datetime.fromisoformat(second.decode("ascii", "replace")).astimezone(UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
