"""The corpora as data: one case a file, read by the tests here and by those that try them on a real node.

``templates/*.yaml``: a template, its answers, and the Job or the refusal that must follow.
``values/*.yaml``: a value, and whether it is carried byte for byte or refused.
``bombs/*.yaml``: texts that are small and want to become large; all are refused, in time and memory.
``definitions/*.yaml``: the text of a ``template.yaml``, and the mistake that is named.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kubectl_rapt.templating import declared
from kubectl_rapt.templating.parameters import Parameter

HERE = Path(__file__).parent
FILE = "job.yaml.j2"
_FRAME = """\
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: tool
          image: registry.example/tool:1
"""
_INDENT = " " * 10
_CONTAINER = {"name": "tool", "image": "registry.example/tool:1"}


@dataclass(frozen=True, slots=True)
class TemplateCase:
    """A template and what must become of it.

    Args:
        name: The file's name without its ending.
        says: What it shows, as a sentence.
        rule: The number of the rendering rule.
        source: The template's text.
        parameters: Its parameters.
        answers: Its answers.
        job: The expected Job; None where it is refused.
        places: The expected places of run-time parameters.
        refused: The expected message; empty where it is accepted.
        fix: The expected hint.
    """

    name: str
    says: str
    rule: int
    source: str
    parameters: tuple[Parameter, ...]
    answers: Mapping[str, Any]
    job: Mapping[str, Any] | None
    places: Mapping[str, tuple[str, ...]]
    refused: str
    fix: str


@dataclass(frozen=True, slots=True)
class ValueCase:
    """A value that someone gives to a parameter.

    Args:
        name: The file's name without its ending.
        says: What is hostile or odd about it.
        parameter: The parameter that it is given to.
        value: The value, as JSON data.
        refused: A part of the expected problem; empty where the value is carried.
        argument: A part of the expected problem where it stands as an argument without ``--`` before it; empty
            where it is carried there too.
    """

    name: str
    says: str
    parameter: Parameter
    value: Any
    refused: str
    argument: str


@dataclass(frozen=True, slots=True)
class Bomb:
    """A text that must be refused in a second and in 200 MiB.

    Args:
        name: The file's name without its ending.
        says: What it tries.
        source: The template's text.
        parameters: Its parameters.
        answers: Its answers.
        refused: A part of the expected message; empty where it depends on the YAML parser or on time.
    """

    name: str
    says: str
    source: str
    parameters: tuple[Parameter, ...]
    answers: Mapping[str, Any]
    refused: str


@dataclass(frozen=True, slots=True)
class DefinitionCase:
    """A ``template.yaml`` that is refused, quickly and in little memory.

    Args:
        name: The file's name without its ending.
        says: What it tries.
        text: The file's text.
        refused: A part of the message or of a problem.
    """

    name: str
    says: str
    text: str
    refused: str


def templates() -> Iterator[TemplateCase]:
    """All template cases, by name."""
    for name, data in _files("templates"):
        job = data.get("job")
        if "becomes" in data:
            job = {
                "spec": {
                    "template": {
                        "spec": {
                            "restartPolicy": "Never",
                            "containers": [{**_CONTAINER, **data["becomes"]}],
                        }
                    }
                }
            }
        yield TemplateCase(
            name=name,
            says=data["says"],
            rule=data["rule"],
            source=_source(data),
            parameters=_parameters(data),
            answers=data.get("answers", {}),
            job=job,
            places={key: tuple(at) for key, at in data.get("places", {}).items()},
            refused=data.get("refused", ""),
            fix=data.get("fix", ""),
        )


def values() -> Iterator[ValueCase]:
    """All value cases, by name."""
    for name, data in _files("values"):
        parameter = declared.from_data({"name": "value", "type": "string", **data.get("parameter", {})}, "")
        yield ValueCase(
            name=name,
            says=data["says"],
            parameter=parameter,
            value=_text(data["value"]),
            refused=data.get("refused", ""),
            argument=data.get("argument", ""),
        )


def bombs() -> Iterator[Bomb]:
    """All bombs, by name."""
    for name, data in _files("bombs"):
        answers = {key: _text(value) for key, value in data.get("answers", {}).items()}
        yield Bomb(name, data["says"], _source(data), _parameters(data), answers, data["refused"])


def definitions() -> Iterator[DefinitionCase]:
    """All definitions, by name."""
    for name, data in _files("definitions"):
        text = "apiVersion: rapt.dev/v1alpha1\nkind: Template\nname: t\nversion: 1.0.0\n"
        rest = str(_text(data["file"]))
        text += "" if rest.startswith("summary:") else "summary: A tool\n"
        yield DefinitionCase(name, data["says"], text + rest, data["refused"])


def _files(folder: str) -> Iterator[tuple[str, Any]]:
    for file in sorted(Path(HERE, folder).glob("*.yaml")):
        # Not our own reader: the corpora must not depend on what they test.
        yield file.stem, yaml.safe_load(file.read_text(encoding="utf-8"))


def _parameters(data: Mapping[str, Any]) -> tuple[Parameter, ...]:
    return tuple(declared.from_data(one, "") for one in data.get("parameters", ()))


def _source(data: Mapping[str, Any]) -> str:
    """The whole template, or the lines of its one container in the usual frame."""
    if "container" not in data:
        return str(_text(data["template"]))
    return framed(str(_text(data["container"])))


def framed(container: str) -> str:
    """A template that is the usual one around the lines of its one container."""
    lines = container.split("\n")
    return _FRAME + "\n".join(_INDENT + line if line else line for line in lines)


def _text(value: Any) -> Any:
    """Long texts are written as parts: ``[text, {repeat: text, times: number}, …]``."""
    if not isinstance(value, list) or not any(isinstance(part, dict) for part in value):
        return value
    return "".join(part if isinstance(part, str) else part["repeat"] * part["times"] for part in value)
