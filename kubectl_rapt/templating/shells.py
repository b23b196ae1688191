"""Keeping values out of shells' code and out of options: a lint for honest authors, no wall against others.

A shell's options and its script are literal text of the template; values reach a script as environment
variables or as arguments after it (``"$URL"``, ``"$1"``), where no shell reads them as code.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.errors import Problem
from kubectl_rapt.model.fields import shown
from kubectl_rapt.templating.parameters import Parameter

HINT = (
    'give the value to an environment variable and write "$NAME" in the script, '
    "or put a literal -- before it; `code: true` on the parameter lifts this"
)

_SHELLS = frozenset(
    ("sh", "ash", "bash", "csh", "dash", "fish", "ksh", "mksh", "tcsh", "zsh", "pwsh", "powershell")
)
_OPTIONS_WITH_VALUE = re.compile(r"[-+][a-zA-Z]*o|--rcfile|--init-file|-[Ff]ile|-[Ww]orking[Dd]irectory")
_COMMAND_OPTION = re.compile(r"-[a-zA-Z]*c[a-zA-Z]*|--command|-[Cc]ommand")


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a container's command line.

    Args:
        pointer: Where it stands.
        text: What it is; empty where it is all the arguments of a run.
        is_value: Whether it comes from a value, and not from the template's text.
        is_code: Whether it is the value of a parameter that says ``code: true``.
        is_list: Whether it stands for any number of words.
    """

    pointer: str
    text: str
    is_value: bool
    is_code: bool
    is_list: bool = False


def check(job: Mapping[str, Any], origins: Mapping[str, Parameter | None]) -> list[Problem]:
    """Look for values that a shell would read as code, or a program as an option.

    Args:
        job: ``{metadata, spec}`` of a Job that fits the schema.
        origins: The JSON pointer of each value that is not text of the template, with the parameter whose
            unmodified value it is, or None.

    Returns:
        The problems, each with its JSON pointer.
    """
    problems: list[Problem] = []
    pod = job["spec"]["template"]["spec"]
    for containers in ("containers", "initContainers"):
        for index, container in enumerate(pod.get(containers) or ()):
            words = list(_words(container, f"/spec/template/spec/{containers}/{index}", origins))
            problems += _options(words)
            problems += _scripts(words, container)
    return problems


def _words(
    container: Mapping[str, Any], here: str, origins: Mapping[str, Parameter | None]
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
            yield _Word(pointer, text, pointer in origins, parameter is not None and parameter.code)


def _options(words: Sequence[_Word]) -> Iterator[Problem]:
    """Values that a program would read as its options."""
    for word in words:
        if word.text == "--" and not word.is_value:
            return
        if word.is_value and not word.is_code and word.text.startswith("-"):
            yield Problem(word.pointer, f"the value {shown(word.text)} would be read as an option")


def _scripts(words: Sequence[_Word], container: Mapping[str, Any]) -> Iterator[Problem]:
    """Values in shells' options and scripts, and references that Kubernetes would expand in scripts."""
    at = 0
    while at < len(words):
        at += 1
        if is_shell(words[at - 1].text):
            script, takes_command = _find_script(words, at)
            for word in words[at : script + 1]:
                if word.is_value and not word.is_code:
                    yield Problem(word.pointer, "a value would be read as the code or the options of a shell")
                    return
            if takes_command and script < len(words):
                yield from _references(words[script], container)
            # After the script of -c comes the name that the shell goes by, often a shell's.
            at = script + (2 if takes_command else 1)


def _find_script(words: Sequence[_Word], at: int) -> tuple[int, bool]:
    """The index of the script or its file after a shell's options, and whether it is a script (``-c``)."""
    takes_command = takes_value = False
    while at < len(words) and not words[at].is_list:
        text = words[at].text
        if takes_value:
            takes_value = False
        elif text == "--":
            return at + 1, takes_command
        elif len(text) > 1 and text[0] in "-+":
            takes_command = takes_command or _COMMAND_OPTION.fullmatch(text) is not None
            takes_value = _OPTIONS_WITH_VALUE.fullmatch(text) is not None
        else:
            break
        at += 1
    return at, takes_command


def _references(word: _Word, container: Mapping[str, Any]) -> Iterator[Problem]:
    names = {variable["name"] for variable in container.get("env") or ()}
    for name in variables(word.text):
        if name in names or container.get("envFrom"):
            fix = f'write "${name}"' if name in names else f"write $$({name}) if the shell is meant to run it"
            yield Problem(word.pointer, f"Kubernetes would paste $({name}) into the script: {fix}")


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


def is_shell(text: str) -> bool:
    """Whether a word of a command line names a shell."""
    return text.rpartition("/")[2] in _SHELLS
