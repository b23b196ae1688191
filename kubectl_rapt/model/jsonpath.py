"""JSONPath as kubectl speaks it: ``{range .items[*]}{.metadata.name}{"\\n"}{end}``, filters, slices, unions.

It is the dialect of ``k8s.io/client-go/util/jsonpath`` (v0.35), read from there, its corners included: a missing key
is nothing, an index beyond the end is an error, ``['a.b']`` is two keys unless the dot is escaped. The packages on
PyPI speak RFC 9535 or Goessner's dialect, which has neither templates nor ``range``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.model import jsonpath_steps as steps
from kubectl_rapt.model.jsonpath_steps import Step
from kubectl_rapt.model.quantity import Quantity

_TERMINATORS = frozenset(" \t\r\n.,[]$@{}")
_KEY = re.compile(r"'([^']*)'")
_SLICE = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?")
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=]+)(.+)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?[0-9.]+")
_RELAXED = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\'\"])|(.?))", re.DOTALL
)
_ESCAPED = dict(zip("abfnrtv\\'\"", "\a\b\f\n\r\t\v\\'\"", strict=True))


@dataclass(frozen=True, slots=True)
class _Action:
    """What stands between two braces."""

    selects: tuple[Step, ...]
    word: str = ""

    def __call__(self, values: list[Any]) -> list[Any]:
        for step in self.selects:
            values = step(values)
        return values


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A template.

    Args:
        nodes: Its texts and actions.
    """

    nodes: tuple[_Action, ...]

    @classmethod
    def parse(cls, text: str) -> "JsonPath":
        """Read a template, such as ``{.metadata.name}``.

        Raises:
            ValueError: What is wrong with it.
        """
        return cls(tuple(_Parser(text).template()))

    @classmethod
    def relaxed(cls, text: str) -> "JsonPath":
        """Read one expression with or without its braces and its first dot, as ``--sort-by`` takes it.

        Raises:
            ValueError: What is wrong with it.
        """
        found = _RELAXED.fullmatch(text)
        if not found:
            raise ValueError(f"expects a field such as .metadata.name, got {text}")
        return cls.parse(f"{{.{found[1] or found[2]}}}")

    def find(self, data: Any) -> list[list[Any]]:
        """What each text and action comes to, in order.

        Raises:
            ValueError: It does not fit the data.
        """
        return list(self._find([data], 0, len(self.nodes)))

    def text(self, data: Any) -> str:
        """What kubectl prints of it. Raises ValueError."""
        return "".join(" ".join(map(_printed, values)) for values in self.find(data))

    def _find(self, values: list[Any], start: int, stop: int) -> Iterator[list[Any]]:
        at = start
        while at < stop:
            node = self.nodes[at]
            found = node(values)
            if node.word == "range":
                end = self._end(at, stop)
                for value in found:
                    yield from self._find([value], at + 1, end)
                at = end
            elif node.word == "end":
                raise ValueError("there is no range for this end")
            else:
                yield found
            at += 1

    def _end(self, start: int, stop: int) -> int:
        """Where the range that begins there ends; without an end, with the template."""
        depth = 0
        for at in range(start, stop):
            depth += {"range": 1, "end": -1}.get(self.nodes[at].word, 0)
            if not depth:
                return at
        return stop


class _Parser:
    """Reads a template from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def template(self) -> Iterator[_Action]:
        while self._at < len(self._text):
            start = self._text.find("{", self._at)
            end = len(self._text) if start < 0 else start
            if end > self._at:
                yield _constant(self._text[self._at : end])
            self._at = end
            if start >= 0:
                self._at += 1
                yield self.action()

    def action(self) -> _Action:
        """Up to and with the closing brace."""
        selects: list[Step] = []
        word = ""
        is_after_descent = False
        while True:
            if self._starts("}"):
                return _Action(tuple(selects), word)
            if self._starts("[?("):
                selects.append(self._filter())
            elif self._starts(".."):
                if is_after_descent:
                    raise ValueError("has .. twice in a row")
                selects.append(steps.descend)
                is_after_descent = True
                if self._peek().isalnum() or self._peek() == "_":
                    selects.append(self._field())
                continue
            else:
                found, said = self._simple()
                selects += found
                word = said or word
            is_after_descent = False

    def _simple(self) -> tuple[list[Step], str]:
        sign = self._next()
        if sign in ("", "\r", "\n"):
            raise ValueError("an action is not closed: } is missing")
        if sign in " @$":
            return [], ""
        if sign == "[":
            return [self._array()], ""
        if sign in "'\"":
            return [steps.always(self._quoted(sign))], ""
        if sign == ".":
            return [self._field()], ""
        self._at -= 1
        if sign in "+-" or sign.isdigit():
            return [steps.always(self._number())], ""
        if sign.isalnum() or sign == "_":
            return self._word()
        raise ValueError(f"does not expect {sign}")

    def _word(self) -> tuple[list[Step], str]:
        start = self._at
        while self._peek() and self._peek() not in _TERMINATORS:
            self._at += 1
        word = self._text[start : self._at]
        if word in ("true", "false"):
            return [steps.always(word == "true")], ""
        if word not in ("range", "end"):
            raise ValueError(f"does not know {word}: a field begins with a dot, such as .{word}")
        return [], word

    def _field(self) -> Step:
        start = self._at
        while self._peek() and self._peek() not in _TERMINATORS:
            self._at += 2 if self._peek() == "\\" else 1
        name = self._text[start : self._at]
        return steps.children if name == "*" else steps.named(name.replace("\\", ""))

    def _number(self) -> int | float:
        found = _NUMBER.match(self._text, self._at)
        text = found[0] if found else self._peek()
        self._at += len(text)
        try:
            return float(text) if "." in text else int(text)
        except ValueError:
            raise ValueError(f"{text} is not a number") from None

    def _quoted(self, quote: str) -> str:
        start = self._at
        while True:
            sign = self._next()
            if sign in ("", "\n"):
                raise ValueError(f"a text is not closed: {quote} is missing")
            if sign == quote and self._text[self._at - 2] != "\\":
                return _unescaped(self._text[start : self._at - 1])

    def _array(self) -> Step:
        end = self._text.find("]", self._at)
        if end < 0 or "\n" in self._text[self._at : end]:
            raise ValueError("an index is not closed: ] is missing")
        text = self._text[self._at : end]
        self._at = end + 1
        if "," in text:
            return steps.union([_Parser(f"[{part.strip(' ')}]}}").action() for part in text.split(",")])
        if key := _KEY.fullmatch(text):
            return _Parser(f".{key[1]}}}").action()
        found = _SLICE.fullmatch(":" if text == "*" else text)
        if not found:
            raise ValueError(f"{text} is not an index")
        first, last, step = ((part or "").lstrip(":") for part in found.groups())
        is_one = found[2] is None
        return steps.part(
            int(first) if first.strip("-") else None,
            (int(first or 0) + 1 if is_one else int(last) if last.strip("-") else None),
            int(step) if step else 1,
            is_one=is_one,
        )

    def _filter(self) -> Step:
        start, quote = self._at, ""
        while True:
            sign = self._next()
            if sign in ("", "\n"):
                raise ValueError("a filter is not closed: )] is missing")
            if quote:
                quote = "" if sign == quote and self._text[self._at - 2] != "\\" else quote
            elif sign in "'\"":
                quote = sign
            elif sign == ")":
                break
        text = self._text[start : self._at - 1]
        if self._next() != "]":
            raise ValueError("a filter is not closed: ] is missing")
        found = _COMPARISON.fullmatch(text)
        if not found:
            return steps.having(_Parser(text + "}").action())
        if found[2] not in steps.COMPARE:
            raise ValueError(f"does not know {found[2]}")
        left, right = (_Parser(f"{found[side]}}}").action() for side in (1, 3))
        return steps.where(left, found[2], right)

    def _starts(self, word: str) -> bool:
        if not self._text.startswith(word, self._at):
            return False
        self._at += len(word)
        return True

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        sign = self._peek()
        self._at += 1
        return sign


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        two, four, eight, octal, letter, other = found.groups()
        if other is not None:
            raise ValueError(f"does not know \\{other}")
        if letter:
            return _ESCAPED[letter]
        return chr(int(octal, 8) if octal else int(two or four or eight, 16))

    return _ESCAPE.sub(one, text)


def _constant(text: str) -> _Action:
    return _Action((lambda values: [text],))


def _printed(value: Any) -> str:
    if value is None:
        return "null"
    if not isinstance(value, Mapping | list | tuple):
        return spelled(value)
    import json

    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&\u2028\u2029":  # as Go's encoding/json
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def spelled(value: Any) -> str:
    """A value as Go's ``fmt.Sprint`` spells it, which is what kubectl's custom columns show."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{spelled(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(spelled, value))}]"
    return str(value)


def _float(value: float) -> str:
    if not 1e-4 <= abs(value) < 1e21:
        return repr(value).replace(".0e", "e") if value else "0"
    return f"{value:.0f}" if value.is_integer() else repr(value)


def order(value: Any) -> tuple[int, Any]:
    """A key to sort found values by, as ``--sort-by`` does: quantities by their size, what is missing first.

    Raises:
        ValueError: Such values have no order.
    """
    if value is None:
        return 0, 0
    if isinstance(value, bool | Mapping | list | tuple):
        raise ValueError("names a field that cannot be sorted by")
    if isinstance(value, str):
        try:
            return 1, Quantity.parse(value).nano
        except ValueError:
            return 2, value
    return 1, value * 10**9
