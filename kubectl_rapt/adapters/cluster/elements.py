"""JSON as the API server answers it: objects of any depth, and long lists read as their text comes.

The server takes objects that are nested ten thousand levels deep, which Python's functions cannot read or write.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kubectl_rapt.model.kinds import MAX_LEVELS, Kind, TooDeep

_AT_ONCE = 64 * 1024
_CUT_AT = 100
"""Levels that are read of what cannot be read whole: more than ``MAX_LEVELS``, so that it is known for too deep."""
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{}]', re.DOTALL)
_decode = json.JSONDecoder().raw_decode


def loads(text: str | bytes) -> Any:
    """JSON data; of what is nested too deeply for Python, only the upper levels. Raises ValueError: it is no JSON."""
    try:
        return json.loads(text)
    except RecursionError:
        spelled = text if isinstance(text, str) else text.decode()
        return json.loads(_upper_levels(spelled, 0)[0])


def _scan(text: str, at: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends. Raises ValueError: its end is not there."""
    try:
        return _decode(text, at)
    except RecursionError:
        upper, end = _upper_levels(text, at)
        return json.loads(upper), end


def _upper_levels(text: str, at: int) -> tuple[str, int]:
    """The text of the value that begins there with ``null`` for what is nested too deeply, and where it ends."""
    kept = []
    level = 0
    for token in _TOKEN.finditer(text, at):
        match token[0]:
            case "[" | "{":
                level += 1
                if level == _CUT_AT:
                    kept.append(f"{text[at : token.start()]}null")
            case "]" | "}":
                if level == _CUT_AT:
                    at = token.end()
                level -= 1
                if not level:
                    return "".join((*kept, text[at : token.end()])), token.end()
            case '"':
                break
    raise ValueError("the end is missing")


def as_read(kind: Kind, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Objects of a kind, where of those that are nested too deeply only a ``TooDeep`` is left.

    Args:
        kind: Their kind.
        found: The objects, as the server answered them.
    """
    # Kubernetes' own kinds have no field that takes data of any depth.
    is_bounded = "." not in kind.group or kind.group.endswith(".k8s.io")
    if is_bounded or not _is_too_deep(found):
        return found
    return [TooDeep(one) if _is_too_deep([one]) else one for one in found]


def _is_too_deep(found: list[Any]) -> bool:
    level = found
    for _ in range(MAX_LEVELS):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def read(pieces: Iterable[bytes], key: str) -> Iterator[tuple[Mapping[str, Any], list[Any]]]:
    """The elements of a list, some at a time, each time with what else is known of the object that holds it.

    Where the text is not spelled as Go spells it, without blanks, all elements come at once.

    Args:
        pieces: The text.
        key: The list's name in the object.

    Yields:
        What stands before the list, the last time also what stands behind it; and elements, perhaps none.

    Raises:
        ValueError: It is no JSON object.
    """
    decode = codecs.getincrementaldecoder("utf-8")().decode
    # In the text of a string a quotation mark has a backslash before it: this is not found within one.
    begin = f'"{key}":['
    head: dict[str, Any] | None = None
    text = ""
    enough = 0
    for piece in pieces:
        text += decode(piece)
        if head is None and begin in text:
            before, _, text = text.partition(begin)
            head = json.loads(f"{before}{begin}]}}")
        if head is not None and len(text) >= enough:
            found, text = _whole(text)
            while found:
                yield head, found
                found = []  # of large ones there is only one at a time
                found, text = _whole(text)
            # A large element is not tried anew with each piece of it: that would take the square of its length.
            enough = 2 * len(text)
    rest = loads(text if head is None else f"{{{begin}{text}")
    if not isinstance(rest, dict):
        raise ValueError("the answer is not an object")
    yield {**(head or {}), **rest}, rest.get(key) or []


def _whole(text: str) -> tuple[list[Any], str]:
    """The next elements that are there whole, with the comma behind them, and the text after them."""
    found, at = [], 0
    while at < _AT_ONCE:
        try:
            element, end = _scan(text, at)
        except ValueError:
            break
        if not text.startswith(",", end):
            break
        found.append(element)
        at = end + 1
    return found, text[at:]
