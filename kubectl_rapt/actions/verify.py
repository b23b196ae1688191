"""A template's own tests, run as an installation and a run would do it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.actions import checkout, lint
from kubectl_rapt.actions.checkout import Registry
from kubectl_rapt.errors import Problem, RaptError
from kubectl_rapt.model.plan import Plan, WriteFiles
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import schedules
from kubectl_rapt.templating import testing
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.testing import Case


@dataclass(frozen=True, slots=True)
class Result:
    """What one test came to.

    Args:
        template: The template's name.
        source: The test's file, from the registry's root.
        problems: What is not as expected; empty where the test passes.
        golden_path: Its golden file, from the registry's root; empty for none.
        golden: The text that the golden file would have; empty where nothing was rendered.
    """

    template: str
    source: str
    problems: tuple[Problem, ...]
    golden_path: str = ""
    golden: str = ""


def results(world: World, registry: Registry, name: str) -> Iterator[Result]:
    """Run the tests of one template, by file name.

    A template or a test that cannot be read is a result too.
    """
    files, folder = registry.template(name), checkout.folder(name)
    source = f"{folder}/template.yaml"
    try:
        template, _ = checkout.load(files, name) if "template.yaml" in files else (None, {})
    except RaptError as error:
        yield Result(name, source, tuple(lint.problems_of(error, source)))
        return
    if template is None:
        yield Result(name, source, (Problem(source, "is missing"),))
        return
    for path in testing.paths(files):
        source = f"{folder}/{path}"
        try:
            yield _result(world, files, template, testing.read(files[path], source), folder)
        except RaptError as error:
            yield Result(name, source, tuple(lint.problems_of(error, source)))


def _result(world: World, files: Mapping[str, bytes], template: Template, case: Case, folder: str) -> Result:
    def render(values: Mapping[str, Any]) -> Rendered:
        return lint.render(world, files, template, values)

    outcome = testing.examine(template, case, render, files, lambda job: lint.validate(world, job))
    problems = (*outcome.problems, *_check_firings(template, case))
    golden_path = f"{folder}/{case.golden_path}" if case.golden else ""
    return Result(template.name, case.source, problems, golden_path, outcome.golden)


def _check_firings(template: Template, case: Case) -> Iterator[Problem]:
    wanted = case.firings
    if wanted is None:
        return

    def place(key: str) -> str:
        return documents.place(f"/schedule/{key}", case.lines, case.source)

    cron = wanted.cron or template.schedule
    if wrong := schedules.check(cron):
        yield Problem(place("cron"), wrong)
    elif wanted.time_zone and (wrong := schedules.check_time_zone(wanted.time_zone)):
        yield Problem(place("timeZone"), wrong)
    else:
        found = schedules.next_firings(cron, wanted.time_zone, wanted.now, len(wanted.next))
        for at, moment in enumerate(wanted.next):
            fires = found[at] if at < len(found) else None
            if fires != moment:
                says = fires.isoformat() if fires else "no more"
                yield Problem(place(f"next/{at}"), f"expected {moment.isoformat()}, and it fires at {says}")


def goldens(registry: Registry, found: Sequence[Result]) -> Plan:
    """Golden files as the templates render now: those that differ from what is there.

    Args:
        registry: The checkout.
        found: What the tests came to.
    """
    files: dict[str, bytes | None] = {
        one.golden_path: one.golden.encode()
        for one in found
        if one.golden and registry.files.get(one.golden_path) != one.golden.encode() and one.problems
    }
    return Plan((WriteFiles(registry.root, files),)) if files else Plan()
