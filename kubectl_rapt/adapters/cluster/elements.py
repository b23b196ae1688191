"""JSON that is one long list with little around it, read as its text comes, so that memory stays flat."""

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_AT_ONCE = 64 * 1024
_scan = json.JSONDecoder().raw_decode


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
    rest = json.loads(text if head is None else f"{{{begin}{text}")
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
