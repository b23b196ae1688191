"""Add a tool to an environment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kubectl_rapt.actions import build, catalogs, registry, repository, review
from kubectl_rapt.actions.composition import Make
from kubectl_rapt.actions.registry import Entry
from kubectl_rapt.actions.repository import Repository
from kubectl_rapt.config import installation, layout, resolve
from kubectl_rapt.config.changes import Draft
from kubectl_rapt.config.installation import Installation, Lock, Schedule
from kubectl_rapt.errors import Invalid, Problem, Refused
from kubectl_rapt.guard import secrets, sops
from kubectl_rapt.model import names, shell
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import schedules
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.definition import Template
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
        schedules: When it runs by itself; nothing for when the template says.
        namespaces: Where it lives; empty for the environment's first namespace.
        allowed_literals: ``sha256:…`` of values that look like secrets and are none.
        replace: Whether a tool of that name that exists may be replaced.
        time_zone: The time zone of the template's own schedule, where no other schedule is given.
    """

    template: str
    tool: str
    environment: str
    answers: Mapping[str, str]
    values: Mapping[str, object]
    schedules: Sequence[Schedule] = ()
    namespaces: Sequence[str] = ()
    allowed_literals: Sequence[str] = ()
    replace: bool = False
    time_zone: str = ""


def draft(world: World, request: Request) -> Make:
    """The tool's file that a request comes to.

    Raises:
        NotFound: No such template or environment.
        Refused: An answer looks like a secret; ``tool-exists``: the environment has a tool of that name, and it is
            another one; ``tool-proposed``: a change that waits brings one.
        Invalid: Answers do not fit, or the name cannot be a tool's: every problem at once.
    """
    if problem := installation.bad_name(request.tool):
        raise Invalid("bad-name", problem, f"--name {names.as_label(request.tool)}")

    def make(found: Repository) -> Draft:
        project = found.project()
        environment = project.environment(request.environment)
        shelves = catalogs.read(world, project, fresh=True)
        entry = registry.find(world, shelves, Reference.parse(request.template))
        template = entry.template
        given = {**parameters.parse_all(template.parameters, request.answers), **request.values}
        # Before anything else is said of the answers: no message may repeat a secret.
        secrets.check(
            secrets.search(given), request.allowed_literals, parameters.of_secrets(template.parameters)
        )
        default = (Schedule(template.schedule, request.time_zone),) if template.schedule else ()
        if request.time_zone and not (request.schedules or default):
            wrong = schedules.check_time_zone(request.time_zone)
            raise Invalid(
                "bad-definition",
                wrong
                or f"there is no schedule for time zone {request.time_zone}: {template.name} does not have one either",
                f"--schedule '*/15 * * * *' --time-zone {'Europe/Prague' if wrong else request.time_zone}",
            )
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
        path = layout.definition(environment.name, request.tool)
        text, notes, done = installation.spell(wanted).encode(), entry.notes, "Add"
        if path in found.files and not sops.is_encrypted(found.files[path], path):
            existing = found.installation(environment.name, request.tool)
            if existing == wanted:
                text = found.files[path]  # the same tool again, in whatever way its file is written
            elif not request.replace:
                _check_given(wanted, template, given)  # the command that is shown has these answers
                raise _exists(request, existing, wanted)
            else:
                done, notes = "Replace", (*notes, *_loses(existing, wanted))
        elif path not in found.files and environment.is_reviewed:
            review.check_new(world, found, environment.name, request.tool, text)
        # What is wrong with an answer is told before anything is rendered.
        try:
            parameters.check(
                template.parameters,
                resolve.resolve(project, environment, wanted, template).answers,
                subject=f"{template.name} {template.version}",
                rules=template.rules,
                complete=bool(request.schedules),
            )
        except Invalid as error:
            _add_schedules(error, wanted)
            raise
        return Draft({path: text}, f"{done} {called(wanted)} in {environment.name}", (record(entry),), notes)

    return make


def _add_schedules(error: Invalid, wanted: Installation) -> None:
    """Tell what is wrong with the schedules together with the answers: the command that is shown has both."""
    problems, right = build.of_schedules(wanted)
    if problems:
        error.message += f", and so {'is the schedule' if len(problems) == 1 else 'are the schedules'}"
        error.problems += tuple(problems)
        error.hint = f"{error.hint} {right}" if error.hint.startswith("--") else right


def _check_given(wanted: Installation, template: Template, given: Mapping[str, object]) -> None:
    """Refuse answers that are wrong; one that is missing may be in the tool that exists."""
    try:
        parameters.check(
            template.parameters,
            wanted.answers,
            subject=f"{template.name} {template.version}",
            rules=template.rules,
            complete=False,
        )
    except Invalid as error:
        if any(name in given for problem in error.problems for name in problem.where.split(", ")):
            raise


def _exists(request: Request, existing: Installation, wanted: Installation) -> Refused:
    """The refusal to replace a tool, and the command that does what the person most likely means."""
    where = f"{shell.word(request.tool)} --in {shell.word(request.environment)}"
    if (existing.template, existing.lock.registry) != (wanted.template, wanted.lock.registry):
        hint = _command(request)
    elif existing.version != wanted.version:
        hint = f"kubectl rapt upgrade {where} --to {shell.word(wanted.version)}"
    elif flags := _changed(existing, wanted):
        hint = f"kubectl rapt set {where} {flags}"
    else:
        hint = f"kubectl rapt explain {where}"
    return Refused(
        "tool-exists",
        f'tool "{request.tool}" already exists in {request.environment}, and add does not change it',
        hint,
        [
            *_content(existing),
            Problem("to change it", "set changes its answers and schedules, upgrade its version"),
            Problem("--replace", "replaces it, and loses what it has now"),
        ],
    )


def _changed(existing: Installation, wanted: Installation) -> str:
    """What ``set`` would be given to make the one into the other; nothing is taken away."""
    words = [
        f"{name}={parameters.spell(value)}"
        for name, value in wanted.answers.items()
        if existing.answers.get(name) != value
    ]
    if wanted.schedules and wanted.schedules != existing.schedules:
        words += _schedule_flags(wanted.schedules)
    return shell.join(words)


def _schedule_flags(schedules: Sequence[Schedule]) -> list[str]:
    words = [word for one in schedules for word in ("--schedule", one.cron)]
    zone = next((one.time_zone for one in schedules if one.time_zone), "")
    return [*words, *(["--time-zone", zone] if zone else [])]


def _command(request: Request) -> str:
    """The command that shows what replacing the tool would lose."""
    image, command = request.values.get("image"), request.values.get("command")
    name = [request.tool, "--image", str(image)] if image else [request.template, "--name", request.tool]
    words = ["kubectl", "rapt", "add", *name, "--in", request.environment]
    words += [word for one, text in request.answers.items() for word in ("--set", f"{one}={text}")]
    words += _schedule_flags(request.schedules)
    words += ["--replace", "--dry-run"]
    if isinstance(command, Sequence):
        words += ["--", *command]
    return shell.join(words)


def _content(existing: Installation) -> Iterator[Problem]:
    """What a tool's file says, as a refusal lists it."""
    yield Problem("template", f"{existing.template} {existing.version}")
    if existing.answers:
        answers = (f"{name}={parameters.spell(value)}" for name, value in existing.answers.items())
        yield Problem("answers", ", ".join(answers))
    if existing.schedules:
        yield Problem("schedules", ", ".join(map(_spell, existing.schedules)))


def _loses(existing: Installation, wanted: Installation) -> Iterator[str]:
    """What a tool has now and will not have when another one replaces it, a line each."""
    tool = existing.tool
    if (existing.template, existing.version) != (wanted.template, wanted.version):
        yield f"{tool} was {existing.template} {existing.version}, and becomes {wanted.template} {wanted.version}"
    for name, value in existing.answers.items():
        if wanted.answers.get(name) != value:
            yield f"{tool} loses its answer {name}={parameters.spell(value)}"
    for schedule in existing.schedules:
        if schedule not in wanted.schedules:
            yield f"{tool} loses its schedule {_spell(schedule)}"
    for kind, name in (("retry", existing.retry_policy), ("cleanup", existing.cleanup_policy)):
        if name:
            yield f"{tool} loses its {kind} policy {name}"
    for namespace in existing.namespaces:
        if namespace not in wanted.namespaces:
            yield f"{tool} may leave namespace {namespace}"


def _spell(schedule: Schedule) -> str:
    return f"{schedule.cron} {schedule.time_zone}".rstrip()


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
