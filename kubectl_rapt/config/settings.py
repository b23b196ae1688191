"""The person's own settings: they steer only the command line, never what is rendered."""

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
    """

    repository: str = ""
    environment: str = ""
    contexts: Mapping[str, str] = field(default_factory=dict)


TEXTS = ("repository", "environment")
VARIABLES = {"repository": "RAPT_REPOSITORY", "environment": "RAPT_ENVIRONMENT"}
"""The environment variable that is stronger than each setting of the file."""
_CONTEXTS = "contexts."


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
        raise Invalid("bad-settings", f"{source} is not a mapping of settings", f"edit {source}")
    problems = []
    for key, value in data.items():
        if key == "contexts":
            is_right = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        elif key in TEXTS:
            is_right = isinstance(value, str)
        else:
            nearest = names.nearest(key, ["contexts", *TEXTS])
            problems.append(
                Problem(key, "is not a setting" + (f"; did you mean: {nearest}?" if nearest else ""))
            )
            continue
        if not is_right:
            problems.append(
                Problem(key, "expects " + ("a mapping of names" if key == "contexts" else "a text"))
            )
    if problems:
        raise Invalid("bad-settings", f"{source} has settings that are not right", f"edit {source}", problems)
    settings = Settings(**data)
    return replace(
        settings,
        repository=environ.get("RAPT_REPOSITORY") or settings.repository,
        environment=environ.get("RAPT_ENVIRONMENT") or settings.environment,
    )


def spell(settings: Settings) -> str:
    """The settings as the text of their file, in JSON, which is YAML too."""
    data: dict[str, Any] = {key: getattr(settings, key) for key in TEXTS if getattr(settings, key)}
    if settings.contexts:
        data["contexts"] = dict(settings.contexts)
    return documents.dump_json(data)


def environment_of(key: str) -> str:
    """The environment that a key of ``contexts`` is about; empty for another key."""
    return key.removeprefix(_CONTEXTS) if key.startswith(_CONTEXTS) else ""


def values(settings: Settings) -> dict[str, str]:
    """Every setting that has a value, by its key."""
    found = {key: getattr(settings, key) for key in TEXTS if getattr(settings, key)}
    return found | {f"{_CONTEXTS}{name}": context for name, context in settings.contexts.items()}


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
        name = environment_of(key)
        return documents.dump_json({"contexts": {name: value}} if name else {key: value})
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
    name = environment_of(key)
    return documents.join_pointer("/contexts", name) if name else documents.join_pointer("", key)
