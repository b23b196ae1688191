"""Explain a tool: each value that holds for it, and who says so."""

from collections.abc import Iterator

from kubectl_rapt.actions import build, registry
from kubectl_rapt.actions.build import Wanted
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import explained, layout, resolve
from kubectl_rapt.config.explained import Line
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import NotFound, RaptError
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.kinds import TOOL
from kubectl_rapt.ports.world import World


def explain(world: World, found: Repository, environment_name: str, tool: str, key: str = "") -> list[Line]:
    """The values that hold for a tool.

    Args:
        world: Where the registries are.
        found: The repository.
        environment_name: The environment.
        tool: The tool's name.
        key: One key only, such as ``answers.url``, or the name of a parameter; empty for all.

    Raises:
        NotFound: No such tool, or no such key.
    """
    project = found.project()
    environment = project.environment(environment_name)
    lines = list(_lines(world, found, project, environment, tool))
    wanted = [line for line in lines if key in ("", line.key, line.key.removeprefix("answers."))]
    if not wanted:
        known = [line.key for line in lines]
        nearest = names.nearest(key, [*known, *(one.removeprefix("answers.") for one in known)])
        hint = f"kubectl rapt explain {shell.word(tool)}" + (f" {shell.word(nearest)}" if nearest else "")
        raise NotFound("no-key", f'nothing is said about "{key}" for {tool}', hint)
    return wanted


def _lines(
    world: World, found: Repository, project: Project, environment: Environment, tool: str
) -> Iterator[Line]:
    own = layout.definition(environment.name, tool)
    wanted = found.installation(environment.name, tool)
    template = registry.locked(world, project, wanted).template
    yield Line("template", f"{wanted.template} {wanted.version}", own)
    yield Line("registry", wanted.lock.registry, own)
    for name, one in resolve.answers(project, environment, wanted, template).items():
        yield Line(f"answers.{name}", one.value, one.source)
    for kind, one in resolve.policies(project, environment, wanted, template).items():
        yield Line(f"policies.{kind}", one.value or None, one.source)
    if wanted.schedules:
        for schedule in wanted.schedules:
            zone = f" {schedule.time_zone}" if schedule.time_zone else ""
            yield Line("schedules", f"{schedule.cron}{zone}", own)
    else:
        yield Line("schedules", None, own)
    namespaces = wanted.namespaces or environment.namespaces[:1]
    yield Line(
        "namespaces", ", ".join(namespaces), own if wanted.namespaces else f"environment {environment.name}"
    )
    try:
        built = build.build(world, project, Wanted(environment.name, tool, found.files[own]))
    except RaptError as error:
        yield Line("rendered", None, f"cannot be rendered: {error.message}")
        return
    (job, *_) = (one["spec"]["job"] for one in built.objects if one["kind"] == TOOL.name)
    profile = project.profile(environment)
    yield from explained.job(job, built.rendered.job, template, environment, profile)
