"""Which value holds for a tool, and who says so: the nearest to the tool wins."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kubectl_rapt.config import layout
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.config.project import Defaults, Environment, Project
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.definition import Template


@dataclass(frozen=True, slots=True)
class Chosen:
    """A value, and where it was said.

    Args:
        value: The value; None where nobody says one.
        source: Who says it, for people: ``tools/prod/backup.yaml``, ``environment prod``, ``template default``.
    """

    value: Any
    source: str


def answers(
    project: Project, environment: Environment, wanted: Installation, template: Template
) -> dict[str, Chosen]:
    """The answer to each parameter of a template, and to those in the tool's file that it does not have."""
    found = {one.name: Chosen(one.default, _TEMPLATE) for one in template.parameters}
    for source, defaults in _weakest_first(project, environment):
        said = parameters.carried(template.parameters, defaults.answers)
        found |= {name: Chosen(value, source) for name, value in said.items() if name in found}
    own = layout.definition(environment.name, wanted.tool)
    return found | {name: Chosen(value, own) for name, value in wanted.answers.items()}


def policies(
    project: Project, environment: Environment, wanted: Installation, template: Template
) -> dict[str, Chosen]:
    """The names of the policies, under ``retry`` and ``cleanup``."""
    own = layout.definition(environment.name, wanted.tool)
    said = [
        (_TEMPLATE, template.retry_policy, template.cleanup_policy),
        *(
            (source, defaults.retry_policy, defaults.cleanup_policy)
            for source, defaults in _weakest_first(project, environment)
        ),
        (own, wanted.retry_policy, wanted.cleanup_policy),
    ]
    found = {"retry": Chosen("", _TEMPLATE), "cleanup": Chosen("", _TEMPLATE)}
    for source, retry, cleanup in said:
        found |= {"retry": Chosen(retry, source)} if retry else {}
        found |= {"cleanup": Chosen(cleanup, source)} if cleanup else {}
    return found


def resolve(
    project: Project, environment: Environment, wanted: Installation, template: Template
) -> Installation:
    """A tool's file with everything written out that others say for it; template defaults are not answers."""
    chosen = policies(project, environment, wanted, template)
    given = answers(project, environment, wanted, template)
    return replace(
        wanted,
        answers=_values({name: one for name, one in given.items() if one.source != _TEMPLATE}),
        retry_policy=chosen["retry"].value,
        cleanup_policy=chosen["cleanup"].value,
        namespaces=wanted.namespaces or environment.namespaces[:1],
    )


def _values(chosen: Mapping[str, Chosen]) -> dict[str, Any]:
    return {name: one.value for name, one in chosen.items()}


def _weakest_first(project: Project, environment: Environment) -> Iterator[tuple[str, Defaults]]:
    yield layout.PROJECT, project.defaults
    if environment.profile:
        yield f"profile {environment.profile}", project.profile(environment).defaults
    yield f"environment {environment.name}", environment.defaults


_TEMPLATE = "template default"
