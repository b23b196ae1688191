"""Upgrade tools to newer versions of their templates, from the answers that were recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kubectl_rapt import documents, edits
from kubectl_rapt.actions import add, catalogs, registry
from kubectl_rapt.actions.compose import Make
from kubectl_rapt.actions.registry import Entry
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import layout, resolve
from kubectl_rapt.config.changes import Draft
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.guard import secrets
from kubectl_rapt.model.versions import VersionRange
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.reference import Reference


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for.

    Args:
        environment: The environment.
        tools: The tools' names; empty for all of the environment's.
        wanted: Which versions; None for the newest.
        answers: Answers to parameters that are new, as text; for one tool only.
        unset: Answers to parameters that are no more.
    """

    environment: str
    tools: Sequence[str] = ()
    wanted: VersionRange | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    unset: Sequence[str] = ()


def draft(world: World, request: Request) -> Make:
    """The edits of the tools' files: version and lock, and the answers that were given with them.

    A tool stays with the registry of its lock, whoever else has a template of that name.
    """

    def make(found: Repository) -> Draft:
        project = found.project()
        environment = project.environment(request.environment)
        names = request.tools or [tool for _, tool in found.tools(environment.name)]
        shelves = catalogs.read(world, project, fresh=True)
        edited: dict[str, bytes | None] = {}
        records: list[str] = []
        notes: list[str] = []
        problems: list[Problem] = []
        said: list[str] = []
        for tool in names:
            path = layout.definition(environment.name, tool)
            now = found.installation(environment.name, tool)
            entry = registry.find(
                world, shelves, Reference(now.template, wanted=request.wanted), only=now.lock.registry
            )
            notes += [note for note in entry.notes if note not in notes]
            if (
                entry.lock() == now.lock
                and str(entry.template.version) == now.version
                and not request.answers
            ):
                continue
            text = _edited(found.definition(environment.name, tool).decode(), path, entry, request)
            wrong = _problems(
                resolve.resolve(project, environment, _read(text, tool, path), entry.template), entry
            )
            many = len(names) > 1
            problems += (Problem(f"{tool}: {one.where}" if many else one.where, one.what) for one in wrong)
            edited[path] = text.encode()
            records.append(add.record(entry))
            said.append(f"{tool} from {now.version} to {entry.template.version}")
        if problems:
            raise Invalid(
                "answers-needed",
                "the new version asks for other answers",
                "give what is new as --set NAME=VALUE, and leave out what is no more with --unset NAME",
                problems,
            )
        if not edited:
            # They stay in the change as they are: an upgrade that was killed before its sync is finished by the next.
            paths = [layout.definition(environment.name, tool) for tool in names]
            return Draft({path: found.files[path] for path in paths}, "Upgrade nothing", (), tuple(notes))
        what = said[0] if len(said) == 1 else f"{len(said)} tools"
        summary = f"Upgrade {what} in {environment.name}"
        return Draft(edited, summary, tuple(dict.fromkeys(records)), tuple(notes))

    return make


def _read(text: str, tool: str, path: str) -> Installation:
    from kubectl_rapt.config import installation

    return installation.read(text.encode(), tool, path)


def _edited(text: str, path: str, entry: Entry, request: Request) -> str:
    lock = entry.lock()
    held = documents.load(text, path)
    values = {
        "/version": str(entry.template.version),
        "/lock/tree": lock.tree,
        "/lock/digest": lock.digest,
        "/lock/commit": lock.commit,
        "/lock/policies": lock.policies,
    }
    for pointer, value in values.items():
        key = pointer.rpartition("/")[2]
        if value:
            text = edits.put(text, pointer, value, path)
        elif key in held["lock"]:
            text = edits.remove(text, pointer, path)
    for name in request.unset:
        if name in (held.get("answers") or {}):
            text = edits.remove(text, f"/answers/{name}", path)
    given = parameters.parse_all(entry.template.parameters, request.answers)
    secrets.check(secrets.search(given))
    for name, value in given.items():
        text = edits.put(text, f"/answers/{name}", value, path)
    return text


def _problems(wanted: Installation, entry: Entry) -> tuple[Problem, ...]:
    """What the recorded answers lack for a version, and what they have too much."""
    template = entry.template
    try:
        parameters.check(
            template.parameters,
            wanted.answers,
            subject=f"{template.name} {template.version}",
            rules=template.rules,
            complete=bool(wanted.schedules),
        )
    except Invalid as error:
        return error.problems
    return ()
