"""Which templates Rapt reads: an allow-list on Jinja's syntax tree.

Nothing is executed here. What passes is text, ``{{ output }}``, ``if``, ``for`` and ``set``, over names that
are known in every branch, with a fixed set of filters. All else is an error with its line and its fix.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, TemplateSyntaxError, nodes

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.templating.parameters import REFERENCES, RESERVED, Parameter

MAX_NODES = 10_000
MAX_DEPTH = 60
MAX_LOOP_DEPTH = 4
_MOST_PROBLEMS = 50
_LONGEST = 500
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

FILTERS: Mapping[str, tuple[int, int]] = {
    "default": (1, 1),
    "length": (0, 0),
    "lower": (0, 0),
    "upper": (0, 0),
    "trim": (0, 0),
    "replace": (2, 2),
    "join": (0, 1),
    "first": (0, 0),
    "last": (0, 0),
    "sort": (0, 0),
    "unique": (0, 0),
    "int": (0, 0),
    "string": (0, 0),
    "list": (0, 0),
    "split": (0, 1),
}
"""The filters, and how many arguments each takes: least and most."""

LOOP_FIELDS = ("index", "index0", "first", "last", "length", "revindex")

_ALLOWED = (
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Add,
    nodes.Sub,
    nodes.Neg,
    nodes.Pos,
    nodes.Concat,
    nodes.List,
)
_NAMES_OF_NODES: Mapping[type[nodes.Node], str] = {
    nodes.Macro: "{% macro %}",
    nodes.CallBlock: "{% call %}",
    nodes.Include: "{% include %}",
    nodes.Import: "{% import %}",
    nodes.FromImport: "{% from %}",
    nodes.Extends: "{% extends %}",
    nodes.Block: "{% block %}",
    nodes.FilterBlock: "{% filter %}",
    nodes.AssignBlock: "{% set %} with a body",
    nodes.With: "{% with %}",
    nodes.Scope: "{% autoescape %}",
    nodes.Mul: "the operator *",
    nodes.Div: "the operator /",
    nodes.FloorDiv: "the operator //",
    nodes.Mod: "the operator %",
    nodes.Pow: "the operator **",
    nodes.Slice: "a slice",
    nodes.Tuple: "a tuple",
    nodes.Test: "an `is` test",
    nodes.NSRef: "an attribute",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a template: the line of its file (from 1), what, and what to write instead."""

    line: int
    what: str
    fix: str = ""


def report(file: str, findings: Sequence[Finding]) -> Invalid:
    """The error for one or more findings: the first as message and hint, all of them as problems."""
    ordered = sorted(findings, key=lambda finding: finding.line)
    first = ordered[0]
    more = f" (and {len(ordered) - 1} more)" if len(ordered) > 1 else ""
    problems = [
        Problem(f"{file}:{one.line}", _cut(one.what) + (f"; {_cut(one.fix)}" if one.fix else ""))
        for one in ordered[:_MOST_PROBLEMS]
    ]
    return Invalid(
        "bad-template", f"{file}:{first.line}: {_cut(first.what)}{more}", _cut(first.fix), problems
    )


def _cut(text: str) -> str:
    """One line that no terminal obeys, of limited length."""
    text = _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def parse(
    environment: Environment, source: str, parameters: Sequence[Parameter], file: str
) -> nodes.Template:
    """Parse a template and hold it against the allow-list.

    Args:
        environment: The Jinja environment, for its lexer and parser only.
        source: The template's text.
        parameters: What the template may name.
        file: The template's file, for messages.

    Returns:
        Jinja's syntax tree.

    Raises:
        Invalid: With every finding, each with its line and its fix.
    """
    documents.check_text(source, file)
    try:
        if look_alikes := [] if source.isascii() else _look_alikes(environment, source):
            raise report(file, look_alikes)
        tree = environment.parse(source)
    except TemplateSyntaxError as error:
        finding = Finding(error.lineno, f"not a Jinja template: {error.message}")
        raise report(file, [finding]) from None
    except (RecursionError, MemoryError):
        raise report(file, [too_complex()]) from None
    except ValueError as error:
        raise report(file, [Finding(1, f"not a Jinja template: {error}")]) from None
    if _is_too_complex(tree):
        raise report(file, [too_complex()])
    checker = _Checker(parameters)
    checker.check(tree)
    if checker.findings:
        raise report(file, checker.findings)
    return tree


def _look_alikes(environment: Environment, source: str) -> list[Finding]:
    """Names, numbers and spaces of the template language that are not ASCII.

    Python takes a full-width letter for the usual one, and digits of every script for digits: what people read would
    not be what is compiled.
    """
    return [
        Finding(line, f"{value} is not ASCII, and readers take it for something else", _ASCII)
        for line, kind, value in environment.lex(source)
        if kind not in _FREE_TEXT and not value.isascii()
    ]


_ASCII = "outside of quotes, write names, numbers and spaces inside {{ }} and {% %} in ASCII"
_FREE_TEXT = frozenset(("data", "string", "comment", "linecomment"))


def too_complex() -> Finding:
    """What is said of a template that is too much for parser or compiler."""
    return Finding(1, "the template holds too much Jinja, or nests it too deeply", "split the tool")


def _is_too_complex(tree: nodes.Node) -> bool:
    """Whether walking the tree by recursion would be unwise. This walk uses none."""
    count, level = 0, [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.iter_child_nodes()]
        count += len(level)
        if not level or count > MAX_NODES:
            return bool(level)
    return True


class _Checker:
    """One walk over a syntax tree: findings, and the names that are known for certain at each place."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.findings: list[Finding] = []
        self.parameters = {parameter.name: parameter for parameter in parameters}

    def check(self, tree: nodes.Template) -> None:
        self._body(tree.body, {"range", *self.parameters}, loops=0)
        used = {node.name for node in tree.find_all(nodes.Name)}
        for name, parameter in self.parameters.items():
            if parameter.at == "run" and name not in used:
                self._add(tree, f"the run-time parameter {name} is never used", f"write {_whole(name)}")

    def _add(self, node: nodes.Node, what: str, fix: str = "") -> None:
        self.findings.append(Finding(_line(node), what, fix))

    def _body(self, body: Sequence[nodes.Node], known: set[str], loops: int) -> set[str]:
        """Check statements in order; give back the names that are known after them."""
        for node in body:
            if isinstance(node, nodes.Output):
                for child in node.nodes:
                    if not isinstance(child, nodes.TemplateData) and self._run_time(child) is None:
                        self._expression(child, known, loops)
            elif isinstance(node, nodes.If):
                known = self._if(node, known, loops)
            elif isinstance(node, nodes.For):
                self._for(node, known, loops)
            elif isinstance(node, nodes.Assign):
                self._expression(node.node, known, loops)
                known = self._declare(node.target, known, loops)
            else:
                what = _NAMES_OF_NODES.get(type(node), f"{{% {type(node).__name__.lower()} %}}")
                self._add(node, f"{what} may not stand in a template", "use text, {{ … }}, if, for and set")
        return known

    def _if(self, node: nodes.If, known: set[str], loops: int) -> set[str]:
        self._expression(node.test, known, loops)
        ends = [self._body(node.body, set(known), loops)]
        for branch in node.elif_:
            self._expression(branch.test, known, loops)
            ends.append(self._body(branch.body, set(known), loops))
        ends.append(self._body(node.else_, set(known), loops))
        return set.intersection(*ends)

    def _for(self, node: nodes.For, known: set[str], loops: int) -> None:
        if node.recursive:
            self._add(node, "a recursive for may not stand in a template", "write the loops one in another")
        if loops >= MAX_LOOP_DEPTH:
            self._add(node, f"loops may be nested {MAX_LOOP_DEPTH} deep")
        self._expression(node.iter, known, loops)
        inner = self._declare(node.target, known, 0)
        if node.test is not None:
            self._expression(node.test, inner, loops)
        # What is set inside a loop ends with each turn: setting an outer name there never does what it says.
        self._body(node.body, inner, loops + 1)
        self._body(node.else_, set(known), loops)

    def _declare(self, target: nodes.Node, known: set[str], loops: int) -> set[str]:
        if not isinstance(target, nodes.Name):
            self._add(target, "only a single name can be set", "{% set name = … %}, {% for name in … %}")
            return known
        name = target.name
        if name in self.parameters:
            self._add(target, f"{name} is a parameter and cannot be set", "choose another name")
        elif name in RESERVED or name.startswith("_"):
            self._add(target, f"{name} cannot be used as a name", "choose another name")
        elif loops and name in known:
            fix = "decide it before the loop, or use another name inside"
            self._add(target, f"setting {name} inside a loop ends with each turn of the loop", fix)
        return known | {name}

    def _run_time(self, node: nodes.Node) -> Parameter | None:
        parameter = self.parameters.get(node.name) if isinstance(node, nodes.Name) else None
        return parameter if parameter and parameter.at == "run" else None

    def _expression(self, node: nodes.Node, known: set[str], loops: int) -> None:
        if isinstance(node, nodes.Name):
            self._name(node, known, loops)
            return
        if isinstance(node, nodes.Const):
            self._constant(node)
        elif isinstance(node, nodes.Getattr):
            self._attribute(node, known, loops)
            return
        elif isinstance(node, nodes.Call):
            self._call(node)
            for argument in node.args:
                self._expression(argument, known, loops)
            return
        elif isinstance(node, nodes.Filter):
            self._filter(node)
            for part in (node.node, *node.args):
                if part is not None:
                    self._expression(part, known, loops)
            return
        elif isinstance(node, nodes.Dict):
            seen: set[object] = set()
            for pair in node.items:
                if isinstance(pair.key, nodes.Const) and pair.key.value in seen:
                    self._add(
                        pair, f"the key {pair.key.value!r} of a map is given twice", "remove one of them"
                    )
                seen.add(pair.key.value if isinstance(pair.key, nodes.Const) else pair)
                if not isinstance(pair.key, nodes.Const) or not isinstance(pair.key.value, str):
                    self._add(pair, "the keys of a map must be constant text", '{"key": value}')
                self._expression(pair.key, known, loops)
                self._expression(pair.value, known, loops)
            return
        elif isinstance(node, nodes.Getitem):
            if isinstance(node.arg, nodes.Slice) or (
                isinstance(node.arg, nodes.Const) and type(node.arg.value) is not int
            ):
                self._add(node, "only whole numbers select an item of a list", "list[0]")
                self._expression(node.node, known, loops)
                return
        elif isinstance(node, nodes.CondExpr):
            if node.expr2 is None:
                self._add(node, "a conditional expression needs its else", "{{ a if condition else b }}")
        elif not isinstance(node, _ALLOWED):
            what = _NAMES_OF_NODES.get(type(node), type(node).__name__)
            self._add(node, f"{what} may not stand in a template", _fix_for(node))
        for child in node.iter_child_nodes():
            self._expression(child, known, loops)

    def _name(self, node: nodes.Name, known: set[str], loops: int) -> None:
        name = node.name
        if self._run_time(node):
            what = f"{name} is set at each run: it may only stand alone, as {_whole(name)}"
            fix = f"give {_whole(name)} to an environment variable and use that, or make it `at: install`"
            self._add(node, what, fix)
        elif name == "loop":
            self._add(node, "loop has only the fields " + ", ".join(LOOP_FIELDS), "{{ loop.index }}")
        elif name == "range":
            self._add(node, "range can only be called", "{% for i in range(3) %}")
        elif name not in known:
            others = ", ".join(sorted(known - {"range"}))
            self._add(
                node, f"{name} is not known here", f"known are: {others}" if others else "declare it first"
            )

    def _constant(self, node: nodes.Const) -> None:
        value = node.value
        if isinstance(value, str) and "$(" in value:
            what = "$( in an expression would not be a reference: the $ of values is doubled"
            self._add(node, what, "write $(NAME) in the text of the template, outside {{ }}")
        elif isinstance(value, float) and not math.isfinite(value):
            self._add(node, "numbers must be finite")
        elif type(value) is int and abs(value) > documents.MAX_INTEGER:
            self._add(node, "whole numbers must be at most 2^53")

    def _attribute(self, node: nodes.Getattr, known: set[str], loops: int) -> None:
        owner = node.node.name if isinstance(node.node, nodes.Name) else ""
        parameter = self.parameters.get(owner)
        if owner == "loop":
            if not loops:
                self._add(node, "loop is only known inside a for")
            elif node.attr not in LOOP_FIELDS:
                self._add(node, f"loop has no {node.attr} here", "loop has " + ", ".join(LOOP_FIELDS))
        elif parameter and parameter.type in REFERENCES:
            fields = ("name",) if parameter.type == "volumeRef" else ("name", "key")
            if node.attr not in fields:
                fix = " or ".join(f"{owner}.{field}" for field in fields)
                self._add(node, f"a {parameter.type} has no {node.attr}", fix)
        else:
            self._add(
                node, f".{node.attr} may not stand in a template", "only loop and references have fields"
            )
            self._expression(node.node, known, loops)

    def _call(self, node: nodes.Call) -> None:
        if not isinstance(node.node, nodes.Name) or node.node.name != "range":
            self._add(node, "only range(…) can be called in a template", "use a filter: {{ name | lower }}")
        elif _has_named(node) or not 1 <= len(node.args) <= 3:
            self._add(node, "range takes one to three whole numbers", "range(3)")

    def _filter(self, node: nodes.Filter) -> None:
        if node.name not in FILTERS:
            self._add(node, f"no filter {node.name}", "available: " + ", ".join(FILTERS))
            return
        least, most = FILTERS[node.name]
        if _has_named(node):
            self._add(node, f"the filter {node.name} takes its arguments by position", "| join(', ')")
        elif not least <= len(node.args) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            self._add(node, f"the filter {node.name} takes {wanted} arguments, not {len(node.args)}")


def _has_named(node: nodes.Call | nodes.Filter) -> bool:
    return bool(node.kwargs) or node.dyn_args is not None or node.dyn_kwargs is not None


def _line(node: nodes.Node) -> int:
    """A node's line; nodes that Jinja makes itself have none, but what is in them does."""
    while not node.lineno and (inside := next(node.iter_child_nodes(), None)):
        node = inside
    return node.lineno or 1


def _whole(name: str) -> str:
    return f"{{{{ {name} }}}}"


def _fix_for(node: nodes.Node) -> str:
    if isinstance(node, nodes.Test):
        return "compare with == or use `if name`"
    if isinstance(node, nodes.Slice | nodes.Tuple):
        return "use a list: [a, b]"
    return "use + and - for numbers, ~ for text"
