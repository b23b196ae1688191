"""Share a tool: the same definition in other namespaces and environments, as one change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubectl_rapt import documents, edits
from kubectl_rapt.actions.composition import Make
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import layout
from kubectl_rapt.config.changes import Draft
from kubectl_rapt.config.project import Environment
from kubectl_rapt.errors import Conflict, Problem, Refused
from kubectl_rapt.model import shell


@dataclass(frozen=True, slots=True)
class Share:
    """A tool where it is.

    Args:
        tool: The tool's name.
        environment: The environment.
        namespaces: Its namespaces there.
        template: The template's name.
        version: Its version.
        registry: Where that is from.
    """

    tool: str
    environment: str
    namespaces: tuple[str, ...]
    template: str
    version: str
    registry: str


def shares(found: Repository) -> Iterator[Share]:
    """Where every tool is, by tool: who has which version. Raises Invalid where a file is broken."""
    project = found.project()
    for environment, tool in sorted(found.tools(), key=lambda place: (place[1], place[0])):
        one = found.installation(environment, tool)
        namespaces = one.namespaces or project.environment(environment).namespaces[:1]
        yield Share(tool, environment, namespaces, one.template, one.version, one.lock.registry)


def draft(tool: str, source: str, namespaces: Sequence[str] = (), environments: Sequence[str] = ()) -> Make:
    """The edits that share a tool.

    Args:
        tool: The tool's name.
        source: The environment that has it.
        namespaces: Where it is to be besides: in the source, or in each of the environments, if some are given.
        environments: Where it is to be installed besides.
    """

    def make(found: Repository) -> Draft:
        project = found.project()
        text = found.definition(source, tool).decode()
        path = layout.definition(source, tool)
        edited: dict[str, bytes | None] = {}
        for name in environments:
            target = project.environment(name, "--to-environment")
            copy = _in(text, target, namespaces, path)
            there = layout.definition(name, tool)
            if found.files.get(there, copy) != copy:
                raise Conflict(
                    "exists",
                    f"{there} exists already, and says something else",
                    f"kubectl rapt diff {shell.word(tool)} --in {shell.word(source)} --with {shell.word(name)}",
                )
            edited[there] = copy
        if not environments:
            own = project.environment(source)
            held = found.installation(source, tool).namespaces or own.namespaces[:1]
            wanted = tuple(dict.fromkeys((*held, *namespaces)))
            if wanted != held:
                text = _in(text, own, wanted, path).decode()
            edited[path] = text.encode()
        where = ", ".join((*environments, *(f"namespace {one}" for one in namespaces)))
        return Draft(edited, f"Share {tool} of {source} with {where}")

    return make


def _in(text: str, environment: Environment, namespaces: Sequence[str], path: str) -> bytes:
    """A tool's file with these namespaces. Raises Refused where one of them may not have it."""
    problems = [
        Problem(one, f"is not one of {environment.name}'s: {', '.join(environment.all_namespaces)}")
        for one in namespaces
        if one not in environment.all_namespaces
    ]
    if problems:
        raise Refused(
            "namespace-not-allowed",
            f"{environment.name} does not allow tools in that namespace",
            f"add it to allowedNamespaces of {environment.name} in {layout.PROJECT}",
            problems,
        )
    if namespaces:
        text = edits.put(text, "/namespaces", list(namespaces), path)
    elif "namespaces" in documents.load(text, path):
        text = edits.remove(text, "/namespaces", path)
    return text.encode()
