"""YAML and JSON in: what is read, what is refused, and what the refusal says."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid


@pytest.fixture
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which of ruamel.yaml's parsers reads: libyaml's, or the one in Python where that is not installed."""
    name: str = getattr(request, "param", "libyaml")
    if name == "python":
        monkeypatch.setitem(__import__("sys").modules, "ruamel.yaml.cyaml", None)
    else:
        assert "CParser" in vars(__import__("ruamel.yaml.cyaml", fromlist=["CParser"]))
    return name


def both(function: Any) -> Any:
    return pytest.mark.parametrize("parser", ["libyaml", "python"], indirect=True)(function)


READ = [
    ("a: b", {"a": "b"}),
    ("a: b\n", {"a": "b"}),
    ("# only a remark\na: b # another\n", {"a": "b"}),
    ("---\na: b\n", {"a": "b"}),
    ("---\na: b\n...\n", {"a": "b"}),
    ("a: b\r\nc: d\r\n", {"a": "b", "c": "d"}),
    ("text", "text"),
    ("- a\n- - b\n  - c\n", ["a", ["b", "c"]]),
    ("a:\n- b\n", {"a": ["b"]}),
    ("a:\n  - b: 1\n    c: 2\n", {"a": [{"b": 1, "c": 2}]}),
    ("{a: [b, {c: d}], e: {}}", {"a": ["b", {"c": "d"}], "e": {}}),
    ("a: []", {"a": []}),
    ("a:", {"a": None}),
    ("a: null", {"a": None}),
    ("- \n- b", [None, "b"]),
    ("a: true\nb: false", {"a": True, "b": False}),
    ("a: 0", {"a": 0}),
    ("a: -0", {"a": 0}),
    ("a: -12", {"a": -12}),
    ("a: 9007199254740992", {"a": 2**53}),
    ("a: -9007199254740992", {"a": -(2**53)}),
    ("a: 0.5", {"a": 0.5}),
    ("a: -10.25", {"a": -10.25}),
    ("a: 1.35.4", {"a": "1.35.4"}),
    ("a: 10.0.0.0/8", {"a": "10.0.0.0/8"}),
    ("a: 100m", {"a": "100m"}),
    ("a: 1Gi", {"a": "1Gi"}),
    ("a: 5m0s", {"a": "5m0s"}),
    ("a: 2024-13", {"a": "2024-13"}),
    ("a: 1-2", {"a": "1-2"}),
    ("a: +", {"a": "+"}),
    ("a: .", {"a": "."}),
    ("a: ./x", {"a": "./x"}),
    ("a: -x", {"a": "-x"}),
    ("a: --", {"a": "--"}),
    ("a: yess", {"a": "yess"}),
    ("a: none", {"a": "none"}),
    ("a: NaN", {"a": "NaN"}),
    ("a: =x", {"a": "=x"}),
    ("a: ~/x", {"a": "~/x"}),
    ("a: 'yes'\nb: \"012\"", {"a": "yes", "b": "012"}),
    ("'a': b\n\"c\": d\n'1': e", {"a": "b", "c": "d", "1": "e"}),
    ("a: 'it''s'", {"a": "it's"}),
    ('a: "\\x41\\u00e9\\U0001F600\\n"', {"a": "Aé😀\n"}),
    ("a: é😀日", {"a": "é😀日"}),
    ("a: |\n  x\n   y\n\n  z\n", {"a": "x\n y\n\nz\n"}),
    ("a: |-\n  x\n", {"a": "x"}),
    ("a: >\n  x\n  y\n", {"a": "x y\n"}),
    ("a: x\n  y\n", {"a": "x y"}),
    ("a: b:c", {"a": "b:c"}),
    ("a: b#c", {"a": "b#c"}),
    ("a: http://example.com:80/x?y=z", {"a": "http://example.com:80/x?y=z"}),
    ("? a\n: b", {"a": "b"}),
    ('{"a": [1, 2.5, "x", true, false, null], "b": {}}', {"a": [1, 2.5, "x", True, False, None], "b": {}}),
    ('[{"a":"b"}]', [{"a": "b"}]),
    ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
    ('{"a": "\\u0041\\/"}', {"a": "A/"}),
    ("[a, b] # no JSON, but YAML", ["a", "b"]),
]


@both
@pytest.mark.parametrize(("text", "data"), READ)
def test_a_document_is_read(text: str, data: Any, parser: str) -> None:
    read = documents.load(text, "f.yaml")
    assert json.dumps(read) == json.dumps(data)
    assert json.dumps(documents.load(text.encode(), "f.yaml")) == json.dumps(data)
    assert json.dumps(documents.load_with_lines(text, "f.yaml")[0]) == json.dumps(data)


AMBIGUOUS_TEXT = (
    "y Y n N yes Yes YES no No NO on On ON off Off OFF True TRUE False FALSE Null NULL ~ = <<"
    " 012 -012 +12 0x1F 0X1f 0o14 0O7 0b101 -0b1 1_000 1_ 0_ 1e3 1E3 1e+3 1.5e3 -1e-3 1. .5 -.5 +.5 +0.5 1.e3 1_0.5"
    " 00.5 01.5 .inf -.inf +.INF .Inf .nan .NaN .NAN 12:30 1:2:3 190:20:30.15 -1:30 1:30. 99:99"
    " 2024-01-01 2024-1-1 2001-12-14t21:59:43.10-05:00 2001-12-14T21:59:43Z"
    " 9007199254740993 -9007199254740993 99999999999999999999999999"
)
AMBIGUOUS = AMBIGUOUS_TEXT.split()


@both
@pytest.mark.parametrize("word", [*AMBIGUOUS, "2001-12-14 21:59:43.10 -5", "1" + "0" * 400 + ".5"])
def test_a_word_that_readers_disagree_on_must_be_quoted(word: str, parser: str) -> None:
    for text in (
        f"a:\n  b: {word}\n",
        f"a:\n- {word}\n",
        f"a:\n  {{b: {word}}}\n" if ":" not in word else f"\n{word}",
    ):
        with pytest.raises(Invalid) as refused:
            documents.load(text, "f.yaml")
        assert refused.value.code == "bad-yaml"
        assert refused.value.message.startswith("f.yaml:2: some readers take ")
        is_octal = set(word) <= set("01234567") and word.startswith("0")
        assert refused.value.hint.startswith(f"write {int(word, 8)} for" if is_octal else 'quote it: "')
    assert documents.load(f'a: "{word}"', "f.yaml") == {"a": word}
    assert documents.plain_value(word) == word


def test_the_message_shows_the_word_and_what_it_may_be_taken_for() -> None:
    with pytest.raises(Invalid) as refused:
        documents.load("a: Yes", "f.yaml")
    assert refused.value.message == 'f.yaml:1: some readers take "Yes" for a boolean, null or a merge'
    assert refused.value.hint == 'quote it: "Yes"'
    with pytest.raises(Invalid) as refused:
        documents.load("a: 0o14", "f.yaml")
    assert refused.value.message == 'f.yaml:1: some readers take "0o14" for a number or a date'


REFUSED = [
    ("", "f.yaml: it is empty", "write one, or remove the file"),
    ("# a remark\n", "f.yaml: it is empty", "write one, or remove the file"),
    ("a: 1\n---\nb: 2\n", "f.yaml:2: a second document begins here", "keep one document in a file"),
    ("a: 1\n---\n", "f.yaml:2: a second document begins here", "keep one document in a file"),
    ("%YAML 1.2\n---\na: b", "directives (%) are not read", "remove the line that begins with %"),
    ("%TAG ! x:\n---\na: b", "directives (%) are not read", "remove the line that begins with %"),
    ("\na: &x 1", "f.yaml:2: anchors (&x) are not read", "remove it, or quote the value"),
    ("a: &x {}", "f.yaml:1: anchors (&x) are not read", "remove it, or quote the value"),
    ("&x a: b", "f.yaml:1: anchors (&x) are not read", "remove it, or quote the value"),
    ("a: *x", "f.yaml:1: aliases (*x) are not read", "write the value out, or quote it"),
    ("*x : b", "f.yaml:1: aliases (*x) are not read", "write the value out, or quote it"),
    ("a: !!str b", "are not read", "remove it, or quote the value"),
    ("a: !x {}", "are not read", "remove it, or quote the value"),
    ("a: ! b", "are not read", "remove it, or quote the value"),
    ("!!str a: b", "are not read", "remove it, or quote the value"),
    ("a: 1\nb: 2\na: 3", 'f.yaml:3: the key "a" is given twice', "remove one of them"),
    ("{a: 1, 'a': 2}", 'f.yaml:1: the key "a" is given twice', "remove one of them"),
    ('{"a": 1,\n"a": 2}', 'f.yaml:2: the key "a" is given twice', "remove one of them"),
    ("1: a", 'f.yaml:1: the key "1" is not text', 'quote it: "1"'),
    ("true: a", 'f.yaml:1: the key "true" is not text', 'quote it: "true"'),
    ("1.5: a", 'f.yaml:1: the key "1.5" is not text', 'quote it: "1.5"'),
    ("?\n: a", 'f.yaml:1: the key "" is not text', 'quote it: ""'),
    ("on: a", 'f.yaml:1: some readers take "on" for a boolean, null or a merge', 'quote it: "on"'),
    ("<<: {}", 'f.yaml:1: some readers take "<<" for a boolean, null or a merge', 'quote it: "<<"'),
    ("'<<': {}", "f.yaml:1: merge keys (<<) are not read", "write out what it would bring in"),
    ('{"<<": {}}', "f.yaml:1: merge keys (<<) are not read", "write out what it would bring in"),
    ("? [a]\n: b", "f.yaml:1: a key is a list or a mapping; keys are text", "quote it: brackets and braces"),
    ("a: {{ x }}", "f.yaml:1: a key is a list or a mapping; keys are text", "quote it: brackets and braces"),
    ('a: "\\0"', "f.yaml:1: a text holds the character NUL", "remove that escape"),
    ('{"a": "\\u0000"}', "f.yaml:1: a text holds the character NUL", "remove that escape"),
    ('{"a": 1e3}', 'f.yaml:1: some readers take "1e3" for a number or a date', 'quote it: "1e3"'),
    ('{"a": 9007199254740993}', "some readers take", 'quote it: "9007199254740993"'),
    ("a: b: c", "f.yaml:1: mapping values are not allowed", 'quote a value that contains ": "'),
    ("a:\n\tb: c", "f.yaml:2: found character", "indent with spaces, not with tabs"),
    ("a:\n  b: @c", "f.yaml:2: found character", "quote the value"),
    ("a: %c", "f.yaml:1: found character", "quote the value"),
    ("x: z\na: [1, 2", "f.yaml:2: ", "close the bracket, or quote the value"),
    ("a: {b: c]", "f.yaml:1: ", "close the bracket, or quote the value"),
    ("x: z\na: 'b\nc: d\n", "f.yaml:2: found unexpected end of stream", "close the quote"),
    ('a: "\\q"', "f.yaml:1: found unknown escape character", "double the backslash"),
    ("a: - b", "f.yaml:1: ", "begin a list on its own line"),
    ("a: 1\nb\nc: 2", "could not find expected ':'", "write key: value on each line"),
    ("a: b\n- c", "f.yaml:2: ", "mend the indentation"),
    ("- a\nb: c", "f.yaml:2: ", "mend the indentation"),
    (
        "a: \x00",
        "f.yaml:1: the character U+0000 is not allowed",
        "remove it, or write \\x00 in double quotes",
    ),
    ("a:\n  \x1b[1m", "f.yaml:2: the character U+001B is not allowed", "remove it, or write \\x1b in"),
    ("a: b\x7f", "the character U+007F is not allowed", "remove it, or write \\x7f in double quotes"),
    ("a: b\x85c: d", "the character U+0085 is not allowed", "remove it, or write \\x85 in double quotes"),
    ("a: b\u2028c: d", "the character U+2028 is not allowed", "remove it, or write \\u2028 in double quotes"),
    ("a: b\u2029c: d", "the character U+2029 is not allowed", "remove it, or write \\u2029 in double quotes"),
    ("a: b\uffff", "the character U+FFFF is not allowed", "remove it, or write \\uffff in double quotes"),
    ("a: \ud800", "the character U+D800 is not allowed", "remove it, or write \\ud800 in double quotes"),
    ("\ufeffa: b", "f.yaml:1: there is a byte order mark (U+FEFF)", "save the file as UTF-8 without one"),
]


@both
@pytest.mark.parametrize(("text", "message", "hint"), REFUSED)
def test_a_document_is_refused_with_line_and_fix(text: str, message: str, hint: str, parser: str) -> None:
    for load in (documents.load, documents.load_with_lines):
        with pytest.raises(Invalid) as refused:
            load(text, "f.yaml")
        assert refused.value.code == "bad-yaml"
        assert message in refused.value.message
        assert refused.value.message.startswith("f.yaml:")
        assert refused.value.hint.startswith(hint)
        assert "\n" not in refused.value.message


@both
def test_half_a_character_in_an_escape_is_refused(parser: str) -> None:
    for text in ('a: "\\ud800"', '{"a": "\\ud800"}', '{"a": ["\\ude00\\ud83d"]}', '{"\\ud800": 1}'):
        with pytest.raises(Invalid, match=r"f\.yaml:1: "):
            documents.load(text, "f.yaml")


def test_a_long_word_is_shortened_in_the_message() -> None:
    with pytest.raises(Invalid) as refused:
        documents.load(f"a: {'9' * 41}", "f.yaml")
    assert f'"{"9" * 37}..."' in refused.value.message
    with pytest.raises(Invalid) as refused:
        documents.load(f"a: {'9' * 40}", "f.yaml")
    assert f'"{"9" * 40}"' in refused.value.message


def test_bytes_that_are_not_utf_8_are_refused_with_their_line() -> None:
    with pytest.raises(Invalid) as refused:
        documents.load(b"a: b\n\nc: \xff", "f.yaml")
    assert (refused.value.message, refused.value.hint) == (
        "f.yaml:3: this is not UTF-8",
        "save the file as UTF-8",
    )


@pytest.mark.parametrize("is_json", [True, False])
def test_forty_levels_are_read_and_no_more(is_json: bool) -> None:
    remark = "" if is_json else " # YAML"
    for left, right, leaf in (("[", "]", "1"), ('{"a": ', "}", "1"), ("[", "]", "")):
        deepest = left * 40 + leaf + right * 40 + remark
        documents.load(deepest, "f.yaml")
        documents.load_with_lines(deepest, "f.yaml")
        with pytest.raises(Invalid, match=r"^f\.yaml:1: nested deeper than 40 levels$") as refused:
            documents.load(left * 41 + leaf + right * 41 + remark, "f.yaml")
        assert refused.value.hint == "flatten the document"


def test_a_bomb_of_brackets_is_refused_at_once() -> None:
    with pytest.raises(Invalid, match="nested deeper"):
        documents.load("[" * 60_000, "f.yaml")
    with pytest.raises(Invalid, match="nested deeper"):
        documents.load('{"a":' * 60_000, "f.yaml")


@pytest.mark.parametrize("is_json", [True, False])
def test_twenty_thousand_values_are_read_and_no_more(is_json: bool) -> None:
    remark = "" if is_json else " # YAML"
    documents.load(f"[{', '.join(['1'] * 19_999)}]{remark}", "f.yaml")
    many = ", ".join(f'"k{number}": 1' for number in range(9_999))
    documents.load(f"{{{many}}}{remark}", "f.yaml")
    for text in (f"[{', '.join(['1'] * 20_000)}]", f'{{{many}, "x": 1}}'):
        with pytest.raises(Invalid, match="there are more than 20000 values") as refused:
            documents.load(text + remark, "f.yaml")
        assert refused.value.hint == "split the document"


def test_each_value_has_its_line() -> None:
    text = '# remark\na: 1\n"b/c":\n  - x\n  - w: |\n      long\n      text\n    z~:\n      - {q: 1}\nlast: [1,\n  2]\n'
    data, lines = documents.load_with_lines(text, "f.yaml")
    assert data == {"a": 1, "b/c": ["x", {"w": "long\ntext\n", "z~": [{"q": 1}]}], "last": [1, 2]}
    assert lines == {
        "": 2,
        "/a": 2,
        "/b~1c": 3,
        "/b~1c/0": 4,
        "/b~1c/1": 5,
        "/b~1c/1/w": 5,
        "/b~1c/1/z~0": 8,
        "/b~1c/1/z~0/0": 9,
        "/b~1c/1/z~0/0/q": 9,
        "/last": 10,
        "/last/0": 10,
        "/last/1": 11,
    }


def test_json_with_halves_of_characters_has_data_but_no_lines() -> None:
    assert documents.load_with_lines('{"a": "\\ud83d\\ude00"}', "f.json") == ({"a": "😀"}, {})
    assert documents.load_with_lines('{"a": 1}', "f.json") == ({"a": 1}, {"": 1, "/a": 1})


PLACES = [
    ("/environments/prod/review", "rapt.yaml:12: environments.prod.review"),
    ("/environments/prod/absent/deep", "rapt.yaml:11: environments.prod.absent.deep"),
    ("/parameters/0/default", "rapt.yaml:1: parameters[0].default"),
    ("/a~1b/~0c", "rapt.yaml:1: a/b.~c"),
    ("/0", "rapt.yaml:1: 0"),
    ("", "rapt.yaml:1"),
]


@pytest.mark.parametrize(("pointer", "shown"), PLACES)
def test_a_place_is_shown_to_people(pointer: str, shown: str) -> None:
    lines = {"": 1, "/environments": 10, "/environments/prod": 11, "/environments/prod/review": 12}
    assert documents.place(pointer, lines, "rapt.yaml") == shown
    assert documents.place(pointer, {}, "rapt.yaml") == shown.replace(":1:", ":").replace(
        ":12:", ":"
    ).replace(":11:", ":").removesuffix(":1")
    assert documents.place(pointer, lines, "") == shown.partition(": ")[2]


def test_pointers_are_joined_and_split_by_the_standard() -> None:
    assert documents.join_pointer("/a", "b/c~d") == "/a/b~1c~0d"
    assert documents.join_pointer("", 3) == "/3"
    assert documents.split_pointer("/a/b~1c~0d/~01/3") == ["a", "b/c~d", "~1", "3"]
    assert documents.split_pointer("") == []


def test_several_documents_are_read_one_by_one() -> None:
    assert documents.load_all("a: 1\n---\n- b\n---\n", "f.yaml") == [{"a": 1}, ["b"], None]
    assert documents.load_all("# none\n", "f.yaml") == []
    with pytest.raises(Invalid, match=r"^f\.yaml:3: some readers take"):
        documents.load_all(b"a: 1\n---\na: yes\n", "f.yaml")
    full = "[" + "1," * 19_998 + "1]"
    assert len(documents.load_all(f"--- {full}\n--- {full}\n", "f.yaml")) == 2


def test_a_flag_is_read_as_an_unquoted_word() -> None:
    words = {
        "true": True,
        "false": False,
        "null": None,
        "": None,
        "5": 5,
        "-5": -5,
        "0.5": 0.5,
        "a": "a",
        "5m": "5m",
    }
    assert {word: documents.plain_value(word) for word in words} == words


TEXTS = [
    ("a: b\n", ""),
    ("a:\t# tab\n  ж日😀\n", ""),
    ("x" * 65_536, ""),
    ("x" * 65_537, "job has 65537 bytes; at most 65536 are read"),
    ("é" * 32_769, "job has 65538 bytes; at most 65536 are read"),
    ("a\n\nb\r\n", "job:3: this line ends with CR"),
    ("a\x0b", "job:1: the character U+000B is not allowed: readers or people misread it"),
    ("a\n\x85", "job:2: the character U+0085 is not allowed: readers or people misread it"),
    ("\u2028", "job:1: the character U+2028 is not allowed: readers or people misread it"),
    ("\ufeffa", "job:1: there is a byte order mark (U+FEFF)"),
    ("a\u202eb", "job:1: the character U+202E is not allowed: readers or people misread it"),
    ("a\u2066b", "job:1: the character U+2066 is not allowed: readers or people misread it"),
    ("a\u200fb", "job:1: the character U+200F is not allowed: readers or people misread it"),
    ("a\u061cb", "job:1: the character U+061C is not allowed: readers or people misread it"),
    ("a\ud800", "job:1: the character U+D800 is not allowed: readers or people misread it"),
]


@pytest.mark.parametrize(("text", "message"), TEXTS)
def test_the_text_of_a_template_is_checked(text: str, message: str) -> None:
    if not message:
        assert documents.check_text(text, "job") == text
        assert documents.check_text(text.encode(), "job") == text
        return
    with pytest.raises(Invalid) as refused:
        documents.check_text(text, "job")
    assert (refused.value.code, refused.value.message) == ("bad-text", message)


def test_the_greatest_size_of_a_text_may_be_set() -> None:
    assert documents.check_text(b"abc", "job", 3) == "abc"
    with pytest.raises(Invalid, match="job has 3 bytes; at most 2 are read"):
        documents.check_text("abc", "job", 2)
    with pytest.raises(Invalid, match="job:1: this is not UTF-8") as refused:
        documents.check_text(b"\xff", "job")
    assert refused.value.code == "bad-text"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON, st.booleans())
def test_json_is_read_as_json_reads_it(data: Any, ascii_only: bool) -> None:
    text = json.dumps([data], ensure_ascii=ascii_only)
    try:
        read = documents.load(text, "f.json")
    except Invalid:
        assert any(word in text for word in ("\\u0000", '"<<"', "\\ud")) or documents._regex(
            f"[{documents._DISPUTED}]"
        ).search(text)
    else:
        assert json.dumps(read) == json.dumps([data])


@settings(deadline=None)
@given(st.text(alphabet=" \n\t:-[]{}\"'|>#&*!%@,?~=<.0123456789aeyn\\x", max_size=30))
def test_any_text_is_read_or_refused_and_never_breaks(text: str) -> None:
    try:
        data = documents.load(text, "f.yaml")
    except Invalid as refused:
        assert refused.message.startswith("f.yaml:")
        assert refused.hint
    else:
        assert documents.load(documents.dump(data), "again") == data
