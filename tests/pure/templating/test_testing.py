"""A template's own tests: what passes, and what is said where one does not."""

from collections.abc import Mapping
from typing import Any

import pytest

from kubectl_rapt.errors import Invalid
from kubectl_rapt.templating import definition, render, testing
from kubectl_rapt.templating.job import Rendered

TEMPLATE = definition.load(
    """
apiVersion: rapt.dev/v1alpha1
kind: Template
name: greet
version: 1.0.0
summary: Greets
parameters:
- {name: image, type: image, default: "busybox:1.35"}
- {name: word, type: string, at: run, example: hello}
""",
    "template.yaml",
)
SOURCE = """
apiVersion: batch/v1
kind: Job
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: tool
        image: {{ image }}
        env:
        - {name: WORD, value: {{ word }}}
"""


def check(text: str) -> list[str]:
    """What is wrong with a test of the template: ``line: place: what``."""

    def with_values(values: Mapping[str, Any]) -> Rendered:
        return render.render(SOURCE, TEMPLATE.parameters, values, name="job.yaml.j2")

    problems = testing.run(TEMPLATE, testing.read(text, "tests/a.yaml"), with_values)
    return [f"{problem.where.removeprefix('tests/a.yaml:')}: {problem.what}" for problem in problems]


@pytest.mark.parametrize(
    "text",
    [
        "expect: {}",
        "expect: {spec: {backoffLimit: 0, suspend: null}}",
        "answers: {image: 'a:1'}\nexpect: {spec: {template: {spec: {containers: [{image: 'a:1', args: null}]}}}}",
        "run: {word: $A}\nexpect: {spec: {template: {spec: {containers: [{env: [{value: $$A}]}]}}}}",
        "answers: {word: hi}\nrun: {}\nexpect: {spec: {template: {spec: {containers: [{env: [{value: hi}]}]}}}}",
        "answers: {image: 5}\nrefused: expected an image",
        "run: {}\nrefused: 'word: is missing: expected text such as hello'",
        "run: {wrd: a}\nrefused: 'did you mean: word'",
    ],
)
def test_what_is_as_expected_passes(text: str) -> None:
    assert check(text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("expect: {spec: {backoffLimit: 1}}", "1: expect.spec.backoffLimit: expected 1, found 0"),
        ("expect:\n  spec:\n    backoffLimit: false", "3: expect.spec.backoffLimit: expected false, found 0"),
        ("expect: {spec: {backoffLimit: null}}", "1: expect.spec.backoffLimit: expected nothing, found 0"),
        ("expect: {spec: {suspend: true}}", "1: expect.spec.suspend: expected true, found nothing"),
        ("expect: {spec: {template: 1}}", "1: expect.spec.template: expected 1, found {"),
        (
            "expect: {spec: {template: {spec: {containers: []}}}}",
            "1: expect.spec.template.spec.containers: expected [], found 1 items",
        ),
        (
            "expect: {spec: {template: {spec: {containers: [{name: x}]}}}}",
            '1: expect.spec.template.spec.containers[0].name: expected "x", found "tool"',
        ),
        ("answers: {}\nrefused: anything", "2: refused: it is not refused"),
        (
            "answers: {image: 5}\nrefused: anything",
            "2: refused: it is refused with: 1 answer for greet 1.0.0 is invalid; image: expected an image",
        ),
        (
            "expect: {}\nrun: {}",
            "1: expect: it is refused: 1 answer for greet 1.0.0 is invalid; word: is miss",
        ),
    ],
)
def test_what_is_not_as_expected_is_said_with_its_line(text: str, problem: str) -> None:
    (found,) = check(text)
    assert found.startswith(problem)


def test_every_difference_is_said() -> None:
    assert len(check("expect: {spec: {backoffLimit: 1, suspend: true}, metadata: {}}")) == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("answers: {}", "a test has expect, golden, matrix or schedule, or else refused"),
        ("expect: {}\nrefused: x", "a test has expect, golden, matrix or schedule, or else refused"),
        ("expect: []", "expected a mapping, was given []"),
        ("answers: [a]\nrefused: x", 'expected a mapping, was given ["a"]'),
        ("expects: {}", "is not a key here; did you mean: expect?"),
    ],
)
def test_a_test_that_is_not_right_is_refused(text: str, problem: str) -> None:
    with pytest.raises(Invalid) as caught:
        testing.read(text, "tests/a.yaml")
    assert caught.value.code == "bad-template-test"
    assert problem in [one.what for one in caught.value.problems]


def test_tests_are_the_yaml_files_of_the_folder_tests() -> None:
    files = {
        "tests/b.yaml": b"expect: {}",
        "tests/a.yaml": b"refused: x",
        "tests/notes.md": b"",
        "template.yaml": b"",
    }
    found = testing.cases(files, "templates/greet")
    assert [case.source for case in found] == ["templates/greet/tests/a.yaml", "templates/greet/tests/b.yaml"]
