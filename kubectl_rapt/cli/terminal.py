"""The terminal: what may reach it, and the lines on standard output and standard error."""

import os
import sys
import unicodedata

_HIDDEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
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


def say(text: str) -> None:
    """One line for a person, on standard error."""
    print(text, file=sys.stderr, flush=True)


def out(text: str) -> None:
    """Output that a pipe may read."""
    print(text, flush=True)


def out_line(line: bytes, *, raw: bool = False) -> None:
    """One log line on standard output: its own bytes with ``raw``, else neutralised."""
    if raw:
        os.write(sys.stdout.fileno(), line + b"\n")
    else:
        out(clean(line.decode("utf-8", "backslashreplace")))


def is_interactive() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
