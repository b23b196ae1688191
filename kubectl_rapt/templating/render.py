"""Rendering: a template and answers become a Job, by the rules that keep values from ever becoming text.

Compiling is the slow part and is done once; one ``Compiled`` renders many Jobs. Templates are hostile input:
outside tests both happen in the limited child of ``adapters/sandbox.py``.
"""

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid
from kubectl_rapt.model.fields import shown
from kubectl_rapt.templating import syntax
from kubectl_rapt.templating.job import AtRun, Begun, Builder, Marked, Parsed, Rendered, Tokens
from kubectl_rapt.templating.parameters import Parameter
from kubectl_rapt.templating.syntax import Finding

MAX_TEXT = 1024 * 1024
"""The most characters that a template may render, and that one text inside it may have."""
MAX_ITEMS = 1000
"""The most items of a list that an expression makes."""

_MAX_PARSED = 16
"""How many different texts of one template are kept parsed."""

_INTEGER = re.compile("-?(0|[1-9][0-9]*)")
_OPTION = re.compile("--?[A-Za-z][-A-Za-z0-9_.]*=")
_TOKENS = " tokens"
"""The key of a render's values in its context: no name of a template can be this."""


class _WrongError(Exception):
    """A mistake of the template or its answers that shows only while rendering."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class _Reference:
    """The value of a parameter that names a Secret, ConfigMap or claim: only its fields can be read."""

    __slots__ = ("fields",)

    def __init__(self, parameter: Parameter, value: Mapping[str, str]) -> None:
        self.fields = {key: _marked(text, parameter) for key, text in value.items()}


def _marked(text: str, parameter: Parameter) -> Marked:
    marked = Marked(text)
    marked.parameter = parameter
    return marked


class _CodeGenerator(CodeGenerator):
    """Jinja's own, with three changes: line numbers for text, ``~`` by our rule, ``for`` over lists only."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802 - jinja2's name
        for child in node.nodes:
            self.newline(child)
            super().visit_Output(nodes.Output([child], lineno=child.lineno), frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - jinja2's name
        self.write("environment.concatenate((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        first = node.nodes[0]
        is_option = isinstance(first, nodes.Const) and _OPTION.fullmatch(str(first.value))
        self.write(f"), {bool(is_option)})")

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - jinja2's name
        items = nodes.EnvironmentAttribute("items", lineno=node.lineno)
        node.iter = nodes.Call(items, [node.iter], [], None, None, lineno=node.lineno)
        super().visit_For(node, frame)


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox that templates run in: our filters, ``range``, and only the listed attributes."""

    code_generator_class = _CodeGenerator
    intercepted_binops = frozenset(("+", "-"))

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=StrictUndefined,
            finalize=_finalize,
            optimized=False,
            autoescape=False,
            cache_size=0,
        )
        self.filters = dict(_FILTERS)
        self.tests = {}
        self.globals = {"range": _range}

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if _is_number(left) and _is_number(right):
            return left + right if operator == "+" else left - right
        if operator == "+" and isinstance(left, list) and isinstance(right, list):
            return _limited([*left, *right])
        fix = "join text with ~" if isinstance(left, str) or isinstance(right, str) else ""
        raise _WrongError(f"{operator} takes numbers{' or lists' if operator == '+' else ''}", fix)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext) and attribute in syntax.LOOP_FIELDS:
            return getattr(obj, attribute)
        if isinstance(obj, _Reference):
            if attribute in obj.fields:
                return obj.fields[attribute]
            raise _WrongError(f"the reference has no {attribute}", f"answer it with a {attribute}")
        raise _WrongError("the reference has no answer", "write `if` around it")

    def getitem(self, obj: Any, argument: Any) -> Any:
        if not isinstance(obj, list) or type(argument) is not int:
            raise _WrongError("only lists have items, by whole numbers")
        if not -len(obj) <= argument < len(obj):
            raise _WrongError(f"a list of {len(obj)} has no item {argument}")
        return obj[argument]

    @staticmethod
    def concatenate(parts: Sequence[Any], is_option: bool) -> str:
        """The ``~`` operator; an option that the template itself begins stays that option whatever is joined."""
        text = _join(list(parts), "")
        return Begun(text) if is_option else text

    @staticmethod
    def items(value: Any) -> list[Any]:
        """What ``for`` goes through."""
        if not isinstance(value, list):
            raise _WrongError(f"for goes through lists and range(…), not {_kind(value)}")
        return value


@pass_context
def _finalize(context: Context, value: Any) -> str:
    """What an output becomes in the text: a token, never the value."""
    tokens: Tokens = context.parent[_TOKENS]
    return tokens.add(value if isinstance(value, AtRun) else _data(value))


def _data(value: Any) -> Any:
    """A value as JSON data of plain types; marked text keeps its mark."""
    if isinstance(value, str):
        if what := documents.not_a_text(value):
            raise _WrongError(what)
        return value if isinstance(value, Marked | Begun) else str(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > documents.MAX_INTEGER:
            raise _WrongError("whole numbers must be at most 2^53")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _WrongError("numbers must be finite")
        return value
    if isinstance(value, list):
        return [_data(item) for item in value]
    if isinstance(value, dict):
        return {key: _data(item) for key, item in value.items()}
    if isinstance(value, _Reference):
        return dict(value.fields)
    if value is None or isinstance(value, Undefined):
        raise _WrongError("it has no value", "write `| default(…)`, or `if` around it")
    raise _WrongError(f"{_kind(value)} is not a value")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    words = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a map"}
    if value is None or isinstance(value, Undefined):
        return "nothing"
    return "text" if isinstance(value, str) else words.get(type(value), "this")


def _joinable(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > documents.MAX_INTEGER:
            raise _WrongError("whole numbers must be at most 2^53")
        return str(value)
    fix = "write `| default(…)`, or `if` around it" if value is None else ""
    raise _WrongError(
        f"text can be joined with text, whole numbers and booleans, not with {_kind(value)}", fix
    )


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _WrongError(f"the filter {name} takes text, not {_kind(value)}")
    return str(value)


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _WrongError(f"the filter {name} takes a list, not {_kind(value)}")
    return value


def _limited(items: list[Any]) -> list[Any]:
    if len(items) > MAX_ITEMS:
        raise _WrongError(f"a list may have {MAX_ITEMS} items")
    return items


def _short(length: int) -> None:
    if length > MAX_TEXT:
        raise _WrongError(f"a text may have {MAX_TEXT} characters")


def _range(*bounds: Any) -> list[int]:
    if any(type(bound) is not int for bound in bounds):
        raise _WrongError("range takes whole numbers")
    if bounds[2:] == (0,):
        raise _WrongError("the step of a range must not be 0")
    numbers = range(*bounds)
    if len(numbers) > MAX_ITEMS:
        raise _WrongError(f"a range may have {MAX_ITEMS} numbers")
    return list(numbers)


def _default(value: Any, instead: Any) -> Any:
    return instead if value is None or isinstance(value, Undefined) else value


def _length(value: Any) -> int:
    if not isinstance(value, list | str):
        raise _WrongError(f"the filter length takes a list or text, not {_kind(value)}")
    return len(value)


def _replace(value: Any, old: Any, new: Any) -> str:
    text, old, new = _string(value, "replace"), _string(old, "replace"), _string(new, "replace")
    if not old:
        raise _WrongError("the filter replace needs something to look for")
    _short(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def _join(items: Any, separator: Any = "") -> str:
    parts = [_joinable(item) for item in _list(items, "join")]
    between = _string(separator, "join")
    _short(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _end(index: int, name: str) -> Callable[[Any], Any]:
    def pick(value: Any) -> Any:
        if not _list(value, name):
            raise _WrongError(f"an empty list has no {name} item")
        return value[index]

    return pick


def _sort(value: Any) -> list[Any]:
    items = _list(value, "sort")
    if not (all(isinstance(item, str) for item in items) or all(_is_number(item) for item in items)):
        raise _WrongError("the filter sort takes a list of texts, or of numbers")
    return sorted(items)


def _unique(value: Any) -> list[Any]:
    found: list[Any] = []
    for item in _list(value, "unique"):
        if not any(item == other and isinstance(item, bool) is isinstance(other, bool) for other in found):
            found.append(item)
    return found


def _int(value: Any) -> int:
    if type(value) is int:
        return value
    is_short = isinstance(value, str) and len(value) < 18
    if is_short and _INTEGER.fullmatch(value) and abs(number := int(value)) <= documents.MAX_INTEGER:
        return number
    given = shown(value) if isinstance(value, str) else _kind(value)
    raise _WrongError(f"the filter int takes a whole number or its text, not {given}")


def _split(value: Any, separator: Any = None) -> list[str]:
    text = _string(value, "split")
    if separator is not None and not _string(separator, "split"):
        raise _WrongError("the filter split needs a separator that is not empty")
    return _limited(text.split(None if separator is None else str(separator), MAX_ITEMS))


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "default": _default,
    "length": _length,
    "lower": lambda value: _string(value, "lower").lower(),
    "upper": lambda value: _string(value, "upper").upper(),
    "trim": lambda value: _string(value, "trim").strip(),
    "replace": _replace,
    "join": _join,
    "first": _end(0, "first"),
    "last": _end(-1, "last"),
    "sort": _sort,
    "unique": _unique,
    "int": _int,
    "string": _joinable,
    "list": lambda value: list(_list(value, "list")),
    "split": _split,
}


def render(
    source: str, parameters: Sequence[Parameter], answers: Mapping[str, Any], *, name: str
) -> Rendered:
    """Render a template once, in this process.

    Args:
        source: The template's text.
        parameters: All its parameters.
        answers: Values by parameter name, checked by ``parameters.check``.
        name: The template's file, for messages.

    Raises:
        Invalid: With the file, the line and what to write instead.
    """
    return compile(source, parameters, name=name).render(answers)


def compile(source: str, parameters: Sequence[Parameter], *, name: str) -> "Compiled":
    """Check a template and prepare it for rendering any number of times.

    Args:
        source: The template's text.
        parameters: All its parameters.
        name: The template's file, for messages.

    Raises:
        Invalid: With every finding: file, line, and what to write instead.
    """
    environment = _Environment()
    tree = syntax.parse(environment, source, parameters, name)
    try:
        code = environment.compile(tree, name="template", filename="<template>")
    except (SyntaxError, RecursionError, MemoryError, TemplateError):
        raise syntax.report(name, [syntax.too_complex()]) from None
    uses: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        uses.setdefault(node.name, node.lineno)
    return Compiled(Template.from_code(environment, code, environment.globals), parameters, uses, name)


class Compiled:
    """A checked template: give it answers, it gives Jobs."""

    def __init__(
        self, template: Template, parameters: Sequence[Parameter], uses: Mapping[str, int], name: str
    ) -> None:
        self._template = template
        self._parameters = tuple(parameters)
        self._uses = uses
        self._name = name
        self._prefix = Tokens(os.urandom(12).hex()).prefix
        self._parsed: dict[str, Parsed] = {}

    def render(self, answers: Mapping[str, Any]) -> Rendered:
        """One Job.

        Args:
            answers: Values by parameter name, checked by ``parameters.check``.

        Raises:
            Invalid: With the file, the line and what to write instead.
        """
        tokens = Tokens(os.urandom(12).hex())
        chunks = self._chunks(answers, tokens)
        text = "".join(chunk for _, chunk in chunks).replace(tokens.prefix, self._prefix)
        tokens.rename(self._prefix)
        try:
            parsed = self._parse(text)
        except Invalid as error:
            raise self._at_its_line(error, chunks, tokens) from None
        builder = Builder(tokens, parsed, answers)
        rendered = builder.build(self._parameters)
        if rendered is None:
            raise self._report(builder, text, chunks)
        return rendered

    def _parse(self, text: str) -> Parsed:
        """The document of a rendered text.

        Values are not in the text, so most Jobs of one template are the same text: it is parsed once.
        """
        if text not in self._parsed:
            parsed = Parsed(text, documents.load(text, self._name), self._prefix)
            if len(self._parsed) >= _MAX_PARSED:
                self._parsed.clear()
            self._parsed[text] = parsed
        return self._parsed[text]

    def _chunks(self, answers: Mapping[str, Any], tokens: Tokens) -> list[tuple[int, str]]:
        """What the template yields, each piece with the instruction of the compiled code that yielded it."""
        variables: dict[str, Any] = {_TOKENS: tokens}
        for parameter in self._parameters:
            variables[parameter.name] = _value(parameter, answers.get(parameter.name, parameter.default))
        chunks: list[tuple[int, str]] = []
        length = 0
        pieces: Any = self._template.root_render_func(self._template.new_context(variables))
        frame = pieces.gi_frame
        try:
            for piece in pieces:
                chunks.append((frame.f_lasti, piece))
                length += len(piece)
                if length > MAX_TEXT:
                    raise _WrongError(f"a template may render {MAX_TEXT} characters")
        except _WrongError as error:
            finding = Finding(self._line(error.__traceback__), error.what, error.fix)
            raise syntax.report(self._name, [finding]) from None
        except (TypeError, ValueError, TemplateError, RecursionError, MemoryError) as error:
            finding = Finding(self._line(error.__traceback__), _plain_message(error))
            raise syntax.report(self._name, [finding]) from None
        return chunks

    def _line(self, traceback: TracebackType | None) -> int:
        """The template's line at which an error left the compiled code."""
        line = 1
        while traceback:
            if traceback.tb_frame.f_code.co_filename == "<template>":
                line = self._template_line(traceback.tb_lineno)
            traceback = traceback.tb_next
        return line

    def _template_line(self, code_line: int) -> int:
        return self._template.get_corresponding_lineno(code_line)

    def _line_of_instruction(self, offset: int) -> int:
        code = self._template.root_render_func.__code__
        for start, end, line in code.co_lines():
            if start <= offset < end and line:
                return self._template_line(line)
        return 1

    def _lines(self, chunks: Sequence[tuple[int, str]]) -> list[int]:
        """The template's line of each line of the rendered text."""
        lines: list[int] = []
        current = 0
        for instruction, chunk in chunks:
            first = self._line_of_instruction(instruction)
            for offset, piece in enumerate(chunk.split("\n")):
                if offset:
                    lines.append(current or first + offset - 1)
                    current = 0
                if not current and piece.strip():
                    current = first + offset
        lines.append(current or (lines[-1] if lines else 1))
        return lines

    def _at_its_line(self, error: Invalid, chunks: Sequence[tuple[int, str]], tokens: Tokens) -> Invalid:
        """A reader's error with the template's line and without tokens."""
        lines = self._lines(chunks)
        found = re.match(re.escape(self._name) + ":([0-9]+): ", error.message)
        line = lines[min(int(found[1]), len(lines)) - 1] if found else 1
        what = error.message[found.end() :] if found else error.message.removeprefix(f"{self._name}: ")
        return syntax.report(self._name, [Finding(line, tokens.hide(what), tokens.hide(error.hint))])

    def _report(self, builder: Builder, text: str, chunks: Sequence[tuple[int, str]]) -> Invalid:
        rendered_lines = documents.load_with_lines(text, self._name)[1]
        lines = self._lines(chunks)
        findings = []
        for problem, fix in builder.problems:
            nearest = problem.where
            while nearest and nearest not in rendered_lines:
                nearest = nearest.rpartition("/")[0]
            line = lines[min(rendered_lines.get(nearest, 1), len(lines)) - 1]
            field = documents.place(problem.where, {}, "")
            findings.append(Finding(line, f"{field}: {problem.what}" if field else problem.what, fix))
        for parameter in builder.unfilled:
            what = f"the run-time parameter {parameter.name} fills nothing"
            fix = f"write {{{{ {parameter.name} }}}} where it is always rendered"
            findings.append(Finding(self._uses[parameter.name], what, fix))
        return syntax.report(self._name, findings)


def _value(parameter: Parameter, value: Any) -> Any:
    """What a template sees of a parameter."""
    if parameter.at == "run":
        return AtRun(parameter)
    if isinstance(value, str):
        return _marked(value, parameter)
    if isinstance(value, list | tuple):
        return [_marked(item, parameter) if isinstance(item, str) else item for item in value]
    if isinstance(value, Mapping):
        return _Reference(parameter, value)
    return value


def _plain_message(error: Exception) -> str:
    if isinstance(error, RecursionError | MemoryError):
        return "the template needs too much memory"
    text = str(error)
    if isinstance(error, TypeError) and "not supported between" in text:
        return "text and numbers cannot be compared"
    return text[:200]
