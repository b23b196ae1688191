"""Run a tool: from what a person asked to the Run that is to exist."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.actions import advance, answered, find, fixed, missing, policies
from kubectl_rapt.errors import Invalid, Problem, Refused, UsageError
from kubectl_rapt.guard import secrets
from kubectl_rapt.model import names, shell
from kubectl_rapt.objects import labels, runs
from kubectl_rapt.objects.runs import Mount, Run
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import mounts, turns
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.runs.mounts import Given
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.parameters import Parameter
from kubectl_rapt.writes import Writers

RUN_NAME_LIMIT = 55
"""Leaves room for the number of an attempt and the suffix of its pods within 63 characters."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for.

    Args:
        tool: The tool's name.
        namespace: Where it is.
        answers: Parameter to the text that was given; it wins over ``values``.
        env: Variable to value, for variables that the tool declares.
        id: A name for the request: the same one never runs twice. Empty for a new one.
        values: Parameter to value, as JSON data: what a file of answers said.
        mounts: Files that are given, already read.
        not_after: When it is too late to begin.
    """

    tool: str
    namespace: str
    answers: Mapping[str, str]
    env: Mapping[str, str]
    id: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    mounts: Sequence[Given] = ()
    not_after: datetime | None = None


def tool(world: World, request: Request) -> Tool:
    """The tool that is asked for, with its retry policy.

    Raises:
        NotFound: No such tool.
    """
    return policies.of_tool(world, find.tool(world, request.tool, request.namespace))


def open_questions(tool: Tool, request: Request) -> list[Parameter]:
    """The questions that must be answered, and are not."""
    given = {*request.values, *request.answers}
    return [
        one
        for one in answered.questions(tool)
        if one.name not in given and one.required and one.default is None
    ]


def read_answers(world: World, path: str) -> dict[str, Any]:
    """The answers in a file, YAML or JSON: parameter to value; ``-`` is standard input.

    Raises:
        NotFound: ``no-file``.
        Invalid: It cannot be read, or is no mapping.
    """
    data = documents.load(world.checkout.document(path), path)
    if not isinstance(data, dict):
        name = "standard input" if path == "-" else path
        raise Invalid("bad-answers", f"{name} is to map parameters to values", "a line such as tries: 3")
    return data


def read_text(world: World, path: str) -> str:
    """The text of a file as an answer, without the line end that editors put at its end.

    Raises:
        NotFound: ``no-file``.
        Invalid: ``not-text``: it is no UTF-8.
    """
    try:
        return world.checkout.document(path).decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise Invalid(
            "not-text", f"{path} is not UTF-8 text", "save it as UTF-8, or give it with --mount LOCAL:PATH"
        ) from error


def read_mounts(world: World, given: Sequence[Given]) -> tuple[Given, ...]:
    """The mounts with their files.

    Raises:
        NotFound, Invalid: See ``ports.files``; and ``bad-file`` where no volume can hold them.
    """
    read = []
    for one in given:
        tree = world.files.tree(one.local, most_files=mounts.MOST_FILES, most_bytes=mounts.MOST_BYTES)
        read.append(replace(one, files=tree.files, is_folder=tree.is_folder))
    mounts.check(read)
    return tuple(read)


def plan(world: World, request: Request, known: Tool | None = None) -> Run:
    """The Run that the request comes to.

    Args:
        world: Where to read.
        request: What was asked.
        known: The tool, where it was read already.

    Raises:
        NotFound: No such tool.
        UsageError: The request's id cannot be the name of a Run; or ``missing-answers``: all that is not answered.
        Invalid: Answers do not fit: every problem at once; or what its pods need is not there.
        Refused: An answer, a variable or a file that would be a ConfigMap looks like a secret.
    """
    check_id(request.id)
    found = known or tool(world, request)
    asked = answered.questions(found)
    given = {**request.values, **parameters.parse_all(asked, request.answers)}
    check_secrets(found, request)
    _check_files(request.mounts, found)
    values = _checked(world, found, request, asked, given)
    job = answered.job(found, asked, {name: values[name] for name in given}, request.env)
    missing.check(world, job, found.namespace)
    name = request.id or new_name(world, found.name)
    mounted: tuple[Mount, ...] = ()
    if request.mounts:
        job, mounted = mounts.add(job, name, request.mounts)
    return Run(
        name=name,
        namespace=found.namespace,
        tool=found.name,
        answers=given,
        job=job,
        digest=runs.digest(request.tool, given, request.env, mounts.identity(request.mounts, name)),
        requested_by=world.cluster.user(),
        labels=_labels(found, name),
        source=found.source,
        env=request.env,
        retry=found.retry,
        concurrency=found.concurrency,
        mounts=mounted,
        not_after=request.not_after,
    )


def start(world: World, writers: Writers, seen: Seen) -> Seen:
    """Begin a run, as far as it goes now.

    Raises:
        Refused: ``concurrency-forbidden``: another run of the tool goes on, and only one may at a time.
        RaptError: What ``advance`` raises.
    """
    seen = advance.advance(world, writers, seen)
    if seen.run and seen.run.reason == turns.FORBIDDEN:
        who = seen.run.message.partition(" ")[0].partition("/")[2]
        raise Refused("concurrency-forbidden", seen.run.message, f"kubectl rapt attach {shell.word(who)}")
    return seen


def plan_direct(world: World, request: Request) -> Run:
    """The Run that a request comes to which is started at once, by whoever may start one.

    Raises:
        NotFound, UsageError, Invalid, Refused: As ``plan``, and as ``check_direct``.
    """
    found = tool(world, request)
    check_direct(found, ["run", found.name])
    return plan(world, request, found)


def check_direct(tool: Tool, words: Sequence[str]) -> None:
    """Make sure that a tool may be run without a review.

    Raises:
        Refused: ``review-needed``: its environment says ``runs: reviewed``.
    """
    if tool.is_reviewed:
        what = f'runs in environment "{tool.environment}" are reviewed'
        command = shell.join(["kubectl", "rapt", *words, "--review"])
        raise Refused("review-needed", what, command)


def check_secrets(tool: Tool, request: Request) -> None:
    """Refuse answers and variables that look like secrets, before anything else is said of them.

    Raises:
        Refused: ``literal-secret``.
    """
    asked = answered.questions(tool)
    given = {**request.values, **parameters.parse_all(asked, request.answers)}
    hits = (*secrets.search(given), *secrets.search(request.env))
    secrets.check(hits, tool.allowed_literals, parameters.of_secrets(asked))


def check_id(identifier: str, room: int = 0) -> None:
    """Make sure that a request's id can be the name of a Run; ``room`` is what is appended to it.

    Raises:
        UsageError: It cannot.
    """
    most = RUN_NAME_LIMIT - room
    if identifier and not (names.is_dns_label(identifier) and len(identifier) <= most):
        raise UsageError(
            "bad-flag",
            f"--request-id expects small letters, digits and dashes, at most {most}, got {identifier}",
            "--request-id nightly-2026-11-22",
        )


def new_name(world: World, tool: str, room: int = 0) -> str:
    """A name for a run that nobody has named."""
    return f"{names.shorten(tool, RUN_NAME_LIMIT - 6 - room)}-{names.random_suffix(world.random(5))}"


def _checked(
    world: World, tool: Tool, request: Request, asked: Sequence[Parameter], given: Mapping[str, Any]
) -> dict[str, Any]:
    """All values; what is only missing is the command's fault, and said as a whole.

    Raises:
        Refused: ``fixed-parameter``: what is answered is set in git.
    """
    try:
        return parameters.check(asked, given, subject=tool.name)
    except Invalid as error:
        known = {one.name for one in asked}
        strange = {name: parameters.spell(value) for name, value in given.items() if name not in known}
        fixed.check(world, tool, strange)
        lacking = [one.name for one in open_questions(tool, request)]
        if {problem.where for problem in error.problems} != set(lacking):
            raise
        hint = " ".join(
            ["kubectl rapt run", shell.word(tool.name), *(f"--set {shell.word(name)}=…" for name in lacking)],
        )
        what = f"{tool.name} asks for {' and '.join(lacking)}, and this is not a terminal"
        raise UsageError("missing-answers", what, hint, error.problems) from error


def _check_files(given: Sequence[Given], tool: Tool) -> None:
    """Refuse a ConfigMap of what looks like a credential.

    Raises:
        Refused: ``secret-in-mount``: each file and line, never what stands there.
    """
    found: dict[str, Problem] = {}
    for one in given:
        for file in () if one.is_secret else one.files:
            for place, hit in secrets.in_file(file.content, one.place(file)):
                if hit.digest not in tool.allowed_literals:
                    found.setdefault(place, Problem(place, f"looks like a {hit.kind}"))
    if found:
        what = "what looks like a credential is given to a run as a Secret only"
        raise Refused("secret-in-mount", what, "--secret-mount LOCAL:PATH", list(found.values()))


def _labels(tool: Tool, name: str) -> dict[str, str]:
    ours = (tool.job.get("metadata") or {}).get("labels") or {}
    known = (labels.TOOL, labels.TEMPLATE, labels.VERSION, labels.ENVIRONMENT, labels.REPOSITORY)
    kept = {key: ours[key] for key in known if key in ours}
    governed = labels.of_policies(tool.retry_policy, tool.cleanup_policy)
    return {**kept, **governed, labels.TOOL: tool.name, labels.RUN: name, labels.MANAGED_BY: "rapt"}
