"""The names that may stand on a command line: those that this machine knows, and for some kinds the cluster's."""

import os
from collections.abc import Callable, Iterable, Iterator

from kubectl_rapt import wiring
from kubectl_rapt.cli import terminal
from kubectl_rapt.cli.completing import Candidate, Question
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.world import World

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kubectl_rapt.actions.known import Asked
    from kubectl_rapt.adapters.cluster.spawn import Kubectl


def find(question: Question, ahead: "Kubectl | None", limit_seconds: float) -> Iterator[Candidate]:
    """The names of the kind that is asked for.

    Args:
        question: What is asked.
        ahead: kubectl, where it was started already.
        limit_seconds: How long one request may take.

    Raises:
        RaptError: They cannot be found out.
    """
    line = question.line
    target = Target(
        kubeconfig=line.last("--kubeconfig"),
        context=line.last("--context"),
        namespace=line.last("--namespace"),
        as_user=line.last("--as"),
        as_groups=tuple(line.given.get("--as-group", ())),
        request_timeout_seconds=limit_seconds,
    )
    names_everything = "--all-namespaces" in line.given
    with wiring.open_world(
        target, line.last("--in"), ahead, has_default=not names_everything, may_fetch=False, is_checked=False
    ) as (world, _):
        for text, why in _FINDERS[question.kind](world, question):
            if _is_a_word(text):
                yield question.start + text, terminal.clean(why.replace("\t", " "))


def _is_a_word(text: str) -> bool:
    """Whether a text is one word to every shell, and nothing else: kubectl's scripts do not quote what they are given.

    Registries, tools, and kubeconfigs of other people hold names and choices; ``$(…)`` would be executed with the line.
    """
    return all(one.isalnum() or one in _PLAIN for one in text)


_PLAIN = frozenset("_.,:=/@%+-")
"""What stands in names, versions, addresses and variables, and means nothing to a shell."""


def _templates(world: World, question: Question) -> Iterable[Candidate]:
    from kubectl_rapt.actions import known

    name, at, _ = question.word.partition("@")
    if at:
        return [(f"{name}@{version}", why) for version, why in known.versions(world, name)]
    return known.templates(world, question.word)


def _known(world: World, question: Question) -> Iterable[Candidate]:
    from kubectl_rapt.actions import known

    find: dict[str, Callable[[World], Iterable[Candidate]]] = {
        "change": known.changes,
        "checkout": known.templates_of_checkout,
        "environment": known.environments,
        "cleanup policy": lambda world: known.policies(world, "cleanup"),
        "registry": known.registries,
        "retry policy": lambda world: known.policies(world, "retry"),
    }
    return find[question.kind](world)


def _tools(world: World, question: Question) -> Iterator[Candidate]:
    line = question.line
    if question.kind == "tool of the repository":
        from kubectl_rapt.actions import known

        found = known.tools_of_repository(world, line.last("--in"))
        every = [(tool, environment) for environment, tool in found]
    else:
        from kubectl_rapt.actions import there

        every = list(there.tools(world))
    yield from (one for one in every if one[0] not in line.arguments)


def _runs(world: World, question: Question) -> Iterator[Candidate]:
    from kubectl_rapt.actions import there

    if question.kind == "tool or run":
        yield from there.tools(world)
    is_dead = question.line.command.startswith("dead ")
    yield from (one for one in there.runs(world, dead=is_dead) if one[0] not in question.line.arguments)


def _errors(world: World, question: Question) -> Iterable[Candidate]:
    from kubectl_rapt.cli import pages

    found = pages.sections(world.bundle.page("errors.md"))
    return [(code, pages.summary(body)) for code, body in found.items()]


def _settings(world: World, question: Question) -> Iterable[Candidate]:
    from kubectl_rapt.actions import known

    yield "repository", "the config repository"
    yield "environment", "the environment to use if none is named"
    yield from ((f"contexts.{name}", f"the kube context of {name}") for name, _ in known.environments(world))


def _namespaces(world: World, question: Question) -> Iterable[Candidate]:
    from kubectl_rapt.actions import there

    return there.namespaces(world)


def _parameters(world: World, question: Question) -> "list[Asked]":
    """The parameters of what the command line is about."""
    from kubectl_rapt.actions import known, there

    line = question.line
    about = line.arguments[0] if line.arguments else ""
    if line.command == "add":
        return known.parameters_of_template(world, "bundled/command" if line.last("--image") else about)
    if line.command in ("set", "upgrade"):
        environment = line.last("--in") or world.settings.environment
        return known.parameters_of_installed(world, environment, about)
    return there.parameters_of_tool(
        world, there.tool_of(world, about) if line.command.startswith("dead ") else about
    )


def _answers(world: World, question: Question) -> Iterator[Candidate]:
    name, equals, _ = question.word.partition("=")
    given = [*question.line.given.get("--set", ()), *question.line.arguments[1:]]
    answered = {one.partition("=")[0] for one in given}
    for parameter, why, choices in _parameters(world, question):
        if equals and parameter == name:
            yield from ((f"{name}={choice}", "") for choice in choices)
        elif not equals and parameter not in answered:
            yield f"{parameter}=", why


def _parameter_names(world: World, question: Question) -> Iterator[Candidate]:
    awaits = question.line.awaits
    end = "" if awaits and awaits.value == "NAME" else "="
    yield from ((name + end, why) for name, why, _ in _parameters(world, question))


_FINDERS: dict[str, Callable[[World, Question], Iterable[Candidate]]] = {
    "answer": _answers,
    "change": _known,
    "checkout": _known,
    "context": lambda _, question: wiring.contexts(question.line.last("--kubeconfig"), os.environ),
    "environment": _known,
    "error": _errors,
    "namespace": _namespaces,
    "parameter": _parameter_names,
    "cleanup policy": _known,
    "registry": _known,
    "retry policy": _known,
    "run": _runs,
    "setting": _settings,
    "template": _templates,
    "tool": _tools,
    "tool of the repository": _tools,
    "tool or run": _runs,
}
