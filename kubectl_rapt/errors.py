"""Every error that a person may see: a form with what, why and what to try next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where several may be reported together.

    Args:
        where: The field, flag or ``file:line`` it concerns.
        what: What is wrong with it, and what was expected, in one line.
    """

    where: str
    what: str


class RaptError(Exception):
    """An error with a stable code, one line of what and why, and one line of what to do.

    Args:
        code: Stable, lower-case words joined by ``-``; each has an entry in ``docs/errors.md``.
        message: What is wrong and why, in one line, without a final full stop.
        hint: A command or an act that helps; empty when there is none.
        problems: The single findings, where the message sums up several.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, code: str, message: str, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.problems = tuple(problems)


class UsageError(RaptError):
    """The command itself is wrong: a flag, a missing argument, no terminal to ask on."""

    exit_code = 2


class NotFound(RaptError):
    """What was named does not exist."""

    exit_code = 4


class Invalid(RaptError):
    """The input is understood and wrong: a file, an answer, a manifest."""

    exit_code = 5


class Refused(RaptError):
    """It may not be done: no right, a policy, another cluster, a moved tag."""

    exit_code = 6


class Conflict(RaptError):
    """Someone else was quicker; reading again and deciding again may help."""

    exit_code = 7


class Unavailable(RaptError):
    """The outside did not answer, or not in time.

    Args:
        outcome_unknown: A write was sent and its answer was lost: look before repeating it.
        is_transient: The same request may soon succeed, without anybody doing anything about it.
        retry_after_seconds: What the server asked for, if it did.
    """

    exit_code = 8

    def __init__(
        self,
        code: str,
        message: str,
        hint: str = "",
        problems: Sequence[Problem] = (),
        *,
        outcome_unknown: bool = False,
        is_transient: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(code, message, hint, problems)
        self.outcome_unknown = outcome_unknown
        self.is_transient = is_transient
        self.retry_after_seconds = retry_after_seconds
