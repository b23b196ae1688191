"""What of ``rapt.yaml`` decides what a tool has, and how two versions of the file differ in that."""

from collections.abc import Mapping
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.config import layout
from kubectl_rapt.errors import RaptError
from kubectl_rapt.objects import fields
from kubectl_rapt.objects.fields import Difference

_OF_REVIEWS = ("cluster", "review", "reconcile")
"""What an environment says of its cluster, its changes and its passes, and not of its tools."""


def differences(
    before: bytes | None, after: bytes | None, environment: str, registry: str
) -> tuple[Difference, ...]:
    """What another version of ``rapt.yaml`` says otherwise of the tools of an environment.

    Args:
        before: The older version; None where there was none.
        after: The newer version.
        environment: The environment's name.
        registry: The address of the registry that the tool's template comes from.

    Returns:
        The fields; none where one of the versions cannot be read.
    """
    try:
        was, now = (documents.load(one or b"{}", layout.PROJECT) for one in (before, after))
        wanted = _names(was, environment, registry) | _names(now, environment, registry)
        return fields.differences(_chosen(was, wanted), _chosen(now, wanted))
    except (RaptError, AttributeError, TypeError):
        return ()


def _names(data: Mapping[str, Any], environment: str, registry: str) -> set[tuple[str, str]]:
    """Section and name of what a tool has to do with."""
    own = (data.get("environments") or {}).get(environment) or {}
    known = (data.get("registries") or {}).items()
    return {
        ("environments", environment),
        ("profiles", own.get("profile", "")),
        *(("registries", name) for name, one in known if registry and (one or {}).get("url") == registry),
    }


def _chosen(data: Mapping[str, Any], wanted: set[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {name: data.get(name) or {} for name in ("answers", "policies")}
    for section, name in sorted(wanted):
        one = (data.get(section) or {}).get(name) or {}
        left_out = _OF_REVIEWS if section == "environments" else ()
        found.setdefault(section, {})[name] = {
            key: value for key, value in one.items() if key not in left_out
        }
    return found
