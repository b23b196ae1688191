"""Reading a mapping strictly: each key once, of the right kind, none unknown; all problems are collected."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from kubectl_rapt import documents
from kubectl_rapt.errors import AGAIN, Invalid, Problem
from kubectl_rapt.model import names

T = TypeVar("T")
U = TypeVar("U")

Findings = list[tuple[str, str]]
"""JSON pointer and what is wrong there."""


class Fields:
    """One mapping that is being read.

    Every method takes a key out and returns its value, or the default after noting what is wrong with it.
    At the end ``done`` notes the keys that nobody asked for.

    Args:
        data: What was read; anything but a mapping is noted and treated as an empty one.
        pointer: Where it stands in its document.
        findings: Where problems go; shared by all fields of a document.
    """

    def __init__(self, data: Any, pointer: str, findings: Findings) -> None:
        self.pointer = pointer
        self.findings = findings
        self._data: Mapping[str, Any] = {}
        self._known: list[str] = []
        self.is_mapping = isinstance(data, dict)
        if self.is_mapping:
            self._data = data
        else:
            findings.append((pointer, f"expected a mapping, was given {shown(data)}"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def wrong(self, key: str, what: str) -> None:
        """Note a problem with a key; an empty key is the mapping itself."""
        self.findings.append((documents.join_pointer(self.pointer, key) if key else self.pointer, what))

    def value(self, key: str, default: Any = None) -> Any:
        """Whatever is there, unchecked."""
        self._known.append(key)
        return self._data.get(key, default)

    def text(self, key: str, default: str = "", *, required: bool = False, one_line: bool = True) -> str:
        """A text; empty ones count as missing where one is required."""
        value = self._checked(key, default, str, "text", required)
        if required and self._data.get(key) == "":
            self.wrong(key, "is empty")
        if one_line and any(ord(character) < 32 for character in value):
            self.wrong(key, "is one line of text, without tabs")
            return default
        return value

    def parsed(self, key: str, parse: Callable[[str], T], default: U, *, required: bool = False) -> T | U:
        """A text that a function reads, whose ValueError says why it is none."""
        text = self.text(key, required=required)
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.wrong(key, f"{error}; was given {shown(text)}")
            return default

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        return self._checked(key, default, bool, "true or false", False)

    def whole(self, key: str, least: int, most: int, default: int = 0, *, required: bool = False) -> int:
        """A whole number within bounds."""
        value = self.value(key, None if required else default)
        if type(value) is int and least <= value <= most:
            return value
        if self.is_mapping:
            self.wrong(key, f"expected a whole number from {least} to {most}, was given {shown(value)}")
        return default

    def wholes(self, key: str, least: int, most: int) -> tuple[int, ...]:
        """A list of whole numbers within bounds."""
        found = []
        for pointer, value in self.items(key):
            if type(value) is int and least <= value <= most:
                found.append(value)
            else:
                what = f"expected a whole number from {least} to {most}, was given {shown(value)}"
                self.findings.append((pointer, what))
        return tuple(found)

    def number(self, key: str, least: float, most: float, default: float) -> float:
        """A number within bounds."""
        value = self.value(key, default)
        if type(value) in (int, float) and least <= value <= most:
            return float(value) if type(value) is float else int(value)
        self.wrong(key, f"expected a number from {least:g} to {most:g}, was given {shown(value)}")
        return default

    def choice(self, key: str, choices: Sequence[str], default: str = "", *, required: bool = False) -> str:
        """One of some words."""
        value = self.text(key, default, required=required)
        if value and value not in choices:
            self.wrong(key, f"expected one of: {', '.join(choices)}{names.did_you_mean(value, choices)}")
            return default
        return value

    def items(self, key: str) -> list[tuple[str, Any]]:
        """The items of a list, each with its pointer; empty where there is none."""
        values = self._checked(key, [], list, "a list", False)
        pointer = documents.join_pointer(self.pointer, key)
        return [(f"{pointer}/{index}", value) for index, value in enumerate(values)]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        found = []
        for pointer, value in self.items(key):
            if isinstance(value, str):
                found.append(value)
            else:
                self.findings.append((pointer, f"expected text, was given {shown(value)}"))
        return tuple(found)

    def words(self, key: str, known: Sequence[str], called: str) -> tuple[str, ...]:
        """A list of texts that are all known; what they are called is for the message, as in ``a cause``."""
        found = []
        for pointer, value in self.items(key):
            if value in known:
                found.append(value)
            else:
                near = names.did_you_mean(value, known) if isinstance(value, str) else ""
                self.findings.append((pointer, f"expected {called}, was given {shown(value)}{near}"))
        return tuple(found)

    def fields(self, key: str) -> "Fields":
        """A mapping inside; an absent one is empty."""
        return Fields(self.value(key, {}), documents.join_pointer(self.pointer, key), self.findings)

    def done(self) -> None:
        """Note every key that was not asked for."""
        for key in self._data:
            if key not in self._known:
                self.wrong(key, f"is not a key here{names.did_you_mean(key, self._known)}")

    def _checked(self, key: str, default: T, kind: type[T], called: str, required: bool) -> T:
        self._known.append(key)
        if key not in self._data:
            if required and self.is_mapping:
                self.wrong(key, "is missing")
            return default
        value = self._data[key]
        if not isinstance(value, kind):
            self.wrong(key, f"expected {called}, was given {shown(value)}")
            return default
        return value


def hidden(data: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Keys and texts of a document that hold what people do not see: an escape brings it past the text's check."""
    if isinstance(data, str):
        if character := documents.hidden(data):
            yield pointer, f"holds the character {character}, which people do not see: remove it"
    elif isinstance(data, dict):
        for key, value in data.items():
            if character := documents.hidden(key):
                yield pointer, f"has a key with the character {character}, which people do not see: remove it"
            yield from hidden(value, documents.join_pointer(pointer, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from hidden(item, f"{pointer}/{index}")


def shown(value: Any) -> str:
    """A value for a message: one short line of ASCII JSON."""
    if value is None:
        return "nothing"
    import json

    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def refuse(findings: Findings, lines: Mapping[str, int], source: str, code: str) -> None:
    """Raise what was found in a file, with file, line and key.

    Args:
        findings: What ``Fields`` noted.
        lines: What ``documents.load_with_lines`` returned.
        source: The file's name.
        code: The error's code.

    Raises:
        Invalid: There was something.
    """
    if not findings:
        return
    findings.sort(key=lambda finding: documents.line_of(finding[0], lines))
    count = "1 mistake" if len(findings) == 1 else f"{len(findings)} mistakes"
    raise Invalid(
        code,
        f"{source} has {count}",
        f"mend the lines named here, then {AGAIN}",
        [Problem(documents.place(pointer, lines, source), what) for pointer, what in findings],
    )
