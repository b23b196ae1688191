"""Every error that a person may see: a form with what, why and what to try next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

AGAIN = "run the same command again"
"""A hint, or the end of one that begins with what is to be done before: front ends show the command that was typed."""


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
        hint: A command or an act that helps, or several of them; empty when there is none. Where it is nothing but
            flags, front ends that know the command show it whole, with those flags. One text is always one hint:
            a value in it cannot begin another. Values in a command are quoted with ``shell.word``.
        problems: The single findings, where the message sums up several.

    Attributes:
        hints: What helps, one text for each; each is a single line.
        typo: A word that was given, and what was probably meant, each of them if there are several; None where nothing
            is near.
        mended: Wrong words and what is to stand there, empty for nothing: the hints are about the command with all of
            these replaced.
    """

    exit_code: ClassVar[int] = 3
    typo: "tuple[str, ...] | None" = None
    mended: "tuple[tuple[str, str], ...]" = ()

    def __init__(
        self, code: str, message: str, hint: "str | Sequence[str]" = "", problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hints = _lines(hint)
        self.problems = tuple(problems)

    @property
    def hint(self) -> str:
        """The first of the hints; empty when there is none."""
        return self.hints[0] if self.hints else ""

    @hint.setter
    def hint(self, text: str) -> None:
        self.hints = _lines(text)

    def meant(self, given: str, near: str | None, *others: str) -> Self:
        """The same error, which knows what was probably meant: the command that was typed is shown with that.

        Args:
            given: The wrong word.
            near: The right one; empty if the word is only in the way, None if nothing is near.
            others: What may be meant as well: the command is shown with each.
        """
        if near is not None:
            self.typo = given, near, *others
        return self

    def mending(self, *words: tuple[str, str]) -> Self:
        """The same error, whose hints are about the command that was typed with each of these words replaced."""
        self.mended = words
        return self


def _lines(hint: "str | Sequence[str]") -> tuple[str, ...]:
    """Each hint on a line of its own, with nothing in it that ends a line or steers a terminal."""
    texts = (hint,) if isinstance(hint, str) else hint
    return tuple(_visible(text) for text in texts if text)


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


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
        hint: "str | Sequence[str]" = "",
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
