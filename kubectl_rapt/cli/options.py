"""The flags that kubectl's users know, declared once and added to every command."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperOption

from kubectl_rapt import wiring
from kubectl_rapt.cli import line
from kubectl_rapt.errors import Problem, RaptError, Refused, UsageError
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.target import Target

if TYPE_CHECKING:
    from kubectl_rapt.config.location import Location
    from kubectl_rapt.config.project import Environment
    from kubectl_rapt.ports.world import World
    from kubectl_rapt.writes import Writers


_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")


def seconds(text: str | float) -> float:
    """A length of time as kubectl takes it, ``90s`` or ``1m30s``, or a bare number of seconds; 0 has no unit."""
    from kubectl_rapt.model.duration import Duration

    if isinstance(text, float | int) or _NUMBER.fullmatch(text):
        return float(text)
    try:
        return float(Duration.parse(text).seconds)
    except ValueError as error:
        raise typer.BadParameter(f'a time such as 90s, 5m or 1h, got "{text}"') from error


DryRun = Annotated[
    str,
    typer.Option(
        "--dry-run", metavar="none|client", help="Only show what would be done; without a value: client"
    ),
]
"""For commands that need no server to say what they would do."""

Follow = Annotated[
    bool | None,
    typer.Option(
        "--follow/--detach",
        "-f",
        help="Follow the run, or return at once; a terminal follows",
    ),
]
RunTimeout = Annotated[
    float,
    typer.Option(parser=seconds, metavar="TIME", help="Stop following after this time; 0 means never"),
]
Raw = Annotated[bool, typer.Option("--raw", help="Print the log unchanged, with control characters")]
RunWait = Annotated[bool, typer.Option("--wait", help="Follow without the log, with the run's exit code")]

Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace rendered files that were edited by hand")
]
ObjectsOutput = Annotated[
    str, typer.Option("-o", "--output", metavar="json|yaml|name", help="Print the rendered objects")
]

Draft = Annotated[bool, typer.Option("--draft", help="Open the pull request as a draft")]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until the change is merged")]
Sync = Annotated[bool, typer.Option("--sync", help="Wait until it is merged, then apply it to the cluster")]
Timeout = Annotated[
    float,
    typer.Option(parser=seconds, metavar="TIME", help="Stop waiting after this time; 0 means never"),
]


def follows(follow: bool | None, *, wait: bool, has_output: bool) -> bool:
    """Whether a command that starts something follows it: on a terminal it does, unless told otherwise.

    Args:
        follow: What ``--follow`` or ``--detach`` say; None where neither was given.
        wait: What ``--wait`` says.
        has_output: Whether ``-o`` was given, which prints an object instead.

    Raises:
        UsageError: They contradict each other.
    """
    from kubectl_rapt.cli import terminal

    if wait and follow is False:
        error = UsageError("bad-flag", "--wait and --detach contradict each other", "--wait")
        raise error.meant("--detach", "")
    return wait or ((terminal.is_interactive() and not has_output) if follow is None else follow)


def words(text: str) -> list[str]:
    """The words of a flag that takes several, separated by commas; each once."""
    return list(dict.fromkeys(word for one in text.split(",") if (word := one.strip())))


def several_namespaces(text: str, is_for_all: bool) -> tuple[str, ...]:
    """The namespaces that ``--for`` names; none where it was not given.

    Raises:
        UsageError: One cannot be a namespace; or all namespaces are meant too.
    """
    found = tuple(words(text))
    if found and is_for_all:
        error = UsageError("bad-flag", "--for and --all-namespaces contradict each other", "--for default")
        raise error.meant("--all-namespaces", "")
    for one in (one for one in found if not names.is_dns_label(one)):
        raise UsageError("bad-flag", f"--for expects names of namespaces, got {one}", "--for team-a,team-b")
    return found


def is_dry(dry_run: str) -> bool:
    """Whether ``--dry-run`` of such a command was given. Raises UsageError."""
    one_of("--dry-run", dry_run, ("client", "none"))
    return dry_run == "client"


def with_bare_flags(arguments: Sequence[str]) -> list[str]:
    """The command line with ``--dry-run`` alone as ``--dry-run=client``, and ``-v=6``, as kubectl takes them."""
    words = list(arguments)
    for index, word in enumerate(words):
        if word == "--":
            break
        if word == "--dry-run" and words[index + 1 : index + 2] not in (["none"], ["client"], ["server"]):
            words[index] = "--dry-run=client"
        if word.startswith("-v="):
            words[index] = f"-{word}"
    return words


FORMER = ("--arg",)
"""Flags of the Go program that came before, which are taken but no longer shown."""


def shared() -> list[TyperOption]:
    """The options that every command takes, before or after its name."""

    def keep(context: typer.Context, option: Any, value: Any) -> None:
        if value not in (None, "", ()):
            context.ensure_object(dict)[option.name] = value

    def option(*declarations: str, text: str, **more: Any) -> TyperOption:
        return TyperOption(
            param_decls=list(declarations), help=text, expose_value=False, callback=keep, **more
        )

    return [
        option(
            "--in",
            "environment",
            text="Environment; by default yours, if it is not reviewed",
            metavar="ENV",
        ),
        option("-n", "--namespace", "namespace", text="Namespace", metavar="NAME"),
        option("--context", "context", text="Kube context to use", metavar="NAME"),
        option("--kubeconfig", "kubeconfig", text="Path of the kubeconfig file", metavar="FILE"),
        option("--as", "as_user", text="User to impersonate", metavar="USER"),
        option(
            "--as-group",
            "as_groups",
            text="Group to impersonate (repeatable)",
            metavar="GROUP",
            multiple=True,
        ),
        option(
            "--request-timeout",
            "request_timeout_seconds",
            text="Limit for one request; by default 30s, 0 means none",
            metavar="TIME",
            type=seconds,
        ),
        option(
            "-v",
            "--v",
            "verbosity",
            text="Print requests (6) or also their bodies without secrets (8)",
            metavar="LEVEL",
            type=int,
        ),
    ]


def target(context: typer.Context) -> Target:
    """Which cluster the shared options point at, and as whom."""
    given = {key: value for key, value in _given(context).items() if key not in _NOT_A_TARGET}
    return Target(**{**given, "as_groups": tuple(given.get("as_groups", ()))})


_NOT_A_TARGET = ("environment", "ahead", "words", "verbosity")


def words_given(context: typer.Context) -> list[str]:
    """The command line as it was typed, without the program's name."""
    return list(_given(context).get("words", ()))


def named_environment(context: typer.Context) -> str:
    """What ``--in`` says; empty where it was not given."""
    return str(_given(context).get("environment", ""))


def is_given(context: typer.Context, flag: str) -> bool:
    """Whether a flag was typed, by its longest name."""
    return flag in line.read(words_given(context)).given


def _given(context: typer.Context) -> dict[str, Any]:
    given: dict[str, Any] = context.ensure_object(dict)
    return given


def pairs(texts: Sequence[str], flag: str) -> dict[str, str]:
    """Read ``--set NAME=VALUE`` given several times.

    Raises:
        UsageError: One has no ``=`` or no name, or a name comes twice.
    """
    found: dict[str, str] = {}
    problems = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            problems.append(Problem(flag, f"expects NAME=VALUE, got {text}"))
        elif name in found:
            problems.append(Problem(flag, f"gives {name} twice: {found[name]} and {value}"))
        found[name] = value
    if problems:
        error = UsageError("bad-flag", f"{flag} is invalid", "--help", problems)
        bare = next((text for text in texts if text and "=" not in text), "") if len(problems) == 1 else ""
        raise error.meant(bare, f"{bare}={shell.BLANK}") if bare else error
    return found


def environment(context: typer.Context, world: "World") -> str:
    """The environment that a command works on: ``--in``, else the person's default.

    Raises:
        UsageError: There is neither.
        Refused: ``other-namespace``: ``-n`` names a namespace that is not the environment's.
    """
    settings = world.settings
    chosen = named_environment(context) or settings.environment
    if not chosen:
        hint = "--in ENV" if settings.repository else "kubectl rapt init --local"
        raise UsageError("no-environment", "no environment is given, and you have no default", hint)
    _check_namespace(context, world)
    return chosen


def _check_namespace(context: typer.Context, world: "World") -> None:
    """Refuse a namespace that is not one of the environment that is meant. Raises RaptError.

    Where ``--in`` was given, opening the world of an environment has checked that already. Where it was not, ``-n``
    is any namespace of the cluster for the commands that work there, but not for those about the config repository.
    """
    from kubectl_rapt.actions import locate

    where = target(context)
    named = named_environment(context)
    chosen = named or world.settings.environment
    if where.namespace and chosen and world.settings.repository:
        locate.check_namespace(world, chosen, where, is_named=bool(named))


def check_default(context: typer.Context, environment: "Environment") -> None:
    """Make sure that a reviewed environment was named: it is never what a command works on by default.

    Raises:
        UsageError: It was not.
    """
    if not named_environment(context):
        from kubectl_rapt.actions import locate

        locate.check_default(environment)


def one_of(flag: str, value: str, allowed: Sequence[str]) -> None:
    """Check the value of a flag that takes one of some words; an empty value was not given.

    Raises:
        UsageError: It is none of those.
    """
    if value and value not in allowed:
        raise not_one_of(flag, value, allowed)


def not_one_of(flag: str, value: str, allowed: Sequence[str]) -> UsageError:
    """The refusal of a value that is none of those that a flag takes: it names them all, and shows the nearest."""
    near = names.nearest(value, allowed) or allowed[0]
    choices = ", ".join(allowed[:-1]) + (" or " if allowed[1:] else "") + allowed[-1]
    return UsageError("bad-flag", f'{flag} does not take "{value}": it takes {choices}', f"{flag} {near}")


About = Literal["environment", "repository", "cluster", "anything"]


@contextmanager
def open_world(
    context: typer.Context, about: About = "environment", *, environment: str = ""
) -> "Iterator[tuple[World, Writers]]":
    """The world that a command acts in, and the door's ports; progress is shown meanwhile.

    It is that of the environment that ``--in`` names, else of the person's default: an unknown environment, a
    namespace of another one and another cluster are refused here, for every command.

    Args:
        context: The command.
        about: What ``--in`` chooses: an ``environment`` of the config repository; one of the ``repository`` that the
            command reads itself, such as a checkout; only the ``cluster``, and there is no default; or ``anything``,
            for a command that reports what is wrong instead of being refused.
        environment: The environment, instead of what was typed.

    Raises:
        NotFound: ``no-environment``, with the nearest name; ``no-repository``.
        Refused: ``other-namespace``, ``other-cluster``.
        UsageError: ``reviewed-default``, ``several-namespaces``.
    """
    from kubectl_rapt.cli import progress

    given = _given(context)
    level = given.get("verbosity", 0)
    trace = (level, _trace) if level else None
    doing = context.command_path.removeprefix(context.find_root().command_path).strip()
    name = environment or named_environment(context)
    try:
        with (
            progress.shown(doing),
            wiring.open_world(
                target(context),
                name if about != "repository" else "",
                None if environment else given.get("ahead"),
                trace,
                has_default=about != "cluster" and not _names_namespaces(context),
                is_checked=about != "anything",
                choose=lambda location: _chosen_namespace(context, location),
                tell=_note,
            ) as opened,
        ):
            if name and about != "repository":
                _check_environment(opened[0], is_strict=about != "anything")
            if about == "repository":
                _check_namespace(context, opened[0])
            yield opened
    except RaptError as error:
        told = _with_context(context, name, error)
        if told is error:
            raise
        raise told from error


@contextmanager
def world_of(
    context: typer.Context, opened: "tuple[World, Writers]", environment: str
) -> "Iterator[tuple[World, Writers]]":
    """The world of an environment that a command has chosen: the one that is open, if it is that environment's."""
    location = opened[0].location
    # Where the cluster was not recorded, a change may just have done so.
    if location and location.environment == environment and location.cluster:
        yield opened
    else:
        with open_world(context, environment=environment) as other:
            yield other


def _names_namespaces(context: typer.Context) -> bool:
    """Whether ``-A`` was typed, or ``--for``: who says which namespaces does not mean the default environment's."""
    is_several = context.command.name == "reconcile" and is_given(context, "--for")
    return is_several or is_given(context, "--all-namespaces")


def _check_environment(world: "World", *, is_strict: bool) -> None:
    """Look for the environment that was named, before anything else is done. Raises RaptError."""
    try:
        _ = world.location
    except RaptError as error:
        if is_strict or error.code == "no-environment":
            raise


def _chosen_namespace(context: typer.Context, location: "Location") -> str:
    """The one namespace to act in; if there are several, the person on the terminal chooses. Raises UsageError."""
    from kubectl_rapt.cli import terminal
    from kubectl_rapt.config import location as locations

    try:
        return locations.one_namespace(location)
    except UsageError as error:
        gone = error
    from kubectl_rapt.cli import answering

    if not terminal.is_interactive():
        raise gone
    known = list(location.namespaces)
    what = f"namespace of {location.environment} ({', '.join(known)})"
    found = answering.answer(what, answering.one_of(known, "namespace"), gone)
    answering.tell(words_given(context), ["-n", found])
    return found


def _with_context(context: typer.Context, environment: str, error: RaptError) -> RaptError:
    """An error about another cluster with the command that names the kube context of the right one, if there is one."""
    if error.code != "other-cluster" or not error.hint.endswith(" NAME"):
        return error  # it is something else, or says which context is right already
    settings = wiring.read_settings(os.environ)
    environment = environment or settings.environment
    with wiring.open_world(target(context), environment, is_checked=False) as (world, _):
        try:
            uid = world.location.cluster if world.location else ""
        except RaptError:
            uid = ""
    right = wiring.contexts_of_cluster(uid, target(context)) if uid else []
    if not right:
        what = f"{error.message}, and no other kube context of your kubeconfig does"
        return Refused(error.code, what, "kubectl config get-contexts")
    others = f" (so do {', '.join(right[1:])})" if len(right) > 1 else ""
    what = f'{error.message}; kube context "{right[0]}" does{others}'
    return Refused(
        error.code,
        what,
        f"kubectl rapt config set contexts.{shell.word(environment)} {shell.word(right[0])}",
    )


def _note(text: str) -> None:
    from kubectl_rapt.cli import terminal

    terminal.say("  note: " + "\n".join(terminal.clean(line) for line in text.split("\n")))


def _trace(line: str) -> None:
    from kubectl_rapt.cli import terminal

    terminal.say(terminal.clean(line))
