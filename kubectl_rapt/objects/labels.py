"""The labels and annotations by which Rapt knows its objects."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kubectl_rapt.model import names

TOOL = "rapt.dev/tool"
"""Label of everything that belongs to a tool, its Runs, Jobs and pods included: the tool's name."""
TEMPLATE = "rapt.dev/template"
"""Label: the name of the template that the tool came from."""
VERSION = "rapt.dev/version"
"""Label: that template's version, with ``_`` for ``+``."""
RUN = "rapt.dev/run"
"""Label of a run's Jobs and pods: the run's name. A Job that a CronJob made has none: its own name is the run's."""
ATTEMPT = "rapt.dev/attempt"
"""Label of a run's Jobs and pods: the attempt's number, from 1."""
UNRELEASED = "rapt.dev/unreleased"
"""Label of a run's Job, ``true`` until its Run has recorded it and lets it begin; its pods have none."""
CANCELLED = "rapt.dev/cancelled"
"""Label of a run's Job, ``true`` once its run was cancelled: nobody releases it any more."""
RELEASED = "rapt.dev/released"
"""Annotation of the Job of a cancelled run: when it was released."""
DEBUG = "rapt.dev/debug"
"""Label of a Job that is no attempt of a run: the run that somebody looks at by it."""
ENVIRONMENT = "rapt.dev/environment"
"""Label: the environment's name."""
REPOSITORY = "rapt.dev/repository"
"""Label: the ``id`` in ``rapt.yaml`` of the config repository that owns the object; ``sync`` prunes by it."""
RETRY_POLICY = "rapt.dev/retry-policy"
"""Label of what a retry policy governs: its name."""
CLEANUP_POLICY = "rapt.dev/cleanup-policy"
"""Label of what a cleanup policy governs: its name."""
POLICIES = (RETRY_POLICY, CLEANUP_POLICY)
KEEP = "rapt.dev/keep"
"""Label or annotation by which a person holds an object: nothing cleans it up, whatever the value but ``false``."""
APP_NAME = "app.kubernetes.io/name"
"""Label: the same as ``rapt.dev/template``."""
APP_PART_OF = "app.kubernetes.io/part-of"
"""Label: the same as ``rapt.dev/tool``, cut to what a label holds."""
APP_VERSION = "app.kubernetes.io/version"
"""Label: the same as ``rapt.dev/version``."""
ASKED_BY = "rapt.dev/asked-by"
"""Annotation of a reviewed run that somebody else has started: who asked for it, as its file in the repository says."""
MANAGED_BY = "app.kubernetes.io/managed-by"
"""Label: ``rapt``."""

DEFINITION = "rapt.dev/definition"
"""Annotation: ``sha256:…`` of the file in the config repository that an object was rendered from."""
SYNC = "rapt.dev/sync"
"""Annotation: which sync wrote an object last: how many commits were applied before it, and its own commit."""
APPLIED = "rapt.dev/applied"
"""Annotation: ``sha256:…`` of what ``sync`` wrote, so that nothing is written again that is as it should be."""
ALLOWED_LITERALS = "rapt.dev/allowed-literals"
"""Annotation on a Tool: ``sha256:…`` of values that look like secrets and are none, separated by commas."""
SCHEMA = "rapt.dev/schema"
"""Annotation on what ``install`` writes: its format, a whole number that only grows."""
SWITCHED = "rapt.dev/switched"
"""Annotation on a CronJob: who suspended or resumed it last by hand, and when."""
LOCAL = "rapt.dev/local"
"""Annotation on a ConfigMap of a run's files: the file or folder that it was made from, as the person named it."""
NO_SUBSTITUTION = ("kustomize.toolkit.fluxcd.io/substitute", "disabled")
"""Keeps Flux from replacing ``${…}`` in scripts."""

MANAGER = "rapt-sync"
"""The field manager that ``sync`` applies as."""


_AT_ONCE = 100
_LONGEST = 63


def of_tool(*, tool: str, template: str, version: str, environment: str, repository: str) -> dict[str, str]:
    """The labels of everything that is rendered for a tool: selectable, each a legal label value.

    Args:
        tool: Its name.
        template: Its template's name.
        version: The template's version as ``Version.label`` spells it.
        environment: The environment's name.
        repository: The id of the config repository.
    """
    return {
        MANAGED_BY: "rapt",
        APP_NAME: names.shorten(template, _LONGEST),
        APP_PART_OF: names.shorten(tool, _LONGEST),
        APP_VERSION: version,
        ENVIRONMENT: environment,
        REPOSITORY: repository,
        TEMPLATE: names.shorten(template, _LONGEST),
        TOOL: tool,
        VERSION: version,
    }


def of_policies(retry: str, cleanup: str) -> dict[str, str]:
    """The labels of what policies govern: Tools, CronJobs, Jobs and Runs.

    Args:
        retry: The retry policy's name; empty for none.
        cleanup: The cleanup policy's name; empty for none.
    """
    named = {RETRY_POLICY: retry, CLEANUP_POLICY: cleanup}
    return {key: names.shorten(name, _LONGEST) for key, name in named.items() if name}


def of_environment(repository: str, environment: str) -> dict[str, str]:
    """The labels of everything that an environment owns.

    Args:
        repository: The id of the config repository.
        environment: The environment's name.
    """
    return {REPOSITORY: repository, ENVIRONMENT: environment}


def of_attempt(run: str, number: int) -> dict[str, str]:
    """The labels that an attempt's Job and pods carry besides the tool's."""
    return {RUN: run, ATTEMPT: str(number)}


def is_held(metadata: Mapping[str, Any]) -> bool:
    """Whether a person holds the object with this metadata, by a label or an annotation."""
    places = (metadata.get("labels") or {}, metadata.get("annotations") or {})
    return any(where.get(KEEP, "false").lower() != "false" for where in places)


def selector(wanted: Mapping[str, str]) -> str:
    """An equality selector, as the API takes it."""
    return ",".join(f"{key}={value}" for key, value in sorted(wanted.items()))


def one_of(key: str, values: Iterable[str]) -> Iterator[str]:
    """The selectors of what has one of those names: as many as keep each short enough for an address.

    Nothing has a name that is too long for a label.
    """
    ordered = sorted({value for value in values if len(value) <= _LONGEST})
    for start in range(0, len(ordered), _AT_ONCE):
        yield f"{key} in ({','.join(ordered[start : start + _AT_ONCE])})"
