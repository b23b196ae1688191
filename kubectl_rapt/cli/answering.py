"""Asking a person on a terminal for answers that are missing, and the command that would not have asked."""

import shlex
import sys
from collections.abc import Mapping, Sequence

from kubectl_rapt.cli import terminal
from kubectl_rapt.errors import Problem, UsageError
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
    while True:
        terminal.say_part(terminal.clean(f"{question.name} ({about}{expected}): "))
        line = sys.stdin.readline()
        if not line.endswith("\n"):
            raise UsageError(
                "missing-answers",
                f"{question.name} was not answered",
                f"--set {question.name}=…",
                [Problem(question.name, f"is missing: expected {expected}")],
            )
        text = line.rstrip("\r\n")
        if not text:
            continue
        try:
            parameters.parse(question, text)
        except ValueError as error:
            terminal.say(terminal.clean(f"  {error}"))
            continue
        return text


def command(words: Sequence[str], answers: Mapping[str, str]) -> str:
    """A command line that gives these answers too."""
    more = [word for name, text in answers.items() for word in ("--set", f"{name}={text}")]
    return shlex.join(["kubectl", "rapt", *words, *more])
