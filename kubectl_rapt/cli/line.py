"""A command line as far as it is typed, understood by the commands' words alone: nothing of a command is imported.

Its module brings nothing in either: help and completion are measured against a program that starts in no time.
"""

from kubectl_rapt.cli import words

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kubectl_rapt.cli.wording import Flag

HELP = ("-h", "--help")
_BARE = {"--dry-run": ("none", "client", "server")}
"""Flags whose value may be left out, and then the next word is none of these."""


class Line:
    """What was typed so far.

    Attributes:
        command: The command's name in the table: ``changes show``; empty where none is named yet.
        arguments: What was given to it, in order.
        given: The values of each flag, by its longest name. One that takes none has the empty text, or its opposite's
            name if that was typed.
        awaits: The flag whose value comes next.
        is_literal: Whether ``--`` has come: no word is a flag any more.
        wants_help: Whether help was asked for; what comes after that is not looked at.
        is_known: Whether every word so far is one that the command takes.
    """

    def __init__(self) -> None:
        self.command = ""
        self.arguments: list[str] = []
        self.given: dict[str, list[str]] = {}
        self.awaits: Flag | None = None
        self.is_literal = self.wants_help = False
        self.is_known = True

    def last(self, name: str) -> str:
        """The last value of a flag; empty where it was not given."""
        return (self.given.get(name) or [""])[-1]

    def flags(self) -> "tuple[Flag, ...]":
        """The flags that the command takes here."""
        own = words.COMMANDS[self.command].flags if self.command else ()
        return (*own, *words.SHARED)

    def given_otherwise(self) -> "tuple[Flag, list[str]] | None":
        """A flag that may be given once and was given several values, and these; None if there is none."""
        for flag in self.flags():
            values = list(dict.fromkeys(self.given.get(flag.name, ())))
            if len(values) > 1 and not flag.may_repeat:
                return flag, values
        return None

    def _note(self, flag: "Flag", value: str) -> None:
        self.given.setdefault(flag.name, []).append(value)


def below(group: str) -> list[str]:
    """The names of a group's commands; of the root where it is empty."""
    start = f"{group} " if group else ""
    inside = [name[len(start) :] for name in words.COMMANDS if name.startswith(start)]
    return [name for name in inside if " " not in name]


def read(typed: "Sequence[str]") -> Line:
    """Understand the words after the program's name."""
    line = Line()
    for word in typed:
        if line.awaits is not None:
            flag, line.awaits = line.awaits, None
            bare = _BARE.get(flag.name)
            line._note(flag, word if not bare or word in bare else "")
            if not bare or word in bare:
                continue
        if line.is_literal or not word.startswith("-") or word == "-":
            _take(line, word)
        elif word == "--":
            line.is_literal = True
        elif word in HELP:
            line.wants_help = True
            return line
        else:
            _take_flag(line, word, by_name(line.flags()))
    return line


def _take(line: Line, word: str) -> None:
    path = f"{line.command} {word}".lstrip()
    if not line.arguments and not line.is_literal and path in words.COMMANDS:
        line.command = path
    else:
        line.arguments.append(word)
        line.is_known = line.is_known and not below(line.command)  # a group takes commands alone


def by_name(flags: "Sequence[Flag]") -> "Mapping[str, Flag]":
    """Each flag by each of its names."""
    return {name: flag for flag in flags for name in flag.spellings}


def _take_flag(line: Line, word: str, known: "Mapping[str, Flag]") -> None:
    name, equals, value = word.partition("=")
    flag = known.get(name)
    if flag is None and not word.startswith("--"):
        _take_letters(line, word[1:], known)
    elif flag is None or (equals and not flag.value):
        line.is_known = False
    elif flag.value and not equals:
        line.awaits = flag
    else:
        line._note(flag, name if name == flag.opposite else value)


def _take_letters(line: Line, letters: str, known: "Mapping[str, Flag]") -> None:
    """Short flags in one word: ``-nteam``, ``-Ay``."""
    for index, letter in enumerate(letters):
        flag = known.get(f"-{letter}")
        if flag is None:
            line.is_known = False
            return
        if flag.value:
            if index + 1 < len(letters):
                line._note(flag, letters[index + 1 :])
            else:
                line.awaits = flag
            return
        line._note(flag, "")
