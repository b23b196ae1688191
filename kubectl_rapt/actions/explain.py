"""Explain a tool: each value that holds for it, and who says so."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from kubectl_rapt.actions import registry
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import layout, resolve
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import NotFound
from kubectl_rapt.model import names
from kubectl_rapt.ports.world import World


class Line(NamedTuple):
    """One value: its key, what it is, who says so."""

    key: str
    value: Any
    source: str


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
        hint = f"kubectl rapt explain {tool} {nearest or ''}".rstrip()
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
    profile = project.profile(environment)
    said = f"profile {environment.profile}"
    for label, value in profile.labels.items():
        yield Line(f"labels.{label}", value, said)
    for label, value in profile.node_selector.items():
        yield Line(f"nodeSelector.{label}", value, said)
    sizes: dict[str, Line] = {}
    for source, place in (("template default", template.resources), (said, profile.resources)):
        for group, amounts in place.items():
            for resource, amount in amounts.items():
                key = f"resources.{group}.{resource}"
                sizes[key] = Line(key, amount, source)
    yield from sizes.values()
