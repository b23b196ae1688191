"""Follow a run to its end, over all its attempts: what is due is done on the way."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kubectl_rapt.actions import advance, follow
from kubectl_rapt.actions.follow import Part
from kubectl_rapt.errors import Unavailable
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import JOB, RUN, Ref
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import lifecycle, retries
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.following import EndedEarly, Line, LogLine, Source
from kubectl_rapt.runs.lifecycle import Done, Later, Seen, Wait
from kubectl_rapt.runs.outcome import Outcome
from kubectl_rapt.runs.retries import Again, Over
from kubectl_rapt.writes import Writers

LAST_LINE_LENGTH = 200
_LOOK_AGAIN = timedelta(seconds=2)
"""How often to look at a Job that somebody has suspended."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt is closed: what stands of it in the run, and what follows."""

    run: Run
    attempt: Attempt
    then: Again | Over


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing will happen any more; ``run`` is as it is recorded."""

    run: Run


Happening = Line | Ended | Later | Finished


def attach(
    world: World,
    writers: Writers,
    seen: Seen,
    *,
    timeout_seconds: float | None = None,
) -> Iterator[Happening]:
    """Everything worth showing of a run until it is over, which comes last.

    Whoever attaches carries the run on: starts what is due, closes what has ended, waits for the next attempt.

    Args:
        world: Where to look.
        writers: The door's ports.
        seen: What is known of the run already.
        timeout_seconds: Give up after this long; the run goes on.

    Raises:
        Unavailable: ``timed-out`` when the time is up; otherwise when the cluster does not answer.
        Conflict, Refused, Invalid, NotFound: A step cannot be done.
    """
    ends_at = world.now() + timedelta(seconds=timeout_seconds) if timeout_seconds else None
    try:
        yield from _until_over(world, writers, seen, ends_at)
    except Unavailable as error:
        if ends_at is None or world.now() < ends_at:
            raise
        # Whatever it was waiting for, the time that the person gave it is over.
        name = seen.wanted.name
        what = f"{name} did not end in time; it is still running"
        raise Unavailable("timed-out", what, f"kubectl rapt attach {shell.word(name)}") from error


def _until_over(world: World, writers: Writers, seen: Seen, ends_at: datetime | None) -> Iterator[Happening]:
    seen = advance.advance(world, writers, seen)
    told = _closed(seen)
    if told and isinstance(lifecycle.next_step(seen, world.now()), Done):
        yield from _again(world, seen, ends_at)
        told -= 1
    announced = ""
    while True:
        for ended in _ended(seen, told):
            yield ended
            announced = ended.then.what if isinstance(ended.then, Again) else ""
        told = _closed(seen)
        match step := lifecycle.next_step(seen, world.now()):
            case Done():
                yield Finished(_run(seen))
                return
            case Later():
                if step.what != announced:
                    yield step
                announced = step.what
                wait_until(world, _run(seen), step.at, ends_at)
                seen = advance.observe(world, seen)
            case Wait(job):
                if job.is_suspended and not job.ended:
                    wait_until(world, _run(seen), world.now() + _LOOK_AGAIN, ends_at)
                elif outcome := (yield from follow_job(world, job.ref, ends_at)):
                    seen = advance.close(world, writers, seen, outcome)
                    continue
                seen = advance.observe(world, seen)
        seen = advance.advance(world, writers, seen)


def _run(seen: Seen) -> Run:
    assert seen.run is not None, "a run that was advanced exists"
    return seen.run


def _closed(seen: Seen) -> int:
    return sum(bool(attempt.cause) for attempt in _run(seen).attempts)


def _ended(seen: Seen, told: int) -> Iterator[Ended]:
    run = _run(seen)
    for attempt in run.attempts[told:]:
        if attempt.cause:
            upto = replace(run, attempts=run.attempts[: attempt.number])
            yield Ended(run, attempt, retries.after(upto))


def _again(world: World, seen: Seen, ends_at: datetime | None) -> Iterator[Line]:
    """What an attempt that is over has said, as far as it is still there; its record stands."""
    attempt = _run(seen).attempts[-1]
    if seen.job is not None and seen.job.uid == attempt.uid and not seen.job.is_suspended:
        yield from follow_job(world, Ref(JOB, attempt.job, _run(seen).namespace), ends_at)


def follow_job(
    world: World, job: Ref, ends_at: datetime | None = None, part: Part = follow.ALL
) -> Generator[Line, None, Outcome | None]:
    """Show one Job; its outcome, with the last line of the container that decided it: a code says little without.

    If that container's log ended early, nobody knows what it said last. Nothing is recorded.

    Args:
        world: Where to read.
        job: The Job.
        ends_at: When to give up; None for never.
        part: How much of the logs.

    Raises:
        NotFound, Unavailable: As ``follow.follow``.
    """
    last: dict[Source, bytes] = {}
    cut_short: set[Source] = set()
    for line in follow.follow(world, job, timeout_seconds=_left(world, ends_at), part=part):
        if isinstance(line, Outcome):
            source = Source(line.pod, line.container)
            text = b"" if source in cut_short else last.get(source, b"")
            return _with_last_line(line, text.partition(b" ")[2] if part.timestamps else text)
        if isinstance(line, EndedEarly):
            cut_short.add(line.source)
        if isinstance(line, LogLine):
            last[line.source] = line.line
        yield line
    return None


def _with_last_line(outcome: Outcome, line: bytes) -> Outcome:
    said = line.decode("utf-8", "backslashreplace").strip()
    if outcome.cause != outcomes.EXIT_CODE or not said:
        return outcome
    return replace(outcome, message=f'{outcome.message}, last line "{said[:LAST_LINE_LENGTH]}"')


def _left(world: World, ends_at: datetime | None) -> float | None:
    return None if ends_at is None else max(0.001, (ends_at - world.now()).total_seconds())


def wait_until(world: World, run: Run, at: datetime, ends_at: datetime | None = None) -> None:
    """Wait until a moment, or until somebody changes the run: cancels it, or asks for an attempt now.

    Raises:
        Unavailable: ``timed-out``: there is no more time.
    """
    seconds = ((min(at, ends_at) if ends_at else at) - world.now()).total_seconds()
    if seconds > 0:
        fields = f"metadata.name={run.name}"
        events = world.cluster.watch(RUN, run.namespace, fields=fields, timeout_seconds=seconds)
        for event in events:
            if event.type == "synced":
                continue
            if event.type == "deleted" or event.object["metadata"]["resourceVersion"] != run.resource_version:
                break
        events.close()
    if ends_at and world.now() >= ends_at:
        what = f"{run.name} did not end in time; it is still running"
        raise Unavailable("timed-out", what, f"kubectl rapt attach {run.name}")
