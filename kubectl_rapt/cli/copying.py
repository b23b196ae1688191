"""Commands that are shown to be copied: in the words that are typed here, for the same cluster, namespace and user."""

import os
import re
from functools import cache

from kubectl_rapt.cli import helping, line, words

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACE = ("--kubeconfig", "--context", "--as", "--as-group", "--in", "--namespace")
_OF_A_CLUSTER = "Tools and runs"
"""The heading of the commands that look for a name where they are typed."""

_typed: list[tuple[str, str]] = []


def remember(arguments: "Sequence[str]") -> None:
    """What was typed: where the commands that are shown from now on are to work."""
    given = line.read(arguments).given
    _typed[:] = [(name, value) for name in _PLACE for value in given.get(name, ())]


def here(text: str) -> str:
    """A text for a person, with its commands as they are to be typed here."""
    if helping.THROUGH_KUBECTL not in text:
        return text
    return "\n".join(_line(one) for one in text.split("\n"))


def _line(text: str) -> str:
    program = helping.program(os.environ)

    def one(found: "re.Match[str]") -> str:
        name = found["name"]
        flags = _flags(text[found.end() :]) if name else ""
        return f"{program}{name or ''}{flags}"

    return _commands().sub(one, text)


def _flags(rest: str) -> str:
    """The flags that a command needs besides those that it has."""
    import shlex

    found = ""
    if line.HELP[-1] in rest.split():
        return found
    for name, value in _typed:
        short = "-n" if name == "--namespace" else name
        says_already = {name, short}
        if name == "--namespace":
            says_already |= {"-A", "--all-namespaces", "--in"}  # these say what namespaces, too
        if not re.search(rf"(^| )({'|'.join(says_already)})(?![a-z-])", rest):
            found += f" {short} {shlex.quote(value)}"
    return found


@cache
def _commands() -> "re.Pattern[str]":
    """What begins a command: the program, and its words where they look for a name."""
    names = [name for name, command in words.COMMANDS.items() if command.heading == _OF_A_CLUSTER]
    longest_first = "|".join(sorted(names, key=len, reverse=True))
    return re.compile(rf"{helping.THROUGH_KUBECTL}(?P<name> ({longest_first})(?![a-z-]))?")
