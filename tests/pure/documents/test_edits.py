"""Edits of what people wrote: the meant lines change, every other byte stays, and the data is what was wanted."""

import difflib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kubectl_rapt import documents, edits
from kubectl_rapt.errors import Invalid, NotFound, RaptError

SCALARS: list[tuple[str, str, Any, str]] = [
    ("a: 1 # why\nb:   'x'   # c\n", "/a", 2, "a: 2 # why\nb:   'x'   # c\n"),
    ("a: 1 # why\nb:   'x'   # c\n", "/b", "yes", "a: 1 # why\nb:   'yes'   # c\n"),
    ("b:   'x'   # c\n", "/b", "it's", "b:   'it''s'   # c\n"),
    ("b: 'x'\n", "/b", "a\tb\nc", 'b: "a\\x09b\\nc"\n'),
    ("b: 'x'  \n", "/b", 3, "b: 3  \n"),
    ('b: "1" # c\n', "/b", "2", 'b: "2" # c\n'),
    ("b: old words\n", "/b", "new words", "b: new words\n"),
    ("b: old\n", "/b", "new: words", 'b: "new: words"\n'),
    ("b: old\n", "/b", "new # words", 'b: "new # words"\n'),
    ("b: old\n", "/b", "12", 'b: "12"\n'),
    ("b: old\n", "/b", "yes", 'b: "yes"\n'),
    ("b: old\n", "/b", "", 'b: ""\n'),
    ("b: [one, two]\n", "/b/0", "1, 2", 'b: ["1, 2", two]\n'),
    ("b: 0.5\n", "/b", "0 3 * * *", "b: 0 3 * * *\n"),
    ("é😀:\n  - {b: c, d: e}\n", "/é😀/0/b", "f", "é😀:\n  - {b: f, d: e}\n"),
    ("a:\n- 1\n- 2\n", "/a/1", None, "a:\n- 1\n- null\n"),
    ("a:\nb: 1\n", "/a", "x z", "a: x z\nb: 1\n"),
    ("a:   # c\nb: 1\n", "/a", 1, "a: 1   # c\nb: 1\n"),
    ("a: {b: }\n", "/a/b", 1, "a: {b: 1}\n"),
    ("-\n- 1\n", "/0", 1, "- 1\n- 1\n"),
    ("a:\n  # c\n  b # d\n", "/a", "e", "a:\n  # c\n  e # d\n"),
    ("a: |\n  x\n  z\n\n# c\nb: 1\n", "/a", "new", "a: |-\n  new\n\n# c\nb: 1\n"),
    ("a: | # c\n    x\n    z\nb: 1\n", "/a", "x\n\n y\n", "a: | # c\n    x\n\n     y\nb: 1\n"),
    ("a: |\n  x\n", "/a", 5, "a: 5\n"),
    ("a: |\n  x\nb: 1\n", "/a", " x\n", 'a: " x\\n"\nb: 1\n'),
    ("a: >-\n  x\n  y\nb: 1\n", "/a", "one line", "a: >-\n  one line\nb: 1\n"),
    ("a: >-\n  x\nb: 1\n", "/a", "l\nm\n", "a: |\n  l\n  m\nb: 1\n"),
    ("a: |+\n  x\n\n\nb: 1\n", "/a", "z\n", "a: |\n  z\nb: 1\n"),
    ("a: x\nb: 1\n", "/a", "l\nm\n", "a: |\n  l\n  m\nb: 1\n"),
    ("a: one\n  two\nb: 1\n", "/a", True, "a: true\nb: 1\n"),
    ('a: "one\n  two" # c\nb: 1\n', "/a", "x", 'a: "x" # c\nb: 1\n'),
    ("a/b: {c~d: 1}", "/a~1b/c~0d", 2.5, "a/b: {c~d: 2.5}"),
    ("a: 1\r\nb: 2\r\n", "/a", 3, "a: 3\r\nb: 2\r\n"),
    ("a: |\r\n  x\r\nb: 2\r\n", "/a", "z\nq\n", "a: |\r\n  z\r\n  q\r\nb: 2\r\n"),
    ("old # c\n", "", "new", "new # c\n"),
    ("--- # c\na: 1\n...\n", "/a", 2, "--- # c\na: 2\n...\n"),
    ('{"a": 1}', "/a", "b", '{"a": "b"}'),
    ('{"a": "\\ud83d\\ude00", "b": "\\ud83d\\ude00"}', "/b", "😀!", '{"a": "\\ud83d\\ude00", "b": "😀!"}'),
    ('{"a": 1}\n', "/a", "\u202e", '{"a": "\\u202e"}\n'),
    ('{"\\ud83d\\ude00": 1}\n', "/😀", 2, '{"\\ud83d\\ude00": 2}\n'),
    ('{\n\t"a": [\n\t\t1,\n\t\t2\n\t]\n}\n', "/a/1", 3, '{\n\t"a": [\n\t\t1,\n\t\t3\n\t]\n}\n'),
    ("a: 1 # c\n", "/a", 1, "a: 1 # c\n"),
    ("a: 'x'\n", "/a", "x", "a: 'x'\n"),
]

YAML = """\
# top
id: 1 # why

answers:
  k: v   # of k
  # b: commented out

list: # of things
  - one
  # about the second
  - a: 1
    b: 2
flow: {x: 1, w: [1, 2]}
none:
empty: {}   # none yet
text: |
  l1
  l2

# end
z: 1
"""

PUTS: list[tuple[str, Any, str]] = [
    ("/answers/new", True, "  k: v   # of k\n+  new: true\n"),
    ("/answers/new", {"q": ["x", {"a": 2}]}, "+  new:\n+    q:\n+      - x\n+      - a: 2\n"),
    ("/answers/m/o", "l\nm\n", "+  m:\n+    o: |\n+      l\n+      m\n"),
    ("/answers/yes", 1, '+  "yes": 1\n'),
    ("/answers", {"q": 1}, "-  k: v   # of k\n+  q: 1\n"),
    ("/answers", ["q"], "-  k: v   # of k\n+  - q\n"),
    ("/answers", {}, "-answers:\n+answers: {}\n-  k: v   # of k\n"),
    ("/answers", "x", "-answers:\n+answers: x\n-  k: v   # of k\n"),
    ("/list/-", "two", "    b: 2\n+  - two\n"),
    ("/list/2", {"c": [1], "d": {"e": 1}}, "+  - c:\n+      - 1\n+    d:\n+      e: 1\n"),
    ("/list/-/a", 1, "+  - a: 1\n"),
    ("/list/1/c", None, "    b: 2\n+    c: null\n"),
    ("/list/1", [1, 2], "-  - a: 1\n-    b: 2\n+  - - 1\n+    - 2\n"),
    ("/list/1", "s", "-  - a: 1\n-    b: 2\n+  - s\n"),
    ("/list/0", {"a": 1, "b": 2}, "-  - one\n+  - a: 1\n+    b: 2\n"),
    (
        "/list",
        [],
        "-list: # of things\n+list: [] # of things\n-  - one\n-  # about the second\n-  - a: 1\n-    b: 2\n",
    ),
    ("/flow/z", "a b", '-flow: {x: 1, w: [1, 2]}\n+flow: {x: 1, w: [1, 2], z: "a b"}\n'),
    ("/flow/w/-", {"a": [1]}, "-flow: {x: 1, w: [1, 2]}\n+flow: {x: 1, w: [1, 2, {a: [1]}]}\n"),
    ("/flow/x/v", 1, ""),
    ("/flow/x", {"v": 1}, "-flow: {x: 1, w: [1, 2]}\n+flow: {x: {v: 1}, w: [1, 2]}\n"),
    ("/flow/w", {"v": 1}, "-flow: {x: 1, w: [1, 2]}\n+flow: {x: 1, w: {v: 1}}\n"),
    ("/flow", [1], "-flow: {x: 1, w: [1, 2]}\n+flow: [1]\n"),
    ("/none/a/b", 1, "none:\n+  a:\n+    b: 1\n"),
    ("/none/-", 1, "none:\n+  - 1\n"),
    ("/none", 3, "-none:\n+none: 3\n"),
    ("/empty/a", 1, "-empty: {}   # none yet\n+empty:   # none yet\n+  a: 1\n"),
    ("/text", ["x"], "-text: |\n-  l1\n-  l2\n+text:\n+  - x\n"),
    ("/text", "l1\nl3\n", "-  l2\n+  l3\n"),
    ("/id", {"a": 1}, "-id: 1 # why\n+id: # why\n+  a: 1\n"),
    ("/last", {"a": {"b": 1}}, "z: 1\n+last:\n+  a:\n+    b: 1\n"),
    ("/a~1b/c~0d", 1, '+a/b:\n+  "c~d": 1\n'),
]

REMOVALS: list[tuple[str, str]] = [
    ("/id", "-id: 1 # why\n"),
    ("/answers", "-answers:\n-  k: v   # of k\n"),
    ("/answers/k", "-answers:\n+answers: {}\n-  k: v   # of k\n"),
    ("/list/0", "-  - one\n"),
    ("/list/1", "-  - a: 1\n-    b: 2\n"),
    ("/list/1/a", "-  - a: 1\n-    b: 2\n+  - b: 2\n"),
    ("/list/1/b", "-    b: 2\n"),
    ("/list", "-list: # of things\n-  - one\n-  # about the second\n-  - a: 1\n-    b: 2\n"),
    ("/flow/x", "-flow: {x: 1, w: [1, 2]}\n+flow: {w: [1, 2]}\n"),
    ("/flow/w", "-flow: {x: 1, w: [1, 2]}\n+flow: {x: 1}\n"),
    ("/flow/w/0", "-flow: {x: 1, w: [1, 2]}\n+flow: {x: 1, w: [2]}\n"),
    ("/flow/w/1", "-flow: {x: 1, w: [1, 2]}\n+flow: {x: 1, w: [1]}\n"),
    ("/none", "-none:\n"),
    ("/empty", "-empty: {}   # none yet\n"),
    ("/text", "-text: |\n-  l1\n-  l2\n"),
    ("/z", "-z: 1\n"),
]

WHOLE: list[tuple[str, str, Any, str]] = [
    # No last line end, and CRLF.
    ("a: 1", "/b", 2, "a: 1\nb: 2"),
    ("a: 1", "/b/c", 2, "a: 1\nb:\n  c: 2"),
    ("a: 1\r\nb:\r\n  c: 1\r\n", "/b/d/e", 2, "a: 1\r\nb:\r\n  c: 1\r\n  d:\r\n    e: 2\r\n"),
    ("a:\n  b: 1", "/a", 2, "a: 2"),
    ("a: 1", "/a", "l\nm\n", 'a: "l\\nm\\n"'),
    ("a: 1", "/b", "l\nm\n", "a: 1\nb: |\n  l\n  m\n"),
    # The habits of the file.
    ("a:\n    b:\n        c: 1\n", "/a/b/d/e", 1, "a:\n    b:\n        c: 1\n        d:\n            e: 1\n"),
    ("a:\n  - 1\nb: 1\n", "/c/-", 1, "a:\n  - 1\nb: 1\nc:\n  - 1\n"),
    ("a:\n- 1\nb: 1\n", "/c/-", 1, "a:\n- 1\nb: 1\nc:\n- 1\n"),
    ("a: 1\n", "/c/-", 1, "a: 1\nc:\n- 1\n"),
    ("-   a: 1\n-   x\n", "/1", {"b": 1, "c": 2}, "-   a: 1\n-   b: 1\n    c: 2\n"),
    ("-\n    a: 1\n", "/0", {"b": 1, "c": 2}, "- b: 1\n  c: 2\n"),
    ("-\n    a: 1\n", "/0", 1, "- 1\n"),
    ("-\n    a: 1\n", "/0/b", 1, "-\n    a: 1\n    b: 1\n"),
    ("a:\n    'x' # c\nb: 1\n", "/a", {"c": 1}, "a:\n  c: 1\nb: 1\n"),
    ("- - 1\n  - 2\n", "/0/-", 3, "- - 1\n  - 2\n  - 3\n"),
    ("a: 1\n", "", [1, {"b": 2}], "- 1\n- b: 2\n"),
    ("a: 1\nb: 2\n", "", 3, "3\n"),
    # Brackets over several lines.
    ("a: [\n  x, # one\n  # two\n  w # w\n]\n", "/a/-", "z", "a: [\n  x, # one\n  # two\n  w, # w\n  z\n]\n"),
    ("b: {\n p: 1,\n q: 2,\n}\n", "/b/r", {"x": 1}, "b: {\n p: 1,\n q: 2,\n r: {x: 1},\n}\n"),
    ("b: [\n  p,\n  q]\n", "/b/-", 1, "b: [\n  p,\n  q,\n  1]\n"),
    ("b: [p, q,]\n", "/b/-", 1, "b: [p, q, 1,]\n"),
    ("b: [\n p, q\n]\n", "/b/-", 1, "b: [\n p, q, 1\n]\n"),
    # JSON stays JSON.
    ("{}", "/a/b", 1, '{"a": {"b": 1}}'),
    ("[]\n", "/-", 1, "[1]\n"),
    ('{"a":1,"b":2}', "/c", 3, '{"a":1,"b":2,"c":3}'),
    ('{"a": 1}', "/c", "x", '{"a": 1, "c": "x"}'),
    ('{\n  "a": 1\n}\n', "/b", "x", '{\n  "a": 1,\n  "b": "x"\n}\n'),
    (
        '{\n    "a": {}\n}\n',
        "/a/b/-",
        1,
        '{\n    "a": {\n        "b": [\n            1\n        ]\n    }\n}\n',
    ),
    ('{\r\n\t"a": 1\r\n}', "/b/c", 1, '{\r\n\t"a": 1,\r\n\t"b": {\r\n\t\t"c": 1\r\n\t}\r\n}'),
    ('{\n  "a": ["x"]\n}\n', "/a/-", {"b": 1}, '{\n  "a": ["x", {"b": 1}]\n}\n'),
    ('{\n  "a": ["x"]\n}\n', "/a", ["w", 2], '{\n  "a": ["w", 2]\n}\n'),
    ('{\n  "a": [\n    "x"\n  ]\n}\n', "/a", ["w"], '{\n  "a": [\n    "w"\n  ]\n}\n'),
    ('{\n  "a": 1\n}\n', "", {}, "{}\n"),
]

CUT: list[tuple[str, str, str]] = [
    ("a: 1", "/a", "{}"),
    ("a: 1\nb: 2", "/b", "a: 1"),
    ("a:\n  b: 1", "/a/b", "a: {}"),
    ("a: 1\r\nb:\r\n  c: 1\r\n", "/b/c", "a: 1\r\nb: {}\r\n"),
    ("- 1\n", "/0", "[]\n"),
    ("- a: 1 # x\n  # about b\n  b: 2\n", "/0/a", "-\n  # about b\n  b: 2\n"),
    ("# about a\na: 1\n\n# about b\nb: 2\n", "/a", "# about a\n\n# about b\nb: 2\n"),
    ("- - 1\n  - 2\n", "/0/0", "- - 2\n"),
    ("a: [\n  x, # one\n  # two\n  w # w\n]\n", "/a/0", "a: [\n  # two\n  w # w\n]\n"),
    ("a: [\n  x, # one\n  # two\n  w # w\n]\n", "/a/1", "a: [\n  x # one\n  # two\n]\n"),
    ("b: {\n p: 1,\n q: 2,\n}\n", "/b/q", "b: {\n p: 1,\n}\n"),
    ("b: [p, q,]\n", "/b/1", "b: [p,]\n"),
    ("b: [p, q,\n  r]\n", "/b/1", "b: [p,\n  r]\n"),
    ("b: [ p, q ]\n", "/b/1", "b: [ p ]\n"),
    ("b: [ p ]\n", "/b/0", "b: []\n"),
    ("b: {p: [1]}\n", "/b/p/0", "b: {p: []}\n"),
    ('{"a":1,"b":2}', "/a", '{"b":2}'),
    ('{"a":1,"b":2}', "/b", '{"a":1}'),
    ('{\n  "a": 1,\n  "b": {\n    "c": 1\n  }\n}\n', "/b", '{\n  "a": 1\n}\n'),
    ('{\n  "a": 1,\n  "b": {\n    "c": 1\n  }\n}\n', "/b/c", '{\n  "a": 1,\n  "b": {}\n}\n'),
    ('{\n  "a": 1,\n  "b": 2\n}\n', "/a", '{\n  "b": 2\n}\n'),
]


def changed(before: str, after: str) -> str:
    """The removed and added lines, as ``diff`` writes them, without those around."""
    lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), n=0)
    return "".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


@pytest.mark.parametrize(("text", "pointer", "value", "edited"), SCALARS)
def test_a_scalar_is_replaced_where_it_stands(text: str, pointer: str, value: Any, edited: str) -> None:
    assert edits.put(text, pointer, value) == edited


@pytest.mark.parametrize(("pointer", "value", "diff"), PUTS)
def test_a_put_changes_the_lines_it_means(pointer: str, value: Any, diff: str) -> None:
    if not diff:
        with pytest.raises(NotFound):
            edits.put(YAML, pointer, value)
        return
    edited = edits.put(YAML, pointer, value)
    before, _, rest = diff.partition("+") if diff[0] not in "+-" else ("", "", "")
    if before:
        assert f"{before}{rest.splitlines(True)[0]}" in edited
        diff = diff.removeprefix(before)
    assert sorted(changed(YAML, edited).splitlines()) == sorted(diff.splitlines())


@pytest.mark.parametrize(("pointer", "diff"), REMOVALS)
def test_a_removal_takes_its_own_lines(pointer: str, diff: str) -> None:
    assert sorted(changed(YAML, edits.remove(YAML, pointer)).splitlines()) == sorted(diff.splitlines())


@pytest.mark.parametrize(("text", "pointer", "value", "edited"), WHOLE)
def test_a_put_follows_the_habits_of_the_file(text: str, pointer: str, value: Any, edited: str) -> None:
    assert edits.put(text, pointer, value) == edited


@pytest.mark.parametrize(("text", "pointer", "edited"), CUT)
def test_what_is_left_after_a_removal_is_whole(text: str, pointer: str, edited: str) -> None:
    assert edits.remove(text, pointer) == edited


@pytest.mark.parametrize("pointer", ["/a/x", "/l/2", "/l/x", "/l/01", "/l/0/x", "/l/-1"])
def test_a_value_needs_a_mapping_or_a_list_to_stand_in(pointer: str) -> None:
    with pytest.raises(NotFound, match=r"^f\.yaml: .* has no place there$") as refused:
        edits.put("a: 1\nl:\n- 2\n", pointer, 1, "f.yaml")
    assert refused.value.code == "no-such-value"


@pytest.mark.parametrize("pointer", ["", "/b", "/a/x", "/l/1", "/l/-", "/a~1"])
def test_only_what_is_there_is_removed(pointer: str) -> None:
    with pytest.raises(NotFound, match=r"^f\.yaml.* cannot be removed: it is not there$") as refused:
        edits.remove("a: 1\nl:\n- 2\n", pointer, "f.yaml")
    assert refused.value.code == "no-such-value"


@pytest.mark.parametrize(
    ("text", "pointer", "value"),
    [
        ("a: 1\n", "/a", 2**60),
        ("a: 1\n", "/a", float("inf")),
        ("a: [b: 1]\n", "/a/0/c", 2),
        ("{a}\n", "/a", 1),
        ("? a\n", "/a", [1]),
    ],
)
def test_an_edit_that_would_not_read_back_is_refused(text: str, pointer: str, value: Any) -> None:
    with pytest.raises(Invalid, match=r"^f\.yaml: .* cannot be edited where it stands$") as refused:
        edits.put(text, pointer, value, "f.yaml")
    assert (refused.value.code, refused.value.hint) == ("cannot-write-yaml", "edit it by hand")


def test_data_that_is_not_json_is_refused() -> None:
    for text in ("a: 1\n", '{"a": 1}'):
        for value in (object(), {(): 2}, [float("nan")]):
            with pytest.raises(Invalid) as refused:
                edits.put(text, "/a", value)
            assert refused.value.code == "cannot-write-yaml"


@pytest.mark.parametrize("text", ["a: yes\n", "", "a: &x 1\n", "a: 1\n---\nb: 1\n", "a: 1\na: 2\n", "a: [\n"])
def test_a_document_that_is_not_read_is_not_edited(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        edits.put(text, "/a", 1)
    assert refused.value.code == "bad-yaml"
    with pytest.raises(Invalid) as refused:
        edits.remove(text, "/a")
    assert refused.value.code == "bad-yaml"


WORDS = st.text("abz é0:#-'\"{}[],&*\\\n\t😀", max_size=6)
KEYS = st.text("abcé /~", min_size=1, max_size=4).map(str.strip).filter(bool) | st.sampled_from(
    ["yes", "1", "a: b"]
)
VALUES = st.none() | st.booleans() | st.integers(-99, 99) | WORDS
DATA = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


def _spell(draw: Any, data: Any, indent: str, dash: str) -> Iterator[str]:
    """The lines of a mapping or list as a person might write them: comments, blank lines, brackets, quotes."""
    entries = [(f"{_word(draw, key)}:", item) for key, item in data.items()] if isinstance(data, dict) else []
    for lead, item in entries or [("-", item) for item in data]:
        for _ in range(draw(st.integers(0, 1))):
            yield draw(st.sampled_from(["", f"{indent}# about", "# x: 1", "  "]))
        is_below = isinstance(item, dict | list) and item and draw(st.integers(0, 3))
        comment = draw(st.sampled_from(["", "", " # c", "   # c: d", "  "]))
        if is_below and lead == "-" and not comment and draw(st.booleans()):
            first, *rest = list(_spell(draw, item, f"{indent}  ", dash))
            while not first.strip() or first.strip().startswith("#"):
                first, *rest = rest
            yield f"{indent}- {first.strip(' ') if first.strip() == first.strip(' ') else first.lstrip()}"
            yield from rest
        elif is_below:
            yield f"{indent}{lead}{comment}"
            deeper = "  " if isinstance(item, dict) or lead == "-" else dash
            yield from _spell(draw, item, indent + deeper, dash)
        elif (
            isinstance(item, str) and "\n" in item and documents.can_be_literal(item) and draw(st.booleans())
        ):
            yield f"{indent}{lead} |{'' if item.endswith(chr(10)) else '-'}{comment}"
            yield from (f"{indent}   {line}" if line else "" for line in item.removesuffix("\n").split("\n"))
        else:
            yield f"{indent}{lead} {_inline(draw, item)}{comment}"


def _inline(draw: Any, data: Any) -> str:
    if isinstance(data, str):
        return _word(draw, data)
    if not isinstance(data, dict | list):
        return documents.scalar(data)
    if isinstance(data, dict):
        entries = [f"{_word(draw, key)}: {_inline(draw, item)}" for key, item in data.items()]
    else:
        entries = [_inline(draw, item) for item in data]
    space = draw(st.sampled_from(["", " "]))
    inside = ", ".join(entries) + (draw(st.sampled_from(["", ","])) if entries else "")
    return f"{{{space}{inside}{space}}}" if isinstance(data, dict) else f"[{space}{inside}{space}]"


def _word(draw: Any, text: str) -> str:
    if documents.can_be_literal(text) and "\n" not in text and draw(st.booleans()):
        return "'" + text.replace("'", "''") + "'"
    return documents.scalar(text)


@st.composite
def documents_of_people(draw: st.DrawFn) -> tuple[str, Any]:
    """A text, and its data, a mapping or a list that is not empty."""
    data = draw(st.dictionaries(KEYS, DATA, min_size=1, max_size=4) | st.lists(DATA, min_size=1, max_size=4))
    kind = draw(st.sampled_from(["yaml", "yaml", "yaml", "json", "line"]))
    if kind == "yaml":
        lines = [*_spell(draw, data, "", draw(st.sampled_from(["", "  "])))]
        text = "\n".join([*draw(st.sampled_from([[], ["# top", ""], ["---"]])), *lines])
        text += draw(st.sampled_from(["", "\n", "\n\n# end\n"]))
    else:
        text = json.dumps(data, indent=draw(st.sampled_from(["  ", "\t"])) if kind == "json" else None)
        text += draw(st.sampled_from(["", "\n"]))
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    try:
        assume(documents.is_same(documents.load(text, "f.yaml"), data))
    except RaptError:
        assume(False)
    return text, data


def pointers(data: Any, at: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each pointer below the root, with its value and what holds it."""
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in entries:
        pointer = documents.join_pointer(at, key)
        yield pointer, item, data
        yield from pointers(item, pointer)


def edited_data(data: Any, pointer: str, value: Any, *, is_removed: bool = False) -> Any:
    data = json.loads(json.dumps(data))
    *parts, last = documents.split_pointer(pointer)
    holder = data
    for part in parts:
        holder = holder[int(part)] if isinstance(holder, list) else holder[part]
    at: Any = int(last) if isinstance(holder, list) and last != "-" else last
    if is_removed:
        del holder[at]
    elif at == "-" and isinstance(holder, list):
        holder.append(value)
    else:
        holder[at] = value
    return data


@settings(deadline=None, max_examples=60)
@given(documents_of_people(), st.data())
def test_one_scalar_is_one_line_in_any_document(document: tuple[str, Any], random: st.DataObject) -> None:
    text, data = document
    found = [(pointer, old) for pointer, old, _ in pointers(data) if not isinstance(old, dict | list)]
    assume(found)
    pointer, old = random.draw(st.sampled_from(found))
    value = random.draw(st.booleans() | st.integers() | WORDS.filter(lambda word: "\n" not in word))
    assume(not (isinstance(old, str) and "\n" in old) and not documents.is_same(old, value))
    assume(not isinstance(value, int) or abs(value) <= documents.MAX_INTEGER)
    edited = edits.put(text, pointer, value)
    assert documents.is_same(documents.load(edited, "f.yaml"), edited_data(data, pointer, value))
    before, after = text.split("\n"), edited.split("\n")
    assert len(before) == len(after)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


@settings(deadline=None, max_examples=60)
@given(documents_of_people(), DATA, st.data())
def test_anything_can_be_put_anywhere(document: tuple[str, Any], value: Any, random: st.DataObject) -> None:
    text, data = document
    pointer, _, _ = random.draw(st.sampled_from([*pointers(data)]))
    edited = edits.put(text, pointer, value)
    assert documents.is_same(documents.load(edited, "f.yaml"), edited_data(data, pointer, value))


@settings(deadline=None, max_examples=60)
@given(documents_of_people(), KEYS, DATA, st.data())
def test_an_addition_only_adds_lines(
    document: tuple[str, Any], key: str, value: Any, random: st.DataObject
) -> None:
    text, data = document
    holders = [("", data), *((pointer, item) for pointer, item, _ in pointers(data))]
    holders = [(pointer, item) for pointer, item in holders if isinstance(item, dict | list)]
    pointer, holder = random.draw(st.sampled_from(holders))
    assume(key not in holder)
    inner = documents.join_pointer(pointer, key if isinstance(holder, dict) else "-")
    edited = edits.put(text, inner, value)
    assert documents.is_same(documents.load(edited, "f.yaml"), edited_data(data, inner, value))
    if not any(sign in text for sign in "{[") and text.endswith("\n"):
        assert not [line for line in changed(text, edited).splitlines() if line[0] == "-"]


@settings(deadline=None, max_examples=60)
@given(documents_of_people(), st.data())
def test_a_removal_only_removes_lines(document: tuple[str, Any], random: st.DataObject) -> None:
    text, data = document
    pointer, _, holder = random.draw(st.sampled_from([*pointers(data)]))
    edited = edits.remove(text, pointer)
    expected = edited_data(data, pointer, None, is_removed=True)
    assert documents.is_same(documents.load(edited, "f.yaml"), expected)
    if not any(sign in text for sign in "{[-") and len(holder) > 1 and text.endswith("\n"):
        assert not [line for line in changed(text, edited).splitlines() if line[0] == "+"]


RENAMES = [
    ("a: 1 # why\nb:   'x'   # c\n", "/b", "c", "a: 1 # why\nc:   'x'   # c\n"),
    ("b:\n  'a' : |  # c\n    x\n  d: 1\n", "/b/a", "e", "b:\n  e : |  # c\n    x\n  d: 1\n"),
    ("b: {a: 1, c: 2}\n", "/b/a", "z", "b: {z: 1, c: 2}\n"),
    ('{"a": {"b": 1}}', "/a/b", "c", '{"a": {"c": 1}}'),
    ("- a: 1\n  b: 2\n", "/0/a", "yes", '- "yes": 1\n  b: 2\n'),
    ("a: 1\r\nb: 2\r\n", "/a", "c", "c: 1\r\nb: 2\r\n"),
]


@pytest.mark.parametrize(("text", "pointer", "name", "after"), RENAMES)
def test_a_key_is_renamed_where_it_stands(text: str, pointer: str, name: str, after: str) -> None:
    assert edits.rename(text, pointer, name) == after


@pytest.mark.parametrize(
    ("text", "pointer", "name", "code"),
    [
        ("a: 1\nb: 2\n", "/a", "b", "cannot-write-yaml"),
        ("a: 1\n", "/b", "c", "no-such-value"),
        ("a: [1]\n", "/a/0", "c", "no-such-value"),
        ("a: 1\n", "", "c", "no-such-value"),
    ],
)
def test_a_key_that_is_not_there_or_is_taken_is_not_renamed(
    text: str, pointer: str, name: str, code: str
) -> None:
    with pytest.raises(RaptError) as caught:
        edits.rename(text, pointer, name)
    assert caught.value.code == code
