"""From a tool's file to its two files in the config repository: rendered, validated, spelled."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kubectl_rapt import documents
from kubectl_rapt.actions import registry
from kubectl_rapt.actions.registry import Entry
from kubectl_rapt.config import derive, installation, layout, resolve
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.config.project import Environment, Project, ranked
from kubectl_rapt.errors import Invalid, Problem, RaptError, Refused
from kubectl_rapt.guard import secrets
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import EXTERNAL_SECRET, TOOL, Manifest, ref_of
from kubectl_rapt.ports.renderer import RenderRequest
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import schedules
from kubectl_rapt.templating import parameters, policies
from kubectl_rapt.templating.definition import Template
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.policies import Compiled

KUBERNETES_MINOR = 35
"""The schemas that rendering is checked against: the same for everybody, whatever their cluster."""


@dataclass(frozen=True, slots=True)
class Built:
    """A tool as it stands in the config repository.

    Args:
        environment: The environment's name.
        installation: What its file says, resolved.
        template: The locked template.
        objects: What it is in the cluster.
        files: Path to content of its two files.
        rendered: What its template rendered to, before anything was added.
    """

    environment: str
    installation: Installation
    template: Template
    objects: tuple[Manifest, ...]
    files: Mapping[str, bytes]
    rendered: Rendered


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tool that is to be built.

    Args:
        environment: The environment's name.
        tool: The tool's name.
        definition: The content of its file.
        entry: The version that it is rendered with, whatever its file has locked; None for the locked one.
    """

    environment: str
    tool: str
    definition: bytes
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class _Ready:
    """A tool whose file was read and whose template was found: all but the rendering."""

    wanted: Wanted
    environment: Environment
    installation: Installation
    template: Template
    policies: Compiled
    request: RenderRequest


def build(world: World, project: Project, wanted: Wanted) -> Built:
    """Render a tool's file.

    Args:
        world: Where the registries and the renderer are.
        project: The repository's ``rapt.yaml``.
        wanted: The tool.

    Raises:
        NotFound: No such environment; the locked template is gone.
        Invalid: The file, an answer, a schedule or what it renders to is wrong: every problem at once.
        Refused: Something in it looks like a secret.
    """
    built = next(build_many(world, project, [wanted]))
    if isinstance(built, RaptError):
        raise built
    return built


def build_many(world: World, project: Project, wanted: Iterable[Wanted]) -> Iterator[Built | RaptError]:
    """Render tools' files, one after the other: what each comes to, or why it cannot be built.

    Neighbours of one template are rendered together: keep them next to each other.
    """
    waiting: deque[_Ready | RaptError] = deque()

    def requests() -> Iterator[RenderRequest]:
        for one in wanted:
            try:
                ready = _prepare(world, project, one)
            except RaptError as error:
                waiting.append(error)
            else:
                waiting.append(ready)
                yield ready.request

    for rendered in world.renderer.render_many(requests()):
        while isinstance(one := waiting.popleft(), RaptError):
            yield one
        yield _finish(world, project, one, rendered)
    yield from (one for one in waiting if isinstance(one, RaptError))


def _prepare(world: World, project: Project, wanted: Wanted) -> _Ready:
    environment = project.environment(wanted.environment)
    path = layout.definition(wanted.environment, wanted.tool)
    given = installation.read(wanted.definition, wanted.tool, path)
    _check(given, environment.all_namespaces, path)
    entry = wanted.entry or registry.locked(world, project, given)
    template = entry.template
    _check_access(template, environment, wanted.tool)
    resolved = resolve.resolve(project, environment, given, template)
    values = parameters.check(
        template.parameters,
        resolved.answers,
        subject=f"{template.name} {template.version}",
        rules=template.rules,
        complete=bool(resolved.schedules),
    )
    return _Ready(
        wanted,
        environment,
        resolved,
        template,
        policies.compile(
            entry.policies,
            resolved.retry_policy,
            resolved.cleanup_policy,
            f"registry {entry.registry.name}",
        ),
        RenderRequest(f"templates/{template.name}/job.yaml.j2", entry.source, template.parameters, values),
    )


def _finish(
    world: World, project: Project, ready: _Ready, rendered: Rendered | RaptError
) -> Built | RaptError:
    if isinstance(rendered, RaptError):
        return rendered
    wanted, template = ready.wanted, ready.template
    try:
        _check_token(template, rendered)
        _check_tries(template, rendered, ready)
        objects = derive.objects(
            project,
            ready.environment,
            ready.installation,
            installation.digest(wanted.definition),
            template,
            rendered,
            ready.policies,
        )
        path = layout.definition(wanted.environment, wanted.tool)
        hits = _secrets(wanted.definition, path, ready.installation, objects)
        secrets.check(hits, ready.installation.allowed_literals, parameters.of_secrets(template.parameters))
        _check_resources(ready.environment, objects)
        _validate(world, objects, template.name, _written(project, ready.installation))
    except RaptError as error:
        return error
    files = {
        layout.definition(wanted.environment, wanted.tool): wanted.definition,
        layout.rendered(wanted.environment, wanted.tool): documents.dump_all(objects).encode(),
    }
    return Built(wanted.environment, ready.installation, template, tuple(objects), files, rendered)


def _check_access(template: Template, environment: Environment, tool: str) -> None:
    """Refuse rights that name more than they say, unless the environment lets the tool have them."""
    problems = [
        Problem(f"access[{index}]", one) for index, rule in enumerate(template.access) for one in rule.wide
    ]
    if problems and tool not in environment.wide_access:
        raise Refused(
            "wide-access",
            f"{template.name} {template.version} asks for rights without a limit",
            f"in {layout.PROJECT}, wideAccess: [{tool}] below environments.{environment.name} allows it",
            problems,
        )


def of_schedules(wanted: Installation) -> tuple[list[Problem], str]:
    """What is wrong with a tool's schedules, and the flag that gives it a right one; empty if nothing is."""
    problems = [
        Problem(f"schedule {one.cron}", reason)
        for one in wanted.schedules
        if (
            reason := schedules.check(one.cron)
            or (one.time_zone and schedules.check_time_zone(one.time_zone))
            or schedules.check_fires(one.cron)
        )
    ]
    return problems, _right_schedule(wanted) if problems else ""


def _check(wanted: Installation, allowed: tuple[str, ...], path: str) -> None:
    problems, right = of_schedules(wanted)
    problems += [
        Problem(f"namespace {one}", f"is not one of the environment's: {', '.join(allowed)}")
        for one in wanted.namespaces
        if one not in allowed
    ]
    if problems:
        raise Invalid("bad-definition", f"{path} is invalid", right or f"-n {allowed[0]}", problems)


def _right_schedule(wanted: Installation) -> str:
    for one in wanted.schedules:
        if not schedules.check(one.cron) and one.time_zone and schedules.check_time_zone(one.time_zone):
            return f"--time-zone {schedules.near_time_zone(one.time_zone)}"
    for one in wanted.schedules:
        if schedules.check(one.cron) and (near := schedules.near_word(one.cron)):
            return f"--schedule {near}"
    return "--schedule '*/15 * * * *'"


def _check_token(template: Template, rendered: Rendered) -> None:
    """A service account's token is mounted only for what the template declares under ``access``."""
    volumes = rendered.job["spec"]["template"]["spec"].get("volumes") or ()
    names = [volume["name"] for volume in volumes if "projected" in volume]
    if names and not template.access:
        raise Invalid(
            "bad-template",
            f'{template.name} mounts a token in volume "{names[0]}" and declares no access',
            "declare what it needs under access: in template.yaml",
        )


def _check_tries(template: Template, rendered: Rendered, ready: _Ready) -> None:
    """How often it is tried is asked at a run, or a retry policy says it; never both."""
    asked = [name for name, places in rendered.places.items() if "/spec/backoffLimit" in places]
    policy = ready.installation.retry_policy
    if asked and policy:
        raise Invalid(
            "bad-template",
            f'{template.name} asks for backoffLimit at each run ("{asked[0]}"), and retry policy {policy} decides it',
            "leave out one of the two",
        )


def _check_resources(environment: Environment, objects: list[Manifest]) -> None:
    """No container without a size: Kubernetes would place it anywhere, and evict it first."""
    job = next(manifest["spec"]["job"] for manifest in objects if manifest["kind"] == TOOL.name)
    missing = derive.unsized(job)
    if missing:
        name = environment.profile or "standard"
        sizes = "requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 256Mi}"
        hint = f"in rapt.yaml: profiles: {{{name}: {{resources: {{{sizes}}}}}}}"
        if not environment.profile:
            hint += f" and environments: {{{environment.name}: {{profile: {name}}}}}"
        problems = [Problem(f"container {one}", f"has no {', '.join(what)}") for one, what in missing.items()]
        raise Invalid("no-resources", "containers do not say how large they are", hint, problems)


def _secrets(
    definition: bytes, path: str, wanted: Installation, objects: list[Manifest]
) -> Iterator[secrets.Hit]:
    yield from secrets.search(wanted.answers)
    yield from secrets.in_file(definition, path)
    for manifest in objects:
        yield from secrets.search(manifest, str(ref_of(manifest)))


def _written(project: Project, wanted: Installation) -> str:
    """A tool's template as it is typed: with the registry of its lock, whoever else has the name."""
    place = next((one.name for one in ranked(project) if one.url == wanted.lock.registry), "")
    return f"{place}/{wanted.template}" if place else wanted.template


def _validate(world: World, objects: list[Manifest], template: str, written: str) -> None:
    problems = [
        Problem(f"{ref_of(manifest)} {problem.where}", problem.what)
        for manifest in objects
        if not manifest["apiVersion"].startswith(("rapt.dev/", EXTERNAL_SECRET.group))
        for problem in world.schemas.validate(manifest, KUBERNETES_MINOR)
    ]
    if problems:
        what = f"{template} renders to what Kubernetes does not accept"
        raise Invalid("bad-manifest", what, f"kubectl rapt show {shell.word(written)}", problems)
