"""Change what a tool's file says: answers, schedules, policies; only the lines that are meant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kubectl_rapt import edits
from kubectl_rapt.actions import registry
from kubectl_rapt.actions.composition import Make
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import installation, layout
from kubectl_rapt.config.changes import Draft
from kubectl_rapt.config.installation import Schedule
from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.model import names, shell
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.definition import Template


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for.

    Args:
        tool: The tool's name.
        environment: Its environment.
        answers: Parameter to the text that was given.
        unset: Parameters that are to have their default again.
        schedules: When it runs by itself; None leaves that as it is.
        keeps_time_zone: Whether the schedules get the time zone that all those before them had.
        policies: ``retry`` or ``cleanup`` to a policy's name; an empty one is to be the default again.
    """

    tool: str
    environment: str
    answers: Mapping[str, str]
    unset: Sequence[str] = ()
    schedules: Sequence[Schedule] | None = None
    policies: Mapping[str, str] | None = None
    keeps_time_zone: bool = False


def draft(world: World, request: Request) -> Make:
    """The edit of the tool's file that a request comes to."""

    def make(found: Repository) -> Draft:
        environment = found.project().environment(request.environment)
        text = found.definition(environment.name, request.tool).decode()
        path = layout.definition(environment.name, request.tool)
        now = installation.read(text.encode(), request.tool, path)
        template = registry.locked(world, found.project(), now).template
        known = [one.name for one in template.parameters]
        said: list[str] = []
        given = parameters.parse_all(template.parameters, request.answers)
        strange = [name for name in given if name not in known]
        strange += [name for name in request.unset if name not in {*known, *now.answers}]
        if strange:
            raise _no_parameter(request, template, strange)
        for name, value in given.items():
            text = edits.put(text, f"/answers/{name}", value, path)
            said.append(name)
        for name in request.unset:
            if name in now.answers:
                text = edits.remove(text, f"/answers/{name}", path)
            said.append(name)
        if request.schedules is not None:
            zones = {one.time_zone for one in now.schedules}
            wanted = request.schedules
            if request.keeps_time_zone and len(zones) == 1:
                wanted = [Schedule(one.cron, *zones) for one in wanted]
            data = [installation.schedule_to_data(one) for one in wanted]
            text = edits.put(text, "/schedules", data, path) if data else _without(text, "schedules", path)
            said.append("schedules")
        for kind, name in (request.policies or {}).items():
            held = {"retry": now.retry_policy, "cleanup": now.cleanup_policy}[kind]
            if name:
                text = edits.put(text, f"/policies/{kind}", name, path)
            elif held:
                text = edits.remove(text, f"/policies/{kind}", path)
            said.append(f"{kind} policy")
        summary = f"Set {', '.join(said)} of {request.tool} in {environment.name}"
        return Draft({path: text.encode()}, summary)

    return make


def _no_parameter(request: Request, template: Template, strange: Sequence[str]) -> Invalid:
    """The refusal of names that the template does not have; a near one is put into the command."""
    known = [one.name for one in template.parameters]
    error = Invalid(
        "bad-answers",
        f"{template.name} {template.version} has no such parameter",
        f"kubectl rapt explain {shell.word(request.tool)} --in {shell.word(request.environment)}",
        [Problem(one, f"is not a parameter{names.did_you_mean(one, known)}") for one in strange],
    )
    near = names.nearest(strange[0], known)
    if near is None or len(strange) > 1:
        return error
    end = "-" if strange[0] in request.unset else ""
    return error.meant(f"{strange[0]}{end}", f"{near}{end}")


def _without(text: str, key: str, path: str) -> str:
    from kubectl_rapt import documents

    return edits.remove(text, f"/{key}", path) if key in documents.load(text, path) else text
