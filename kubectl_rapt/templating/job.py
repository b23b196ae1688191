"""From a rendered document with tokens to the Job: values in their places, and every rule about the result.

A value never was text: the document was parsed with one token for each value, and here a scalar that *is* a
token becomes the value. What else a token may be part of is an error.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.objects import job_schema
from kubectl_rapt.templating import places, shells
from kubectl_rapt.templating.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template renders to.

    Args:
        job: ``{metadata, spec}`` of the Job as the template wrote it (``metadata`` only where it did), with
            the answer or default of each run-time parameter, or a neutral value where there is neither.
        places: JSON pointers into ``job`` for each run-time parameter.
    """

    job: dict[str, Any]
    places: dict[str, tuple[str, ...]]


class Marked(str):
    """Text that still is the unmodified value of a parameter; every operation gives plain text again."""

    __slots__ = ("parameter",)
    parameter: Parameter


class Begun(str):
    """Text that the template begins with an option of its own, ``--name=``; every operation gives plain text again."""

    __slots__ = ()


class AtRun:
    """Stands for the value of a run-time parameter while a template renders, and refuses every operation."""

    __slots__ = ("parameter",)

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter

    def _refuse(self, *_: Any) -> Any:
        raise TypeError("a run-time parameter has no value yet")

    __str__ = __bool__ = __len__ = __iter__ = __getitem__ = __contains__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __neg__ = __pos__ = __int__ = __float__ = __index__ = _refuse


class Tokens:
    """The values of one render, each behind a token that no text can contain by chance.

    Args:
        nonce: 96 random bits as 24 hexadecimal digits, new for each render.
    """

    pattern = re.compile("qrapt[0-9a-f]{24}n[0-9]+e")
    _quoted = re.compile("([\"'])(qrapt[0-9a-f]{24}n[0-9]+e)\\1")

    def __init__(self, nonce: str) -> None:
        # No escape of YAML or JSON ends with q: after a backslash, \r or \x4, a token stays one or is an error.
        self.prefix = f"qrapt{nonce}n"
        self.values: dict[str, Any] = {}

    def add(self, value: Any) -> str:
        """Keep a value; the token that stands for it."""
        token = f"{self.prefix}{len(self.values)}e"
        self.values[token] = value
        return token

    def rename(self, prefix: str) -> None:
        """Take another prefix, as the text that holds the tokens does."""
        self.values = {
            prefix + token.removeprefix(self.prefix): value for token, value in self.values.items()
        }
        self.prefix = prefix

    @classmethod
    def quoted(cls, text: str) -> frozenset[str]:
        """The tokens that stand alone in quotes: they ask for their value as text."""
        return frozenset(token for _, token in cls._quoted.findall(text))

    def hide(self, text: str) -> str:
        """A message without tokens."""
        return self.pattern.sub("{{ … }}", text)


class Parsed:
    """A parsed document, which many Jobs may have in common.

    Args:
        text: The rendered text.
        document: What it was parsed to.
        prefix: The beginning of all its tokens.

    Attributes:
        quoted: The tokens that stand alone in quotes.
        constant: The ids of those maps and lists in it that hold no token and nothing empty.
        accepted: Of those, the ones that a Job which fits the schema had already.
    """

    def __init__(self, text: str, document: Any, prefix: str) -> None:
        self.document = document
        self.quoted = Tokens.quoted(text)
        constant: set[int] = set()
        _is_constant(document, prefix, constant)
        self.constant = frozenset(constant)
        self.accepted: frozenset[int] = frozenset()


def _is_constant(node: Any, prefix: str, found: set[int]) -> bool:
    if not isinstance(node, dict | list):
        return node is not None and not (isinstance(node, str) and prefix in node)
    parts = [*node, *node.values()] if isinstance(node, dict) else node
    is_constant = False not in [_is_constant(part, prefix, found) for part in parts]
    if is_constant:
        found.add(id(node))
    return is_constant


class Builder:
    """Builds one Job.

    What it finds wrong is in ``problems``, each with a JSON pointer and maybe a fix, and in ``unfilled``: the
    run-time parameters that fill nothing.

    Args:
        tokens: The render's values.
        parsed: What the template rendered to.
        answers: Values by parameter name.
    """

    def __init__(self, tokens: Tokens, parsed: Parsed, answers: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._parsed = parsed
        self._answers = answers
        self._origins: dict[str, Parameter | None] = {}
        self._begun: set[str] = set()
        self._placed: dict[str, tuple[Parameter, list[str]]] = {}
        self.problems: list[tuple[Problem, str]] = []
        self.unfilled: list[Parameter] = []

    def build(self, parameters: Sequence[Parameter]) -> Rendered | None:
        """The Job; None where there are problems."""
        if not isinstance(self._parsed.document, dict):
            self._add("", "the template renders no Job", "begin with apiVersion: batch/v1 and kind: Job")
            return None
        data = dict(self._put(self._parsed.document, ()))
        for key, wanted in (("apiVersion", "batch/v1"), ("kind", "Job")):
            if data.pop(key, None) != wanted or f"/{key}" in self._origins:
                self._add(f"/{key}", f"must be {wanted}", f"write {key}: {wanted}")
        for parameter in parameters:
            if parameter.at == "run" and parameter.name not in self._placed and not self.problems:
                self.unfilled.append(parameter)
        if not self.problems:
            self._check(data)
        if self.problems or self.unfilled:
            return None
        return Rendered(data, {name: tuple(pointers) for name, (_, pointers) in self._placed.items()})

    def _add(self, pointer: str, what: str, fix: str = "") -> None:
        self.problems.append((Problem(pointer, what), fix))

    def _check(self, job: dict[str, Any]) -> None:
        found = job_schema.check(job, job_schema.TEMPLATE_JOB, self._parsed.accepted)
        if found:
            self.problems += [(problem, "") for problem in found]
            return
        self._parsed.accepted = self._parsed.constant
        self.problems += [(problem, "") for problem in places.check(job, self._placed.values())]
        self.problems += shells.check(job, self._origins, self._begun)
        for pointer, kind, _, keys in places.references(job):
            parameter = self._origins.get(pointer)
            if parameter is None or parameter.type != kind:
                field = f"{{{{ {kind.removesuffix('Ref')}.name }}}}"
                fix = f"declare a parameter of type {kind} and write its name here, unmodified: {field}"
                self._add(pointer, f"takes only the name that a parameter of type {kind} gives", fix)
            elif what := places.read_too_much(self._answers.get(parameter.name) or {}, keys):
                name = parameter.name
                fix = f"write key: {{{{ {name}.key }}}} with its name, or answer {name} without a key"
                self._add(pointer.rpartition("/")[0], what, fix)
        self._check_variables(job)

    def _check_variables(self, job: dict[str, Any]) -> None:
        pod = job["spec"]["template"]["spec"]
        for containers in ("containers", "initContainers"):
            for index, container in enumerate(pod.get(containers, ())):
                names = set()
                for at, variable in enumerate(container.get("env", ())):
                    if variable["name"] in names:
                        here = f"/spec/template/spec/{containers}/{index}/env/{at}/name"
                        self._add(here, f"the variable {variable['name']} is set twice", "remove one of them")
                    names.add(variable["name"])

    def _put(self, node: Any, path: tuple[str | int, ...]) -> Any:
        """A node of the document with its values; what a loop or a condition left empty is absent."""
        if isinstance(node, str):
            return self._value(node, _pointer(path)) if self._tokens.prefix in node else node
        if id(node) in self._parsed.constant:
            return node
        if isinstance(node, dict):
            data = {}
            for key, value in node.items():
                if self._tokens.prefix in key:
                    self._add(
                        _pointer(path), "a value may not be a key", "write the key as text of the template"
                    )
                if value is not None:
                    data[key] = self._put(value, (*path, key))
            return data
        if isinstance(node, list):
            if None in node:
                at = _pointer((*path, node.index(None)))
                self._add(at, "this item is empty", "remove the dash, or write the item")
            return [self._put(item, (*path, index)) for index, item in enumerate(node)]
        return node

    def _value(self, scalar: str, pointer: str) -> Any:
        if scalar not in self._tokens.values:
            self._add(pointer, *self._joined(scalar))
            return ""
        value = self._tokens.values[scalar]
        if isinstance(value, AtRun):
            return self._at_run(value.parameter, scalar in self._parsed.quoted, pointer)
        if scalar in self._parsed.quoted:
            if isinstance(value, dict | list):
                what = f"a {'map' if isinstance(value, dict) else 'list'} cannot be text"
                self._add(pointer, what, "remove the quotes")
                return ""
            value = value if isinstance(value, str) else places.as_text(value)
        return self._plain(value, pointer)

    def _plain(self, value: Any, pointer: str) -> Any:
        """A value as plain data; where it landed is remembered, and ``$`` doubled where that matters."""
        if isinstance(value, dict):
            return {
                key: self._plain(item, documents.join_pointer(pointer, key)) for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._plain(item, f"{pointer}/{index}") for index, item in enumerate(value)]
        self._origins[pointer] = value.parameter if isinstance(value, Marked) else None
        if isinstance(value, Begun):
            self._begun.add(pointer)
        if not isinstance(value, str):
            return value
        text = str(value)
        return text.replace("$", "$$") if "$" in text and places.is_expanded(pointer) else text

    def _at_run(self, parameter: Parameter, is_quoted: bool, pointer: str) -> Any:
        self._origins[pointer] = parameter
        self._placed.setdefault(parameter.name, (parameter, []))[1].append(pointer)
        what, fix = places.refusal(parameter, pointer)
        if not what and is_quoted and places.kind_of(pointer) in ("arguments", "count", "seconds"):
            what, fix = "this takes no text", f"write {{{{ {parameter.name} }}}} without quotes"
        if not what:
            value = self._answers.get(parameter.name, parameter.default)
            try:
                return places.spelled(parameter, pointer, value)
            except Invalid as error:
                what, fix = error.message, error.hint
        self._add(pointer, what, fix)
        return ""

    def _joined(self, scalar: str) -> tuple[str, str]:
        """What is wrong with a scalar that holds a token and more, and what to write instead."""
        parts = []
        last = 0
        for found in self._tokens.pattern.finditer(scalar):
            value = self._tokens.values.get(found[0])
            name = value.parameter.name if isinstance(value, AtRun | Marked) else "…"
            if isinstance(value, AtRun):
                what = f"{name} is set at each run: it cannot be part of a longer text"
                fix = (
                    f'give {{{{ {name} }}}} to an environment variable; here use $(NAME), in a script "$NAME"'
                )
                return what, fix
            parts += [_constant(scalar[last : found.start()]), name]
            last = found.end()
        parts.append(_constant(scalar[last:]))
        joined = " ~ ".join(part for part in parts if part)
        return "a value cannot be part of a longer text", f"join them in one expression: {{{{ {joined} }}}}"


def _pointer(path: tuple[str | int, ...]) -> str:
    return "".join([f"/{part}" if _is_plain(part) else documents.join_pointer("", part) for part in path])


def _is_plain(part: str | int) -> bool:
    return isinstance(part, int) or ("/" not in part and "~" not in part)


def _constant(text: str) -> str:
    shown = text if len(text) <= 40 else text[:37] + "…"
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"' if text else ""
