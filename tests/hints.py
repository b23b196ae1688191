"""Types every command that an answer shows, in the place where it was shown: each must work, or say something new.

A command that is shown is one that people copy. It may be refused, for somebody else may have to act first, but not
for the reason that was given before it, and not because it is no command at all.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from kubectl_rapt.cli import line
from tests.killing import Ended

Types = Callable[[Sequence[str]], Ended]
"""Types the words behind ``kubectl rapt``, in the place where the answer came from."""

_PROGRAMS = ("kubectl rapt", "kubectl-rapt")
_LABELLED = re.compile(r"^\s*(?:error: |note: )?(?:[a-z][a-z ]*: +|Try: )(kubectl[ -]rapt(?: .*)?)$")
"""A line that is a command and what it is for: people copy it to its end."""
_IN_A_SENTENCE = re.compile(r"(?<![\w`/-])(kubectl[ -]rapt(?: [^;,()`]*)?)")
_ERROR = re.compile(r"^error: (.*)$", re.MULTILINE)
_BLANK = "…"
"""What only the reader knows: it is for them to fill it in."""
_FRAGMENT = re.compile(r"^  (?:try|or): -", re.MULTILINE)
_CODE = re.compile(r"^  see: kubectl[ -]rapt help errors (\S+)", re.MULTILINE)
_NO_COMMAND = ("bad-flag", "no-command", "no-flag")
"""What is said of words that are no command of ours."""
_MOST_STEPS = 6

_NEVER = ("attach", "completion", "dev down", "dev up", "dev run", "shell", "debug", "install", "purge")
"""What asks a terminal, carries a run on, or changes the machine or the cluster for everybody: it is typed to see what
it would do, if it can say so, and is not typed otherwise."""
_FOLLOWS = {"--follow", "-f", "--watch", "-w"}


def shown(text: str) -> list[str]:
    """The commands of ours in an answer, each as it would be copied; those that lead to a page are not among them."""
    found = []
    for one in text.splitlines():
        whole = _LABELLED.match(one)
        commands = [whole[1]] if whole else [hit[1] for hit in _IN_A_SENTENCE.finditer(one)]
        found += [command.strip() for command in commands if " help errors " not in f"{command} "]
    return list(dict.fromkeys(found))


def harmless(command: str) -> list[str] | None:
    """The words behind the program's name, so that they change nothing and end; None where they cannot be.

    Raises:
        ValueError: A shell would not take it.
    """
    typed = shlex.split(command)
    return _harmless(typed[2:] if typed[0] == "kubectl" else typed[1:])


def _harmless(typed: list[str]) -> list[str] | None:
    read = line.read(typed)
    if read.wants_help:
        return typed
    flags = {one.name for one in read.flags()}
    end = typed.index("--") if "--" in typed else len(typed)
    kept = [word for word in typed[:end] if word not in _FOLLOWS] + typed[end:]
    end -= len(typed) - len(kept)
    if "--dry-run" in flags:
        if "--dry-run" not in read.given:
            kept[end:end] = ["--dry-run"]
        return kept
    if read.command in _NEVER:
        return None
    if "--timeout" in flags and "--timeout" not in read.given:
        kept[end:end] = ["--timeout", "1s"]
    return kept


def doubled(text: str) -> list[str]:
    """The lines of a refusal that repeat what its first line, or another finding, has told."""
    first, *findings = _said_in(text).split("\n")
    told = [(*parts, "")[:2] for one in findings if (parts := re.split(r" {2,}", one.strip(), maxsplit=1))]
    again = [
        f"{where}  {what}"
        for where, what in told
        if (what or where) in first
        or (what and what.startswith(f"{where} "))
        or told.count((where, what)) > 1
    ]
    return again + [one for one in findings if one.startswith("    ")]  # a finding that is about nothing


@dataclass
class Hints:
    """Follows what answers show, each chain of them until something works or says nothing more.

    Args:
        types: How a command is typed.
        is_known: The commands that were typed already, by the words and what led to them.
    """

    types: Types
    is_known: set[tuple[str, str]] = field(default_factory=set)

    def follow(self, typed: Sequence[str], ended: Ended) -> None:
        """Type what an answer shows, and what is shown then.

        Raises:
            AssertionError: A command that was shown does not work, or leads in a circle.
        """
        assert not (twice := doubled(ended.stderr)), f"told twice: {twice}\n{ended}"
        for steps in self._steps(list(typed), ended, [_said(ended)]):
            raise AssertionError("\n".join(["what is shown does not work when it is copied:", *steps]))

    def _steps(self, typed: list[str], ended: Ended, said: list[str]) -> Iterator[list[str]]:
        if len(said) > _MOST_STEPS:
            yield [f"{len(said)} refusals one after the other: {said}"]
            return
        if _FRAGMENT.search(ended.stderr):
            yield [f"$ kubectl rapt {shlex.join(typed)}", str(ended), "shows a flag without its command"]
        for command in shown(ended.stderr):
            if (command, said[-1]) in self.is_known:
                continue
            self.is_known.add((command, said[-1]))
            about = [f"$ kubectl rapt {shlex.join(typed)}", str(ended), f"$ {command}"]
            try:
                words_then = harmless(command)
            except ValueError as error:
                yield [*about, f"no shell takes it: {error}"]
                continue
            if words_then is None or _is_same(words_then, typed):
                continue  # it is to be repeated when something else was done, or has ended
            then = self.types(words_then)
            told = _said(then)
            if then.exit_code in (0, 1, 124) and not told:
                continue
            if _is_no_command(then) or (told in said and _BLANK not in command):
                yield [*about, str(then)]
            elif told and told not in said:
                for steps in self._steps(words_then, then, [*said, told]):
                    yield [*about, *steps]


def _is_same(one: list[str], other: list[str]) -> bool:
    """Whether two commands are one, but for what has them only show what they would do, or end soon."""
    kept, given = (
        [word for word in words if not word.startswith(("--dry-run", "--timeout", "1s"))]
        for words in (one, other)
    )
    return kept == given


def _said(ended: Ended) -> str:
    """What was refused, and why, with each problem; empty where nothing was."""
    return _said_in(ended.stderr)


def _said_in(text: str) -> str:
    found = _ERROR.search(text)
    return text[found.start(1) :].partition("\n  try: ")[0] if found else ""


def _is_no_command(ended: Ended) -> bool:
    code = _CODE.search(ended.stderr)
    return code is not None and (
        code[1] in _NO_COMMAND or _said(ended).startswith(("too many arguments", "option "))
    )
