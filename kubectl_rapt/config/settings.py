"""The person's own settings: they steer only the command line, never what is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.errors import Invalid, Problem
from kubectl_rapt.model import names


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


_TEXTS = ("repository", "environment")


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
        elif key in _TEXTS:
            is_right = isinstance(value, str)
        else:
            nearest = names.nearest(key, ["contexts", *_TEXTS])
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
    data: dict[str, Any] = {key: getattr(settings, key) for key in _TEXTS if getattr(settings, key)}
    if settings.contexts:
        data["contexts"] = dict(settings.contexts)
    return documents.dump_json(data)
