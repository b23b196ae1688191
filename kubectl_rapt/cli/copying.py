"""Commands that are shown to be copied: in the words that are typed here, for the same cluster, namespace and user."""

import os
import re
from functools import cache

from kubectl_rapt.cli import helping, line, words
from kubectl_rapt.model import shell

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from collections.abc import Sequence

_OF_KUBECTL = ("--kubeconfig", "--context", "--as", "--as-group")
_OF_CLUSTERS = (*_OF_KUBECTL, "--in")
_OF_NAMES = (*_OF_CLUSTERS, "--namespace")
_HEADING = "Tools and runs"
"""The heading of the commands that look for a name where they are typed."""
_ABOUT_A_CLUSTER = ("doctor", "drift", "install", "purge", "status", "sync")
_ABOUT_AN_ENVIRONMENT = ("add", "set", "upgrade", "remove", "share", "explain", "history", "diff", "render")
"""Those that look for a tool in the config repository."""
_KUBECTL_VERBS = ("auth", "cluster-info", "create", "describe", "edit", "get", "logs", "replace", "wait")
"""Those of kubectl's own that are shown; each says its namespace, where it has one."""

_typed: list[tuple[str, str]] = []
_words: list[str] = []


def remember(arguments: "Sequence[str]") -> None:
    """What was typed: where the commands that are shown from now on are to work."""
    given = line.read(arguments).given
    _words[:] = arguments
    _typed[:] = [(name, value) for name in _OF_NAMES for value in given.get(name, ())]


def words_typed() -> list[str]:
    """The command line that was typed, without the program's name."""
    return list(_words)


def typeable(command: str) -> str:
    """A command without secrets: what is hidden is for the reader to fill in, as ``***`` cannot be typed."""
    from kubectl_rapt.guard import secrets

    return secrets.redact(command, has_references=True).replace(secrets.HIDDEN, shell.BLANK)


def here(text: str) -> str:
    """A text for a person, with its commands as they are to be typed here."""
    if "kubectl " not in text:
        return text
    return "\n".join(_line(one) for one in text.split("\n"))


def _line(text: str) -> str:
    program = helping.program(os.environ)

    def one(found: "re.Match[str]") -> str:
        rest = text[found.end() :].partition("kubectl")[0]  # as far as the next command
        if found["verb"]:
            return f"{found[0]}{_flags(rest, _OF_KUBECTL)}"
        name = found["name"] or ""
        return f"{program}{name}{_flags(rest, _wanted(name.strip()))}"

    return _commands().sub(one, text)


def _wanted(name: str) -> "Sequence[str]":
    """The flags of what was typed that a command of that name needs, too."""
    if name == "purge":
        return _OF_KUBECTL
    if name in _ABOUT_A_CLUSTER:
        return _OF_CLUSTERS
    if name in _ABOUT_AN_ENVIRONMENT:
        return ("--in",)
    return _OF_NAMES if name else ()


def _flags(rest: str, wanted: "Sequence[str]") -> str:
    """The flags that a command needs besides those that it has."""
    from kubectl_rapt.guard import secrets

    found = ""
    if line.HELP[-1] in rest.split():
        return found
    for name, value in _typed:
        # What was typed in the wrong place is not shown. Without the flag, the command would act somewhere else.
        shown = shell.BLANK if secrets.redact(value) != value else shell.quoted(value)
        short = "-n" if name == "--namespace" else name
        says_already = {name, short}
        if name == "--namespace":
            says_already |= {"-A", "--all-namespaces", "--in"}  # these say what namespaces, too
        if name in ("--as", "--as-group"):
            says_already |= {"impersonate"}  # whether somebody may, is asked as that one
        if name in wanted and not re.search(rf"(^| )({'|'.join(says_already)})(?![a-z-])", rest):
            found += f" {short} {shown}"
    return found


@cache
def _commands() -> "re.Pattern[str]":
    """What begins a command: the program, and its words where they look into a cluster; or kubectl, and its verb."""
    names = [name for name, command in words.COMMANDS.items() if command.heading == _HEADING]
    names += [*_ABOUT_A_CLUSTER, *_ABOUT_AN_ENVIRONMENT]
    longest_first = "|".join(sorted(names, key=len, reverse=True))
    ours = rf"{helping.THROUGH_KUBECTL}(?P<name> ({longest_first})(?![a-z-]))?"
    return re.compile(rf"{ours}|kubectl (?P<verb>{'|'.join(_KUBECTL_VERBS)})(?![a-z-])")
