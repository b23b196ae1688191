"""What a new version breaks: one row for each difference, and the least that the version must be raised by."""

import pytest

from kubectl_rapt.errors import Refused
from kubectl_rapt.model.versions import Version
from kubectl_rapt.templating import compatibility, definition
from kubectl_rapt.templating.definition import Template

HEAD = "apiVersion: rapt.dev/v1alpha1\nkind: Template\nname: backup\nsummary: Backs up\n"


def template(text: str, version: str = "1.0.0") -> Template:
    return definition.load(f"{HEAD}version: {version}\n{text}", "template.yaml")


def asked(*parameters: str, more: str = "") -> str:
    return "parameters:\n" + "".join(f"- {{{one}}}\n" for one in parameters) + more


A = "name: a, type: string, default: x"
PARAMETERS = [
    (A, A, None, ""),
    ("name: a, type: string", "name: b, type: string", "major", "is gone"),
    ("name: a, type: string", "name: b, type: string", "major", "is new, and asks every tool"),
    (A, "name: a, type: integer, default: 5", "major", "was of type string"),
    (f"{A}, at: run", A, "major", "is fixed at install"),
    (A, f"{A}, at: run", "minor", "may be set at each run now"),
    (A, "name: a, type: string", "major", "needs an answer now"),
    ("name: a, type: string, required: false", "name: a, type: string", "major", "needs an answer now"),
    ("name: a, type: string", "name: a, type: string, required: false", "minor", "may be left out now"),
    ("name: a, type: string", A, "minor", 'has the default "x"'),
    (A, "name: a, type: string, default: z", "minor", 'has the default "z", which was "x"'),
    (
        "name: a, type: integer, default: 1",
        "name: a, type: number, default: 1",
        "major",
        "was of type integer",
    ),
    (
        "name: a, type: number, default: 1",
        "name: a, type: number, default: 1.0",
        "minor",
        "has the default 1.0",
    ),
    ("name: a, type: choice, choices: [x, z]", "name: a, type: choice, choices: [x]", "major", "choices z"),
    ("name: a, type: choice, choices: [x]", "name: a, type: choice, choices: [x, z]", "minor", "more values"),
    ("name: a, type: choice, choices: [x, z]", "name: a, type: choice, choices: [z, x]", None, ""),
    ("name: a, type: image", "name: a, type: image, choices: ['b:1']", "major", "only some values"),
    ("name: a, type: image, choices: ['b:1']", "name: a, type: image", "minor", "are free"),
    ("name: a, type: image", "name: a, type: image, prefixes: [r.example/]", "major", "only some values"),
    ("name: a, type: image, prefixes: [b, c]", "name: a, type: image, prefixes: [b]", "major", "prefixes c"),
    ("name: a, type: image, prefixes: [b]", "name: a, type: image, prefixes: [b, c]", "minor", "more values"),
    (A, f"{A}, pattern: x+", "major", "must match x+"),
    (f"{A}, pattern: x+", f"{A}, pattern: '[a-z]+'", "major", "another pattern"),
    (f"{A}, pattern: x+", A, "minor", "no pattern"),
    (A, f"{A}, minimum: 1", "major", "minimum 1, which was none"),
    (f"{A}, minimum: 1", A, "minor", "minimum none"),
    ("name: a, type: integer, minimum: 1", "name: a, type: integer, minimum: 2", "major", "minimum 2"),
    ("name: a, type: integer, minimum: 2", "name: a, type: integer, minimum: 1", "minor", "minimum 1"),
    ("name: a, type: integer, maximum: 5", "name: a, type: integer, maximum: 4", "major", "maximum 4"),
    ("name: a, type: integer, maximum: 4", "name: a, type: integer, maximum: 5", "minor", "maximum 5"),
    ("name: a, type: integer, maximum: 4", "name: a, type: integer", "minor", "maximum none"),
    (f"{A}, code: true", A, "major", "is not code any more"),
    (A, f"{A}, code: true", "minor", "is code for a shell now"),
    (A, f"{A}, description: words", "patch", "in other words"),
    (A, f"{A}, example: z", "patch", "in other words"),
    (A, "name: b, type: string, default: x, renamedFrom: [a]", "minor", "was called a"),
    ("name: a, type: string", "name: b, type: string, renamedFrom: [a]", "minor", "was called a"),
    (A, "name: b, type: integer, default: 1, renamedFrom: [a]", "major", "was of type string"),
    (A, "name: b, type: string, default: x, renamedFrom: [c]", "major", "is gone"),
    (f"{A}, renamedFrom: [b]", f"{A}, renamedFrom: [c, b]", None, ""),
    (f"{A}, renamedFrom: [b]", A, "major", "no longer takes the answers to b"),
    (
        f"{A}, renamedFrom: [b]",
        "name: c, type: string, default: x, renamedFrom: [b, a]",
        "minor",
        "was called a",
    ),
]


@pytest.mark.parametrize(("old", "new", "level", "says"), PARAMETERS)
def test_a_difference_of_a_parameter(old: str, new: str, level: str | None, says: str) -> None:
    changes = compatibility.compare(template(asked(old)), template(asked(new), "1.1.0"))
    if level is None:
        assert changes == []
        return
    assert compatibility.needed(changes) == level
    assert any(says in change.what and change.level == level for change in changes)


B = "name: b, type: string, default: x"
RULE = "rules:\n- exclusive: [a, b]\n"
REST = [
    (asked(A), asked(A, B), "minor", "is new"),
    (asked(A), asked(A, "name: b, type: string, required: false"), "minor", "is new"),
    (asked(A, B), asked(B, A), "patch", "another order"),
    (asked(A, B), asked(A, B, more=RULE), "major", "a new rule: exclusive"),
    (asked(A, B, more=RULE), asked(A, B), "minor", "need not keep"),
    ("freeEnv: true", "freeEnv: false", "major", "no longer lets runs"),
    ("freeEnv: false", "freeEnv: true", "minor", "lets runs"),
    ("kubernetes: '>=1.28'", "kubernetes: '>=1.30'", "major", "is >=1.30 now"),
    ("kubernetes: '>=1.28'", "kubernetes: '>=1.29'", "major", "no longer has 1.28"),
    ("kubernetes: '>=1.28'", "kubernetes: '>=1.26'", "minor", "is >=1.26 now"),
    ("kubernetes: '>=1.28'", "", "minor", "is any version now"),
    ("schedule: '@daily'", "schedule: '@weekly'", "minor", "is another one"),
    ("resources: {limits: {memory: 1Gi}}", "resources: {limits: {memory: 2Gi}}", "minor", "is another one"),
    ("policies: {retry: never}", "policies: {retry: often}", "minor", "is another one"),
    ("concurrency: allow", "concurrency: queue", "minor", "is another one"),
    ("access: []", "access: [{apiGroups: [''], resources: [pods], verbs: [get]}]", "minor", "is another one"),
    ("", "egress: []", "minor", "is another one"),
    ("", "minRapt: 1.0.0", "minor", "is another one"),
]


@pytest.mark.parametrize(("old", "new", "level", "says"), REST)
def test_a_difference_of_anything_else(old: str, new: str, level: str, says: str) -> None:
    (change,) = compatibility.compare(template(old), template(new, "1.1.0"))
    assert (change.level, says in change.what) == (level, True)


@pytest.mark.parametrize(
    ("old", "new", "is_refused"),
    [
        ("1.0.0", "1.0.1", True),
        ("1.0.0", "1.9.0", True),
        ("1.0.0", "2.0.0", False),
        ("1.0.0", "2.0.0-rc.1", False),
        ("0.1.0", "0.1.1", True),
        ("0.1.0", "0.2.0", False),
        ("0.9.0", "1.0.0", False),
    ],
)
def test_breaking_asks_for_a_major_version(old: str, new: str, is_refused: bool) -> None:
    before = template(asked("name: a, type: string", "name: b, type: string"), old)
    after = template(asked("name: a, type: integer", "name: c, type: string"), new)
    if not is_refused:
        assert len(compatibility.refuse_breaking(before, after)) == 3
        return
    with pytest.raises(Refused) as caught:
        compatibility.refuse_breaking(before, after)
    assert caught.value.code == "breaking-change"
    assert {problem.where for problem in caught.value.problems} == {"a", "b", "c"}
    assert ("--bump minor" if old.startswith("0") else "--bump major") in caught.value.hint


def test_what_breaks_nothing_may_have_any_version() -> None:
    assert compatibility.refuse_breaking(template(asked(A)), template(asked(A, B), "1.0.1"))


@pytest.mark.parametrize(
    ("version", "patch", "minor", "major"),
    [("1.2.3", "1.2.4", "1.3.0", "2.0.0"), ("1.2.3-rc.1", "1.2.3", "1.3.0", "2.0.0")],
)
def test_a_version_is_raised(version: str, patch: str, minor: str, major: str) -> None:
    old = Version.parse(version)
    assert [str(compatibility.bumped(old, level)) for level in compatibility.LEVELS] == [patch, minor, major]


def test_a_rule_speaks_of_a_renamed_parameter_as_before() -> None:
    renamed = asked(f"{A}, renamedFrom: [old]", B, more=RULE)
    before = asked(A.replace("name: a", "name: old"), B, more="rules:\n- exclusive: [old, b]\n")
    (change,) = compatibility.refuse_breaking(template(before), template(renamed, "1.1.0"))
    assert (change.level, change.subject, change.what) == (
        "minor",
        "a",
        "was called old, and takes its answers",
    )
