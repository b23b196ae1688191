"""A template's own tests, ``tests/*.yaml``: answers, and what they render to or why they are refused."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.model.fields import Fields, Findings, refuse, shown
from kubectl_rapt.templating import parameters, places
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.job import Rendered

Render = Callable[[Mapping[str, Any]], Rendered]
"""Renders the template with these values; raises Invalid where it cannot."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test.

    Args:
        source: Its file's name.
        answers: What an installation answers.
        run: What a run answers; None where only the installation is tested.
        expect: A part of the Job; None where it is to be refused. In mappings only the keys given count (null:
            there is no such key), lists must have as many items.
        refused: A part of the refusal's text; empty where it is to be rendered.
        lines: Where in the file each value stands.
    """

    source: str
    answers: Mapping[str, Any]
    run: Mapping[str, Any] | None
    expect: Mapping[str, Any] | None
    refused: str
    lines: Mapping[str, int]


def cases(files: Mapping[str, bytes], folder: str) -> list[Case]:
    """The tests of a template.

    Args:
        files: Path inside the template's folder to content.
        folder: The folder, for messages.

    Raises:
        Invalid: ``bad-template-test`` or ``bad-yaml``: a test is not right.
    """
    return [
        read(content, f"{folder}/{path}")
        for path, content in sorted(files.items())
        if path.startswith("tests/") and path.endswith(".yaml")
    ]


def read(text: str | bytes, source: str) -> Case:
    """Read one test.

    Raises:
        Invalid: ``bad-template-test`` or ``bad-yaml``.
    """
    data, lines = documents.load_with_lines(text, source)
    findings: Findings = []
    at = Fields(data, "", findings)
    case = Case(
        source=source,
        answers=_mapping(at, "answers") or {},
        run=_mapping(at, "run"),
        expect=_mapping(at, "expect"),
        refused=at.text("refused"),
        lines=lines,
    )
    if (case.expect is None) == (not case.refused):
        at.wrong("", "a test has either expect or refused")
    at.done()
    refuse(findings, lines, source, "bad-template-test")
    return case


def _mapping(at: Fields, key: str) -> Mapping[str, Any] | None:
    value = at.value(key)
    if value is None or isinstance(value, dict):
        return value
    at.wrong(key, f"expected a mapping, was given {shown(value)}")
    return None


def run(template: Template, case: Case, render: Render) -> list[Problem]:
    """Run one test: answers are checked, rendered, and set in their places, as an installation and a run do it.

    Args:
        template: What its author declares.
        case: The test.
        render: Renders the template.

    Returns:
        What is not as expected, with file and line; empty where all is.
    """
    try:
        job = _job(template, case, render)
    except Invalid as error:
        said = "; ".join([error.message, *(f"{problem.where}: {problem.what}" for problem in error.problems)])
        if not case.refused:
            return [Problem(documents.place("/expect", case.lines, case.source), f"it is refused: {said}")]
        if case.refused in said:
            return []
        return [Problem(documents.place("/refused", case.lines, case.source), f"it is refused with: {said}")]
    if case.refused:
        return [Problem(documents.place("/refused", case.lines, case.source), "it is not refused")]
    return [
        Problem(documents.place(pointer, case.lines, case.source), what)
        for pointer, what in _differences(case.expect, job, "/expect")
    ]


def _job(template: Template, case: Case, render: Render) -> Mapping[str, Any]:
    asked, subject = template.parameters, f"{template.name} {template.version}"
    values = parameters.check(asked, case.answers, subject=subject, rules=template.rules, complete=False)
    rendered = render(values)
    if case.run is None:
        return rendered.job
    values = parameters.check(asked, {**case.answers, **case.run}, subject=subject, rules=template.rules)
    placed = [(one, rendered.places[one.name]) for one in asked if one.at == "run"]
    return places.fill(rendered.job, placed, values)


def _differences(expected: Any, found: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Where what was found is not what was expected, as JSON pointers."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            inside = documents.join_pointer(pointer, key)
            if key in found and value is not None:
                yield from _differences(value, found[key], inside)
            elif key in found or value is not None:
                yield inside, f"expected {_called(value)}, found {_called(found.get(key))}"
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (value, item) in enumerate(zip(expected, found, strict=True)):
            yield from _differences(value, item, documents.join_pointer(pointer, index))
    elif type(expected) is not type(found) or expected != found:
        yield pointer, f"expected {_called(expected)}, found {_called(found)}"


def _called(value: Any) -> str:
    return f"{len(value)} items" if isinstance(value, list) and value else shown(value)
