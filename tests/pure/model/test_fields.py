"""Reading a mapping strictly: what is taken, what is noted."""

from typing import Any

import pytest

from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.model.fields import Fields, Findings, refuse, shown


def at(data: Any) -> Fields:
    return Fields(data, "/x", [])


def test_values_of_the_right_kind_are_taken() -> None:
    data = {
        "t": "a",
        "f": True,
        "c": "b",
        "l": [1, "z"],
        "ts": ["p", "q"],
        "m": {"k": 1},
        "n": "5",
        "v": None,
    }
    fields = at(data)
    assert fields.text("t") == "a"
    assert fields.flag("f") is True
    assert fields.choice("c", ("a", "b")) == "b"
    assert fields.items("l") == [("/x/l/0", 1), ("/x/l/1", "z")]
    assert fields.texts("ts") == ("p", "q")
    assert fields.fields("m").value("k") == 1
    assert fields.parsed("n", int, 0) == 5
    assert fields.value("v", 1) is None
    fields.done()
    assert fields.findings == []
    assert list(fields) == list(data)
    assert "t" in fields
    assert "absent" not in fields


def test_absent_keys_have_their_defaults() -> None:
    fields = at({})
    assert fields.text("t") == ""
    assert fields.text("t", "d") == "d"
    assert fields.flag("f") is False
    assert fields.flag("f", True) is True
    assert fields.choice("c", ("a",), "a") == "a"
    assert fields.items("l") == []
    assert fields.texts("ts") == ()
    assert list(fields.fields("m")) == []
    assert fields.parsed("n", int, 7) == 7
    assert fields.value("v", 1) == 1
    fields.done()
    assert fields.findings == []


NOTED: list[tuple[dict[str, Any], Any, Any, str, str]] = [
    ({"k": 1}, lambda f: f.text("k", "d"), "d", "/x/k", "expected text, was given 1"),
    ({"k": None}, lambda f: f.text("k"), "", "/x/k", "expected text, was given nothing"),
    ({}, lambda f: f.text("k", required=True), "", "/x/k", "is missing"),
    ({"k": ""}, lambda f: f.text("k", required=True), "", "/x/k", "is empty"),
    ({"k": "a\nb"}, lambda f: f.text("k", "d"), "d", "/x/k", "is one line of text, without tabs"),
    ({"k": "a\tb"}, lambda f: f.text("k"), "", "/x/k", "is one line of text, without tabs"),
    ({"k": "true"}, lambda f: f.flag("k"), False, "/x/k", 'expected true or false, was given "true"'),
    ({"k": 1}, lambda f: f.flag("k", True), True, "/x/k", "expected true or false, was given 1"),
    ({"k": "forbit"}, lambda f: f.choice("k", ("allow", "forbid"), "allow"), "allow", "/x/k",
     "expected one of: allow, forbid; did you mean: forbid?"),
    ({"k": "zzz"}, lambda f: f.choice("k", ("allow",)), "", "/x/k", "expected one of: allow"),
    ({}, lambda f: f.choice("k", ("allow",), required=True), "", "/x/k", "is missing"),
    ({"k": "a"}, lambda f: f.items("k"), [], "/x/k", 'expected a list, was given "a"'),
    ({"k": {}}, lambda f: f.texts("k"), (), "/x/k", "expected a list, was given {}"),
    ({"k": ["a", 1]}, lambda f: f.texts("k"), ("a",), "/x/k/1", "expected text, was given 1"),
    ({"k": []}, lambda f: list(f.fields("k")), [], "/x/k", "expected a mapping, was given []"),
    ({"k": "v"}, lambda f: f.parsed("k", int, 7), 7, "/x/k",
     "invalid literal for int() with base 10: 'v'; was given \"v\""),
    ({}, lambda f: f.parsed("k", int, 7, required=True), 7, "/x/k", "is missing"),
    ({"a/b": 1}, lambda f: f.text("a/b"), "", "/x/a~1b", "expected text, was given 1"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "take", "value", "pointer", "what"), NOTED)
def test_what_is_wrong_is_noted_and_the_default_taken(
    data: dict[str, Any], take: Any, value: Any, pointer: str, what: str
) -> None:
    fields = at(data)
    assert take(fields) == value
    assert fields.findings == [(pointer, what)]


def test_a_text_may_have_lines_where_it_is_said() -> None:
    assert at({"k": "a\nb"}).text("k", one_line=False) == "a\nb"


def test_unknown_keys_are_noted_with_the_nearest_known_one() -> None:
    fields = at({"sumary": "a", "zzz": 1, "name": "b"})
    fields.text("summary")
    fields.text("name")
    fields.done()
    assert fields.findings == [
        ("/x/sumary", "is not a key here; did you mean: summary?"),
        ("/x/zzz", "is not a key here"),
    ]


def test_what_is_no_mapping_is_noted_once_and_read_as_empty() -> None:
    fields = at([1])
    assert fields.text("a") == ""
    assert not fields.is_mapping
    fields.done()
    assert fields.findings == [("/x", "expected a mapping, was given [1]")]


def test_a_problem_may_concern_the_mapping_itself() -> None:
    fields = at({})
    fields.wrong("", "no")
    fields.wrong("k", "no")
    assert fields.findings == [("/x", "no"), ("/x/k", "no")]


def test_values_are_shown_in_one_short_line() -> None:
    assert shown(None) == "nothing"
    assert shown("é\n") == '"\\u00e9\\n"'
    assert shown("a" * 58) == f'"{"a" * 58}"'
    assert shown("a" * 59) == f'"{"a" * 56}...'


def test_findings_are_raised_in_the_order_of_their_lines() -> None:
    lines = {"": 1, "/a": 2, "/b": 5}
    findings: Findings = [("/b/c", "two"), ("/a", "one")]
    with pytest.raises(Invalid) as refused:
        refuse(findings, lines, "f.yaml", "bad-thing")
    assert (refused.value.code, refused.value.message) == ("bad-thing", "f.yaml has 2 mistakes")
    assert refused.value.problems == (Problem("f.yaml:2: a", "one"), Problem("f.yaml:5: b.c", "two"))
    with pytest.raises(Invalid, match=r"^f\.yaml has 1 mistake$"):
        refuse([("", "x")], lines, "f.yaml", "bad-thing")
    refuse([], lines, "f.yaml", "bad-thing")
