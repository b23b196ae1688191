"""The terminal: what may reach it, and the lines on standard output and standard error."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from kubectl_rapt.cli import copying, letters, progress
from kubectl_rapt.errors import Unavailable
from kubectl_rapt.model import visible
from kubectl_rapt.model.visible import clean as clean

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"


class Neutral(str):
    """Text that may reach a terminal as it is: all that is in it from outside was made visible where it came in."""

    __slots__ = ()


def _neutral(text: str) -> str:
    return text if isinstance(text, Neutral) else visible.lines(text)


def shorten(text: str, limit: int = 1000) -> str:
    """Text of which a person still sees all that matters: the middle of a long one is left out."""
    return text if len(text) <= limit else f"{text[: limit // 2]} … {text[-(limit // 2) :]}"


def wrapped(text: str, width: int, hang: int = 0) -> list[str]:
    """A text in lines of at most that width, broken between two words only: a long name is not cut, nor is a command.

    Args:
        text: The text.
        width: How wide a line is.
        hang: How many blanks the second line and those after it begin with.
    """
    import textwrap

    lines = textwrap.wrap(
        _COMMAND.sub(lambda found: found[0].replace(" ", _JOINT), text),
        max(width, 1),
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_JOINT, " ") for line in lines] or [""]


_COMMAND = re.compile(r"(?:^|(?<=[:;,(] )|(?<=\())kubectl[ -](?:[^;,]|[;,](?! ))*")
"""A command in a sentence, to its end or to the next part of the sentence: it is copied, so it stays in one line."""
_NARROWEST = 40
"""A terminal that is narrower than this breaks lines itself: one word a line is not read."""
_JOINT = "\0"
"""What stands for the blanks of a command while lines are broken: no text that is shown has it."""


def _fitting(text: str, hang: int | None) -> str:
    """A sentence in lines that fit the terminal; commands stay whole, to be copied, and so does all in a pipe."""
    if _HINT.match(text) or not sys.stderr.isatty():
        return text
    try:
        width = max(_NARROWEST, os.get_terminal_size(sys.stderr.fileno()).columns or 80)
    except OSError:
        return text
    lines = []
    for line in text.split("\n"):
        label = _LABEL.match(line)
        behind = len(label[0]) if label and hang is None else hang or 0
        lines += wrapped(line, width, min(behind, width // 2)) if len(line) > width else [line]
    return "\n".join(lines)


_HINT = re.compile(r" *(?:try|or|commit|report): ")
_LABEL = re.compile(r" *(?:[a-z]+: )?")
"""What a line begins with before its sentence, such as ``error: ``: the sentence goes on below its own beginning."""


def say(text: str, *, is_bad: bool = False, hang: int | None = None) -> None:
    """One line for a person, on standard error; where that cannot be written, there is nobody to tell.

    What would steer a terminal is made visible. A sentence that is wider than the terminal goes on in the next line.

    Args:
        text: The line.
        is_bad: Whether it tells of a failure, and is to be seen as such.
        hang: Where it goes on in the next line; None for below its own beginning.
    """
    progress.aside()
    spoken = _fitting(_spoken(visible.lines(copying.here(text))), hang)
    with suppress(OSError):
        print(bad(spoken, sys.stderr) if is_bad else spoken, file=sys.stderr, flush=True)


def bad(text: str, stream: TextIO) -> str:
    """A text about a failure: red on a terminal that has colours, for a person who has not said that they want none.

    Args:
        text: The text, neutralised already.
        stream: Where it goes.
    """
    return f"{_RED}{text}{_PLAIN}" if text and has_colours(stream) else text


def has_colours(stream: TextIO) -> bool:
    """Whether colours are shown there: see https://no-color.org."""
    is_wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
    return is_wanted and stream.isatty()


def _spoken(text: str) -> str:
    is_plain = not text.isascii() and letters.are_plain(os.environ, sys.stderr.encoding or "")
    return letters.plain(text) if is_plain else text


def repeated(word: str) -> str:
    """A word that was typed, for a message: it may have been typed in the wrong place, and may be a secret."""
    from kubectl_rapt.guard import secrets

    return clean(secrets.redact(word))


def say_part(text: str) -> None:
    """The beginning of a line for a person, who is to write the rest."""
    progress.aside(is_last=True)
    with suppress(OSError):
        print(_spoken(visible.lines(text)), end="", file=sys.stderr, flush=True)


def out(text: str) -> None:
    """Output that a pipe may read; what would steer a terminal is made visible, unless it is ``Neutral``.

    Raises:
        Unavailable: It cannot be written, for example because the disk is full.
        BrokenPipeError: The reader has gone.
    """
    text = _neutral(text)
    encoding = sys.stdout.encoding or "utf-8"
    if not encoding.lower().startswith("utf"):
        text = letters.plain(text)
    with _writing():
        print(
            text if text.isascii() else text.encode(encoding, "backslashreplace").decode(encoding), flush=True
        )


def out_text(text: str) -> None:
    """A text exactly as it is, no line's end added; on a terminal it is neutralised. Raises as ``out`` does."""
    if sys.stdout.isatty():
        text = visible.lines(text)
    with _writing():
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()


def out_line(line: bytes, *, raw: bool = False) -> None:
    """One log line on standard output: its own bytes with ``raw``, else neutralised. Raises as ``out`` does."""
    progress.aside(is_last=True)
    if raw:
        with _writing():
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()
    else:
        out(clean(line.decode("utf-8", "backslashreplace")))


@contextmanager
def _writing() -> Iterator[None]:
    progress.result()
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up_output()
        raise Unavailable(
            "no-output",
            f"standard output cannot be written: {error.strerror}",
            "df -h, or another place for it",
        ) from error


def out_all() -> None:
    """Write what the help may still hold back. Raises as ``out`` does."""
    with _writing():
        sys.stdout.flush()


def give_up_output() -> None:
    """Nothing more can be written to standard output, not even while Python shuts down."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def is_interactive() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
