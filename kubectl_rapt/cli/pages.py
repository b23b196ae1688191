"""Pages of the documentation on a terminal: what a Markdown file says under one heading, filled to its width."""

import re
import shutil
import textwrap

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.:;]) (?=[A-Z`])")
_WIDEST = 100


def sections(text: str) -> dict[str, str]:
    """Heading of the second level to the paragraphs under it."""
    _, *parts = _HEADING.split(text)
    return {heading.strip(): body.strip() for heading, body in zip(parts[::2], parts[1::2], strict=True)}


def summary(body: str) -> str:
    """The first sentence."""
    return _SENTENCE.split(" ".join(body.split()), maxsplit=1)[0].rstrip(".:;")


def filled(body: str, width: int = 0) -> str:
    """Paragraphs for a terminal.

    Args:
        body: The Markdown: nothing but paragraphs.
        width: How wide; 0 for the terminal's own width, within reason.
    """
    width = width or min(_WIDEST, shutil.get_terminal_size().columns)
    return "\n\n".join(
        textwrap.fill(" ".join(one.split()), width, break_long_words=False, break_on_hyphens=False)
        for one in re.split(r"\n\s*\n", body)
    )
