"""The form that the Go program gave Tools: ``spec.jobTemplate``, ``spec.arguments`` and ``spec.help``.

Its tools run unchanged. An argument is a run-time parameter that fills one word of the container's arguments, behind
``args`` and in the order of the specification; one that is optional and has no default is an empty text, so that the
others keep their places. Where such a word is a shell's code or a program's option, its author wrote it so, and the
rule that refuses this elsewhere is lifted. ``help`` and ``arguments`` are also taken inside of ``jobTemplate``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects import labels

NAME = re.compile(r"[A-Za-z0-9_][-A-Za-z0-9_.]{0,62}")
"""What an argument may be called: more than a parameter of a template, which is a variable there."""


def job(name: str, spec: Mapping[str, Any]) -> Manifest:
    """The Job that the Go program would have made, with each argument's default in its place."""
    template = _template(spec)
    defaults = [_default(one) or "" for one in _arguments(spec)]
    container = {
        "name": "tool",
        **{key: template[key] for key in ("image", "command", "env") if template.get(key)},
    }
    if words := [*_args(spec), *defaults]:
        container["args"] = words
    tool_labels = {labels.TOOL: name, labels.MANAGED_BY: "rapt"}
    return {
        "metadata": {"labels": tool_labels},
        "spec": {
            "backoffLimit": 0,
            "template": {
                "metadata": {"labels": tool_labels},
                "spec": {"restartPolicy": "Never", "containers": [container]},
            },
        },
    }


def parameters(name: str, spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its arguments as run-time parameters.

    Raises:
        Invalid: One has no name, or that of another one: every problem at once.
    """
    found: list[dict[str, Any]] = []
    problems: list[Problem] = []
    first = len(_args(spec))
    for index, one in enumerate(_arguments(spec)):
        called = one.get("name") if isinstance(one, Mapping) else None
        if not (isinstance(called, str) and NAME.fullmatch(called)):
            problems.append(Problem(f"arguments[{index}].name", "expected letters, digits, - _ and ."))
            continue
        if called in (other["name"] for other in found):
            problems.append(Problem(f"arguments[{index}].name", f"{called} is there twice"))
        default = _default(one)
        is_required = bool(one.get("required")) and default is None
        found.append(
            {
                "name": called,
                "type": "string",
                **({"description": str(one["description"])} if one.get("description") else {}),
                **({} if is_required else {"default": default or ""}),
                "code": True,
                "at": [f"/spec/template/spec/containers/0/args/{first + index}"],
            }
        )
    if problems:
        what = f'tool "{name}" has arguments that are invalid'
        raise Invalid("bad-parameter", what, f"kubectl edit tools.rapt.dev {name}", problems)
    return found


def summary(spec: Mapping[str, Any]) -> str:
    """Its help, as one line."""
    return " ".join(str(spec.get("help") or _template(spec).get("help") or "").split())


def _template(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    found = spec.get("jobTemplate")
    return found if isinstance(found, Mapping) else {}


def _args(spec: Mapping[str, Any]) -> Sequence[str]:
    return spec.get("args") or _template(spec).get("args") or ()


def _arguments(spec: Mapping[str, Any]) -> Sequence[Any]:
    return spec.get("arguments") or _template(spec).get("arguments") or ()


def _default(one: Any) -> str | None:
    """An argument's default as text; the empty text is one too."""
    value = one.get("default") if isinstance(one, Mapping) else None
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
