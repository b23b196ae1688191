"""Parameters: answers checked and read, expectations, rules across parameters, and definitions."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.model.fields import Fields, Findings
from kubectl_rapt.templating import declared, parameters
from kubectl_rapt.templating.parameters import Parameter, Rule

STRING = Parameter("p", "string")
INTEGER = Parameter("p", "integer")
SMALL = Parameter("p", "integer", minimum=1, maximum=10)
NUMBER = Parameter("p", "number")
BOOLEAN = Parameter("p", "boolean")
CHOICE = Parameter("p", "choice", choices=("a", "b"))
LIST = Parameter("p", "list")
QUANTITY = Parameter("p", "quantity")
DURATION = Parameter("p", "duration")
IMAGE = Parameter("p", "image")
SECRET = Parameter("p", "secretRef")
CONFIG = Parameter("p", "configMapRef")
VOLUME = Parameter("p", "volumeRef")
CODE = Parameter("p", "string", pattern="[a-z]+", minimum=2, maximum=4)
DIGEST = "sha256:" + "0a" * 32

RIGHT: list[tuple[Parameter, Any]] = [
    (STRING, ""),
    (STRING, "a\nb 😀 5 true"),
    (INTEGER, 0),
    (INTEGER, -5),
    (INTEGER, 2**53),
    (INTEGER, -(2**53)),
    (SMALL, 1),
    (SMALL, 10),
    (NUMBER, 5),
    (NUMBER, -0.5),
    (Parameter("p", "number", minimum=0.5, maximum=1), 0.5),
    (BOOLEAN, True),
    (BOOLEAN, False),
    (CHOICE, "b"),
    (LIST, []),
    (LIST, ["a", ""]),
    (Parameter("p", "list", minimum=1, maximum=2, pattern="[a-z]"), ["a", "b"]),
    (QUANTITY, "1.5Gi"),
    (DURATION, "1h30m"),
    (CODE, "ab"),
    (CODE, "abcd"),
    (Parameter("p", "string", pattern="a|b"), "b"),
    (Parameter("p", "string", pattern="[0-9]+"), "12"),
    (IMAGE, "busybox"),
    (IMAGE, "busybox:1.36"),
    (IMAGE, "registry.example:5000/team/app_a/b--c.d__e:V1.2_x-y"),
    (IMAGE, f"app@{DIGEST}"),
    (IMAGE, f"localhost/app:1@{DIGEST}"),
    (Parameter("p", "image", choices=("a:1", "b:2")), "b:2"),
    (Parameter("p", "image", prefixes=("r.example/team/",)), "r.example/team/app:1"),
    (Parameter("p", "image", prefixes=("r.example/team/",)), "r.example/team/deep/app"),
    (Parameter("p", "image", prefixes=("x/", "r.example/team/app")), f"r.example/team/app@{DIGEST}"),
    (Parameter("p", "image", prefixes=("r.example/team/app",)), "r.example/team/app/sub:1"),
    (SECRET, {"name": "db", "key": "Pass_word.x-1"}),
    (SECRET, {"name": "db.prod"}),
    (CONFIG, {"name": "a", "key": "k" * 253}),
    (VOLUME, {"name": "data"}),
]


@pytest.mark.parametrize(
    "text", ["100000000000000000000.5", "9007199254740993.0", "0.12345678901234567890123"]
)
def test_a_number_that_json_would_change_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"expected a number, was given .*{text}"):
        parameters.parse(NUMBER, text)


@pytest.mark.parametrize(
    ("text", "value"), [("1.0", "1"), ("1", "1"), ("-0.0", "0"), ("0.10", "0.1"), ("2.5", "2.5")]
)
def test_a_number_is_recorded_in_one_spelling(text: str, value: str) -> None:
    assert repr(parameters.parse(NUMBER, text)) == value


@pytest.mark.parametrize(("parameter", "value"), RIGHT)
def test_a_right_answer_is_taken_as_it_is(parameter: Parameter, value: Any) -> None:
    assert json.dumps(parameters.value_of(parameter, value)) == json.dumps(value)


@pytest.mark.parametrize(("given_", "text"), [(2, "2"), (0.5, "0.5"), (-1, "-1"), (1e22, None)])
def test_a_quantity_given_as_a_number_becomes_text(given_: float, text: str | None) -> None:
    if text is None:
        with pytest.raises(ValueError, match="at most"):
            parameters.value_of(QUANTITY, given_)
    else:
        assert parameters.value_of(QUANTITY, given_) == text


WRONG: list[tuple[Parameter, Any, str]] = [
    (STRING, 5, "expected text, was given 5"),
    (STRING, None, "expected text, was given nothing"),
    (STRING, ["a"], 'expected text, was given ["a"]'),
    (STRING, "a\0", "holds the character NUL"),
    (STRING, "a\ud800", "holds half of a character"),
    (INTEGER, "5", 'expected an integer, was given "5"'),
    (INTEGER, 5.0, "expected an integer, was given 5.0"),
    (INTEGER, True, "expected an integer, was given true"),
    (INTEGER, 2**53 + 1, "expected an integer, was given 9007199254740993"),
    (INTEGER, -(2**53) - 1, "expected an integer, was given -9007199254740993"),
    (SMALL, 0, "expected an integer from 1 to 10, was given 0"),
    (SMALL, 11, "expected an integer from 1 to 10, was given 11"),
    (NUMBER, False, "expected a number, was given false"),
    (NUMBER, float("inf"), "expected a number, was given Infinity"),
    (NUMBER, float("nan"), "expected a number, was given NaN"),
    (NUMBER, "1", 'expected a number, was given "1"'),
    (BOOLEAN, 1, "expected true or false, was given 1"),
    (BOOLEAN, "true", 'expected true or false, was given "true"'),
    (CHOICE, "c", 'expected one of: a, b, was given "c"'),
    (CHOICE, 1, "expected one of: a, b, was given 1"),
    (LIST, "a", 'expected a list such as a,b, was given "a"'),
    (LIST, ["a", 1], 'expected a list such as a,b, was given ["a", 1]'),
    (LIST, ["a", "\0"], "holds the character NUL"),
    (Parameter("p", "list", minimum=1), [], "expected a list of at least 1 texts such as a,b, was given []"),
    (Parameter("p", "list", maximum=1), ["a", "b"], "expected a list of at most 1 texts such as a,b, was given"),
    (Parameter("p", "list", pattern="[a-z]"), ["a", "B"], 'expected a list such as a,b, was given ["a", "B"]'),
    (QUANTITY, "1 Gi", 'Gi, without spaces; was given "1 Gi"'),
    (QUANTITY, True, "expected a quantity such as 512Mi, was given true"),
    (QUANTITY, ["1"], 'expected a quantity such as 512Mi, was given ["1"]'),
    (DURATION, "90", 'a duration is written like 90s, 10m, 1h30m or 30d; was given "90"'),
    (DURATION, 90, "expected a duration such as 10m, was given 90"),
    (CODE, "a", "expected text of 2 to 4 characters that matches [a-z]+, was given \"a\""),
    (CODE, "abcde", "expected text of 2 to 4 characters that matches [a-z]+, was given \"abcde\""),
    (CODE, "aB", "expected text of 2 to 4 characters that matches [a-z]+, was given \"aB\""),
    (CODE, "ab\n", "expected text of 2 to 4 characters that matches [a-z]+, was given \"ab\\n\""),
    (Parameter("p", "string", pattern="a|b"), "ab", 'expected text that matches a|b, was given "ab"'),
    (Parameter("p", "string", pattern=r"\d+"), "٣", "expected text that matches"),
    (IMAGE, "Busybox", 'expected an image such as registry.example/team/app:1.2, was given "Busybox"'),
    (IMAGE, "", "expected an image such as"),
    (IMAGE, "a b", "expected an image such as"),
    (IMAGE, "a:", "expected an image such as"),
    (IMAGE, "a\n", "expected an image such as"),
    (IMAGE, "https://r.example/a", "expected an image such as"),
    (IMAGE, "a//b", "expected an image such as"),
    (IMAGE, "a/../b", "expected an image such as"),
    (IMAGE, "a@sha256:00", "expected an image such as"),
    (IMAGE, f"a@{DIGEST.upper()}", "expected an image such as"),
    (IMAGE, "a" * 1025, "expected an image such as"),
    (IMAGE, "a:" + "b" * 129, "expected an image such as"),
    (IMAGE, {"name": "a"}, "expected an image such as"),
    (Parameter("p", "image", choices=("a:1",)), "a:2", 'expected one of: a:1, was given "a:2"'),
    (Parameter("p", "image", prefixes=("r.example/team/",)), "r.example/teams/a",
     'expected an image whose name begins with r.example/team/, was given "r.example/teams/a"'),
    (Parameter("p", "image", prefixes=("r.example/team/", "x/")), "r.example:5000/team/a",
     "expected an image whose name begins with r.example/team/ or x/, was given"),
    (Parameter("p", "image", prefixes=("r.example/app",)), "r.example/app2", "expected an image whose name"),
    (Parameter("p", "image", prefixes=("r.example/app",)), "r.example/ap", "expected an image whose name begins with"),
    (SECRET, "db/password",
     'expected the name of a Secret and a key in it such as database/password, was given "db/password"'),
    (SECRET, {}, "expected the name of a Secret and a key in it such as database/password, was given {}"),
    (SECRET, {"name": "Db"}, "expected the name of a Secret"),
    (SECRET, {"name": 1}, "expected the name of a Secret"),
    (SECRET, {"name": "db", "key": ""}, "expected the name of a Secret"),
    (SECRET, {"name": "db", "key": 1}, "expected the name of a Secret"),
    (SECRET, {"name": "db", "key": "a/b"}, "expected the name of a Secret"),
    (SECRET, {"name": "db", "key": "k" * 254}, "expected the name of a Secret"),
    (SECRET, {"name": "db", "namespace": "x"}, "expected the name of a Secret"),
    (CONFIG, {"name": ""}, "expected the name of a ConfigMap and a key in it such as settings/file, was given"),
    (VOLUME, {"name": "data", "key": "a"}, "expected the name of a PersistentVolumeClaim such as data, was given"),
]  # fmt: skip


@pytest.mark.parametrize(("parameter", "value", "message"), WRONG)
def test_a_wrong_answer_says_what_was_expected(parameter: Parameter, value: Any, message: str) -> None:
    with pytest.raises(ValueError) as wrong:
        parameters.value_of(parameter, value)
    assert message in str(wrong.value)
    assert "\n" not in str(wrong.value)


EXPECTED = [
    (STRING, "text"),
    (Parameter("p", "string", example="x"), "text such as x"),
    (Parameter("p", "string", example="http://example.com"), "an address such as http://example.com"),
    (Parameter("p", "string", example="https://example.com"), "an address such as https://example.com"),
    (Parameter("p", "string", pattern="a+", example="aa"), "text such as aa"),
    (Parameter("p", "string", pattern="a+"), "text that matches a+"),
    (Parameter("p", "string", maximum=5), "text of at most 5 characters"),
    (SMALL, "an integer from 1 to 10"),
    (Parameter("p", "integer", minimum=1), "an integer of at least 1"),
    (Parameter("p", "integer", maximum=10, example=3), "an integer of at most 10 such as 3"),
    (Parameter("p", "number", minimum=0, maximum=0.5), "a number from 0 to 0.5"),
    (BOOLEAN, "true or false"),
    (CHOICE, "one of: a, b"),
    (Parameter("p", "list", example=["x", "y"]), "a list such as x,y"),
    (Parameter("p", "list", minimum=1, maximum=3), "a list of 1 to 3 texts such as a,b"),
    (QUANTITY, "a quantity such as 512Mi"),
    (DURATION, "a duration such as 10m"),
    (Parameter("p", "duration", example="2h"), "a duration such as 2h"),
    (IMAGE, "an image such as registry.example/team/app:1.2"),
    (Parameter("p", "secretRef", example={"name": "a"}), "the name of a Secret such as a"),
    (VOLUME, "the name of a PersistentVolumeClaim such as data"),
]


@pytest.mark.parametrize(("parameter", "words"), EXPECTED)
def test_an_expectation_is_said_in_words(parameter: Parameter, words: str) -> None:
    assert parameters.expectation(parameter) == words


READ: list[tuple[Parameter, str, Any]] = [
    (STRING, "5", "5"),
    (STRING, "true", "true"),
    (STRING, "", ""),
    (STRING, "a=b,c", "a=b,c"),
    (INTEGER, "5", 5),
    (INTEGER, "-5", -5),
    (NUMBER, "5", 5),
    (NUMBER, "0.5", 0.5),
    (BOOLEAN, "true", True),
    (BOOLEAN, "false", False),
    (CHOICE, "a", "a"),
    (LIST, "a,b", ["a", "b"]),
    (LIST, "a", ["a"]),
    (LIST, "", []),
    (LIST, "a,", ["a", ""]),
    (LIST, '["a,b", "c"]', ["a,b", "c"]),
    (LIST, "[]", []),
    (QUANTITY, "5", "5"),
    (DURATION, "90s", "90s"),
    (IMAGE, "a:1", "a:1"),
    (SECRET, "db/password", {"name": "db", "key": "password"}),
    (SECRET, "db", {"name": "db"}),
    (CONFIG, "a/b", {"name": "a", "key": "b"}),
    (VOLUME, "data", {"name": "data"}),
]


@pytest.mark.parametrize(("parameter", "text", "value"), READ)
def test_a_flag_is_read_in_its_type(parameter: Parameter, text: str, value: Any) -> None:
    assert json.dumps(parameters.parse(parameter, text)) == json.dumps(value)
    assert json.dumps(parameters.parse_all([parameter], {"p": text})) == json.dumps({"p": value})


UNREAD = [
    (INTEGER, "05", 'expected an integer, was given "05"'),
    (INTEGER, "5.0", 'expected an integer, was given "5.0"'),
    (INTEGER, "٣", "expected an integer, was given"),
    (INTEGER, "true", 'expected an integer, was given "true"'),
    (INTEGER, "", 'expected an integer, was given ""'),
    (INTEGER, " 5", 'expected an integer, was given " 5"'),
    (INTEGER, "1_000", 'expected an integer, was given "1_000"'),
    (INTEGER, "9007199254740993", 'expected an integer, was given "9007199254740993"'),
    (NUMBER, "1e3", 'expected a number, was given "1e3"'),
    (NUMBER, "inf", 'expected a number, was given "inf"'),
    (BOOLEAN, "yes", 'expected true or false, was given "yes"'),
    (BOOLEAN, "null", 'expected true or false, was given "null"'),
    (BOOLEAN, "1", 'expected true or false, was given "1"'),
    (LIST, "[a", 'expected a list such as a,b, was given "[a"'),
    (LIST, "[1]", 'expected a list such as a,b, was given "[1]"'),
    (
        SECRET,
        "Db/x",
        'expected the name of a Secret and a key in it such as database/password, was given "Db/x"',
    ),
    (SECRET, "db/", "expected the name of a Secret"),
    (VOLUME, "data/x", 'expected the name of a PersistentVolumeClaim such as data, was given "data/x"'),
    (QUANTITY, "1 Gi", 'without spaces; was given "1 Gi"'),
    (CHOICE, "c", 'expected one of: a, b, was given "c"'),
]


@pytest.mark.parametrize(("parameter", "text", "message"), UNREAD)
def test_a_flag_of_the_wrong_type_says_what_was_expected(
    parameter: Parameter, text: str, message: str
) -> None:
    with pytest.raises(ValueError) as wrong:
        parameters.parse(parameter, text)
    assert message in str(wrong.value)
    with pytest.raises(Invalid) as refused:
        parameters.check([parameter], parameters.parse_all([parameter], {"p": text}))
    assert [problem.where for problem in refused.value.problems] == ["p"]


WORD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@settings(deadline=None)
@given(
    st.tuples(st.just(INTEGER), st.integers(-(2**53), 2**53))
    | st.tuples(st.just(NUMBER), st.floats(-(2.0**53), 2.0**53))
    | st.tuples(st.just(BOOLEAN), st.booleans())
    | st.tuples(st.just(STRING), WORD)
    | st.tuples(st.just(LIST), st.lists(WORD, max_size=3))
    | st.tuples(st.just(SECRET), st.sampled_from([{"name": "a"}, {"name": "a.b", "key": "c"}]))
)
def test_a_value_spelled_for_a_flag_reads_back(pair: tuple[Parameter, Any]) -> None:
    parameter, value = pair
    value = parameters.value_of(parameter, value)
    assert json.dumps(parameters.parse(parameter, parameters.spell(value))) == json.dumps(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], ""),
        (["a", "b"], "a,b"),
        (["a,b"], '["a,b"]'),
        (["[a"], '["[a"]'),
        ([""], '[""]'),
        ({"name": "a", "key": "b"}, "a/b"),
    ],
)
def test_a_value_is_spelled_as_a_person_would_give_it(value: Any, text: str) -> None:
    assert parameters.spell(value) == text
    assert parameters.parse(SECRET if isinstance(value, dict) else LIST, text) == value


URL = Parameter("url", "string", example="http://example.com")
TRIES = Parameter("tries", "integer", at="run", default=3, minimum=1, maximum=10)
SIZE = Parameter("size", "quantity", at="run")
NOTE = Parameter("note", "string", required=False)
OFF = Parameter("off", "boolean", default=False)
ASKED = [URL, TRIES, SIZE, NOTE, OFF]


def test_answers_stand_over_defaults_in_the_order_of_the_parameters() -> None:
    values = parameters.check(ASKED, {"size": 1, "url": "u"})
    assert list(values.items()) == [("url", "u"), ("tries", 3), ("size", "1"), ("off", False)]
    assert parameters.check(ASKED, {"url": "u", "size": "1", "tries": 5, "note": "n", "off": True}) == {
        "url": "u",
        "tries": 5,
        "size": "1",
        "note": "n",
        "off": True,
    }


def test_required_run_time_parameters_may_wait_for_the_run() -> None:
    assert parameters.check(ASKED, {"url": "u"}, complete=False) == {"url": "u", "tries": 3, "off": False}
    with pytest.raises(Invalid) as refused:
        parameters.check(ASKED, {}, complete=False)
    assert [problem.where for problem in refused.value.problems] == ["url"]


def test_all_wrong_answers_are_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        parameters.check(ASKED, {"trie": 5, "tries": 0, "zzz": 1}, subject="backup")
    assert refused.value.code == "bad-answers"
    assert refused.value.message == "5 answers for backup are invalid"
    assert refused.value.mended == (("trie", ""), ("zzz", "")), "tries is answered already"
    assert refused.value.hint == "--set url=http://example.com --set tries=3 --set size=512Mi"
    assert refused.value.problems == (
        Problem("trie", "is not a parameter; did you mean: tries?"),
        Problem("zzz", "is not a parameter; available: url, tries, size, note, off"),
        Problem("url", "is missing: expected an address such as http://example.com"),
        Problem("tries", "expected an integer from 1 to 10, was given 0"),
        Problem("size", "is missing: expected a quantity such as 512Mi"),
    )


def test_one_wrong_answer_is_told_in_the_singular() -> None:
    with pytest.raises(Invalid, match=r"^1 answer for backup is invalid$"):
        parameters.check([URL], {}, subject="backup")
    with pytest.raises(Invalid, match=r"^1 answer is invalid$"):
        parameters.check([URL], {})


NEEDS = Rule("requires", ("b", "c"), "a")
APART = Rule("exclusive", ("a", "b", "c"))
SOME = Rule("anyOf", ("a", "b"))
RULES: list[tuple[Rule, dict[str, Any], str, str]] = [
    (NEEDS, {}, "", ""),
    (NEEDS, {"b": "x"}, "", ""),
    (NEEDS, {"a": "x", "b": "x", "c": "x"}, "", ""),
    (NEEDS, {"a": "x", "b": "x"}, "a, b, c", "a also needs c"),
    (NEEDS, {"a": "x"}, "a, b, c", "a also needs b and c"),
    (NEEDS, {"a": "x", "b": "x", "c": ""}, "a, b, c", "a also needs c"),
    (NEEDS, {"a": ""}, "", ""),
    (APART, {}, "", ""),
    (APART, {"b": "x"}, "", ""),
    (APART, {"a": "x", "c": "x"}, "a, b, c", "only one of them may be given, not a and c"),
    (SOME, {"b": "x"}, "", ""),
    (SOME, {"a": "x", "b": "x"}, "", ""),
    (SOME, {}, "a, b", "at least one of them must be given"),
    (SOME, {"c": "x"}, "a, b", "at least one of them must be given"),
]


@pytest.mark.parametrize(("rule", "answers", "where", "what"), RULES)
def test_rules_hold_across_parameters(rule: Rule, answers: dict[str, Any], where: str, what: str) -> None:
    asked = [Parameter(name, "string", required=False) for name in "abc"]
    if not what:
        assert parameters.check(asked, answers, rules=[rule]) == answers
        return
    with pytest.raises(Invalid) as refused:
        parameters.check(asked, answers, rules=[rule])
    assert refused.value.problems == (Problem(where, what),)


UNSET = [
    ("boolean", False, False),
    ("boolean", True, True),
    ("list", [], False),
    ("list", ["a"], True),
    ("integer", 0, True),
]


@pytest.mark.parametrize(("kind", "value", "is_set"), UNSET)
def test_false_and_empty_values_count_as_not_set(kind: Any, value: Any, is_set: bool) -> None:
    asked = [Parameter("a", kind, required=False), Parameter("b", "string", required=False)]
    if is_set:
        parameters.check(asked, {"a": value}, rules=[Rule("anyOf", ("a", "b"))])
        return
    with pytest.raises(Invalid):
        parameters.check(asked, {"a": value}, rules=[Rule("anyOf", ("a", "b"))])


def test_rules_with_run_time_parameters_wait_for_the_run() -> None:
    asked = [Parameter("a", "string", required=False), Parameter("b", "string", required=False, at="run")]
    rule = Rule("anyOf", ("a", "b"))
    assert parameters.check(asked, {}, rules=[rule], complete=False) == {}
    with pytest.raises(Invalid):
        parameters.check(asked, {}, rules=[rule])
    alone = Rule("anyOf", ("a",))
    with pytest.raises(Invalid):
        parameters.check(asked, {}, rules=[rule, alone], complete=False)


def test_a_pattern_takes_linear_time() -> None:
    evil = Parameter("p", "string", pattern="([a-z0-9]+-?)+")
    begin = time.perf_counter()
    with pytest.raises(ValueError, match="expected text that matches"):
        parameters.value_of(evil, "a" * 200_000 + "!")
    assert parameters.value_of(evil, "a-b")
    assert time.perf_counter() - begin < 2


DATA: list[tuple[dict[str, Any], Parameter]] = [
    ({"name": "p", "type": "string"}, STRING),
    (
        {
            "name": "tries",
            "type": "integer",
            "description": "How often",
            "at": "run",
            "default": 0,
            "required": False,
            "minimum": 0,
            "maximum": 10,
            "example": 5,
        },
        Parameter("tries", "integer", "How often", "run", 0, False, minimum=0, maximum=10, example=5),
    ),
    ({"name": "p", "type": "boolean", "default": False}, Parameter("p", "boolean", default=False)),
    (
        {"name": "p", "type": "choice", "default": "b", "choices": ["a", "b"]},
        Parameter("p", "choice", default="b", choices=("a", "b")),
    ),
    (
        {"name": "p", "type": "image", "at": "run", "prefixes": ["r.example/x/"]},
        Parameter("p", "image", at="run", prefixes=("r.example/x/",)),
    ),
    (
        {"name": "p", "type": "string", "pattern": "a+", "code": True},
        Parameter("p", "string", pattern="a+", code=True),
    ),
    ({"name": "p", "type": "list", "default": []}, Parameter("p", "list", default=[])),
    (
        {"name": "p", "type": "number", "minimum": -0.5, "maximum": -0.5},
        Parameter("p", "number", minimum=-0.5, maximum=-0.5),
    ),
    (
        {"name": "p", "type": "secretRef", "example": {"name": "a"}},
        Parameter("p", "secretRef", example={"name": "a"}),
    ),
    ({"name": "aB9", "type": "quantity", "default": "1Gi"}, Parameter("aB9", "quantity", default="1Gi")),
]


@pytest.mark.parametrize(("data", "parameter"), DATA)
def test_a_parameter_is_read_from_data_and_written_back(data: dict[str, Any], parameter: Parameter) -> None:
    assert declared.from_data(data, "/p") == parameter
    assert list(declared.to_data(parameter).items()) == list(data.items())


BROKEN: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "a-b"}, "name", 'a name is letters and digits, at most 63, the first a small letter; was given "a-b"'),
    ({"name": "A"}, "name", "a name is letters and digits"),
    ({"name": "a" * 64}, "name", "a name is letters and digits"),
    ({"name": "a\n"}, "name", "is one line of text"),
    ({"name": "é"}, "name", "a name is letters and digits"),
    ({"name": "loop"}, "name", "loop is a word of the template language"),
    ({"name": "range"}, "name", "range is a word of the template language"),
    ({"name": ""}, "name", "is empty"),
    ({"type": "text"}, "type", "expected one of: string, integer,"),
    ({"type": "secretref"}, "type", "did you mean: secretRef?"),
    ({"at": "runtime"}, "at", "expected one of: install, run; did you mean: run?"),
    ({"defalt": 1}, "defalt", "is not a key here; did you mean: default?"),
    ({"places": []}, "places", "is not a key here"),
    ({"required": "no"}, "required", 'expected true or false, was given "no"'),
    ({"default": 5}, "default", "expected text, was given 5"),
    ({"example": 5}, "example", "expected text, was given 5"),
    ({"type": "list", "example": [1]}, "example", "expected a list such as a,b, was given [1]"),
    ({"type": "volumeRef", "example": {"name": 1}}, "example", "expected the name of a PersistentVolumeClaim"),
    ({"pattern": "a+", "default": "b"}, "default", 'expected text that matches a+, was given "b"'),
    ({"pattern": "a(?=b)"}, "pattern", "is not a regular expression of linear time, or is too large"),
    ({"pattern": "a(?!b)"}, "pattern", "is not a regular expression of linear time"),
    ({"pattern": "(?<=a)b"}, "pattern", "is not a regular expression of linear time"),
    ({"pattern": r"(a)\1"}, "pattern", "is not a regular expression of linear time"),
    ({"pattern": "("}, "pattern", "is not a regular expression of linear time"),
    ({"pattern": "a)|(b"}, "pattern", "is not a regular expression of linear time"),
    ({"pattern": "(?x)a#"}, "pattern", "has flags such as (?i), which are not taken"),
    ({"pattern": "a(?i:b)"}, "pattern", "has flags such as (?i), which are not taken"),
    ({"pattern": r"\\(?s-i)b"}, "pattern", "has flags such as (?i), which are not taken"),
    ({"type": "integer", "pattern": "a"}, "pattern", "belongs to string and list, not to integer"),
    ({"type": "boolean", "minimum": 0}, "minimum", "belongs to integer and number and string and list, not to boolean"),
    ({"type": "quantity", "maximum": 1}, "maximum", "belongs to"),
    ({"choices": ["a"]}, "choices", "belongs to choice and image, not to string"),
    ({"prefixes": ["a/"]}, "prefixes", "belongs to image, not to string"),
    ({"type": "integer", "code": True}, "code", "belongs to string"),
    ({"minimum": 5, "maximum": 4}, "minimum", "is greater than maximum"),
    ({"minimum": 0.5}, "minimum", "expected an integer, was given 0.5"),
    ({"type": "integer", "maximum": "5"}, "maximum", 'expected an integer, was given "5"'),
    ({"type": "number", "minimum": "5"}, "minimum", 'expected a number, was given "5"'),
    ({"type": "choice"}, "choices", "is missing: a choice lists what may be chosen"),
    ({"type": "choice", "choices": ["a", "a"]}, "choices", "names the same choice twice"),
    ({"type": "choice", "choices": ["a", 1]}, "choices/1", "expected text, was given 1"),
    ({"type": "choice", "choices": ["a"], "default": "b"}, "default", 'expected one of: a, was given "b"'),
    ({"type": "image", "prefixes": ["https://x/"]}, "prefixes", "expected the beginning of an image's name, was given"),
    ({"type": "image", "prefixes": [""]}, "prefixes", "expected the beginning of an image's name, was given"),
    ({"type": "image", "at": "run"}, "at", "an image that may be set at each run needs choices or prefixes"),
    ({"type": "secretRef", "at": "run"}, "at", "a reference is fixed at install: leave at out"),
    ({"type": "secretRef", "default": {"name": "a"}}, "default", "a reference has no default: it is an answer of each"),
    ({"type": "volumeRef", "default": {"name": "a"}}, "default", "a reference has no default"),
    ({"description": "a\nb"}, "description", "is one line of text"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "key", "what"), BROKEN)
def test_a_broken_definition_is_refused_with_its_key(change: dict[str, Any], key: str, what: str) -> None:
    with pytest.raises(Invalid) as refused:
        declared.from_data({"name": "p", "type": "string", **change}, "/parameters/3")
    assert refused.value.code == "bad-parameter"
    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].where == f"/parameters/3/{key}"
    assert what in refused.value.problems[0].what


def test_all_that_is_broken_in_a_definition_is_told_at_once() -> None:
    with pytest.raises(Invalid, match=r"^the parameter p is invalid$") as refused:
        declared.from_data({"name": "p", "type": "strin", "at": "x", "y": 1}, "/p")
    assert [problem.where for problem in refused.value.problems] == ["/p/type", "/p/at", "/p/y"]
    with pytest.raises(Invalid, match=r"^the parameter /p is invalid$") as refused:
        declared.from_data("text", "/p")
    assert refused.value.problems == (Problem("/p", 'expected a mapping, was given "text"'),)


RULE_DATA: list[tuple[dict[str, Any], Rule]] = [
    ({"requires": {"if": "a", "then": ["b"]}}, Rule("requires", ("b",), "a")),
    ({"exclusive": ["a", "b"]}, Rule("exclusive", ("a", "b"))),
    ({"anyOf": ["a", "b", "c"]}, Rule("anyOf", ("a", "b", "c"))),
]


def read_rule(data: Any) -> tuple[Rule | None, Findings]:
    findings: Findings = []
    asked = [Parameter(name, "string") for name in ("a", "b", "c", "size")]
    return declared.read_rule(Fields(data, "/r", findings), asked), findings


@pytest.mark.parametrize(("data", "rule"), RULE_DATA)
def test_a_rule_is_read_from_data(data: dict[str, Any], rule: Rule) -> None:
    assert read_rule(data) == (rule, [])


BROKEN_RULES: list[tuple[Any, list[tuple[str, str]]]] = [
    ({}, [("/r", "a rule is one of: requires, exclusive, anyOf")]),
    ({"oneOf": ["a", "b"]}, [("/r", "a rule is one of: requires, exclusive, anyOf")]),
    (
        {"anyOf": ["a", "b"], "exclusive": ["a", "b"]},
        [("/r", "a rule is one of: requires, exclusive, anyOf")],
    ),
    ({"anyOf": ["a", "b"], "x": 1}, [("/r/x", "is not a key here")]),
    ("a", [("/r", 'expected a mapping, was given "a"')]),
    ({"anyOf": ["a", "siz"]}, [("/r/anyOf", '"siz" is not a parameter; did you mean: size?')]),
    ({"anyOf": ["a"]}, [("/r/anyOf", "expected 2 or more names of parameters, each once")]),
    ({"exclusive": ["a", "a"]}, [("/r/exclusive", "expected 2 or more names of parameters, each once")]),
    (
        {"requires": {"if": "a", "then": []}},
        [("/r/requires/then", "expected 1 or more names of parameters, each once")],
    ),
    (
        {"requires": {"if": "a", "then": ["a"]}},
        [("/r/requires/then", "expected 1 or more names of parameters, each once")],
    ),
    ({"requires": {"then": ["a"]}}, [("/r/requires/if", "is missing")]),
    ({"requires": {"if": "zz", "then": ["b"]}}, [("/r/requires/if", '"zz" is not a parameter')]),
    ({"requires": {"if": "a", "then": ["b"], "else": []}}, [("/r/requires/else", "is not a key here")]),
]


@pytest.mark.parametrize(("data", "findings"), BROKEN_RULES)
def test_a_broken_rule_is_noted(data: Any, findings: list[tuple[str, str]]) -> None:
    assert read_rule(data)[1] == findings


NEW = Parameter("new", "integer", renamed_from=("older", "old"))


@pytest.mark.parametrize(
    ("answers", "carried"),
    [
        ({"old": 1}, {"new": 1}),
        ({"older": 1, "p": "x"}, {"new": 1, "p": "x"}),
        ({"older": 1, "old": 2}, {"older": 1, "new": 2}),
        ({"new": 1, "old": 2}, {"new": 1, "old": 2}),
        ({"other": 1}, {"other": 1}),
    ],
)
def test_an_answer_follows_its_parameter_to_its_new_name(
    answers: dict[str, Any], carried: dict[str, Any]
) -> None:
    assert parameters.carried([NEW, STRING], answers) == carried


def test_an_earlier_name_is_taken_from_a_flag_and_named_where_it_is_not() -> None:
    assert parameters.parse_all([NEW], {"old": "5"}) == {"new": 5}
    with pytest.raises(Invalid) as caught:
        parameters.check([NEW], {"new": 1, "old": 5})
    assert caught.value.problems == (Problem("old", "is called new now"),)


def test_earlier_names_are_written_as_they_are_read() -> None:
    data = declared.to_data(NEW)
    assert data["renamedFrom"] == ["older", "old"]
    assert declared.from_data(data, "") == NEW
