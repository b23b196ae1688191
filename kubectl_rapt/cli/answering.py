"""Asking a person on a terminal for answers that are missing, and the command that would not have asked."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence

import typer

from kubectl_rapt.cli import copying, helping, terminal
from kubectl_rapt.errors import Problem, RaptError, UsageError
from kubectl_rapt.model import names, shell
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.parameters import Parameter


def ask(tool: str, asked: Sequence[Parameter], open_: Sequence[Parameter]) -> dict[str, str]:
    """Ask each question until its answer is right; texts, as ``--set`` takes them.

    Args:
        tool: What is asked for.
        asked: All questions of it.
        open_: Those that must be answered.

    Raises:
        UsageError: ``missing-answers``: the person has gone.
    """
    given: dict[str, str] = {}
    known = [one for one in asked if one.default is not None]
    if known:
        defaults = ", ".join(f"{one.name}={parameters.spell(one.default)}" for one in known)
        terminal.say(terminal.clean(f"{tool} takes {defaults} unless --set says otherwise"))
    for one in open_:
        given[one.name] = _answer(one)
    return given


def _answer(question: Parameter) -> str:
    expected = parameters.expectation(question)
    about = f"{question.description}; " if question.description else ""
    return answer(
        f"{question.name} ({about}{expected})",
        lambda text: parameters.parse(question, text),
        UsageError(
            "missing-answers",
            f"{question.name} was not answered",
            f"--set {question.name}=…",
            [Problem(question.name, f"is missing: expected {expected}")],
        ),
    )


def answer(what: str, check: Callable[[str], object], gone: UsageError, default: str = "") -> str:
    """Ask one question until its answer is right.

    Args:
        what: What is asked for, without a colon.
        check: Raises ValueError or RaptError, with the reason, for an answer that is invalid.
        gone: Is raised where the person has gone.
        default: What no answer means; empty where there must be one.
    """
    shown = f" [{default}]" if default else ""
    while True:
        terminal.say_part(terminal.clean(f"{what}{shown}: "))
        line = sys.stdin.readline()
        if not line.endswith("\n"):
            raise gone
        text = line.rstrip("\r\n") or default
        if not text:
            continue
        try:
            check(text)
        except ValueError as error:
            terminal.say(terminal.clean(f"  {error}"))
        except RaptError as error:
            terminal.say(terminal.clean(f"  {error.message}"))
            for problem in error.problems:
                terminal.say(terminal.clean(f"    {problem.where}  {problem.what}"))
        else:
            return text


def argument(context: typer.Context, name: str, what: str, check: Callable[[str], object]) -> str:
    """An argument that was left out: asked for on a terminal, and refused elsewhere.

    Args:
        context: The command.
        name: How the argument is written: ``TOOL``.
        what: What is asked for.
        check: As of ``answer``.

    Raises:
        UsageError: There is nobody to ask.
    """
    check_asked(context, name)
    return answer(what, check, _missing(context, name))


def check_asked(context: typer.Context, name: str) -> None:
    """Make sure that there is somebody to ask for an argument that was left out. Raises UsageError."""
    if not terminal.is_interactive():
        raise _missing(context, name)


def _missing(context: typer.Context, name: str) -> UsageError:
    return UsageError("bad-usage", f"missing argument '{name}'", "--help")


def one_of(known: Sequence[str], kind: str) -> Callable[[str], object]:
    """The check that an answer is one of those that there are; otherwise the nearest is named."""

    def check(text: str) -> None:
        if text not in known:
            there = f"; available: {', '.join(known) or 'none'}"
            raise ValueError(f'no {kind} "{text}"{names.did_you_mean(text, known) or there}')

    return check


def sets(answers: Mapping[str, str]) -> list[str]:
    """Answers as they are typed."""
    return [word for name, text in answers.items() for word in ("--set", f"{name}={text}")]


def command(words: Sequence[str], more: Sequence[str]) -> str:
    """A command line that asks nothing: what was typed, and what was answered."""
    at = list(words).index("--") if "--" in words else len(words)
    return shell.join([*helping.program(os.environ).split(" "), *words[:at], *more, *words[at:]])


def tell(words: Sequence[str], more: Sequence[str]) -> None:
    """Say at the end which command would have asked nothing, if something was asked."""
    if more:
        typed = copying.typeable(command(words, more))  # an address may have a password in it
        terminal.say(terminal.clean(f"  without asking: {typed}"))
