"""Looking over a template before others get it: everything that can be wrong, each with file and line."""

from collections.abc import Iterator, Mapping
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.actions import build, checkout
from kubectl_rapt.actions.checkout import Registry
from kubectl_rapt.errors import Invalid, NotFound, Problem, RaptError
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import schedules
from kubectl_rapt.templating import lint, parameters, policies, testing
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.job import Rendered


def lint_template(world: World, registry: Registry, name: str, *, with_version: bool = True) -> list[Problem]:
    """All that is wrong with a template, in the order of its files and lines.

    Args:
        world: Where the renderer and the schemas are.
        registry: The checkout.
        name: The template.
        with_version: Whether its version is held against the index.
    """
    files, folder = registry.template(name), checkout.folder(name)
    found = list(lint.missing(files, folder))
    if lint.DEFINITION not in files:
        return found
    try:
        template, lines = checkout.load(files, name)
    except RaptError as error:
        return [*found, *problems_of(error, f"{folder}/{lint.DEFINITION}")]
    found += lint.declared(template, lines, files, folder)
    found += _surroundings(world, registry, template, lines, folder)
    found += _tests(files, template, folder)
    if lint.SOURCE in files:
        found += _rendering(world, files, template, lines, folder)
    if with_version:
        try:
            found += lint.released(template, lines, files, registry.index(), folder)
        except RaptError as error:
            found += problems_of(error, checkout.INDEX)
    return list(dict.fromkeys(found))


def problems_of(error: RaptError, where: str) -> list[Problem]:
    """An error as findings: its own where it has some, otherwise itself."""
    return list(error.problems) or [Problem(where, error.message.removeprefix(f"{where}: "))]


def render(
    world: World, files: Mapping[str, bytes], template: Template, values: Mapping[str, Any]
) -> Rendered:
    """Render a template of the checkout, where it can do no harm.

    Args:
        world: Where the renderer is.
        files: Path inside the template's folder to content.
        template: What it declares.
        values: What ``parameters.check`` gave.

    Raises:
        Invalid: It cannot be rendered.
    """
    path = f"{checkout.folder(template.name)}/{lint.SOURCE}"
    source = documents.check_text(files.get(lint.SOURCE, b""), path)
    (answer,) = world.renderer.render_many([RenderRequest(path, source, template.parameters, values)])
    if isinstance(answer, RaptError):
        raise answer
    return answer


def validate(world: World, job: Mapping[str, Any]) -> list[Problem]:
    """Hold a whole Job against Kubernetes' schemas."""
    return world.schemas.validate(job, build.KUBERNETES_MINOR)


def _surroundings(
    world: World, registry: Registry, template: Template, lines: Mapping[str, int], folder: str
) -> Iterator[Problem]:
    def place(pointer: str) -> str:
        return documents.place(pointer, lines, f"{folder}/{lint.DEFINITION}")

    cron = template.schedule
    if cron and (wrong := schedules.check(cron) or schedules.check_fires(cron)):
        yield Problem(place("/schedule"), wrong)
    for kind, name in (("retry", template.retry_policy), ("cleanup", template.cleanup_policy)):
        try:
            found = policies.available(registry.files, world.bundle.files())
            policies.compile(found, **{"retry": "", "cleanup": "", kind: name}, registry="this registry")
        except (NotFound, Invalid) as error:
            yield Problem(place(f"/policies/{kind}"), error.message)


def _tests(files: Mapping[str, bytes], template: Template, folder: str) -> Iterator[Problem]:
    cases = []
    for path in testing.paths(files):
        try:
            cases.append(testing.read(files[path], f"{folder}/{path}"))
        except Invalid as error:
            yield from problems_of(error, f"{folder}/{path}")
            return
    if not any(not case.refused for case in cases):
        yield Problem(f"{folder}/tests", "no test renders the template: answers, and expect or golden")
    if template.parameters and not any(case.refused for case in cases):
        yield Problem(f"{folder}/tests", "no test says which answers are refused: answers, and refused")
    goldens = {path for path in files if path.startswith("tests/golden/")}
    for path in sorted(goldens - {case.golden_path for case in cases}):
        yield Problem(f"{folder}/{path}", "no test names this file under golden: remove it")


def _rendering(
    world: World, files: Mapping[str, bytes], template: Template, lines: Mapping[str, int], folder: str
) -> Iterator[Problem]:
    """Render with defaults and examples; what they cannot answer together, the tests do."""
    answers = {
        one.name: value
        for one in template.parameters
        if one.default is None and one.required and (value := parameters.example(one)) is not None
    }
    try:
        values = parameters.check(template.parameters, answers, rules=template.rules)
    except Invalid:
        return
    try:
        job = render(world, files, template, values).job
    except Invalid as error:
        yield from problems_of(error, f"{folder}/{lint.SOURCE}")
        return
    for one in validate(world, testing.whole(job)):
        yield Problem(f"{folder}/{lint.SOURCE}", f"Kubernetes refuses {one.where}: {one.what}")
    yield from lint.rendered(job, template, lines, files[lint.SOURCE].decode(), folder)
