"""Keeping values out of shells' code and out of options: a lint for honest authors, no wall against others.

After a program that reads code from its command line, a shell above all, every word is literal text of the template
until its code or the file of it has been seen. Values reach a script as environment variables or as arguments after it
(``"$URL"``, ``"$1"``), where no shell reads them as code.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kubectl_rapt.errors import Problem
from kubectl_rapt.model.fields import shown
from kubectl_rapt.templating.parameters import Parameter

FOR_SCRIPTS = (
    'give the value to an environment variable and write "$NAME" in the script, or give it as an argument after the '
    "script; `code: true` on its parameter lifts this if it stands alone"
)
FOR_OPTIONS = (
    'put a literal -- before it, or join it to its option: {{ "--option=" ~ value }}; '
    "`code: true` on its parameter lifts this if it stands alone"
)

_NONE = "(?!)"

Found = tuple[Problem, str]
"""A problem, and what to write instead."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """A program that reads code from its command line.

    Args:
        called: Its names.
        command: The options after which the first word that is no option is code.
        plain: The options that take no word. Of all others nobody knows, and each may take one.
        file: The options after which the next word is a file of code, and the words after it are arguments.
        takes_file: Whether its first word that is no option is such a file, or code.
        takes_all: Whether every word after the code is code too.
        is_shell: Whether it is a shell.
        repeats: Whether more code may follow the first.
    """

    called: str
    command: str
    plain: str = _NONE
    file: str = _NONE
    takes_file: bool = True
    takes_all: bool = False
    is_shell: bool = True
    repeats: bool = False


_READERS = (
    _Reader(
        "sh|ash|bash|csh|dash|hush|ksh|lksh|mksh|msh|oksh|osh|pdksh|posh|rbash|rksh|rzsh|tcsh|yash|ysh|zsh",
        "[-+][a-zA-Z]*c[a-zA-Z]*",
        "[-+][abefhiklmnprstuvxBCEHP]+|--(?:login|norc|noprofile|noediting|posix|restricted|verbose)",
    ),
    _Reader(
        "fish|elvish|nu|xonsh",
        "-c|--command(?:=.*)?",
        "-[iln]|--(?:interactive|login|no-config|private)",
        repeats=True,
    ),
    _Reader(
        "pwsh|powershell|cmd",
        "(?i:[-/](?:c|co[a-z]*|cwa|e|ec|en[a-z]*|k))",
        "(?i:-(?:nologo|noninteractive|noprofile|nop|login|noexit)|/[a-z](?::.*)?)",
        "(?i:-f(?:ile)?)",
        takes_all=True,
    ),
    _Reader("su|runuser|script|sg|flock", "-[a-z]*c|--(?:session-)?command(?:=.*)?", takes_file=False),
    _Reader("env", "-[a-z]*S.*|--split-string(?:=.*)?", takes_file=False, is_shell=False),
    _Reader(
        "python|pypy|perl|ruby|node|nodejs|php|lua|luajit|bun|deno|rscript",
        "-[a-zA-Z]*[ceEprRB]|--(?:eval|print)(?:=.*)?|eval",
        "-[bdhiIOqsSuvVxnlatwT0-9]+",
        "-m",
        is_shell=False,
        repeats=True,
    ),
    _Reader("[gmn]?awk", _NONE, file="-f|--file(?:=.*)?", is_shell=False),
)


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a container's command line.

    Args:
        pointer: Where it stands.
        text: What it is; empty where it is all the arguments of a run.
        is_value: Whether it comes from a value, and not from the template's text.
        is_code: Whether it is the value of a parameter that says ``code: true``.
        is_list: Whether it stands for any number of words.
        is_begun: Whether the template begins it with an option of its own, ``--name=``.
    """

    pointer: str
    text: str
    is_value: bool
    is_code: bool
    is_list: bool = False
    is_begun: bool = False


def check(
    job: Mapping[str, Any], origins: Mapping[str, Parameter | None], begun: Collection[str] = ()
) -> list[Found]:
    """Look for values that a shell would read as code, or a program as an option.

    Args:
        job: ``{metadata, spec}`` of a Job that fits the schema.
        origins: The JSON pointer of each value that is not text of the template, with the parameter whose
            unmodified value it is, or None.
        begun: Of those, the ones that the template begins with an option of its own, ``--name=``.

    Returns:
        The problems, each with its JSON pointer and with what to write instead.
    """
    problems: list[Found] = []
    pod = job["spec"]["template"]["spec"]
    for containers in ("containers", "initContainers"):
        for index, container in enumerate(pod.get(containers) or ()):
            words = list(_words(container, f"/spec/template/spec/{containers}/{index}", origins, begun))
            found = [*_scripts(words, container)]
            named = {problem.where for problem, _ in found}
            problems += found
            problems += [one for one in _options(words) if one[0].where not in named]
    return problems


def _words(
    container: Mapping[str, Any],
    here: str,
    origins: Mapping[str, Parameter | None],
    begun: Collection[str],
) -> Iterator[_Word]:
    for field in ("command", "args"):
        all_at_once = f"{here}/{field}"
        if all_at_once in origins:
            whole = origins[all_at_once]
            is_code = whole is not None and whole.code
            for index, text in enumerate(container.get(field) or ()):
                yield _Word(f"{all_at_once}/{index}", text, True, is_code)
            yield _Word(all_at_once, "", True, is_code, is_list=True)
            continue
        for index, text in enumerate(container.get(field) or ()):
            pointer = f"{all_at_once}/{index}"
            parameter = origins.get(pointer)
            is_code = parameter is not None and parameter.code
            yield _Word(pointer, text, pointer in origins, is_code, is_begun=pointer in begun)


def _options(words: Sequence[_Word]) -> Iterator[Found]:
    """Values that a program would read as its options."""
    for word in words:
        if word.text == "--" and not word.is_value:
            return
        if word.is_value and not (word.is_code or word.is_begun) and word.text.startswith("-"):
            yield (
                Problem(word.pointer, f"the value {shown(word.text)} would be read as an option"),
                FOR_OPTIONS,
            )


def _scripts(words: Sequence[_Word], container: Mapping[str, Any]) -> Iterator[Found]:
    """Values in programs' code and before it, and references that Kubernetes would expand in code."""
    at = 0
    while at < len(words):
        at += 1
        reader = _reader(words[at - 1].text)
        last, is_code = _find_code(words, at, reader) if reader else (-1, False)
        if not reader or last < 0:
            continue
        for word in words[at : last + 1]:
            if word.is_value and not word.is_code:
                name = "a shell" if reader.is_shell else words[at - 1].text.rpartition("/")[2]
                what = f"a value would be read as the code or the options of {name}"
                yield Problem(word.pointer, what), FOR_SCRIPTS
                return
        if is_code:
            for word in words[at : last + 1]:
                yield from _references(word, container)
        at = last + 1
        # After a shell's code comes the name that it goes by, often a shell's, which reads nothing: unless the code
        # runs it, and then an option follows.
        if is_code and reader.is_shell and not _is_command(words, at):
            at += 1


def _is_command(words: Sequence[_Word], at: int) -> bool:
    """Whether a word names a reader of code, and the next says that code follows."""
    reader = _reader(words[at].text) if at + 1 < len(words) else None
    return reader is not None and _matches(reader.command, words[at + 1].text)


def _find_code(words: Sequence[_Word], at: int, reader: _Reader) -> tuple[int, bool]:
    """The last word that a program reads as its code or its options, and whether it is code and no file.

    Args:
        words: The command line.
        at: The first word after the program.
        reader: The program.

    Returns:
        The word's index, past the end where all words may be read so, -1 where none is.
    """
    is_code = may_be_value = False
    while at < len(words) and not words[at].is_list:
        text = words[at].text
        if _matches(reader.command, text):
            is_code, may_be_value = True, False
            if "=" in text:
                break
        elif _matches(reader.file, text):
            return (at if "=" in text else at + 1), False
        elif text == "--" or (text == "-" and reader.is_shell):
            if reader.takes_file or is_code:
                at += 1
                break
        elif _matches(reader.plain, text):
            may_be_value = False
        elif len(text) > 1 and text[0] in "-+":
            may_be_value = True
        elif may_be_value:
            may_be_value = False
        elif reader.takes_file or is_code:
            break
        at += 1
    if not is_code:
        return (at if reader.takes_file else -1), False
    if reader.takes_all:
        return len(words), True
    while reader.repeats and at + 2 < len(words) and _matches(reader.command, words[at + 1].text):
        at += 2
    return at, True


def _references(word: _Word, container: Mapping[str, Any]) -> Iterator[Found]:
    names = {variable["name"] for variable in container.get("env") or ()}
    for name in variables(word.text):
        if name in names or container.get("envFrom"):
            fix = f'write "${name}"' if name in names else f"write $$({name}) if the shell is meant to run it"
            yield Problem(word.pointer, f"Kubernetes would paste $({name}) into the script: {fix}"), fix


def variables(text: str) -> Iterator[str]:
    """The names that Kubernetes looks up in a text: ``$(NAME)``, where ``$$`` is a plain ``$``.

    Follows ``third_party/forked/golang/expansion/expand.go`` of Kubernetes.
    """
    at = 0
    while (at := text.find("$", at)) >= 0:
        end = text.find(")", at) if text[at + 1 : at + 2] == "(" else -1
        if end >= 0:
            yield text[at + 2 : end]
        at = end + 1 if end >= 0 else at + 2


@lru_cache(maxsize=1024)
def _reader(text: str) -> _Reader | None:
    """The program that a word of a command line names, by whatever path and in whatever version."""
    name = re.split(r"[/\\]", text)[-1] if len(text) < 200 else ""
    for reader in _READERS:
        if _matches(rf"(?:{reader.called})(?:-static)?(?:[-_.]?[0-9][0-9.]*)?(?:\.exe)?", name.lower()):
            return reader
    return None


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.DOTALL) is not None


def reads_code(text: str) -> bool:
    """Whether a word of a command line names a program that reads code from it."""
    reader = _reader(text)
    return reader is not None and reader.takes_file
