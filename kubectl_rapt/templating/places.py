"""Where run-time parameters may stand in a Job, and setting them there: what `run` does to a Tool's Job.

Pure and light: `run` needs no Jinja. Places are JSON pointers into ``{metadata, spec}`` of a Job.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid, Problem, UsageError
from kubectl_rapt.model import names
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.objects.job_places import CONTAINER, INDEX, PATTERNS, POD, Kind
from kubectl_rapt.templating import parameters, shells
from kubectl_rapt.templating.parameters import Parameter

Placed = tuple[Parameter, Sequence[str]]
"""A run-time parameter and the places that it fills."""

_COMPILED = {kind: re.compile(pattern.removesuffix("$")) for kind, pattern in PATTERNS.items()}
_EXPANDED = re.compile(f"{CONTAINER}/(?:command(?:/.*)?|args(?:/.*)?|env/{INDEX}/value)", re.DOTALL)
_SCALARS = frozenset(("string", "integer", "number", "boolean", "choice", "quantity", "duration", "image"))
_TAKES: Mapping[Kind, frozenset[str]] = {
    "value": _SCALARS,
    "argument": _SCALARS,
    "arguments": frozenset(("list",)),
    "count": frozenset(("integer",)),
    "seconds": frozenset(("duration",)),
    "amount": frozenset(("quantity",)),
    "image": frozenset(("image",)),
}
_VARIABLE_NAME = re.compile(r"[A-Za-z_][-._A-Za-z0-9]*")


@lru_cache(maxsize=4096)
def kind_of(pointer: str) -> Kind | None:
    """What kind of place a pointer names; None where no run-time parameter may stand."""
    return next((kind for kind, pattern in _COMPILED.items() if pattern.fullmatch(pointer)), None)


@lru_cache(maxsize=4096)
def is_expanded(pointer: str) -> bool:
    """Whether Kubernetes expands ``$(NAME)`` in the text at this place."""
    return _EXPANDED.fullmatch(pointer) is not None


def refusal(parameter: Parameter, pointer: str) -> tuple[str, str]:
    """Why a run-time parameter may not fill a place, and what to do instead; both empty where it may."""
    kind, name = kind_of(pointer), parameter.name
    if kind is None:
        what = (
            "run-time parameters fill environment values, arguments, resources, images, the pod's deadline, "
            "parallelism, completions and backoffLimit; nothing else"
        )
        return what, f"give {{{{ {name} }}}} to an environment variable, or make it `at: install`"
    if parameter.type not in _TAKES[kind]:
        if parameter.type == "list":
            return "a list fills all arguments, and nothing else", f"write args: {{{{ {name} }}}}"
        wanted = " or ".join(_TAKES[kind])
        return f"this takes type {wanted}, and {name} has type {parameter.type}", f"type: {wanted}"
    if kind == "image" and not parameter.choices and not parameter.prefixes:
        return f"{name} would let each run choose any image", f"give {name} choices or prefixes"
    if parameter.default is None and not parameter.required and kind not in ("value", "arguments"):
        what = f"{name} is optional and has no default, so there would be nothing to write here"
        return what, f"give {name} a default"
    return "", ""


def spelled(parameter: Parameter, pointer: str, value: Any) -> Any:
    """A run-time parameter's value as the field at a place holds it, ``$`` doubled where Kubernetes expands.

    Args:
        parameter: The parameter; it may fill the place.
        pointer: The place.
        value: Its value, as JSON data; None for none yet, which gives a neutral value of the right shape:
            empty text, no arguments, the least permitted number (at least 1), one second, ``0``,
            the first image that is permitted.

    Raises:
        Invalid: The value has another type than the parameter.
    """
    kind = kind_of(pointer)
    if value is None:
        return _placeholder(parameter, kind)
    if kind == "arguments":
        if not isinstance(value, list | tuple):
            raise _mismatch(parameter)
        return [_doubled(as_text(item)) for item in value]
    if isinstance(value, list | dict):
        raise _mismatch(parameter)
    if kind in ("value", "argument"):
        return _doubled(as_text(value))
    if kind == "count":
        if type(value) is not int:
            raise _mismatch(parameter)
        return value
    if kind == "image":
        return _image(parameter, value)
    if kind == "seconds":
        return _seconds(parameter, as_text(value))
    text = as_text(value)
    if kind == "amount" and text.startswith("-"):
        raise Invalid(
            "bad-answers", f"{parameter.name} must not be negative", "give it a quantity, such as 1Gi"
        )
    return text


def _seconds(parameter: Parameter, text: str) -> int:
    try:
        seconds = Duration.parse(text).seconds
    except ValueError as error:
        raise Invalid(
            "bad-answers", f"{parameter.name}: {error}", "give it a duration, such as 10m"
        ) from None
    if not seconds:
        raise Invalid("bad-answers", f"{parameter.name} leaves no time at all", "give it at least 1s")
    return seconds


def _image(parameter: Parameter, value: Any) -> str:
    try:
        return as_text(parameters.value_of(parameter, value))
    except ValueError as error:
        raise Invalid("bad-answers", f"{parameter.name}: {error}", "give it a permitted image") from None


def _placeholder(parameter: Parameter, kind: Kind | None) -> Any:
    if kind == "arguments":
        return []
    if kind == "count":
        return 1 if parameter.minimum is None else max(0, int(parameter.minimum))
    if kind == "seconds":
        return 1
    if kind == "amount":
        return "0"
    if kind == "image":
        first = (*parameter.choices, *parameter.prefixes)[0]
        return f"{first}unset" if first.endswith("/") else first
    return ""


def _mismatch(parameter: Parameter) -> Invalid:
    return Invalid(
        "bad-answers", f"{parameter.name} is not of type {parameter.type}", f"give it a {parameter.type}"
    )


def as_text(value: Any) -> str:
    """A scalar as text: ``true``, ``12``, ``1.5``; text as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def _doubled(text: str) -> str:
    return text.replace("$", "$$")


def check(job: Mapping[str, Any], placed: Iterable[Placed]) -> list[Problem]:
    """Hold places against rule and Job: permitted, canonical, existing, and none inside another.

    Args:
        job: ``{metadata, spec}`` of a Job.
        placed: The run-time parameters with their places.

    Returns:
        The problems, each with its JSON pointer; empty where there are none.
    """
    problems = []
    taken: dict[str, str] = {}
    for parameter, pointers in placed:
        if not pointers:
            problems.append(Problem(parameter.name, "fills no place"))
        for pointer in pointers:
            wrong = refusal(parameter, pointer)[0] or _misfit(job, pointer)
            if not wrong and pointer in taken:
                wrong = f"is filled twice: by {taken[pointer]} and by {parameter.name}"
            if wrong:
                problems.append(Problem(pointer, wrong))
            taken[pointer] = parameter.name
    for pointer in taken:
        outer = pointer.rpartition("/")[0]
        if outer in taken:
            problems.append(Problem(pointer, f"is inside {outer}, which {taken[outer]} fills"))
    return problems


def _misfit(job: Mapping[str, Any], pointer: str) -> str:
    try:
        holder, key = _holder(job, pointer)
        leaf = holder[key]
    except (KeyError, IndexError, TypeError):
        return "the Job has no such field"
    is_list = kind_of(pointer) == "arguments"
    if isinstance(leaf, list) is not is_list or isinstance(leaf, dict) or leaf is None:
        return "the Job has something else there"
    return ""


def _holder(job: Any, pointer: str) -> tuple[Any, Any]:
    """The map or list that holds the field at a pointer, and the field's key in it."""
    *path, last = documents.split_pointer(pointer)
    for part in path:
        job = job[int(part) if isinstance(job, list) else part]
    return job, int(last) if isinstance(job, list) else last


def fill(job: Mapping[str, Any], placed: Sequence[Placed], values: Mapping[str, Any]) -> dict[str, Any]:
    """Set run-time parameters in a copy of a Tool's Job.

    Numbers become text where the field is text, durations become seconds at the deadline, and each ``$`` of a
    value is doubled where Kubernetes expands. A parameter without a value leaves the Job as it is.

    Args:
        job: ``{metadata, spec}`` of the Tool's Job; it is not changed.
        placed: All run-time parameters of the Tool with their places.
        values: Values by parameter name, already checked by ``parameters.check``; None is no value.

    Returns:
        The Job to run.

    Raises:
        Invalid: ``bad-place`` where the Tool's places break the rules; ``bad-shell`` where a value would
            become an option or a shell's code; ``bad-answers`` where a value has the wrong type.
    """
    if problems := check(job, placed):
        first = f"{documents.place(problems[0].where, {}, '') or problems[0].where}: {problems[0].what}"
        raise Invalid("bad-place", f"the tool's places are wrong: {first}", "render the tool again", problems)
    filled: dict[str, Any] = _copy(job)
    origins: dict[str, Parameter | None] = {}
    for parameter, pointers in placed:
        value = values.get(parameter.name)
        for pointer in pointers:
            origins[pointer] = parameter
            if value is not None:
                holder, key = _holder(filled, pointer)
                holder[key] = spelled(parameter, pointer, value)
    _check_shells(job, filled, origins)
    return filled


def _check_shells(
    before: Mapping[str, Any], after: Mapping[str, Any], origins: Mapping[str, Parameter | None]
) -> None:
    """Refuse what values brought in; what a Tool's author wrote by hand was there before."""
    known = shells.check(before, {})
    if problems := [problem for problem in shells.check(after, origins) if problem not in known]:
        problem, fix = problems[0]
        first = f"{documents.place(problem.where, {}, '')}: {problem.what}"
        raise Invalid("bad-shell", first, fix, [one for one, _ in problems])


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list | tuple) else value


def add_env(
    job: Mapping[str, Any],
    variables: Mapping[str, str],
    *,
    is_free: bool,
    container: str = "",
    filled: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Set environment variables in a copy of a Job: what ``--env K=V`` does.

    A variable that exists is replaced where it stands, and its later duplicates are dropped; new ones follow
    by their names. ``$`` is doubled, so that values arrive as they were given.

    Args:
        job: ``{metadata, spec}`` of a Job; it is not changed.
        variables: Name to value.
        is_free: Whether names that the container does not declare may be set.
        container: The container; empty for the one called ``tool``, or the first.
        filled: Place to the run-time parameter that fills it: such a variable is set by its parameter, which
            checks the value.

    Raises:
        UsageError: No such container, no name for a variable, one that the tool does not declare, that a parameter
            fills, or that comes from a Secret or ConfigMap.
        Invalid: ``bad-shell`` where a new variable would change a shell's script.
    """
    changed: dict[str, Any] = _copy(job)
    containers = changed["spec"]["template"]["spec"]["containers"]
    target = _container(containers, container)
    at_env = f"{POD}/containers/{containers.index(target)}/env"
    origins = {
        variable["name"]: _origin(variable, (filled or {}).get(f"{at_env}/{index}/value", ""))
        for index, variable in enumerate(target.get("env") or ())
    }
    env: list[dict[str, Any]] = target.get("env") or []
    declared = [variable["name"] for variable in env]
    for name, value in sorted(variables.items()):  # the API server keeps no order of a Run's variables
        if not _VARIABLE_NAME.fullmatch(name):
            near = names.as_variable(name)
            what = f'no variable can have the name "{name}"'
            raise UsageError("bad-env", what, "write --env NAME=VALUE").meant(name, near)
        if not is_free and name not in declared:
            known = ", ".join(dict.fromkeys(declared)) or "none"
            what = f"the tool declares no variable {name}; available: {known}"
            error = UsageError("undeclared-env", what, "a template opens this with `freeEnv: true`")
            raise error.meant(name, names.nearest(name, declared) or "")
        if (origin := origins.get(name)) and not (is_free and origin[1].startswith("kubectl")):
            raise UsageError("held-env", f"the variable {name} {origin[0]}", origin[1])
        new = {"name": name, "value": _doubled(value)}
        if name in declared:
            at = declared.index(name)
            env = [*env[:at], new, *(variable for variable in env[at + 1 :] if variable["name"] != name)]
        else:
            env = [*env, new]
        declared = [variable["name"] for variable in env]
    if variables:
        target["env"] = env
    _check_shells(job, changed, {})
    return changed


def _origin(variable: Mapping[str, Any], parameter: str) -> tuple[str, str] | None:
    """Why ``--env`` does not set a variable, and what does."""
    if parameter:
        return f"is the answer {parameter}", f"--set {parameter}=…"
    for kind, called in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        if reference := (variable.get("valueFrom") or {}).get(kind):
            return (
                f"comes from {called} {reference['name']}",
                f"kubectl edit {called.lower()} {reference['name']}",
            )
    return None


def _container(containers: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    for container in containers:
        if container["name"] == (name or "tool"):
            return container
    if name:
        known = [container["name"] for container in containers]
        what = f'the tool has no container "{name}"; it has {", ".join(known)}'
        raise UsageError("no-container", what, "--help").meant(name, names.nearest(name, known) or known[0])
    return containers[0]


Keys = tuple[str, ...] | None
"""The keys of a Secret or ConfigMap that are read; None for all."""


def references(job: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Keys]]:
    """What a Job reads by name: (JSON pointer, parameter type, name, keys) of each Secret, ConfigMap and claim.

    Fields of the wrong shape are passed over: the schema speaks of them.
    """
    pod = job["spec"]["template"]["spec"]
    for containers in ("containers", "initContainers"):
        for index, container in enumerate(pod.get(containers) or ()):
            here = f"{POD}/{containers}/{index}"
            for at, variable in enumerate(container.get("env") or ()):
                source = variable.get("valueFrom") or {}
                yield from _named(source, f"{here}/env/{at}/valueFrom", _KEY_REFERENCES)
            for at, source in enumerate(container.get("envFrom") or ()):
                yield from _named(source, f"{here}/envFrom/{at}", _WHOLE_REFERENCES)
    for index, volume in enumerate(pod.get("volumes") or ()):
        yield from _named(volume, f"{POD}/volumes/{index}", _VOLUMES)


_KEY_REFERENCES = (("secretKeyRef", "name", "secretRef"), ("configMapKeyRef", "name", "configMapRef"))
_WHOLE_REFERENCES = (("secretRef", "name", "secretRef"), ("configMapRef", "name", "configMapRef"))
_VOLUMES = (
    ("secret", "secretName", "secretRef"),
    ("configMap", "name", "configMapRef"),
    ("persistentVolumeClaim", "claimName", "volumeRef"),
)


def _named(
    holder: Mapping[str, Any], pointer: str, fields: Iterable[tuple[str, str, str]]
) -> Iterator[tuple[str, str, str, Keys]]:
    for field, key, kind in fields:
        source = holder.get(field)
        if source is not None and key in source:
            read = (
                [source["key"]] if "key" in source else [one.get("key") for one in source.get("items") or ()]
            )
            yield f"{pointer}/{field}/{key}", kind, source[key], tuple(read) or None


def read_too_much(answer: Mapping[str, str], keys: Keys) -> str:
    """Why a Job may not read so much of what an answer names: the key in it is the only one; empty where it may."""
    only = answer.get("key")
    if only is None or keys == (only,) * len(keys or ()):
        return ""
    what = "all of it" if keys is None else ", ".join(sorted({*map(str, keys)} - {only}))
    return f"reads {what}, and the answer names the key {only} alone"
