"""Upgrade tools to newer versions of their templates, from the answers that were recorded."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kubectl_rapt import documents, edits
from kubectl_rapt.actions import add, catalogs, registry
from kubectl_rapt.actions.composition import Make
from kubectl_rapt.actions.registry import Entry
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import installation, layout, proposal, resolve
from kubectl_rapt.config.changes import Draft
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import Invalid, NotFound, Problem, RaptError
from kubectl_rapt.guard import secrets
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import TOOL
from kubectl_rapt.model.versions import Version, VersionRange
from kubectl_rapt.objects import tools
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


@dataclass(frozen=True, slots=True)
class Misfit:
    """One thing that a version asks of the answers to an older one.

    Args:
        name: The parameter, or those of a rule.
        what: What is wrong with its answer, or was done to it.
        flag: What to pass; empty where nothing is needed, or nobody can say.
    """

    name: str
    what: str
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Outdated:
    """A tool whose registry has a newer version of its template.

    Args:
        tool: The tool's name.
        environment: Its environment.
        template: The template's name.
        version: The version that the tool has.
        newest: The newest version of the tool's own registry.
        registry: That registry's address.
    """

    tool: str
    environment: str
    template: str
    version: str
    newest: str
    registry: str


def outdated(
    world: World, found: Repository, environment: str, tell: Callable[[str], None]
) -> Iterator[Outdated]:
    """The tools that ``upgrade`` would bring to a newer version, by tool.

    Args:
        world: Where the registries are.
        found: The repository.
        environment: Only of this environment; empty for all.
        tell: Called with a line about each tool of which nobody can tell.

    Raises:
        NotFound: There is no such environment.
        Invalid: A tool's file is broken.
    """
    project = found.project()
    if environment:
        project.environment(environment)
    shelves = catalogs.read(world, project, fresh=True)
    for place, tool in sorted(found.tools(environment), key=lambda one: (one[1], one[0])):
        now = found.installation(place, tool)
        try:
            entry = registry.find(world, shelves, Reference(now.template), only=now.lock.registry)
        except RaptError as error:
            tell(f"{tool} in {place}: {error.message}")
            continue
        if entry.template.version > Version.parse(now.version):
            newest = str(entry.template.version)
            yield Outdated(tool, place, now.template, now.version, newest, now.lock.registry)


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
        problems: dict[str, list[Misfit]] = {}
        said: list[str] = []
        for tool in names:
            path = layout.definition(environment.name, tool)
            now = found.installation(environment.name, tool)
            try:
                entry = registry.find(
                    world, shelves, Reference(now.template, wanted=request.wanted), only=now.lock.registry
                )
            except NotFound as error:
                if error.code == "no-version" and error.typo:
                    _, near = error.typo
                    error = error.meant(str(request.wanted), near.rpartition("@")[2])
                raise error
            notes += [note for note in entry.notes if note not in notes]
            if (
                entry.lock() == now.lock
                and str(entry.template.version) == now.version
                and not request.answers
            ):
                continue
            text = edited_file(
                found.definition(environment.name, tool).decode(), path, entry, request.answers, request.unset
            )
            wanted = installation.read(text.encode(), tool, path)
            if wrong := misfits(project, environment, now, wanted, entry):
                problems[tool] = wrong
            if asked := newly_asked(project, environment, found.files, wanted, entry):
                flags = " ".join(f"--set {shell.word(name)}=…" for name in asked)
                run = f"kubectl rapt run {shell.word(tool)} --in {shell.word(environment.name)}"
                notes.append(f"each run of {tool} must now answer {', '.join(asked)}: {run} {flags}")
            edited[path] = text.encode()
            records.append(add.record(entry))
            said.append(f"{tool} from {now.version} to {entry.template.version}")
        if problems:
            raise _needed(environment.name, problems, is_one=len(names) == 1)
        if not edited:
            # They stay in the change as they are: an upgrade that was killed before its sync is finished by the next.
            paths = [layout.definition(environment.name, tool) for tool in names]
            return Draft({path: found.files[path] for path in paths}, "Upgrade nothing", (), tuple(notes))
        what = said[0] if len(said) == 1 else f"{len(said)} tools"
        summary = f"Upgrade {what} in {environment.name}"
        return Draft(edited, summary, tuple(dict.fromkeys(records)), tuple(notes))

    return make


def _needed(environment: str, found: Mapping[str, Sequence[Misfit]], *, is_one: bool) -> Invalid:
    """One message on all that the new versions ask of the recorded answers, with what to pass."""
    first, *_ = found
    flags = " ".join(dict.fromkeys(one.flag for one in found[first] if one.flag))
    what = "the new version asks" if is_one else f"the new versions of {', '.join(found)} ask"
    return Invalid(
        "answers-needed",
        f"{what} for other answers",
        f"kubectl rapt upgrade {shell.word(first)} --in {shell.word(environment)} {flags}".rstrip(),
        [
            Problem(one.name, one.what)
            if is_one
            else Problem(f"{tool}: {one.name}", f"{one.what}: {one.flag}" if one.flag else one.what)
            for tool, few in found.items()
            for one in few
        ],
    )


def edited_file(
    text: str, path: str, entry: Entry, answers: Mapping[str, str], unset: Collection[str] = ()
) -> str:
    """A tool's file with another version, and with the answers that it asks for; only those lines change.

    Args:
        text: The file as it is.
        path: Where it is, for messages.
        entry: The version.
        answers: Answers as text.
        unset: Answers that are to be left out.

    Raises:
        Invalid: The file cannot be edited.
        Refused: An answer looks like a secret.
    """
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
    recorded = held.get("answers") or {}
    for name in unset:
        if name in recorded:
            text = edits.remove(text, f"/answers/{name}", path)
    kept = [name for name in recorded if name not in unset]
    for earlier, name in parameters.renames(entry.template.parameters, kept).items():
        text = edits.rename(text, f"/answers/{earlier}", name, path)
    given = parameters.parse_all(entry.template.parameters, answers)
    secrets.check(secrets.search(given), references=parameters.of_secrets(entry.template.parameters))
    for name, value in given.items():
        text = edits.put(text, f"/answers/{name}", value, path)
    return text


def misfits(
    project: Project, environment: Environment, now: Installation, edited: Installation, entry: Entry
) -> list[Misfit]:
    """What keeps a version from the answers that hold for a tool: removed, new and unfit ones, and the renamed.

    Args:
        project: The repository's ``rapt.yaml``.
        environment: The tool's environment.
        now: Its file as it is.
        edited: Its file as it would be, see ``edited_file``.
        entry: The version.

    Returns:
        Everything, in the order of the answers; empty where the version can be taken, renamed answers or not.
    """
    template = entry.template
    answers = resolve.resolve(project, environment, edited, template).answers
    try:
        parameters.check(
            template.parameters,
            answers,
            subject=f"{template.name} {template.version}",
            rules=template.rules,
            complete=bool(edited.schedules),
        )
    except Invalid as error:
        asked = [one.name for one in template.parameters]
        renamed = parameters.renames(template.parameters, now.answers)
        return [
            *(_misfit(one, asked, answers) for one in error.problems),
            *(Misfit(name, f"was called {earlier}: its answer is kept") for earlier, name in renamed.items()),
        ]
    return []


def newly_asked(
    project: Project,
    environment: Environment,
    files: Mapping[str, bytes],
    edited: Installation,
    entry: Entry,
) -> tuple[str, ...]:
    """The parameters that each run must answer with a version, and need not with what is rendered now.

    Args:
        project: The repository's ``rapt.yaml``.
        environment: The tool's environment.
        files: Path to content of the repository as it is.
        edited: The tool's file as it would be.
        entry: The version.
    """
    rendered = proposal.objects_of(files, layout.rendered(environment.name, edited.tool))
    asked = {
        str(one["name"])
        for manifest in rendered
        if manifest["kind"] == TOOL.name
        for one in tools.from_manifest(manifest).parameters
        if one.get("required", True) and one.get("default") is None
    }
    answered = resolve.resolve(project, environment, edited, entry.template).answers
    return tuple(
        one.name
        for one in entry.template.parameters
        if one.at == "run" and one.required and one.default is None
        if one.name not in answered and not asked & {one.name, *one.renamed_from}
    )


def _misfit(problem: Problem, asked: Collection[str], answers: Mapping[str, Any]) -> Misfit:
    if problem.where in asked:
        return Misfit(problem.where, problem.what, f"--set {shell.word(problem.where)}=…")
    if problem.where in answers:
        return Misfit(problem.where, "is not a parameter any more", f"--unset {shell.word(problem.where)}")
    return Misfit(problem.where, problem.what)
