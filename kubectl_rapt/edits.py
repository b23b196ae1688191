"""Edits of YAML and JSON that people wrote: only the lines that are meant change, all else stays byte for byte.

The parser's events say where a value stands; an edit is a few splices of the text. What comes out is read
again and must be exactly the wanted data, so a place where a splice does not do is refused, never spoiled.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid, NotFound

_Splice = tuple[int, int, str]
"""What replaces the text between two offsets. Splices of one edit are given from the end of the text back."""

_WORDS = r"[\w./][\w./:@%+=*()$~^!-]*(?: [\w./:@%+=*()$~^!-]+)*"
"""What may stand without quotes where something without quotes stood; reading again has the last word."""
_REST_OF_LINE = r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\r?\Z)"


@cache
def _regex(pattern: str) -> "re.Pattern[str]":
    return re.compile(pattern)


def put(text: str, pointer: str, value: Any, source: str = "document") -> str:
    """Set the value at a JSON pointer.

    A scalar is replaced where it stands, quoted as it was where the new one can be; a mapping or a list is
    replaced as a whole; a missing key is added at the end of its mapping, with the mappings that should hold
    it; ``-`` after a list's pointer appends to it.

    Args:
        text: A YAML or JSON document.
        pointer: Where.
        value: JSON data.
        source: What to call the document in messages.

    Returns:
        The text, with all other lines as they were.

    Raises:
        NotFound: ``no-such-value``: what should hold it is a scalar, or a list without that place.
        Invalid: ``bad-yaml`` for the text as it is; ``cannot-write-yaml`` where more than that would change.
    """
    document = _read(text, source)
    parts = documents.split_pointer(pointer)
    wanted = _with(document.data, parts, value)
    if wanted is _NOWHERE:
        where = documents.place(pointer, {}, source)
        raise NotFound("no-such-value", f"{where} has no place there", "edit it by hand")
    if document.data == wanted and documents.is_same(document.data, wanted):
        return text
    return _first_good(document, pointer, wanted, _puts(document, parts, value))


def remove(text: str, pointer: str, source: str = "document") -> str:
    """Remove the key or the list item at a JSON pointer, with the lines that are its own.

    Comments above it stay. A mapping or list that becomes empty stays, as ``{}`` or ``[]``.

    Args:
        text: A YAML or JSON document.
        pointer: Which.
        source: What to call the document in messages.

    Returns:
        The text, with all other lines as they were.

    Raises:
        NotFound: ``no-such-value``: there is nothing at the pointer.
        Invalid: ``bad-yaml`` for the text as it is; ``cannot-write-yaml`` where more than that would change.
    """
    document = _read(text, source)
    parts = documents.split_pointer(pointer)
    way = document.way(parts)
    if not parts or len(way) <= len(parts):
        where = documents.place(pointer, {}, source) if parts else source
        raise NotFound("no-such-value", f"{where} cannot be removed: it is not there", "edit it by hand")
    wanted = _without(document.data, parts)
    return _first_good(document, pointer, wanted, _removals(document, way, parts))


def rename(text: str, pointer: str, name: str, source: str = "document") -> str:
    """Rename a key; its value, its place and what is written around it stay.

    Args:
        text: A YAML or JSON document.
        pointer: The key as it is.
        name: What it is to be called; a key that its mapping does not have.
        source: What to call the document in messages.

    Returns:
        The text, with all other lines as they were.

    Raises:
        NotFound: ``no-such-value``: there is no such key.
        Invalid: ``bad-yaml`` for the text as it is; ``cannot-write-yaml`` where it cannot be, or is taken.
    """
    document = _read(text, source)
    parts = documents.split_pointer(pointer)
    way = document.way(parts)
    if not parts or len(way) <= len(parts) or not isinstance(way[-2].data, dict):
        where = documents.place(pointer, {}, source) if parts else source
        raise NotFound("no-such-value", f"{where} cannot be renamed: it is not a key", "edit it by hand")
    holder = way[-2].data
    if name in holder:
        raise _refusal(pointer, source)
    renamed = {name if key == parts[-1] else key: value for key, value in holder.items()}
    wanted = _with(document.data, parts[:-1], renamed)
    mark = document.events[way[-1].at - 1]
    spelled = documents.dump_json(name, indent=None).strip() if document.is_json else documents.scalar(name)
    splice = (mark.start_mark.index, mark.end_mark.index, spelled)
    return _first_good(document, pointer, wanted, iter([[splice]]))


def _first_good(document: "_Document", pointer: str, wanted: Any, ways: Iterator[list[_Splice]]) -> str:
    """The first text that reads back as it should. Raises Invalid."""
    tried = []
    for splices in ways:
        edited = document.text
        for start, end, new in splices:
            edited = edited[:start] + new + edited[end:]
        if _reads_as(edited, wanted):
            return edited
        tried.append(edited)
    for edited in tried if not document.text.endswith("\n") else ():
        # A literal block at the very end may need the line end that the text lacked.
        if _reads_as(edited + document.newline, wanted):
            return edited + document.newline
    raise _refusal(pointer, document.source)


def _reads_as(text: str, wanted: Any) -> bool:
    try:
        return documents.is_same(documents.load(text, ""), wanted)
    except Invalid:
        return False


def _refusal(pointer: str, source: str) -> Invalid:
    where = documents.place(pointer, {}, source) or source
    return Invalid("cannot-write-yaml", f"{where} cannot be edited where it stands", "edit it by hand")


# The data, edited.

_NOWHERE = object()


def _with(data: Any, parts: Sequence[str], value: Any) -> Any:
    if not parts:
        return value
    first, rest = parts[0], parts[1:]
    if data is None:
        data = [] if first == "-" else {}
    if isinstance(data, dict):
        inner = _with(data.get(first), rest, value)
        return inner if inner is _NOWHERE else {**data, first: inner}
    if isinstance(data, list) and (first == "-" or (at := _index(first, data)) == len(data)):
        inner = _with(None, rest, value)
        return inner if inner is _NOWHERE else [*data, inner]
    if isinstance(data, list) and at >= 0:
        inner = _with(data[at], rest, value)
        return inner if inner is _NOWHERE else [*data[:at], inner, *data[at + 1 :]]
    return _NOWHERE


def _without(data: Any, parts: Sequence[str]) -> Any:
    first, rest = parts[0], parts[1:]
    if isinstance(data, dict):
        if rest:
            return {**data, first: _without(data[first], rest)}
        return {key: item for key, item in data.items() if key != first}
    at = int(first)
    return [*data[:at], *([_without(data[at], rest)] if rest else []), *data[at + 1 :]]


def _index(part: str, data: Sequence[Any]) -> int:
    """The index that a part of a pointer means in a list, its length included; -1 for none."""
    return int(part) if _regex(r"0|[1-9][0-9]{0,8}").fullmatch(part) and int(part) <= len(data) else -1


# Where it is written.


@dataclass(frozen=True, slots=True)
class _Place:
    """A value where it is written; numbers are offsets into the text.

    Args:
        at: The number of its first event.
        data: The value.
        style: Of a scalar ``'``, ``"``, ``|``, ``>`` or nothing; ``{`` and ``[`` for a mapping and a list in
            brackets, ``:`` and ``-`` for one without.
        lead: Where its key begins, or its dash; where it begins itself if it has neither.
        after: Where its key's colon ends, or its dash; where it begins itself if it has neither.
        start: Where it begins.
        end: Where its last character ends.
    """

    at: int
    data: Any
    style: str
    lead: int
    after: int
    start: int
    end: int

    @property
    def is_block(self) -> bool:
        return self.style in (":", "-")

    @property
    def is_flow(self) -> bool:
        return self.style in ("{", "[")


class _Document:
    """A text with its data, and where that is written.

    Args:
        text: YAML or JSON.
        source: What to call it in messages.
        data: What it says.
        events: The parser's, from the root's on.
        is_json: Whether it is JSON, and must stay so.
    """

    def __init__(self, text: str, source: str, data: Any, events: Sequence[Any], is_json: bool) -> None:
        self.text, self.source, self.data, self.events, self.is_json = text, source, data, events, is_json
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.past = _past(events)

    def root(self) -> _Place:
        start = self.events[0].start_mark.index
        return self._place(0, self.data, start, start)

    def way(self, parts: Sequence[str]) -> list[_Place]:
        """The places from the root to what a pointer names, or as far as there are any."""
        found = [self.root()]
        for part in parts:
            data = found[-1].data
            if isinstance(data, dict) and part in data:
                found.append(self._child(found[-1], self._starts(found[-1]), list(data).index(part)))
            elif isinstance(data, list) and 0 <= (at := _index(part, data)) < len(data):
                found.append(self._child(found[-1], self._starts(found[-1]), at))
            else:
                break
        return found

    def children(self, holder: _Place) -> list[_Place]:
        starts = self._starts(holder)
        return [self._child(holder, starts, number) for number in range(len(starts))]

    def _starts(self, holder: _Place) -> list[int]:
        """The numbers of the events that the values in a mapping or list begin with; their keys stand before."""
        starts, at, is_mapping = [], holder.at + 1, isinstance(holder.data, dict)
        for _ in holder.data:
            starts.append(at + is_mapping)
            at = self.past[starts[-1]]
        return starts

    def _child(self, holder: _Place, starts: Sequence[int], number: int) -> _Place:
        at = starts[number]
        if isinstance(holder.data, dict):
            key = self.events[at - 1]
            end = key.end_mark.index
            after = self.text.find(":", end, self.events[at].start_mark.index) + 1
            data = holder.data[list(holder.data)[number]]
            return self._place(at, data, key.start_mark.index, after or end)
        lead = after = self.events[at].start_mark.index
        if holder.is_block:
            lead = holder.start
            if number:
                dash = re.compile(rf"^ {{{self.column(holder)}}}-(?!\S)", re.MULTILINE)
                found = dash.search(self.text, self._end(starts[number - 1]))
                lead = found.end() - 1 if found else lead
            after = lead + 1
        return self._place(at, holder.data[number], lead, after)

    def column(self, place: _Place) -> int:
        """How far from the beginning of its line a value stands."""
        return place.start - self.line_start(place.start)

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Where the next line begins."""
        return self.text.find("\n", at) + 1 or len(self.text)

    def is_on_one_line(self, start: int, end: int) -> bool:
        return "\n" not in self.text[start:end]

    def begins_its_line(self, at: int) -> bool:
        return not self.text[self.line_start(at) : at].strip(" \t")

    def lines(self, start: int, end: int, new: Sequence[str]) -> _Splice:
        """Replace whole lines by others. A text without a last line end stays without one."""
        if end < len(self.text) or self.text.endswith("\n"):
            return start, end, "".join(line + self.newline for line in new)
        joined = self.newline.join(new)
        if self.line_start(start) != start:
            return start, end, self.newline + joined if new else ""
        if new or not start:
            return start, end, joined
        return start - len(self.newline), end, ""

    def _place(self, at: int, data: Any, lead: int, after: int) -> _Place:
        event = self.events[at]
        style = getattr(event, "style", None) or ""
        if isinstance(data, dict):
            style = "{" if event.flow_style else ":"
        elif isinstance(data, list):
            style = "[" if event.flow_style else "-"
        return _Place(at, data, style, lead, after, event.start_mark.index, self._end(at))

    def _end(self, at: int) -> int:
        """Where the last character of a value ends: the parser's ends may take in what follows."""
        event, past = self.events[at], self.past[at]
        is_scalar = past == at + 1
        if not is_scalar and not event.flow_style:
            last = at + 1
            while self.past[last] < past - 1:
                last = self.past[last]
            return self._end(last)
        start: int = event.start_mark.index
        end: int = self.events[past - 1].end_mark.index
        if not is_scalar or event.style not in ("|", ">"):
            return end
        if "+" in self.text[start : start + 3]:
            return end - 1 if self.text[end - 1] == "\n" else end
        return start + len(self.text[start:end].rstrip())


def _read(text: str, source: str) -> _Document:
    data, events, is_json = documents.load_with_events(text, source)
    if not events:
        raise _refusal("", source)
    return _Document(text, source, data, events, is_json)


def _past(events: Sequence[Any]) -> list[int]:
    """For each event that begins a value, the number of the event after that value."""
    from ruamel.yaml.events import CollectionStartEvent, ScalarEvent

    past = [*range(1, len(events) + 1)]
    begun: list[int] = []
    for number, event in enumerate(events):
        if isinstance(event, CollectionStartEvent):
            begun.append(number)
        elif begun and not isinstance(event, ScalarEvent):
            past[begun.pop()] = number + 1
    return past


# What is written.


def _puts(document: _Document, parts: Sequence[str], value: Any) -> Iterator[list[_Splice]]:
    way = document.way(parts)
    holder, rest = way[-1], parts[len(way) - 1 :]
    is_in_brackets = document.is_json or any(place.is_flow for place in way[:-1])
    if not rest:
        yield from _replacements(document, way, value, is_in_brackets)
        return
    inner = _with(None, rest[1:], value)
    if not holder.data:
        yield from _replacements(document, way, _with(holder.data, rest, value), is_in_brackets)
    elif holder.is_flow:
        yield _added_in_brackets(document, holder, rest[0], inner)
    else:
        indent = " " * document.column(holder)
        entry = {rest[0]: inner} if isinstance(holder.data, dict) else [inner]
        at = document.line_end(document.children(holder)[-1].end)
        yield [document.lines(at, at, [*documents.block(entry, indent, *_habits(document))])]


def _replacements(
    document: _Document, way: Sequence[_Place], value: Any, is_in_brackets: bool
) -> Iterator[list[_Splice]]:
    place = way[-1]
    if is_in_brackets or (place.is_flow and place.data and value and isinstance(value, dict | list)):
        holder = way[-2] if len(way) > 1 else place
        was_on_one_line = any(
            document.is_on_one_line(one.start, one.end) for one in (place, holder) if one.is_flow and one.data
        )
        for written in _in_brackets(document, place, value, was_on_one_line):
            space = " " if place.start == place.end and document.text[place.start - 1] not in " \t" else ""
            yield [(place.start, place.end, space + written)]
        return
    for inline, lines in _in_block(document, place, value):
        yield _replaced(document, place, inline, lines)


def _replaced(document: _Document, place: _Place, inline: str, lines: Sequence[str]) -> list[_Splice]:
    """Replace a value outside of brackets.

    Args:
        document: The document.
        place: The value.
        inline: What is written behind the key or the dash; may be empty.
        lines: The whole lines that follow.
    """
    start, end = place.start, place.end
    body = document.line_end(end)
    is_below = not document.is_on_one_line(place.after, start)
    if place.style in ("|", ">"):
        header = _regex(r"[|>][0-9+-]*").match(document.text, start)
        assert header
        below = document.lines(document.line_end(start), body, lines)
        end = header.end()
    elif is_below and (place.is_block or lines):
        below = document.lines(document.line_start(start), body, lines)
        start = end = place.after
    else:
        below = document.lines(body, body, lines)
    if not inline:
        return [below, (place.after, max(end, place.after), "")]
    return [below, (start, end, f" {inline}" if start == end == place.after != place.lead else inline)]


def _in_block(document: _Document, place: _Place, value: Any) -> Iterator[tuple[str, Sequence[str]]]:
    """Ways to write a value outside of brackets: what stands behind its key or dash, and the lines below."""
    column = place.lead - document.line_start(place.lead)
    if isinstance(value, dict | list | tuple) and value:
        step, dash = _habits(document)
        is_behind_its_lead = document.is_on_one_line(place.after, place.start)
        if document.text[place.after - 1 : place.after] == ":" and place.lead != place.after:
            indent = " " * column + (step if isinstance(value, dict) else dash)
            if place.is_block and isinstance(place.data, dict) == isinstance(value, dict):
                indent = " " * document.column(place)
            yield "", [*documents.block(value, indent, step, dash)]
            return
        is_there = is_behind_its_lead and (place.start > place.after or place.lead == place.after)
        indent = " " * (document.column(place) if is_there else column + 2)
        first, *rest = documents.block(value, indent, step, dash)
        yield first[len(indent) :], rest
        return
    if isinstance(value, str) and value:
        if place.style in ("|", ">"):
            yield from _in_its_block_style(document, place, value)
        yield from ((written, ()) for written in _in_its_quotes(place.style, value))
        if "\n" in value and documents.can_be_literal(value):
            yield _literal("|", value, " " * (column + 2))
    yield documents.scalar(value), ()


def _in_its_block_style(
    document: _Document, place: _Place, value: str
) -> Iterator[tuple[str, Sequence[str]]]:
    body = _regex(r"\n+( +)").search(document.text, place.start, place.end)
    if body and documents.can_be_literal(value):
        is_folded = place.style == ">" and "\n" not in value.removesuffix("\n")
        yield _literal(">" if is_folded else "|", value, body[1])


def _literal(style: str, value: str, indent: str) -> tuple[str, Sequence[str]]:
    body = value.removesuffix("\n").split("\n")
    return style if value.endswith("\n") else f"{style}-", [indent + line if line else "" for line in body]


def _in_its_quotes(style: str, value: str) -> Iterator[str]:
    if style == "'" and "\n" not in value and documents.can_be_literal(value):
        yield "'" + value.replace("'", "''") + "'"
    elif style == '"':
        yield documents.quoted(value)
    elif not style and _regex(_WORDS).fullmatch(value) and documents.can_be_literal(value):
        yield value


def _habits(document: _Document) -> tuple[str, str]:
    """How much deeper than their key the first mapping and the first list of the document stand."""
    step, dash = "", None
    for key, value in zip(document.events, document.events[1:], strict=False):
        if getattr(value, "flow_style", None) is not False or not hasattr(key, "value"):
            continue
        if document.text[key.end_mark.index : value.start_mark.index].lstrip().startswith(":"):
            deeper = " " * (value.start_mark.column - key.start_mark.column)
            if type(value).__name__ == "SequenceStartEvent":
                dash = deeper if dash is None else dash
            else:
                step = step or deeper
    return step or "  ", dash or ""


def _in_brackets(document: _Document, place: _Place, value: Any, was_on_one_line: bool) -> Iterator[str]:
    """Ways to write a value inside of brackets."""
    if document.is_json:
        yield _json(document, place.lead, value, was_on_one_line)
        return
    if isinstance(value, str) and value:
        yield from _in_its_quotes(place.style, value)
    yield _flow(value)


def _json(document: _Document, at: int, value: Any, is_on_one_line: bool) -> str:
    """A value as JSON, indented as the document is; ``at`` is in the line that it begins on. Raises Invalid."""
    try:
        line = documents.dump_json(value, indent=None).removesuffix("\n")
    except (TypeError, ValueError) as error:
        raise Invalid(
            "cannot-write-yaml", f"this cannot be written as JSON: {error}", "say it otherwise"
        ) from None
    inside = _regex(r"[\[{][ \t]*\r?\n([ \t]+)").search(document.text)
    if is_on_one_line or not inside:
        return line
    outside = _regex(r"[ \t]*").match(document.text, document.line_start(at))
    assert outside
    first = _regex(r"[ \t]*").match(document.text, document.line_start(inside.start()))
    assert first
    unit = inside[1].removeprefix(first[0])
    lines = documents.dump_json(value, indent=unit).splitlines()
    return (document.newline + outside[0]).join(lines)


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{documents.scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return documents.scalar(value)


def _added_in_brackets(document: _Document, holder: _Place, key: str, value: Any) -> list[_Splice]:
    """Add to a mapping or list in brackets that is not empty, below or behind its last."""
    text = document.text
    children = document.children(holder)
    last, before = children[-1], children[-2].end if len(children) > 1 else holder.start + 1
    comma = _regex(r"\s*,").match(text, last.end)
    at = comma.end() if comma else last.end
    is_below = not document.is_on_one_line(before, last.lead)
    entry = _json(document, last.lead, value, not is_below) if document.is_json else _flow(value)
    if isinstance(holder.data, dict):
        between = text[last.after : last.start]
        name = documents.dump_json(key, indent=None).strip() if document.is_json else documents.scalar(key)
        entry = f"{name}:{between if not between.strip(' ') else ' '}{entry}"
    if comma:
        entry += ","
    if not is_below:
        is_tight = len(children) > 1 and text[last.lead - 1] == ","
        return [(at, at, f"{'' if comma else ','}{'' if is_tight else ' '}{entry}")]
    indent = text[document.line_start(last.lead) : last.lead]
    new = document.newline + (indent if not indent.strip() else " " * len(indent)) + entry
    end = document.line_end(at) - len(document.newline)
    if holder.end <= end:
        return [(at, at, new if comma else f",{new}")]
    return [(end, end, new), (last.end, last.end, "" if comma else ",")]


def _removals(document: _Document, way: Sequence[_Place], parts: Sequence[str]) -> Iterator[list[_Splice]]:
    holder, place = way[-2], way[-1]
    children = document.children(holder)
    at = list(holder.data).index(parts[-1]) if isinstance(holder.data, dict) else int(parts[-1])
    if len(children) == 1:
        empty: Any = {} if isinstance(holder.data, dict) else []
        yield from _replacements(document, way[:-1], empty, holder.is_flow)
    elif holder.is_flow:
        yield _removed_from_brackets(document, children, at)
    elif document.begins_its_line(place.lead):
        yield [document.lines(document.line_start(place.lead), document.line_end(place.end), ())]
    else:
        # The first of a mapping or list that begins behind a dash: the next one moves up, or the dash stays.
        end = document.line_end(place.end)
        if not document.text[end : children[at + 1].lead].strip():
            yield [(place.lead, children[at + 1].lead, "")]
        else:
            dash = len(document.text[: place.lead].rstrip(" "))
            yield [(dash, end - len(document.newline), "")]


def _removed_from_brackets(document: _Document, children: Sequence[_Place], at: int) -> list[_Splice]:
    """Remove one of several in brackets, with its comma or the one before it, and its whole line if that is its own."""
    text, place = document.text, children[at]
    comma = _regex(r"\s*,").match(text, place.end)
    start, end = place.lead, comma.end() if comma else place.end
    rest = _regex(_REST_OF_LINE).match(text, end)
    if rest and document.begins_its_line(start):
        start, end = document.line_start(start), rest.end()
    elif at == len(children) - 1 or rest:
        start = len(text[:start].rstrip(" \t"))
    else:
        spaces = _regex(r"[ \t]*").match(text, end)
        assert spaces
        end = spaces.end()
    cuts = [(start, end, "")]
    if not comma:
        left = _regex(r"\s*,").match(text, children[at - 1].end)
        if left and left.end() <= start:
            cuts.append((left.end() - 1, left.end(), ""))
    return cuts
