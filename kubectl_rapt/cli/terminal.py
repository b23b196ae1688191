"""The terminal: what may reach it, and the lines on standard output and standard error."""

import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from kubectl_rapt.cli import copying, letters, progress
from kubectl_rapt.errors import Unavailable

_HIDDEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
_RED, _PLAIN = "\x1b[31m", "\x1b[0m"
_JOINERS = "\u200c\u200d"
"""Invisible, and part of how words of some languages and many emoji are written."""


def clean(text: str) -> str:
    """Text from outside without anything that steers a terminal or turns its direction.

    Tab and visible characters stay; every control, format, bidi or unassigned character is shown as ``\\x1b``
    or ``\\u202e``, so that nothing is hidden.
    """
    if text.isprintable() and text.isascii():
        return text
    return "".join(one if one == "\t" or _is_harmless(one) else _spell(one) for one in text)


def _is_harmless(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _HIDDEN


def _spell(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shorten(text: str, limit: int = 1000) -> str:
    """Text of which a person still sees all that matters: the middle of a long one is left out."""
    return text if len(text) <= limit else f"{text[: limit // 2]} … {text[-(limit // 2) :]}"


def say(text: str, *, is_bad: bool = False) -> None:
    """One line for a person, on standard error; where that cannot be written, there is nobody to tell.

    Args:
        text: The line.
        is_bad: Whether it tells of a failure, and is to be seen as such.
    """
    progress.aside()
    spoken = _spoken(copying.here(text))
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


def say_part(text: str) -> None:
    """The beginning of a line for a person, who is to write the rest."""
    progress.aside(is_last=True)
    with suppress(OSError):
        print(_spoken(text), end="", file=sys.stderr, flush=True)


def out(text: str) -> None:
    """Output that a pipe may read.

    Raises:
        Unavailable: It cannot be written, for example because the disk is full.
        BrokenPipeError: The reader has gone.
    """
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
        text = "\n".join(clean(line) for line in text.split("\n"))
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
