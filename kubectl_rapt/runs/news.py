"""What has become of a run between two looks at it, in words for people and machines."""

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_rapt.model import times
from kubectl_rapt.objects import runs
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.runs import outcome as outcomes

STARTED, RETRIED, ENDED = "RunStarted", "RunRetried", "AttemptEnded"
RETRYING, SUCCEEDED, RECOVERED = "RunRetrying", "RunSucceeded", "RunRecovered"
FAILED, EXHAUSTED, CANCELLED, NOT_STARTED = "RunFailed", "RunExhausted", "RunCancelled", "RunNotStarted"

ALARMS = (FAILED, EXHAUSTED, RECOVERED)
"""What others are told of, by a webhook: a recovery is the end of an alarm."""
ENDS = (*ALARMS, CANCELLED, NOT_STARTED)
"""What Events tell of runs that are over."""
_EVENTS = (RETRIED, RETRYING, FAILED, EXHAUSTED, RECOVERED, CANCELLED, NOT_STARTED)
"""What Kubernetes Events are written for: a run that goes well needs none."""
_WARNINGS = (RETRYING, FAILED, EXHAUSTED, NOT_STARTED)


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened to a run.

    Args:
        reason: One of the words above.
        message: One line for people, without the run's name.
        attempt: The number of the attempt that it is about; 0 for none.
    """

    reason: str
    message: str
    attempt: int = 0

    @property
    def is_warning(self) -> bool:
        """Whether somebody should look."""
        return self.reason in _WARNINGS

    @property
    def is_event(self) -> bool:
        """Whether a Kubernetes Event tells of it."""
        return self.reason in _EVENTS


def between(before: Run | None, after: Run) -> list[News]:
    """What happened, in order.

    Args:
        before: The run as it was; None where it did not exist.
        after: The same run, later.
    """
    known = {attempt.number: attempt for attempt in (before.attempts if before else ())}
    found: list[News] = []
    for attempt in after.attempts:
        old = known.get(attempt.number)
        if old is None and attempt.uid:  # an attempt without a Job never started
            found.append(_started(after, attempt))
        if attempt.cause and not (old and old.cause):
            said = f"attempt {attempt.number} ended: {_how(attempt)}"
            found.append(News(ENDED, said, attempt.number))
    if after.state != (before.state if before else ""):
        found += _state(after)
    return found


def standing(run: Run) -> News | None:
    """What an Event tells of how a run stands; None where nothing."""
    return next((one for one in _state(run) if one.is_event), None)


def alarm(run: Run) -> News | None:
    """What others are to be told of a run that is over; None where nothing."""
    return next((one for one in _state(run) if one.reason in ALARMS), None)


def _started(run: Run, attempt: Attempt) -> News:
    if attempt.number == 1 and run.adopted:
        return News(STARTED, f"continues job/{attempt.job}", 1)
    reason = STARTED if attempt.number == 1 else RETRIED
    return News(reason, f"attempt {attempt.number} started", attempt.number)


def _how(attempt: Attempt) -> str:
    is_code = attempt.cause == outcomes.EXIT_CODE and attempt.exit_code
    return f"{attempt.cause}, exit code {attempt.exit_code}" if is_code else attempt.cause


def _state(run: Run) -> Iterator[News]:
    last = run.attempts[-1] if run.attempts else None
    number = last.number if last else 0
    how = _how(last) if last else ""
    match run.state:
        case runs.RETRYING:
            at = times.spell(run.next_attempt_at) if run.next_attempt_at else "once it is due"
            yield News(RETRYING, f"is tried again at {at} after {how}", number)
        case runs.SUCCEEDED if number > 1:
            yield News(RECOVERED, f"succeeded with attempt {number}", number)
        case runs.SUCCEEDED:
            yield News(SUCCEEDED, "succeeded", number)
        case runs.EXHAUSTED:
            yield News(EXHAUSTED, f"is given up after {number} attempts: {how}", number)
        case runs.FAILED if run.cancelled_by:
            yield News(CANCELLED, f"was cancelled by {run.cancelled_by}", number)
        case runs.FAILED:
            yield News(FAILED, f"failed: {how}", number)
        case runs.NOT_STARTED:
            yield News(NOT_STARTED, f"never began: {run.message}", number)
