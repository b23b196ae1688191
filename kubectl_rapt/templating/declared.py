"""Parameters and rules as ``template.yaml`` and a Tool write them: read strictly, and written back."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.model import names
from kubectl_rapt.model.fields import Fields, Findings, shown
from kubectl_rapt.objects import predecessor
from kubectl_rapt.templating import parameters
from kubectl_rapt.templating.parameters import Parameter, Rule


def to_data(parameter: Parameter) -> dict[str, Any]:
    """The parameter as it stands in ``template.yaml`` and in a Tool: only what is not the default."""
    data = {}
    for field in fields(parameter):
        value = getattr(parameter, field.name)
        if value != field.default:
            data[_KEYS.get(field.name, field.name)] = list(value) if isinstance(value, tuple) else value
    return data


_KEYS = {"renamed_from": "renamedFrom"}


def from_data(data: Any, where: str, *, any_name: bool = False) -> Parameter:
    """Read one parameter, strictly.

    Args:
        data: What ``to_data`` writes.
        where: The JSON pointer of the data in its document.
        any_name: Whether it may be called what the predecessor's arguments may.

    Raises:
        Invalid: ``bad-parameter``, with a problem for each wrong key; their ``where`` are JSON pointers.
    """
    findings: Findings = []
    parameter = read(Fields(data, where, findings), any_name=any_name)
    if findings:
        raise Invalid(
            "bad-parameter",
            f"the parameter {parameter.name or where} is invalid",
            "kubectl rapt schema template",
            problems=[Problem(*finding) for finding in findings],
        )
    return parameter


def at_run(items: Sequence[Mapping[str, Any]], *, any_name: bool = False) -> list[Parameter]:
    """The run-time parameters of a Tool.

    Args:
        items: Its ``spec.parameters``.
        any_name: Whether they may be called what the predecessor's arguments may.

    Raises:
        Invalid: ``bad-parameter``.
    """
    if what := too_many_patterns(items):
        raise Invalid("bad-parameter", f"the tool {what}", "render the tool again")
    return [
        from_data({**one, "at": "run"}, f"parameters[{index}]", any_name=any_name)
        for index, one in enumerate(items)
    ]


def too_many_patterns(items: Iterable[Any]) -> str:
    """Why parameters, as data, are not read: each pattern costs time; empty where they are."""
    found = [str(one["pattern"]) for one in items if isinstance(one, Mapping) and one.get("pattern")]
    most = parameters.MAX_PATTERNS
    if len(found) > most:
        return f"has {len(found)} patterns; at most {most} are read"
    length, most = sum(map(len, found)), parameters.MAX_PATTERNS_TOGETHER
    return f"has patterns of {length} characters together; at most {most} are read" if length > most else ""


def read(at: Fields, *, any_name: bool = False) -> Parameter:
    """Read one parameter and note all that is wrong with it; it may be used only where nothing was."""
    name = at.text("name", required=True)
    if any_name and predecessor.NAME.fullmatch(name):
        pass
    elif name and not parameters.NAME.fullmatch(name):
        at.wrong(
            "name",
            f"a name is letters and digits, at most 63, the first a small letter; was given {shown(name)}",
        )
    elif name in parameters.RESERVED:
        at.wrong("name", f"{name} is a word of the template language")
    kind: Any = at.choice("type", parameters.TYPES, required=True)
    when: Any = at.choice("at", ("install", "run"), "install")
    parameter = Parameter(
        name=name,
        type=kind,
        description=at.text("description"),
        at=when,
        default=at.value("default"),
        required=at.flag("required", True),
        choices=at.texts("choices"),
        pattern=at.text("pattern"),
        minimum=at.value("minimum"),
        maximum=at.value("maximum"),
        prefixes=at.texts("prefixes"),
        example=at.value("example"),
        code=at.flag("code"),
        renamed_from=at.texts("renamedFrom"),
    )
    for earlier in parameter.renamed_from:
        if not parameters.NAME.fullmatch(earlier):
            at.wrong("renamedFrom", f"expected names that it had before, was given {shown(earlier)}")
    at.done()
    if kind:
        _check_definition(parameter, at)
    return parameter


_TAKES = {
    "choices": ("choice", "image"),
    "pattern": ("string", "list"),
    "minimum": ("integer", "number", "string", "list"),
    "maximum": ("integer", "number", "string", "list"),
    "prefixes": ("image",),
    "code": ("string", "list"),
}


def _check_definition(parameter: Parameter, at: Fields) -> None:
    """Note what cannot be together in one parameter."""
    sound = True

    def wrong(key: str, what: str) -> None:
        nonlocal sound
        sound = False
        at.wrong(key, what)

    kind = parameter.type
    for key, kinds in _TAKES.items():
        if key in at and kind not in kinds:
            wrong(key, f"belongs to {' and '.join(kinds)}, not to {kind}")
    for key in ("minimum", "maximum"):
        bound = getattr(parameter, key)
        is_whole = kind != "number"
        if bound is not None and not parameters.is_of_type("integer" if is_whole else "number", bound):
            wrong(key, f"expected {'an integer' if is_whole else 'a number'}, was given {shown(bound)}")
    bounds = (parameter.minimum, parameter.maximum)
    if sound and None not in bounds and bounds[0] > bounds[1]:  # type: ignore[operator]  # neither is None
        wrong("minimum", "is greater than maximum")
    if kind == "choice" and not parameter.choices:
        wrong("choices", "is missing: a choice lists what may be chosen")
    if len(set(parameter.choices)) < len(parameter.choices):
        wrong("choices", "names the same choice twice")
    for prefix in parameter.prefixes:
        if not re.fullmatch(parameters.IMAGE_NAME, prefix.removesuffix("/")):
            wrong("prefixes", f"expected the beginning of an image's name, was given {shown(prefix)}")
    if parameter.pattern:
        try:
            parameters.matcher(parameter.pattern)
        except ValueError as error:
            wrong("pattern", str(error))
    if parameter.at == "run" and kind in parameters.REFERENCES:
        wrong("at", "a reference is fixed at install: leave at out")
    if parameter.at == "run" and kind == "image" and not (parameter.choices or parameter.prefixes):
        wrong("at", "an image that may be set at each run needs choices or prefixes")
    if kind in parameters.REFERENCES and parameter.default is not None:
        wrong("default", "a reference has no default: it is an answer of each installation")
    without_example = replace(parameter, example=None)
    for key in ("default", "example"):
        value = getattr(parameter, key)
        if sound and value is not None:
            try:
                parameters.value_of(without_example, value)
            except ValueError as error:
                at.wrong(key, str(error))


def read_rule(at: Fields, asked: Sequence[Parameter]) -> Rule | None:
    """Read one rule and note what is wrong; one of:

    ``requires: {if: a, then: [b, c]}``: where a is set, so are b and c; ``exclusive: [a, b]``: at most one is
    set; ``anyOf: [a, b]``: at least one is.

    Args:
        at: The rule.
        asked: Those it may speak of.
    """
    known = [parameter.name for parameter in asked]
    kinds = [key for key in ("requires", "exclusive", "anyOf") if key in at]
    if at.is_mapping and len(kinds) != 1:
        at.wrong("", "a rule is one of: requires, exclusive, anyOf")
        return None
    rule = None
    for kind in kinds:
        inner = at.fields(kind) if kind == "requires" else at
        key = "then" if kind == "requires" else kind
        rule = Rule(
            kind,  # type: ignore[arg-type]  # it is one of these keys
            inner.texts(key),
            inner.text("if", required=True) if kind == "requires" else "",
        )
        for name in rule.all_names:
            if name not in known:
                at_key = "if" if name == rule.when else key
                inner.wrong(at_key, f"{shown(name)} is not a parameter{names.did_you_mean(name, known)}")
        least = 1 if kind == "requires" else 2
        if len(set(rule.all_names)) < len(rule.all_names) or len(rule.names) < least:
            inner.wrong(key, f"expected {least} or more names of parameters, each once")
        if inner is not at:
            inner.done()
    at.done()
    return rule
