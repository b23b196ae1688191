"""The person's own settings: they steer only the command line, never what is rendered."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubectl_rapt import documents, edits
from kubectl_rapt.errors import Invalid, NotFound, Problem
from kubectl_rapt.model import names, shell


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person has set.

    Args:
        repository: Address of the config repository; empty where there is none yet.
        environment: The environment to use where none is named.
        contexts: Environment to kube context, each person's own mapping.
        forges: Host of a forge's API to the environment variable that holds the token for it.
    """

    repository: str = ""
    environment: str = ""
    contexts: Mapping[str, str] = field(default_factory=dict)
    forges: Mapping[str, str] = field(default_factory=dict)


TEXTS = ("repository", "environment")
VARIABLES = {"repository": "RAPT_REPOSITORY", "environment": "RAPT_ENVIRONMENT"}
"""The environment variable that is stronger than each setting of the file."""
MAPPINGS = {
    "contexts": "a mapping of names",
    "forges": "a mapping of hosts to names of environment variables, such as RAPT_FORGE_TOKEN",
}
"""The settings that have several values, and what each is."""
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
_HOST = re.compile(r"([a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def _editing(source: str) -> str:
    return f'"${{EDITOR:-vi}}" {shell.word(source)}'


def read(text: str, source: str, environ: Mapping[str, str]) -> Settings:
    """Weigh the settings file and the ``RAPT_*`` variables; a variable is stronger.

    Args:
        text: The file's content, YAML or JSON; empty where there is no file.
        source: Its path, for messages.
        environ: The process's environment.

    Raises:
        Invalid: The file is broken: every problem at once.
    """
    data: Any = documents.load(text, source) if text.strip() else {}
    if not isinstance(data, dict):
        raise Invalid("bad-settings", f"{source} is not a mapping of settings", _editing(source))
    problems = []
    for key, value in data.items():
        if key in MAPPINGS:
            is_right = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
            is_right = is_right and (key != "forges" or all(map(is_variable, value.values())))
        elif key in TEXTS:
            is_right = isinstance(value, str)
        else:
            nearest = names.nearest(key, [*MAPPINGS, *TEXTS])
            problems.append(
                Problem(key, "is not a setting" + (f"; did you mean: {nearest}?" if nearest else ""))
            )
            continue
        if not is_right:
            problems.append(Problem(key, f"expects {MAPPINGS.get(key, 'a text')}"))
    if problems:
        raise Invalid("bad-settings", f"{source} has settings that are invalid", _editing(source), problems)
    settings = Settings(**data)
    return replace(
        settings,
        repository=environ.get("RAPT_REPOSITORY") or settings.repository,
        environment=environ.get("RAPT_ENVIRONMENT") or settings.environment,
    )


def spell(settings: Settings) -> str:
    """The settings as the text of their file, in JSON, which is YAML too."""
    data: dict[str, Any] = {key: getattr(settings, key) for key in TEXTS if getattr(settings, key)}
    data |= {key: dict(getattr(settings, key)) for key in MAPPINGS if getattr(settings, key)}
    return documents.dump_json(data)


def is_variable(text: str) -> bool:
    """Whether it is the name of an environment variable, and not a token that somebody wrote in its place."""
    return _VARIABLE.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether it is a host, with its port if that is not the usual one."""
    return _HOST.fullmatch(text) is not None


def environment_of(key: str) -> str:
    """The environment that a key of ``contexts`` is about; empty for another key."""
    mapping, _, name = key.partition(".")
    return name if mapping == "contexts" else ""


def host_of(key: str) -> str:
    """The host that a key of ``forges`` is about; empty for another key."""
    mapping, _, name = key.partition(".")
    return name if mapping == "forges" else ""


def values(settings: Settings) -> dict[str, str]:
    """Every setting that has a value, by its key."""
    found = {key: getattr(settings, key) for key in TEXTS if getattr(settings, key)}
    several = ((mapping, *one) for mapping in MAPPINGS for one in getattr(settings, mapping).items())
    return found | {f"{mapping}.{name}": value for mapping, name, value in several}


def put(text: str, source: str, key: str, value: str) -> str:
    """The text of a settings file with one setting changed; every other line stays as it is.

    Args:
        text: The file's content; empty where there is no file.
        source: Its path, for messages.
        key: The setting.
        value: Its new value.

    Raises:
        Invalid: The file is broken, or cannot be edited.
    """
    read(text, source, {})
    if not text.strip():
        mapping, name = _parted(key)
        return documents.dump_json({mapping: {name: value}} if name else {key: value})
    return edits.put(text, _pointer(key), value, source)


def drop(text: str, source: str, key: str) -> str:
    """The text of a settings file without one setting.

    Raises:
        NotFound: ``not-set``: it has no such setting.
        Invalid: The file is broken, or cannot be edited.
    """
    there = values(read(text, source, {}))
    if key not in there:
        near = names.nearest(key, there)
        hint = f"kubectl rapt config unset {shell.word(near)}" if near else "kubectl rapt config view"
        raise NotFound("not-set", f"{key} is not set in {source}", hint)
    return edits.remove(text, _pointer(key), source)


def _pointer(key: str) -> str:
    mapping, name = _parted(key)
    place = documents.join_pointer("", mapping)
    return documents.join_pointer(place, name) if name else place


def _parted(key: str) -> tuple[str, str]:
    """A setting of several values and which of them; the key itself and nothing where it has one."""
    mapping, _, name = key.partition(".")
    return (mapping, name) if mapping in MAPPINGS and name else (key, "")
