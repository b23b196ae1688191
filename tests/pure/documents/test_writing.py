"""YAML and JSON out: the exact spelling, and three readers that agree."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid

WRITTEN: list[tuple[Any, str]] = [
    ({}, "{}\n"),
    ([], "[]\n"),
    (None, "null\n"),
    (True, "true\n"),
    ("a", "a\n"),
    ("a\nb", "|-\n  a\n  b\n"),
    ({"b": 1, "a": 2}, "b: 1\na: 2\n"),
    ({"a": {"b": {"c": "d"}}}, "a:\n  b:\n    c: d\n"),
    ({"a": ["b", "c"]}, "a:\n- b\n- c\n"),
    ({"a": [{"b": 1, "c": [2, 3]}, {"d": {"e": 4}}]}, "a:\n- b: 1\n  c:\n  - 2\n  - 3\n- d:\n    e: 4\n"),
    ([[1, [2]], [{"a": 1, "b": 2}]], "- - 1\n  - - 2\n- - a: 1\n    b: 2\n"),
    ({"a": {}, "b": [], "c": [{}], "d": None}, "a: {}\nb: []\nc:\n- {}\nd: null\n"),
    ({"a": (1, 2)}, "a:\n- 1\n- 2\n"),
    (
        {"a": True, "b": False, "c": 0, "d": -5, "e": 2**53},
        "a: true\nb: false\nc: 0\nd: -5\ne: 9007199254740992\n",
    ),
    ({"a": 0.5, "b": -10.25, "c": 1.0}, "a: 0.5\nb: -10.25\nc: 1.0\n"),
    (
        {"a": 1e22, "b": 1e-7, "c": -2.5e17},
        "a: 10000000000000000000000.0\nb: 0.0000001\nc: -250000000000000000.0\n",
    ),
    ({"a": "x/y_z-1.2:80"}, "a: x/y_z-1.2:80\n"),
    ({"a": "/bin/sh"}, "a: /bin/sh\n"),
    ({"a": "http://x/y"}, "a: http://x/y\n"),
    ({"a": "http://x/?y"}, 'a: "http://x/?y"\n'),
    ({"a": "b:"}, 'a: "b:"\n'),
    ({"a": "b: c"}, 'a: "b: c"\n'),
    ({"a": "1Gi"}, 'a: "1Gi"\n'),
    ({"a": "-c"}, 'a: "-c"\n'),
    ({"a": "_b"}, 'a: "_b"\n'),
    ({"a": ""}, 'a: ""\n'),
    ({"a": " "}, 'a: " "\n'),
    ({"a": "b c"}, 'a: "b c"\n'),
    ({"a": 'b"c\\d'}, 'a: "b\\"c\\\\d"\n'),
    ({"a": "b\tc"}, 'a: "b\\x09c"\n'),
    ({"a": "b\r\n"}, 'a: "b\\x0d\\n"\n'),
    ({"a": "é ж 日 한 Ω"}, 'a: "é ж 日 한 Ω"\n'),
    ({"a": "é"}, 'a: "é"\n'),
    ({"a": "\x7f\x85\xa0\xad"}, 'a: "\\x7f\\x85\\xa0\\xad"\n'),
    ({"a": "\u2028\ufeff\u202e"}, 'a: "\\u2028\\ufeff\\u202e"\n'),
    ({"a": "😀"}, 'a: "\\U0001f600"\n'),
    ({"a": "b\n"}, "a: |\n  b\n"),
    ({"a": "b\n c\n\nd"}, "a: |-\n  b\n   c\n\n  d\n"),
    ({"a": ["b\nc\n"]}, "a:\n- |\n  b\n  c\n"),
    ({"a": {"b": "c\nd"}}, "a:\n  b: |-\n    c\n    d\n"),
    ({"a": "é\nb\n"}, "a: |\n  é\n  b\n"),
    ({"a": "b\n\n"}, 'a: "b\\n\\n"\n'),
    ({"a": "\nb\n"}, 'a: "\\nb\\n"\n'),
    ({"a": " b\nc\n"}, 'a: " b\\nc\\n"\n'),
    ({"a": "b \nc\n"}, 'a: "b \\nc\\n"\n'),
    ({"a": "b\nc "}, 'a: "b\\nc "\n'),
    ({"a": "b\n\tc"}, 'a: "b\\n\\x09c"\n'),
    ({"a": "😀\nb"}, 'a: "\\U0001f600\\nb"\n'),
    ({"a": "\n"}, 'a: "\\n"\n'),
    ({"a": "#b\n---\n...\n"}, "a: |\n  #b\n  ---\n  ...\n"),
    (
        {"b c": 1, "1": 2, "": 3, "true": 4, "d\ne": 5, "é": 6},
        '"b c": 1\n"1": 2\n"": 3\n"true": 4\n"d\\ne": 5\n"é": 6\n',
    ),
    ({"rapt.dev/tool": "x"}, "rapt.dev/tool: x\n"),
    (
        dict.fromkeys(
            ["y", "Yes", "NO", "n", "on", "OFF", "True", "false", "Null", "NaN", "inf", "Infinity"], 1
        ),
        '"y": 1\n"Yes": 1\n"NO": 1\n"n": 1\n"on": 1\n"OFF": 1\n"True": 1\n"false": 1\n"Null": 1\n"NaN": 1\n'
        '"inf": 1\n"Infinity": 1\n',
    ),
]


@pytest.mark.parametrize(("data", "text"), WRITTEN)
def test_data_is_written_in_one_spelling(data: Any, text: str) -> None:
    assert documents.dump(data) == text


UNWRITABLE = [
    ({"a": "\0"}, "this cannot be written as YAML: line:1: a text holds the character NUL"),
    ({"a": "\ud800"}, "this cannot be written as YAML: line:1: found invalid Unicode character escape code"),
    ({"a": 2**53 + 1}, "this cannot be written as YAML: line:1: some readers take"),
    ({"<<": 1}, "this cannot be written as YAML: line:1: merge keys"),
    ({1: "a"}, "the key 1 is not text"),
    ({"a": {"b": [{None: 1}]}}, "the key None is not text"),
    ({"a": float("inf")}, "the YAML of this would not read back as it was"),
    ({"a": float("nan")}, "the YAML of this would not read back as it was"),
    ({"a": b"x"}, "bytes is not JSON data"),
    ({"a": {1, 2}}, "set is not JSON data"),
]


@pytest.mark.parametrize(("data", "message"), UNWRITABLE)
def test_what_yaml_cannot_hold_is_refused(data: Any, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        documents.dump(data)
    assert refused.value.code == "cannot-write-yaml"
    assert refused.value.message.startswith(message)


def test_nothing_is_written_that_would_not_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_is_plain", lambda text: True)
    for data in ({"a": "5"}, {"a": "yes"}, {"a": "b: c"}, {"a": "b #c"}, {"a": ""}):
        with pytest.raises(Invalid) as refused:
            documents.dump(data)
        assert refused.value.code == "cannot-write-yaml"


TEXT = st.text(max_size=20) | st.text(
    alphabet=" \n\t:-#'\"\\|>&*!%@`{}[],?~=<aeyno0123456789._é😀\x85\u2028", max_size=20
)
NUMBER = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT | st.sampled_from(list(WRITTEN[-1][0])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


def can_be_written(data: Any) -> bool:
    if isinstance(data, str):
        return documents.not_a_text(data) is None
    if isinstance(data, dict):
        return all(can_be_written(key) and key != "<<" and can_be_written(item) for key, item in data.items())
    return not isinstance(data, list) or all(map(can_be_written, data))


@settings(deadline=None)
@given(DATA.filter(can_be_written))
def test_three_readers_read_what_was_written(data: Any) -> None:
    text = documents.dump(data)
    expected = json.dumps(data)
    assert json.dumps(documents.load(text, "f.yaml")) == expected
    assert json.dumps(yaml.safe_load(text)) == expected
    assert json.dumps(yaml.load(text, yaml.CSafeLoader)) == expected
    assert json.dumps(YAML(typ="safe", pure=True).load(text)) == expected
    assert documents.dump(json.loads(expected)) == text
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert all(line == line.rstrip() for line in text.split("\n"))


@settings(deadline=None)
@given(st.lists(DATA.filter(can_be_written), max_size=4))
def test_several_documents_are_written_into_one_text(several: list[Any]) -> None:
    text = documents.dump_all(several)
    assert json.dumps(documents.load_all(text, "f.yaml")) == json.dumps(several)
    assert json.dumps(list(yaml.safe_load_all(text))) == json.dumps(several)


def test_documents_are_separated_by_three_dashes() -> None:
    assert documents.dump_all([{"a": 1}, {"b": "c\nd\n"}, {}]) == "a: 1\n---\nb: |\n  c\n  d\n---\n{}\n"
    assert documents.dump_all([]) == ""


JSONS = [
    ({"a": [1, "é😀"]}, None, '{"a": [1, "é😀"]}\n'),
    ({"a": [1]}, 2, '{\n  "a": [\n    1\n  ]\n}\n'),
    ("\x1b[1m\x7f\x9b\xad", None, '"\\u001b[1m\\u007f\\u009b\\u00ad"\n'),
    ("\u202e\u200b\u2066\ufeff\u2028\ud800", None, '"\\u202e\\u200b\\u2066\\ufeff\\u2028\\ud800"\n'),
]


@pytest.mark.parametrize(("data", "indent", "text"), JSONS)
def test_json_is_written_so_that_a_terminal_shows_it(data: Any, indent: int | None, text: str) -> None:
    assert documents.dump_json(data, indent=indent) == text
    assert json.loads(text) == data


def test_json_is_indented_by_two_where_nothing_is_said() -> None:
    assert documents.dump_json({"a": 1}) == '{\n  "a": 1\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        documents.dump_json(float("nan"))
