"""What may come next on a command line: decided from the words alone; names of things are asked for by their kind."""

from kubectl_rapt.cli import line as lines
from kubectl_rapt.cli import words

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_rapt.cli.line import Line
    from kubectl_rapt.cli.wording import Flag

DEFAULT, NO_SPACE, NO_FILES, FOLDERS, IN_ORDER = 0, 2, 4, 16, 32
"""Cobra's directives, as https://github.com/spf13/cobra calls them: they are added up."""

ERRORS, FLAGS = "errors", "flags"
Candidate = tuple[str, str]
"""What may stand there, and a few words on it."""

_OF_REPOSITORY = ("set", "upgrade", "remove", "share", "explain", "history", "diff", "render")
_FILES = {"FILE": DEFAULT, "FILE|-": DEFAULT, "URL|PATH": DEFAULT, "DIR": FOLDERS, "FOLDER": FOLDERS}
_KINDS = {
    "CHANGE": "change",
    "CONTEXT": "context",
    "ENV": "environment",
    "ID": "change",
    "SETTING": "setting",
    "NAMESPACE": "namespace",
    "NAME=A,B": "parameter",
    "NAME=PATH": "parameter",
    "NAME=VALUE": "answer",
    "NAME[@VERSION]": "checkout",
    "RUN": "run",
    "TEMPLATE": "template",
    "TOOL": "tool",
    "TOOL|RUN|job/NAME|pod/NAME": "tool or run",
}
"""What stands where, by how it is written; a kind is one that ``candidates`` finds names of."""
_NAMES = {
    "--context": "context",
    "--from-namespace": "namespace",
    "--namespace": "namespace",
    "--cleanup": "cleanup policy",
    "--policy": "cleanup policy",
    "--retry": "retry policy",
    "--slot-as": "parameter",
    "--to-namespace": "namespace",
    "policy show": "retry policy",
    "policy simulate": "retry policy",
    "registry remove": "registry",
    "template lint": "checkout",
    "template publish": "checkout",
    "template release": "checkout",
    "template test": "checkout",
}
"""What ``NAME`` or ``POLICY`` is, by the flag or the command."""
_NOTHING = ("--container", "--keep", "--name", "--request-id", "--unset")
"""New names, and names that only the person knows."""
_WORDS = {
    "LEVEL": ("6", "8"),
    "FORMAT": ("wide", "json", "yaml", "name", "jsonpath=", "custom-columns="),
    "STATUS": ("running", "succeeded", "failed", "dead", "retrying", "cancelled"),
    "WORD": ("succeeded", "failed", "dead", "notstarted"),
}


KNOWN = frozenset((*_FILES, *_KINDS, *_WORDS, "POLICY", "VALUE"))
"""Every way of writing a value that is completed by what it means."""


class Question:
    """What is asked.

    Attributes:
        line: What stands before.
        start: What every answer begins with, such as the words of a list that are there already.
        word: What the person typed of it, with that.
        kind: The kind of the names that are to be found; empty where ``fixed`` is all.
        fixed: The answers that are known.
        directive: What the shell is to know.
    """

    def __init__(self, line: "Line", word: str) -> None:
        self.line, self.word = line, word
        self.start = self.kind = ""
        self.fixed: list[Candidate] = []
        self.directive = NO_FILES


def ask(typed: "Sequence[str]") -> Question:
    """Understand a command line whose last word, which may be empty, is to be completed."""
    *before, word = typed or [""]
    line = lines.read(before)
    found = Question(line, word)
    flag, equals, value = word.partition("=")
    if line.is_literal:
        found.directive = DEFAULT
    elif line.awaits is not None:
        _value(found, line.awaits)
    elif word.startswith("-") and equals:
        known = lines.by_name(line.flags()).get(flag)
        found.word = value  # shells put the flag before it themselves
        if known is not None and known.value:
            _value(found, known)
    elif word.startswith("-"):
        found.fixed = list(_flags(line))
    elif (verbs := lines.below(line.command)) and not line.arguments:
        found.fixed = [(verb, words.COMMANDS[f"{line.command} {verb}".lstrip()].summary) for verb in verbs]
    elif line.command == "help":
        _topic(found)
    elif not verbs:
        _argument(found)
    return found


def _topic(found: Question) -> None:
    """What there is help of: commands, and errors by their codes."""
    path = " ".join(found.line.arguments)
    if path == ERRORS:
        found.kind = "error"
    else:
        found.fixed = [
            (verb, words.COMMANDS[f"{path} {verb}".lstrip()].summary) for verb in lines.below(path)
        ]
        topics = [(FLAGS, "The flags of every command"), (ERRORS, "What an error means")]
        found.fixed += topics if not path else []


def _flags(line: "Line") -> "Iterable[Candidate]":
    for flag in line.flags():
        if flag.may_repeat or flag.name not in line.given:
            yield from ((name, flag.text) for name in flag.spellings if name.startswith("--"))
    yield "--help", "Show what it does, and its flags"


def _value(found: Question, flag: "Flag") -> None:
    if flag.name not in _NOTHING:
        _written(found, flag.value, _NAMES.get(flag.name, ""))


def _argument(found: Question) -> None:
    line = found.line
    arguments = [form for one, _ in words.COMMANDS[line.command].arguments for form in one.split(" ")]
    at = len(line.arguments)
    if at >= len(arguments):
        if not arguments or "…" not in arguments[-1]:
            return
        at = len(arguments) - 1
    form = arguments[at].strip("[]") if not arguments[at].endswith("@VERSION]") else arguments[at]
    if line.command == "set" and at:
        form = "NAME=VALUE"
    elif line.command == "config set" and at:
        is_context = line.arguments[0].startswith("contexts.")
        form = "CONTEXT" if is_context else "ENV" if line.arguments[0] == "environment" else "VALUE"
    elif line.command == "template new" or form.startswith("--"):
        return
    _written(found, form.removesuffix("…"), _NAMES.get(line.command, ""))


def _written(found: Question, form: str, name: str) -> None:
    """What stands where this is written."""
    if form.endswith(",…") and not form.startswith("NAME="):
        start, comma, _ = found.word.rpartition(",")
        found.start = start + comma
    form = form.removesuffix(",…")
    words_ = [one.removesuffix("…") for one in form.split("|")]
    if form in _WORDS or all(one.removesuffix("=").isalpha() and one.islower() for one in words_):
        given = found.start.split(",")
        found.fixed = [(found.start + one, "") for one in _WORDS.get(form, words_) if one not in given]
    elif form in _FILES:
        found.directive = _FILES[form]
    else:
        found.kind = name if form in ("NAME", "POLICY") else _KINDS.get(form, "")
        if found.kind == "tool" and found.line.command in _OF_REPOSITORY:
            found.kind = "tool of the repository"


def answer(found: Question, candidates: "Iterable[Candidate]") -> str:
    """The lines that a shell reads: what begins as was typed, each with its words, and the directive at the end."""
    fitting = [one for one in candidates if one[0].startswith(found.word)]
    is_open = fitting and all(text.endswith(("=", "@", "/")) for text, _ in fitting)
    directive = found.directive | (NO_SPACE if is_open else 0)
    told = [f"{text}\t{why}" if why else text for text, why in fitting]
    return "\n".join([*told, f":{directive}"])
