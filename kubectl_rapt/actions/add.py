"""Add a tool to an environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kubectl_rapt.actions import catalogs, registry, repository
from kubectl_rapt.actions.compose import Make
from kubectl_rapt.actions.registry import Entry
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import installation, layout, resolve
from kubectl_rapt.config.changes import Draft
from kubectl_rapt.config.installation import Installation, Lock, Schedule
from kubectl_rapt.errors import Invalid
from kubectl_rapt.guard import secrets
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.parameters import Parameter
from kubectl_rapt.templating.reference import Reference


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for.

    Args:
        template: The template's name.
        tool: What to call the tool.
        environment: Where to install it.
        answers: Parameter to the text that was given.
        values: Parameter to a value that needs no reading, such as the words of a command.
        schedules: When it runs by itself.
        namespaces: Where it lives; empty for the environment's first namespace.
        allowed_literals: ``sha256:…`` of values that look like secrets and are none.
    """

    template: str
    tool: str
    environment: str
    answers: Mapping[str, str]
    values: Mapping[str, object]
    schedules: Sequence[Schedule] = ()
    namespaces: Sequence[str] = ()
    allowed_literals: Sequence[str] = ()


def draft(world: World, request: Request) -> Make:
    """The tool's file that a request comes to.

    Raises:
        NotFound: No such template or environment.
        Refused: An answer looks like a secret.
        Invalid: Answers do not fit, or the name cannot be a tool's: every problem at once.
    """
    if problem := installation.bad_name(request.tool):
        raise Invalid("bad-name", problem, "--name NAME")

    def make(found: Repository) -> Draft:
        project = found.project()
        environment = project.environment(request.environment)
        shelves = catalogs.read(world, project, fresh=True)
        entry = registry.find(world, shelves, Reference.parse(request.template))
        template = entry.template
        given = {**parameters.parse_all(template.parameters, request.answers), **request.values}
        # Before anything else is said of the answers: no message may repeat a secret.
        secrets.check(secrets.search(given), request.allowed_literals)
        default = (Schedule(template.schedule),) if template.schedule else ()
        wanted = Installation(
            tool=request.tool,
            template=template.name,
            version=str(template.version),
            lock=entry.lock(),
            answers=given,
            schedules=tuple(request.schedules) or default,
            namespaces=tuple(request.namespaces),
            allowed_literals=tuple(request.allowed_literals),
        )
        # What is wrong with an answer is told before anything is rendered.
        parameters.check(
            template.parameters,
            resolve.resolve(project, environment, wanted, template).answers,
            subject=f"{template.name} {template.version}",
            rules=template.rules,
            complete=bool(request.schedules),
        )
        path = layout.definition(environment.name, request.tool)
        verb = "Change" if path in found.files else "Add"
        return Draft(
            {path: installation.spell(wanted).encode()},
            f"{verb} {called(wanted)} in {environment.name}",
            (record(entry),),
            entry.notes,
        )

    return make


def open_questions(world: World, request: Request) -> tuple[list[Parameter], list[Parameter]]:
    """All that a template asks, and what of it must be answered before the tool can be added, and is not.

    Raises:
        RaptError: What reading the repository and the template raises.
    """
    project = repository.read(world).project()
    environment = project.environment(request.environment)
    shelves = catalogs.read(world, project, fresh=True)
    template = registry.find(world, shelves, Reference.parse(request.template)).template
    wanted = Installation(
        tool=request.tool,
        template=template.name,
        version=str(template.version),
        lock=Lock("", "", ""),
        answers={**request.answers, **request.values},
    )
    given = resolve.resolve(project, environment, wanted, template).answers
    asked = [one for one in template.parameters if one.at == "install" or request.schedules]
    open_ = [one for one in asked if one.required and one.default is None and one.name not in given]
    return list(template.parameters), open_


def called(wanted: Installation) -> str:
    """A tool in the first line of a commit: ``nightly (backup) 1.2.0``."""
    name = wanted.tool if wanted.tool == wanted.template else f"{wanted.tool} ({wanted.template})"
    return f"{name} {wanted.version}"


def record(entry: Entry) -> str:
    """A template in a commit's trailer: name, version and where it comes from."""
    commit = f"@{entry.commit[:7]}" if entry.commit else ""
    return f"{entry.template.name} {entry.template.version} {entry.registry.name}{commit}"
