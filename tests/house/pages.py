"""The pages that people read: their blocks of code, and the commands of ours that stand in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house import source

DOCS = source.HOME / "docs"
PAGES = (
    source.HOME / "README.md",
    *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts and path.name != "map.md"),
)
_FENCE = re.compile(r"^```(\S*).*?$\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(kubectl\s+rapt\s[^`]*)`")
_OURS = re.compile(r"(?<![\w-])kubectl rapt(?= |$)")


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Args:
        language: What stands behind the fence; ``sh`` is executed by the tests.
        text: Its lines.
    """

    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page."""
    for found in _FENCE.finditer(page.read_text("utf-8")):
        yield Block(found[1], found[2])


def commands(page: Path) -> Iterator[tuple[bool, list[str]]]:
    """The words of each of our commands behind ``kubectl rapt``, and whether it is one that could be typed as it is.

    What stands in a line of text may be less than that: ``kubectl rapt set TOOL --retry``.
    """
    for block in blocks(page):
        text = block.text.replace("\\\n", " ")
        for line in text.splitlines():
            if "[flags]" not in line:  # a synopsis of the generated reference
                yield from ((True, words) for words in _words(line))
    prose = _FENCE.sub("", page.read_text("utf-8"))
    for found in _INLINE.finditer(prose):
        yield from ((False, words) for words in _words(" ".join(found[1].split())))


def _words(line: str) -> Iterator[list[str]]:
    """The commands of a line: each ends where a shell's next one begins, or a wide gap comes before its explanation."""
    for found in _OURS.finditer(line):
        command = re.split(r"\s{3,}", line[found.end() :])[0]
        words = shlex.shlex(command, posix=True, punctuation_chars="();<>|&")
        words.whitespace_split, words.commenters = True, "#"
        kept: list[str] = []
        for word in words:
            if set(word) <= set("();<>|&"):
                break
            kept.append(word)
        yield kept
