"""The help of every command, from what they say of themselves in ``words``: no command is imported for it."""

import os
import sys

from kubectl_rapt.cli import letters, words
from kubectl_rapt.cli import line as lines

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kubectl_rapt.cli.wording import Flag

THROUGH_KUBECTL, ALONE = "kubectl rapt", "kubectl-rapt"
_WIDEST, _NARROWEST = 80, 40
_MOST_INDENT = 36


def program(environ: "Mapping[str, str]") -> str:
    """What a person typed to come here: ``kubectl rapt``, or ``kubectl-rapt``.

    kubectl replaces itself by a plugin, with the same arguments, environment and parent that the plugin has when it is
    called alone. What differs is ``_``, in which bash and zsh name the program that they started; where another shell
    does not, it is called as the documentation does.
    """
    return ALONE if environ.get("_", "").rpartition("/")[2] == ALONE else THROUGH_KUBECTL


def asked(arguments: "Sequence[str]") -> str | None:
    """The command whose help is asked for, empty for that of all; None where something else is asked."""
    if not arguments:
        return ""
    line = lines.read(arguments)
    return line.command if line.wants_help and line.is_known else None


def width(environ: "Mapping[str, str]") -> int:
    """How wide a page may be: as the terminal, at most 80."""
    given = environ.get("COLUMNS", "")
    if given.isdigit() and int(given):
        found = int(given)
    else:
        try:
            found = os.get_terminal_size(1).columns or _WIDEST
        except OSError:
            found = _WIDEST
    return max(_NARROWEST, min(found, _WIDEST))


def here(command: str) -> str:
    """The help of a command, as it suits this terminal."""
    is_plain = letters.are_plain(os.environ, sys.stdout.encoding or "")
    return page(command, program(os.environ), width(os.environ), is_plain=is_plain)


def page(command: str, program: str, width: int, *, is_plain: bool = False) -> str:
    """The help of a command, or of all where it is empty; without the last line's end."""
    spelled = letters.plain if is_plain else str
    told = _all(program, width) if not command else _one(command, program, width, spelled)
    return "\n".join(told)


def _all(program: str, width: int) -> "Iterator[str]":
    yield from _wrapped(f"Usage: {program} COMMAND [flags]; each has its own with --help", width, "", 7)
    by_heading: dict[str, list[str]] = {}
    for name in lines.below(""):
        by_heading.setdefault(words.COMMANDS[name].heading, []).append(name)
    for heading, names in by_heading.items():
        yield from ("", heading)
        rare = [name for name in names if words.COMMANDS[name].is_rare]
        rows = [(name, words.COMMANDS[name].summary) for name in names if name not in rare]
        yield from _rows([*rows, *([("and", ", ".join(rare))] if rare else [])], width, 12)


def _one(name: str, program: str, width: int, spelled: "Callable[[str], str]") -> "Iterator[str]":
    command, verbs = words.COMMANDS[name], lines.below(name)
    arguments = [f"[{'|'.join(verbs)}]"] if verbs else [spelled(one) for one, _ in command.arguments]
    yield from _wrapped(" ".join([program, name, *arguments, "[flags]"]), width, "Usage: ", 7)
    yield ""
    yield from _wrapped(spelled(command.text), width, "", 0)
    yield ""
    yield from _wrapped(command.example.replace(THROUGH_KUBECTL, program, 1), width, "Example: ", 9)
    if verbs:
        rows = [(verb, words.COMMANDS[f"{name} {verb}"].summary) for verb in verbs]
        yield from ("", "Commands", *_rows(rows, width))
    flags, shared = (
        [(spelled(_written(one)), spelled(one.text)) for one in every]
        for every in (command.flags, words.SHARED)
    )
    explained = [(spelled(one), spelled(text)) for one, text in command.arguments if text]
    indent = _indent([*explained, *flags, *shared], width)
    for heading, rows in (("Arguments", explained), ("Flags", flags), ("Flags of every command", shared)):
        if rows:
            yield from ("", heading, *_rows(rows, width, indent))


def _written(flag: "Flag") -> str:
    return f"{', '.join(flag.names)} {flag.value}".rstrip()


def _indent(rows: "Sequence[tuple[str, str]]", width: int) -> int:
    """Where the second column begins: where the fewest lines come of it."""
    most = min(_MOST_INDENT, width // 2)
    possible = sorted({min(len(first) + 4, most) for first, _ in rows}, reverse=True)
    return min(possible, key=lambda indent: sum(1 for _ in _rows(rows, width, indent)), default=most)


def _rows(rows: "Sequence[tuple[str, str]]", width: int, indent: int = 0) -> "Iterator[str]":
    """Two columns; a first one that is too long has its line alone."""
    indent = indent or _indent(rows, width)
    for first, second in rows:
        if len(first) + 3 > indent:
            yield from _wrapped(first, width, "  ", 4)
            start = " " * indent
        else:
            start = f"  {first}".ljust(indent)
        yield from _wrapped(second, width, start, indent)


def _wrapped(text: str, width: int, start: str, indent: int) -> "Iterator[str]":
    """A text in lines of at most so many columns, where its words are not longer."""
    line = start
    is_empty = True
    for word in text.split():
        if not is_empty and len(line) + 1 + len(word) > width:
            yield line.rstrip()
            line, is_empty = " " * indent, True
        line += word if is_empty else f" {word}"
        is_empty = False
    if not is_empty or line.strip():
        yield line.rstrip()
