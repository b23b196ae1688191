"""Strict YAML and JSON: read with positions, and written so that all readers agree."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NoReturn

from kubectl_rapt.errors import Invalid

MAX_DEPTH = 40
MAX_NODES = 20_000
MAX_INTEGER = 2**53
"""The greatest integer that every reader keeps exactly, JavaScript's included."""
MAX_SOURCE_BYTES = 64 * 1024

_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
_OTHER_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "=", "<<"))
_WORDS_TO_QUOTE = _OTHER_WORDS | {"nan", "inf", "infinity"}
_MAY_BE_SPECIAL = frozenset("0123456789+-.~=<yYnNoOtTfF")
_INTEGER = r"-?(?:0|[1-9][0-9]*)"
_FLOAT = _INTEGER + r"\.[0-9]+"
_OTHER_NUMBER = (
    r"(?i)[-+]?(?:"
    r"[0-9]+|0x[0-9a-f]+|0o[0-7]+|0b[01]+"
    r"|(?:\.[0-9]+|[0-9]+\.?[0-9]*)(?:e[-+]?[0-9]+)?"
    r"|[0-9]+(?::[0-9]+)+(?:\.[0-9]*)?"
    r"|\.inf|\.nan)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[t \t].*)?"
)
"""What some reader takes for a number or a date, once underscores are removed (go-yaml removes them)."""

_DISPUTED = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff"
"""Controls, marks, halves of pairs, and the line breaks that only YAML 1.1 knows."""
_MISLEADING = r"\r\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\U000e0000-\U000e007f" + _DISPUTED
"""And what no reader shows, or what turns the direction of the text around it."""
_HIDDEN = rf"[{_MISLEADING}]|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
"""And joiners beside ASCII: inside of words of some languages and of emoji they belong to what is seen."""
_NO_TEXT = r"[\x00\ud800-\udfff]"

_PLAIN = r"[A-Za-z/][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)*"
_SAYABLE = "say it with texts, numbers, lists and mappings"
_NOT_AS_IT_IS = (
    r"[^\n\x20-\x7e\xa1-\xac\xae-\u024f\u0370-\u03ff\u0400-\u052f\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]"
)
"""What is escaped. Not ``str.isprintable``, which changes with Python's version: our bytes may not."""
_ESCAPED_IN_JSON = (
    r"[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)
"""What a terminal obeys or hides; JSON itself escapes only the characters below U+0020."""
_HALF_IN_JSON = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"


@cache
def _regex(pattern: str) -> "re.Pattern[str]":
    # Compiled on first use: together they cost 8 ms, and many commands that import this read nothing.
    return re.compile(pattern)


def load(text: str | bytes, source: str) -> Any:
    """Read one YAML or JSON document, refusing whatever readers disagree on.

    Args:
        text: The document. Bytes are UTF-8.
        source: What to call it in messages: a file's name.

    Returns:
        JSON data: dict with text keys, list, str, int, float, bool, None.

    Raises:
        Invalid: ``bad-yaml``, with ``source:line`` and the fix.
    """
    text = _decode(text, source)
    try:
        return _from_json(text)
    except _NotPlainJsonError:
        return _read_one(text, source)


def load_with_lines(
    text: str | bytes, source: str, *, max_nodes: int = MAX_NODES
) -> tuple[Any, dict[str, int]]:
    """Read like ``load``, and remember where each value was written.

    Args:
        text: The document. Bytes are UTF-8.
        source: What to call it in messages: a file's name.
        max_nodes: How many values it may hold.

    Returns:
        The data, and the line (from 1) of each JSON pointer; a key's line for the value of a mapping.

    Raises:
        Invalid: ``bad-yaml``, with ``source:line`` and the fix.
    """
    text = _decode(text, source)
    lines: dict[str, int] = {}
    try:
        return _read_one(text, source, lines=lines, max_nodes=max_nodes), lines
    except Invalid:
        # JSON escapes what is above U+FFFF as two halves, which YAML does not know. Then there are no lines.
        try:
            return _from_json(text), {}
        except _NotPlainJsonError:
            pass
        raise


def load_with_events(text: str, source: str) -> tuple[Any, list[Any], bool]:
    """Read like ``load``, and keep the parser's events: where everything is written.

    Args:
        text: The document.
        source: What to call it in messages: a file's name.

    Returns:
        The data; ruamel.yaml's events from the first value's to the end of the stream, their marks being
        offsets into the text (their values may differ from the data, which alone is to be believed); and
        whether the text is JSON. There are no events for the rare JSON that is no YAML.

    Raises:
        Invalid: ``bad-yaml``, with ``source:line`` and the fix.
    """
    text = _decode(text, source)
    events: list[Any] = []
    try:
        data = _from_json(text)
    except _NotPlainJsonError:
        return _read_one(text, source, events=events), events[2:], False
    from ruamel.yaml.error import YAMLError

    # JSON escapes what is above U+FFFF as two halves, which YAML does not know.
    next_event = _kept(_events(_regex(_HALF_IN_JSON).sub(r"\\u0041", text)), events)
    try:
        while type(next_event()).__name__ != "StreamEndEvent":
            pass
    except YAMLError:
        return data, [], True
    return data, events[2:], True


def load_all(text: str | bytes, source: str) -> list[Any]:
    """Read any number of YAML documents, each like ``load``.

    Args:
        text: The documents, separated by ``---``. Bytes are UTF-8.
        source: What to call it in messages: a file's name.

    Raises:
        Invalid: ``bad-yaml``, with ``source:line`` and the fix.
    """
    return _read(_decode(text, source), source, is_single=False)


def place(pointer: str, lines: Mapping[str, int], source: str) -> str:
    """Where a value stands, for people: ``rapt.yaml:12: environments.prod.review``.

    Args:
        pointer: A JSON pointer; where it names something absent, the line of what should hold it is taken.
        lines: What ``load_with_lines`` returned; may be empty.
        source: The file's name; without one, the path alone.
    """
    path = ""
    for part in split_pointer(pointer):
        path += f"[{part}]" if part.isascii() and part.isdigit() and path else f".{part}" if path else part
    if not source:
        return path
    line = line_of(pointer, lines)
    found = f"{source}:{line}" if line else source
    return f"{found}: {path}" if path else found


def line_of(pointer: str, lines: Mapping[str, int]) -> int:
    """The line of a value, or of the nearest that should hold it; 0 where no lines are known."""
    while pointer not in lines and pointer:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer, 0)


def split_pointer(pointer: str) -> list[str]:
    """The parts of a JSON pointer (RFC 6901), unescaped."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def join_pointer(pointer: str, part: str | int) -> str:
    """A JSON pointer, one part deeper."""
    return f"{pointer}/{str(part).replace('~', '~0').replace('/', '~1')}"


def check_text(text: str | bytes, source: str, max_bytes: int = MAX_SOURCE_BYTES) -> str:
    """Check the text of a template, before anything reads it.

    Args:
        text: UTF-8, with line feeds as line ends.
        source: What to call it in messages: a file's name.
        max_bytes: The greatest size.

    Returns:
        The text.

    Raises:
        Invalid: ``bad-text``: too large, not UTF-8, or a character that people or readers take for another.
    """
    size = len(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    if size > max_bytes:
        what = f"{source} has {size} bytes; at most {max_bytes} are read"
        raise Invalid("bad-text", what, "split it, or move data out of it")
    text = _decode(text, source, "bad-text")
    if found := _regex(f"[{_MISLEADING}]").search(text):
        _refuse_character(text, found.start(), source, "bad-text")
    return text


def plain_value(text: str) -> Any:
    """What an unquoted word means in a document: true, false, null, a number, or else its text.

    Words that readers disagree on are text here: a flag has no quotes to say so.
    """
    try:
        return _plain(text)
    except _AmbiguousError:
        return text


def not_a_text(text: str) -> str | None:
    """Why a text cannot be a value anywhere: NUL, or half of a character; None where it can."""
    if not (found := _regex(_NO_TEXT).search(text)):
        return None
    return "holds the character NUL" if found[0] == "\0" else "holds half of a character"


def hidden(text: str) -> str:
    """The first character of a text that people do not see, or that misleads them: ``U+202E``; empty where none is."""
    found = None if text.isascii() and text.isprintable() else _regex(_HIDDEN).search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def _decode(text: str | bytes, source: str, code: str = "bad-yaml") -> str:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            raise Invalid(code, f"{source}:{line}: this is not UTF-8", "save the file as UTF-8") from None
    if found := _regex(f"[{_DISPUTED}]").search(text):
        _refuse_character(text, found.start(), source, code)
    return text


def _refuse_character(text: str, at: int, source: str, code: str) -> NoReturn:
    character = text[at]
    if character == "\r":
        what, hint = "this line ends with CR", "save the file with line feeds (LF) as line ends"
    elif character == "\ufeff":
        what, hint = "there is a byte order mark (U+FEFF)", "save the file as UTF-8 without one"
    else:
        what = f"the character U+{ord(character):04X} is not allowed: readers or people misread it"
        hint = f"remove it, or write {_escape(character)} in double quotes"
    line = text.count("\n", 0, at) + 1
    raise Invalid(code, f"{source}:{line}: {what}", hint)


class _NotPlainJsonError(Exception):
    """The text is not JSON, or something in it deserves a remark: the YAML reader says which."""


def _from_json(text: str) -> Any:
    """The data of JSON that needs no remark.

    It spares JSON the YAML package's import, and knows JSON's escapes of characters above U+FFFF.

    Raises:
        _NotPlainJsonError: For all other texts.
    """
    if text.lstrip()[:1] not in ("{", "["):
        raise _NotPlainJsonError
    import json

    nodes = 0

    def check(value: Any, depth: int) -> None:
        nonlocal nodes
        nodes += 1
        if nodes > MAX_NODES:
            raise _NotPlainJsonError
        if isinstance(value, str):
            if not_a_text(value):
                raise _NotPlainJsonError
        elif isinstance(value, dict | list):
            if depth >= MAX_DEPTH:
                raise _NotPlainJsonError
            for item in value:
                check(item, depth + 1)
            if isinstance(value, dict):
                for item in value.values():
                    check(item, depth + 1)

    def mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        data = dict(pairs)
        if len(data) != len(pairs) or "<<" in data:
            raise _NotPlainJsonError
        return data

    def number(digits: str) -> int | float:
        if (value := _number(digits)) is None:
            raise _NotPlainJsonError
        return value

    try:
        data = json.loads(
            text, object_pairs_hook=mapping, parse_int=number, parse_float=number, parse_constant=number
        )
        check(data, 0)
    except (ValueError, RecursionError):
        raise _NotPlainJsonError from None
    return data


def _number(plain: str) -> int | float | None:
    """The number that every reader takes this for; None where they disagree or do not take it for one."""
    if _regex(_INTEGER).fullmatch(plain):
        return value if len(plain) < 18 and abs(value := int(plain)) <= MAX_INTEGER else None
    if _regex(_FLOAT).fullmatch(plain):
        return number if abs(number := float(plain)) != float("inf") else None
    return None


class _AmbiguousError(Exception):
    """A plain word that readers disagree on; the argument says what some take it for."""


def _plain(word: str) -> Any:
    """What a plain scalar means to every reader.

    Raises:
        _AmbiguousError: They disagree.
    """
    if word[:1] not in _MAY_BE_SPECIAL:
        return word or None
    if word in _WORDS:
        return _WORDS[word]
    if word.lower() in _OTHER_WORDS:
        raise _AmbiguousError("a boolean, null or a merge")
    if word[0] in "0123456789+-.":
        if (number := _number(word)) is not None:
            return number
        if _regex(_OTHER_NUMBER).fullmatch(word.replace("_", "").partition("\n")[0]):
            raise _AmbiguousError("a number or a date")
    return word


def _read_one(text: str, source: str, **kept: Any) -> Any:
    documents = _read(text, source, is_single=True, **kept)
    if not documents:
        raise Invalid("bad-yaml", f"{source}: it is empty", "write one, or remove the file")
    return documents[0]


def _read(
    text: str,
    source: str,
    *,
    is_single: bool,
    lines: dict[str, int] | None = None,
    events: list[Any] | None = None,
    max_nodes: int = MAX_NODES,
) -> list[Any]:
    """Build the documents from the parser's events; fill ``lines`` and ``events`` where given."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        next_event = _events(text) if events is None else _kept(_events(text), events)
        return _Builder(next_event, source, lines, max_nodes).documents(is_single)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context_mark and mark.index >= len(text):
            mark = error.context_mark  # where it began: the end of the text is never where the mistake is
        hint = next(hint for part, hint in _HINTS if part in str(error.problem))
        if text[mark.index : mark.index + 1] == "\t":
            hint = "indent with spaces, not with tabs"
        raise Invalid("bad-yaml", f"{source}:{mark.line + 1}: {error.problem}", hint) from None
    except YAMLError as error:
        what = " ".join(str(error).split())
        raise Invalid("bad-yaml", f"{source}: {what}", "write it as YAML") from None


_HINTS = (
    ("cannot start any token", "quote the value"),
    ("mapping values are not allowed", 'quote a value that contains ": ", or mend the indentation'),
    ("entries are not allowed", 'begin a list on its own line, or quote a value that begins with "- "'),
    ("expected ',' or", "close the bracket, or quote the value"),
    ("expected ':'", "write key: value on each line of a mapping"),
    ("unexpected end of stream", "close the quote"),
    ("escape", "double the backslash, write the character itself, or use single quotes"),
    ("", "mend the indentation or the quotes of this line"),
)


def _events(text: str) -> Callable[[], Any]:
    """The parser's next event at each call; libyaml's, where ruamel.yaml has it, is 30 times faster."""
    try:
        from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]  # it is not in the types
    except ImportError:
        from ruamel.yaml import YAML

        events: Iterator[Any] = iter(YAML(typ="safe", pure=True).parse(text))
        return events.__next__
    get: Callable[[], Any] = CParser(text).get_event
    return get


def _kept(next_event: Callable[[], Any], events: list[Any]) -> Callable[[], Any]:
    def keep() -> Any:
        events.append(event := next_event())
        return event

    return keep


class _Builder:
    """Turns a parser's events into data, refusing what is not plain data."""

    def __init__(
        self,
        next_event: Callable[[], Any],
        source: str,
        lines: dict[str, int] | None,
        max_nodes: int,
    ) -> None:
        from ruamel.yaml import events

        self.events = events
        self.next_event = next_event
        self.source = source
        self.lines = lines
        self.max_nodes = max_nodes
        self.nodes = 0

    def documents(self, is_single: bool) -> list[Any]:
        found: list[Any] = []
        self.next_event()
        while type(start := self.next_event()) is not self.events.StreamEndEvent:
            if start.version or start.tags:
                self.fail(start, "directives (%) are not read", "remove the line that begins with %")
            if is_single and found:
                self.fail(start, "a second document begins here", "keep one document in a file")
            event = self.next_event()
            if self.lines is not None:
                self.lines[""] = event.start_mark.line + 1
            self.nodes = 0
            found.append(self.value(event, "", 0))
            self.next_event()
        return found

    def value(self, event: Any, pointer: str, depth: int) -> Any:
        self.check(event)
        kind, events = type(event), self.events
        if kind is events.ScalarEvent:
            return self.scalar(event)
        if depth >= MAX_DEPTH:
            self.fail(event, f"nested deeper than {MAX_DEPTH} levels", "flatten the document")
        if kind is events.MappingStartEvent:
            data: dict[str, Any] = {}
            while type(at := self.next_event()) is not events.MappingEndEvent:
                key = self.key(at, data)
                inner = self.inside(pointer, key, at)
                data[key] = self.value(self.next_event(), inner, depth + 1)
            return data
        items: list[Any] = []
        while type(at := self.next_event()) is not events.SequenceEndEvent:
            items.append(self.value(at, self.inside(pointer, len(items), at), depth + 1))
        return items

    def inside(self, pointer: str, part: str | int, event: Any) -> str:
        if self.lines is None:
            return ""
        pointer = join_pointer(pointer, part)
        self.lines[pointer] = event.start_mark.line + 1
        return pointer

    def key(self, event: Any, data: Mapping[str, Any]) -> str:
        self.check(event)
        if type(event) is not self.events.ScalarEvent:
            what = "a key is a list or a mapping; keys are text"
            self.fail(event, what, "quote it: brackets and braces have a meaning in YAML")
        found = self.scalar(event)
        if not isinstance(found, str):
            self.fail(event, f"the key {_shown(event.value)} is not text", _quote_it(event.value))
        if found == "<<":
            self.fail(event, "merge keys (<<) are not read", "write out what it would bring in")
        if found in data:
            self.fail(event, f"the key {_shown(found)} is given twice", "remove one of them")
        return found

    def scalar(self, event: Any) -> Any:
        value: str = event.value
        if event.style:
            if what := not_a_text(value):
                self.fail(event, f"a text {what}", "remove that escape")
            return value
        try:
            return _plain(value)
        except _AmbiguousError as wrong:
            self.fail(event, f"some readers take {_shown(value)} for {wrong}", _meant(value))

    def check(self, event: Any) -> None:
        self.nodes += 1
        if self.nodes > self.max_nodes:
            self.fail(event, f"there are more than {self.max_nodes} values", "split the document")
        if type(event) is self.events.AliasEvent:
            self.fail(event, f"aliases (*{event.anchor}) are not read", "write the value out, or quote it")
        if event.anchor is not None:
            self.fail(event, f"anchors (&{event.anchor}) are not read", "remove it, or quote the value")
        if event.tag is not None:
            self.fail(event, f"tags ({event.tag}) are not read", "remove it, or quote the value")

    def fail(self, event: Any, what: str, hint: str) -> NoReturn:
        raise Invalid("bad-yaml", f"{self.source}:{event.start_mark.line + 1}: {what}", hint)


def _shown(word: str) -> str:
    return quoted(word if len(word) <= 40 else f"{word[:37]}...")


def _meant(word: str) -> str:
    """What to write for a word that readers take differently: the number that an octal one is, or a text."""
    if _regex("0[0-7]+").fullmatch(word):
        return f"write {int(word, 8)} for the octal number, or quote it if it is a text: {_shown(word)}"
    return _quote_it(word)


def _quote_it(word: str) -> str:
    return f"quote it: {_shown(word)}"


def quoted(text: str) -> str:
    """A text as one line in double quotes."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{_regex(_NOT_AS_IT_IS).sub(lambda found: _escape(found[0]), text)}"'


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def dump(data: Any, *, max_nodes: int = MAX_NODES) -> str:
    """Write one document that every reader reads the same: block style, keys in the given order.

    Args:
        data: JSON data.
        max_nodes: How many values it may hold.

    Returns:
        The text, with a final line feed.

    Raises:
        Invalid: ``cannot-write-yaml``: it holds what YAML cannot, or would not read back as it is.
    """
    text = "\n".join(block(data) if _is_block(data) else _inline("", data, "")) + "\n"
    try:
        read = _read_one(text, "line", max_nodes=max_nodes)
    except Invalid as error:
        what = f"this cannot be written as YAML: {error.message}"
        raise Invalid("cannot-write-yaml", what, error.hint) from None
    if not is_same(read, data):
        raise Invalid("cannot-write-yaml", "the YAML of this would not read back as it was", _SAYABLE)
    return text


def dump_all(documents: Iterable[Any]) -> str:
    """Write several documents into one text, separated by ``---``; each as ``dump`` does."""
    return "---\n".join(dump(data) for data in documents)


def dump_json(data: Any, *, indent: int | str | None = 2) -> str:
    """Write JSON that a terminal can show: characters that it would obey or hide are escaped.

    Args:
        data: JSON data.
        indent: Spaces a level, or what a level is indented by; None for one line.

    Returns:
        The text, with a final line feed.
    """
    import json

    text = json.dumps(data, ensure_ascii=False, allow_nan=False, indent=indent)
    return _regex(_ESCAPED_IN_JSON).sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n"


def is_same(one: Any, other: Any) -> bool:
    """Whether two data are equal in values, types and the order of keys (``1 == True == 1.0`` in Python)."""
    import json

    return json.dumps(one) == json.dumps(other)


def _is_block(value: Any) -> bool:
    return isinstance(value, dict | list | tuple) and len(value) > 0


def block(value: Any, indent: str = "", step: str = "  ", dash: str = "") -> Iterator[str]:
    """The lines of a mapping or list that is not empty.

    Args:
        value: JSON data.
        indent: What each line begins with.
        step: How much deeper a mapping stands than its key.
        dash: How much deeper a list stands than its key; dashes stand right below it, as in kubectl.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise Invalid("cannot-write-yaml", f"the key {key!r} is not text", _SAYABLE)
            name = f"{indent}{key if _is_plain(key) else quoted(key)}:"
            if _is_block(item):
                yield name
                deeper = step if isinstance(item, dict) else dash
                yield from block(item, indent + deeper, step, dash)
            else:
                yield from _inline(f"{name} ", item, indent)
        return
    for item in value:
        if _is_block(item):
            lines = block(item, f"{indent}  ", step, dash)
            yield f"{indent}- {next(lines)[len(indent) + 2 :]}"
            yield from lines
        else:
            yield from _inline(f"{indent}- ", item, indent)


def _inline(lead: str, value: Any, indent: str) -> Iterator[str]:
    """The line of a scalar or an empty collection, or the lines of a literal block."""
    if isinstance(value, str) and _is_literal(value):
        yield f"{lead}|" if value.endswith("\n") else f"{lead}|-"
        for line in value.removesuffix("\n").split("\n"):
            yield f"{indent}  {line}" if line else ""
    else:
        yield lead + scalar(value)


def scalar(value: Any) -> str:
    """A scalar, or an empty collection, as one line of YAML."""
    match value:
        case str():
            return value if _is_plain(value) else quoted(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            if "e" not in (text := repr(value)):
                return text  # "inf" and "nan" read back as text, which dump notices
            from decimal import Decimal

            text = format(Decimal(text), "f")
            return text if "." in text else f"{text}.0"
        case dict():
            return "{}"
        case list() | tuple():
            return "[]"
    raise Invalid("cannot-write-yaml", f"{type(value).__name__} is not JSON data", _SAYABLE)


def _is_plain(text: str) -> bool:
    return _regex(_PLAIN).fullmatch(text) is not None and text.lower() not in _WORDS_TO_QUOTE


def _is_literal(text: str) -> bool:
    return "\n" in text and can_be_literal(text)


def can_be_literal(text: str) -> bool:
    """Whether a literal block (``|``) can hold a text so that it reads well and comes back as it is."""
    return (
        not text.startswith((" ", "\n"))
        and not text.endswith(("\n\n", " "))
        and " \n" not in text
        and not _regex(_NOT_AS_IT_IS).search(text)
    )
