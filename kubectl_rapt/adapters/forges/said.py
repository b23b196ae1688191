"""What a forge said, taken apart with care: a wrong type anywhere is an error in plain words."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.adapters.cluster.words import one_line
from kubectl_rapt.errors import Unavailable

_COMMIT = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
_MOST_TEXT = 1_000_000
_MOST_PAGES = 100


@dataclass(frozen=True, slots=True)
class Said:
    """A part of an answer. A path leads through objects; what is missing or null at its end is empty.

    Args:
        value: The part, as JSON values.
        host: Whose answer it is, for messages.
    """

    value: Any
    host: str

    def at(self, *path: str) -> "Said":
        """The part at a path; null where something on the way is missing."""
        value = self.value
        for key in path:
            if value is None:
                break
            if not isinstance(value, dict):
                raise bad_answer(self.host, f"{'.'.join(path)} is not where it should be")
            value = value.get(key)
        return Said(value, self.host)

    @property
    def exists(self) -> bool:
        """Whether there is anything."""
        return self.value is not None

    def line(self, *path: str) -> str:
        """Text on one line, without control characters."""
        return one_line(self.text(*path), 500)

    def text(self, *path: str) -> str:
        """Text as it is; fit for files, not for terminals."""
        value = self.at(*path).value
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > _MOST_TEXT:
            raise bad_answer(self.host, f"{'.'.join(path)} is not a text")
        return value

    def name(self, *path: str) -> str:
        """Text that must be as it is or not at all: a branch, a person, a label."""
        text = self.text(*path)
        if not text.isprintable():
            raise bad_answer(self.host, f"{'.'.join(path)} has characters that no name has")
        return text

    def commit(self, *path: str) -> str:
        """A commit id; empty where there is none."""
        text = self.text(*path)
        if text and not re.fullmatch(_COMMIT, text):
            raise bad_answer(self.host, f"{'.'.join(path)} is not a commit id")
        return text

    def page(self, *path: str) -> str:
        """The address of a page for people."""
        text = self.name(*path)
        if not re.match("https?://", text):
            raise bad_answer(self.host, f"{'.'.join(path)} is not a web address")
        return text

    def number(self, *path: str) -> int:
        """A whole number, also where it is spelled as text."""
        value = self.at(*path).value
        if isinstance(value, str) and re.fullmatch("[0-9]{1,15}", value):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise bad_answer(self.host, f"{'.'.join(path)} is not a number")
        return value

    def flag(self, *path: str) -> bool:
        """Yes or no; missing is no."""
        value = self.at(*path).value
        if value is not None and not isinstance(value, bool):
            raise bad_answer(self.host, f"{'.'.join(path)} is neither true nor false")
        return bool(value)

    def items(self, *path: str) -> Iterator["Said"]:
        """The items of a list; missing is empty."""
        value = self.at(*path).value
        if value is None:
            return
        if not isinstance(value, list):
            raise bad_answer(self.host, f"{'.'.join(path) or 'the answer'} is not a list")
        for item in value:
            yield Said(item, self.host)

    def names(self, *path: str, key: str) -> tuple[str, ...]:
        """That name of each item of a list; items without it are left out."""
        return tuple(name for item in self.items(*path) if item.exists and (name := item.name(key)))


def parse(body: bytes, host: str) -> Said:
    """The JSON of an answer.

    Raises:
        Unavailable: It is something else, such as the page of a login or of a proxy.
    """
    try:
        return Said(json.loads(body), host)
    except (ValueError, RecursionError):
        kind = "a web page" if body.lstrip()[:1] == b"<" else "something else"
        raise bad_answer(host, f"{kind} came instead of JSON") from None


def bad_answer(host: str, why: str, *, outcome_unknown: bool = False) -> Unavailable:
    """The error for an answer that cannot be used."""
    return Unavailable(
        "bad-forge-answer",
        f"{host} does not answer like a forge's API: {why}",
        "check forge.kind and forge.api in rapt.yaml, and that no login page or proxy stands in between",
        outcome_unknown=outcome_unknown,
    )


def nodes(page: Callable[[str | None], Said], host: str) -> Iterator[Said]:
    """The nodes of a list that GraphQL gives page by page, each asked for when it is needed.

    Args:
        page: Asks for the page after a cursor; None for the first.
        host: Whose list it is, for the message.

    Raises:
        Unavailable: The list does not end.
    """
    after = None
    for _ in range(_MOST_PAGES):
        found = page(after)
        yield from found.items("nodes")
        if not found.flag("pageInfo", "hasNextPage"):
            return
        after = found.text("pageInfo", "endCursor")
    raise bad_answer(host, "its list does not end")
