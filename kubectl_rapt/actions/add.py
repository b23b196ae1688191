"""Add a tool to an environment: as a change for review, or at once where the environment needs none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kubectl_rapt.actions import build, registry, repository
from kubectl_rapt.actions.build import Built
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import changes, installation, layout, project
from kubectl_rapt.config.changes import Change
from kubectl_rapt.config.installation import Installation, Schedule
from kubectl_rapt.config.project import Environment
from kubectl_rapt.errors import Invalid, RaptError, Refused
from kubectl_rapt.guard import secrets, sops
from kubectl_rapt.model.kinds import NAMESPACE, Ref
from kubectl_rapt.model.plan import CommitFiles, Plan
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating import parameters


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


@dataclass(frozen=True, slots=True)
class Addition:
    """What adding comes to.

    Args:
        plan: What is to be written; no steps where it is all there already.
        built: The tool.
        before: Path to content of the files that change, as they are now.
        after: The same as they will be.
        change: The change.
        environment: The environment.
        is_waiting: The same change is pushed already and waits for its review.
    """

    plan: Plan
    built: Built
    before: Mapping[str, bytes]
    after: Mapping[str, bytes | None]
    change: Change
    environment: Environment
    is_waiting: bool = False


def define(world: World, request: Request) -> bytes:
    """The tool's file that a request comes to; it does not depend on what the repository holds.

    Raises:
        NotFound: No such template.
        Invalid: Answers do not fit, or the name cannot be a tool's: every problem at once.
        Refused: An answer looks like a secret.
    """
    if problem := installation.bad_name(request.tool):
        raise Invalid("bad-name", problem, "--name NAME")
    entry = registry.find(world, request.template)
    template = entry.template
    subject = f"{template.name} {template.version}"
    given = {**parameters.parse_all(template.parameters, request.answers), **request.values}
    # Before anything else is said of the answers: no message may repeat a secret.
    secrets.check(secrets.search(given), request.allowed_literals)
    parameters.check(
        template.parameters, given, subject=subject, rules=template.rules, complete=bool(request.schedules)
    )
    schedules = tuple(request.schedules) or ((Schedule(template.schedule),) if template.schedule else ())
    wanted = Installation(
        tool=request.tool,
        template=template.name,
        version=str(template.version),
        lock=entry.lock(),
        answers=given,
        schedules=schedules,
        namespaces=tuple(request.namespaces),
        allowed_literals=tuple(request.allowed_literals),
    )
    return installation.spell(wanted).encode()


def plan(world: World, request: Request) -> Addition:
    """What adding a tool would do to the repository as it is now.

    Raises:
        NotFound: No such environment or template.
        Invalid: Answers, schedules or namespaces do not fit.
        Unavailable: The repository does not answer.
    """
    definition = define(world, request)
    return place(world, repository.read(world), request.environment, request.tool, definition)


def place(
    world: World,
    found: Repository,
    environment_name: str,
    tool: str,
    definition: bytes,
    change: Change | None = None,
) -> Addition:
    """Put a tool's file into the repository as it is now, rendered anew.

    Args:
        world: Where to read.
        found: The repository.
        environment_name: The environment.
        tool: The tool's name.
        definition: The content of its file.
        change: The reviewed change that this merges; None for a new one.
    """
    parsed = found.project()
    secrets.check(secrets.in_file(found.files[layout.PROJECT], layout.PROJECT), parsed.allowed_literals)
    environment = parsed.environment(environment_name)
    _check_encrypted(
        found, layout.definition(environment_name, tool), layout.rendered(environment_name, tool)
    )
    built = build.build(world, parsed, environment_name, tool, definition)
    files: dict[str, bytes | None] = {**built.files, **_cluster(world, found, environment)}
    after = changes.difference(found.files, files)
    before = {path: found.files[path] for path in after if path in found.files}
    merged = change or _identify(world, found, environment_name, built, after)
    if not after:
        return Addition(Plan(), built, before, after, merged, environment)
    branch = changes.MAIN if change or not environment.is_reviewed else merged.branch
    current = found.refs.get(f"refs/heads/{branch}", "")
    if branch != changes.MAIN and current:
        return Addition(Plan(), built, before, after, merged, environment, is_waiting=True)
    commit = CommitFiles(
        repository=found.remote.url,
        branch=branch,
        parent=found.head,
        expected=current,
        files=after,
        message=merged.message,
        delete_branch=change.branch if change else "",
        delete_expected=found.refs.get(f"refs/heads/{change.branch}", "") if change else "",
    )
    return Addition(Plan((commit,)), built, before, after, merged, environment)


def _check_encrypted(found: Repository, *paths: str) -> None:
    for path in paths:
        if path in found.files and sops.is_encrypted(found.files[path], path):
            what = f"{path} is encrypted by SOPS, and Rapt leaves such files alone"
            raise Refused("encrypted-file", what, "--name NAME")


def _identify(
    world: World, found: Repository, environment: str, built: Built, after: Mapping[str, bytes | None]
) -> Change:
    path = layout.definition(environment, built.installation.tool)
    since = ""
    if path in found.files:
        since = next(
            (commit.id for commit in world.git.log(found.remote, found.head, paths=[path], limit=1)), ""
        )
    verb = "Change" if path in found.files else "Add"
    wanted = built.installation
    name = wanted.tool if wanted.tool == wanted.template else f"{wanted.tool} ({wanted.template})"
    summary = f"{verb} {name} {wanted.version} in {environment}"
    return Change(changes.identify(after, since), environment, wanted.tool, summary)


def _cluster(world: World, found: Repository, environment: Environment) -> dict[str, bytes]:
    """``rapt.yaml`` with the environment's cluster recorded, where nobody did so before and the cluster answers."""
    if environment.cluster:
        return {}
    try:
        uid = world.cluster.get(Ref(NAMESPACE, "kube-system"))["metadata"]["uid"]
    except RaptError:
        return {}
    text = found.files[layout.PROJECT].decode()
    return {layout.PROJECT: project.record_cluster(text, environment.name, uid).encode()}
