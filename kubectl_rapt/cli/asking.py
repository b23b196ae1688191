"""Asking a person before something is done that cannot be undone."""

import sys

from kubectl_rapt.cli import terminal
from kubectl_rapt.errors import Refused, UsageError


def confirm(question: str, *, is_sure: bool, word: str = "") -> None:
    """Ask, unless ``-y`` has answered already.

    Args:
        question: What is to be done, as a question without its mark.
        is_sure: Whether ``-y`` was given.
        word: What must be typed; empty for yes or no.

    Raises:
        UsageError: ``not-asked``: there is no terminal to ask on.
        Refused: ``not-confirmed``: the answer is another one.
    """
    if is_sure:
        return
    if not terminal.is_interactive():
        raise UsageError("not-asked", f"{question}? This is not a terminal", "--yes")
    wanted = f"type {word} to continue" if word else "y/N"
    terminal.say_part(terminal.clean(f"{question}? [{wanted}] "))
    answer = sys.stdin.readline().strip()
    if answer != word if word else answer.lower() not in ("y", "yes"):
        raise Refused("not-confirmed", "it was not confirmed, and nothing was done", "--yes")
