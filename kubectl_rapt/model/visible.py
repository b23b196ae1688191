"""Text that shows all that is in it: nothing steers a terminal, turns its direction or hides."""

import re
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


def lines(text: str) -> str:
    """The same of a text of many lines: a line feed ends a line."""
    return "\n".join(map(clean, text.split("\n")))


def split(text: str) -> list[str]:
    """The lines of a file as git counts them: a CR, or another sign that some take for a line's end, ends none."""
    return text.removesuffix("\n").split("\n") if text else []


def inert(text: str) -> str:
    """One line of Markdown that shows a text, and makes no link, mention, image or mark-up of it."""
    return re.sub(
        r"[\\`*_{}\[\]<>@#|!~&]",
        lambda found: f"{found[0]}\u200b" if found[0] in "@#" else f"\\{found[0]}",
        clean(text.replace("\n", "⏎")),
    )


def _is_harmless(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _HIDDEN


def _spell(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
