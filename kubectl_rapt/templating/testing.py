"""A template's own tests, ``tests/*.yaml``: answers, and what they render to or why they are refused."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.model.fields import Fields, Findings, refuse, shown
from kubectl_rapt.templating import parameters, places
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.job import Rendered

Render = Callable[[Mapping[str, Any]], Rendered]
"""Renders the template with these values; raises Invalid where it cannot."""
Validate = Callable[[Mapping[str, Any]], Sequence[Problem]]
"""What Kubernetes' schemas say of a whole Job."""

MOST_COMBINATIONS = 1000
_GOLDEN = re.compile(r"golden/[A-Za-z0-9][A-Za-z0-9._-]*\.yaml")


@dataclass(frozen=True, slots=True)
class Firings:
    """When a schedule is expected to fire, by a clock that stands still.

    Args:
        cron: The expression; empty for the template's own.
        time_zone: A time zone's name; empty for UTC.
        now: What the clock shows.
        next: The firings after that, in order.
    """

    cron: str
    time_zone: str
    now: datetime
    next: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One test.

    Args:
        source: Its file's name.
        answers: What an installation answers.
        run: What a run answers; None where only the installation is tested.
        expect: A part of the Job; None where it is not looked at. In mappings only the keys given count (null:
            there is no such key), lists must have as many items.
        refused: A part of the refusal's text; empty where it is to be rendered.
        lines: Where in the file each value stands.
        golden: The file below ``tests/`` that holds the whole Job; empty for none.
        matrix: Parameter to values: each combination, over the answers, must render and be valid.
        firings: What its schedule is to come to; None where that is not tested.
    """

    source: str
    answers: Mapping[str, Any]
    run: Mapping[str, Any] | None
    expect: Mapping[str, Any] | None
    refused: str
    lines: Mapping[str, int]
    golden: str = ""
    matrix: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    firings: Firings | None = None

    @property
    def golden_path(self) -> str:
        """The golden file's path inside the template's folder; empty for none."""
        return f"tests/{self.golden}" if self.golden else ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one test came to.

    Args:
        case: The test.
        problems: What is not as expected, with file and line; empty where all is.
        golden: The text that its golden file would have; empty where it has none, or nothing was rendered.
    """

    case: Case
    problems: tuple[Problem, ...]
    golden: str = ""


def cases(files: Mapping[str, bytes], folder: str) -> list[Case]:
    """The tests of a template: the YAML files of its folder ``tests``, without those of folders in it.

    Args:
        files: Path inside the template's folder to content.
        folder: The folder, for messages.

    Raises:
        Invalid: ``bad-template-test`` or ``bad-yaml``: a test is invalid.
    """
    return [read(files[path], f"{folder}/{path}") for path in paths(files)]


def paths(files: Mapping[str, bytes]) -> list[str]:
    """Where the tests of a template are, among its files."""
    return [path for path in sorted(files) if re.fullmatch(r"tests/[^/]+\.yaml", path)]


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
        golden=at.text("golden"),
        matrix=_matrix(at),
        firings=_firings(at.fields("schedule")) if "schedule" in at else None,
    )
    at.value("schedule")
    if bool(case.refused) == (case.expect is not None or bool(case.golden or case.matrix or case.firings)):
        at.wrong("", "a test has expect, golden, matrix or schedule, or else refused")
    if case.golden and not _GOLDEN.fullmatch(case.golden):
        at.wrong("golden", f"expected a file such as golden/name.yaml, was given {shown(case.golden)}")
    if case.golden and case.matrix:
        at.wrong("golden", "a matrix renders many Jobs, and a golden file holds one")
    at.done()
    refuse(findings, lines, source, "bad-template-test")
    return case


def _mapping(at: Fields, key: str) -> Mapping[str, Any] | None:
    value = at.value(key)
    if value is None or isinstance(value, dict):
        return value
    at.wrong(key, f"expected a mapping, was given {shown(value)}")
    return None


def _matrix(at: Fields) -> Mapping[str, Sequence[Any]]:
    matrix = _mapping(at, "matrix") or {}
    count = 1
    for name, values in matrix.items():
        if not isinstance(values, list) or not values:
            at.wrong("matrix", f"expected a list of values for {name}, was given {shown(values)}")
            return {}
        count *= len(values)
    if count > MOST_COMBINATIONS:
        at.wrong("matrix", f"makes {count} combinations, and may make {MOST_COMBINATIONS}")
        return {}
    return matrix


def _firings(at: Fields) -> Firings:
    moments = tuple(_moment(text, at, "next") for text in at.texts("next"))
    if at.is_mapping and not moments:
        at.wrong("next", "names no firing: list at least one")
    firings = Firings(
        cron=at.text("cron"),
        time_zone=at.text("timeZone"),
        now=_moment(at.text("now", required=True), at, "now"),
        next=moments,
    )
    at.done()
    return firings


def _moment(text: str, at: Fields, key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
    except ValueError:
        pass
    if text:
        at.wrong(key, f'expected a time such as "2026-03-29T00:30:00Z", was given {shown(text)}')
    return datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def run(template: Template, case: Case, render: Render) -> list[Problem]:
    """Run one test without golden file and schedule: see ``examine``."""
    return list(examine(template, case, render, {}).problems)


def examine(
    template: Template,
    case: Case,
    render: Render,
    files: Mapping[str, bytes],
    validate: Validate = lambda job: (),
) -> Outcome:
    """Run one test: answers are checked, rendered, and set in their places, as an installation and a run do it.

    Its schedule is not looked at here: templates know nothing of times.

    Args:
        template: What its author declares.
        case: The test.
        render: Renders the template.
        files: Path inside the template's folder to content, for golden files.
        validate: Holds a Job against Kubernetes' schemas.
    """
    if case.firings and case.expect is None and not case.golden and not case.matrix:
        return Outcome(case, ())
    problems: list[Problem] = []
    golden = ""
    for chosen in _combinations(case):
        before = (
            f"with {', '.join(f'{name}={shown(value)}' for name, value in chosen.items())}: "
            if chosen
            else ""
        )
        found, job = _examine(template, case, chosen, render, validate)
        problems += [Problem(one.where, before + one.what) for one in found]
        if case.golden and job is not None:
            golden = spell(job)
            problems += _compare_golden(case, job, files)
    return Outcome(case, tuple(problems), golden)


def _combinations(case: Case) -> Iterator[dict[str, Any]]:
    for values in product(*case.matrix.values()):
        yield dict(zip(case.matrix, values, strict=True))


def _examine(
    template: Template, case: Case, chosen: Mapping[str, Any], render: Render, validate: Validate
) -> tuple[list[Problem], Mapping[str, Any] | None]:
    def place(pointer: str) -> str:
        return documents.place(pointer, case.lines, case.source)

    looks_at = next((key for key in ("expect", "golden", "matrix") if f"/{key}" in case.lines), "expect")
    try:
        job = render_case(template, case, render, chosen)
    except Invalid as error:
        said = "; ".join([error.message, *(f"{problem.where}: {problem.what}" for problem in error.problems)])
        if not case.refused:
            return [Problem(place(f"/{looks_at}"), f"it is refused: {said}")], None
        if case.refused in said:
            return [], None
        return [Problem(place("/refused"), f"it is refused with: {said}")], None
    if case.refused:
        return [Problem(place("/refused"), "it is not refused")], None
    problems = [
        Problem(place(pointer), what) for pointer, what in _differences(case.expect or {}, job, "/expect")
    ]
    problems += [
        Problem(place(f"/{looks_at}"), f"Kubernetes refuses it: {one.where}: {one.what}")
        for one in validate(whole(job))
    ]
    return problems, job


def render_case(
    template: Template, case: Case, render: Render, chosen: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """The Job ``{metadata, spec}`` of a test.

    Args:
        template: What its author declares.
        case: The test.
        render: Renders the template.
        chosen: Answers over those of the test: a combination of its matrix.

    Raises:
        Invalid: It is refused.
    """
    asked, subject = template.parameters, f"{template.name} {template.version}"
    at_run = {one.name for one in asked if one.at == "run"}
    picked = chosen or {}
    installed = {**case.answers, **{name: value for name, value in picked.items() if name not in at_run}}
    values = parameters.check(asked, installed, subject=subject, rules=template.rules, complete=False)
    rendered = render(values)
    if case.run is None and not at_run & picked.keys():
        return rendered.job
    given = {**installed, **(case.run or {}), **picked}
    values = parameters.check(asked, given, subject=subject, rules=template.rules)
    placed = [(one, rendered.places[one.name]) for one in asked if one.at == "run"]
    return places.fill(rendered.job, placed, values)


def whole(job: Mapping[str, Any]) -> dict[str, Any]:
    """``{metadata, spec}`` of a Job as the object that Kubernetes knows."""
    return {"apiVersion": "batch/v1", "kind": "Job", **job}


def spell(job: Mapping[str, Any]) -> str:
    """A Job as it stands in a golden file."""
    return documents.dump(whole(job))


def _compare_golden(case: Case, job: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[Problem]:
    where = documents.place("/golden", case.lines, case.source)
    content = files.get(case.golden_path)
    if content is None:
        yield Problem(where, f"no file {case.golden_path}: --update writes it")
        return
    try:
        known = documents.load(content, case.golden_path)
    except Invalid as error:
        yield Problem(where, error.message)
        return
    if documents.dump_json(_sorted(known)) != documents.dump_json(_sorted(whole(job))):
        yield Problem(where, f"the Job is not as in {case.golden_path}: --update rewrites it")


def _sorted(value: Any) -> Any:
    """The same data with its keys in order, which YAML does not mean."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


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
