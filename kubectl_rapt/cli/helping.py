"""The help of every command, from what they say of themselves in ``words``: no command is imported for it."""

import os
import sys

from kubectl_rapt.cli import letters, verbs, words
from kubectl_rapt.cli import line as lines

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kubectl_rapt.cli.wording import Flag

FLAGS = "flags"
"""What ``help`` is asked for, to explain the flags of every command."""
_TOLD = ("--in", "--namespace")
"""The flags of every command that each page explains; the others are named."""
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


def flags(width: int) -> str:
    """The flags of every command."""
    return "\n".join(_rows([(_written(one), one.text) for one in words.SHARED], width))


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
    command, inside = words.COMMANDS[name], lines.below(name)
    arguments = [f"[{'|'.join(inside)}]"] if inside else [spelled(one) for one, _ in command.arguments]
    yield from _wrapped(" ".join([program, name, *arguments, "[flags]"]), width, "Usage: ", 7)
    yield ""
    yield from _wrapped(spelled(command.text), width, "", 0)
    yield ""
    yield from _wrapped(command.example.replace(THROUGH_KUBECTL, program, 1), width, "Example: ", 9)
    if inside:
        rows = [(verb, words.COMMANDS[f"{name} {verb}"].summary) for verb in inside]
        yield from ("", "Commands", *_rows(rows, width))
    flags = [(spelled(_written(one)), spelled(one.text)) for one in command.flags]
    shared = [(spelled(_written(one)), spelled(one.text)) for one in words.SHARED if one.name in _TOLD]
    explained = [(spelled(one), spelled(text)) for one, text in command.arguments if text]
    indent = _indent([*explained, *flags, *shared], width)
    every = f"Flags of every command ({program} help {FLAGS})"
    for heading, rows in (("Arguments", explained), ("Flags", flags), (every, shared)):
        if rows:
            yield from ("", *_wrapped(heading, width, "", 0), *_rows(rows, width, indent))
    others = ", ".join(one.name for one in words.SHARED if one.name not in _TOLD)
    yield from _wrapped(others, width, "  ", 2)
    for question, verbs_with_texts in verbs.of(name):
        told = [(verb, spelled(text)) for verb, text in verbs_with_texts]
        yield from ("", question, *_rows(told, width, max(len(verb) for verb, _ in told) + 4))


def _written(flag: "Flag") -> str:
    pair = f"{', '.join(flag.names)} {flag.value}".rstrip()
    return f"{pair} | {flag.opposite}" if flag.opposite else pair


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
