"""The labels and annotations by which Rapt knows its objects."""

from collections.abc import Mapping

from kubectl_rapt.model import names

TOOL = "rapt.dev/tool"
TEMPLATE = "rapt.dev/template"
VERSION = "rapt.dev/version"
RUN = "rapt.dev/run"
ATTEMPT = "rapt.dev/attempt"
DEBUG = "rapt.dev/debug"
"""Label of a Job that is no attempt of a run: the run that somebody looks at by it."""
ENVIRONMENT = "rapt.dev/environment"
REPOSITORY = "rapt.dev/repository"
RETRY_POLICY = "rapt.dev/retry-policy"
CLEANUP_POLICY = "rapt.dev/cleanup-policy"
KEEP = "rapt.dev/keep"
"""Label or annotation by which a person holds an object: nothing cleans it up, whatever the value but ``false``."""
APP_VERSION = "app.kubernetes.io/version"
MANAGED_BY = "app.kubernetes.io/managed-by"

DEFINITION = "rapt.dev/definition"
"""Annotation: ``sha256:…`` of the file in the config repository that an object was rendered from."""
ALLOWED_LITERALS = "rapt.dev/allowed-literals"
"""Annotation on a Tool: ``sha256:…`` of values that look like secrets and are none, separated by commas."""
SCHEMA = "rapt.dev/schema"
"""Annotation on what ``install`` writes: its format, a whole number that only grows."""
NO_SUBSTITUTION = ("kustomize.toolkit.fluxcd.io/substitute", "disabled")
"""Keeps Flux from replacing ``${…}`` in scripts."""

MANAGER = "rapt-sync"
"""The field manager that ``sync`` applies as."""


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
        "app.kubernetes.io/name": names.shorten(template, 63),
        "app.kubernetes.io/part-of": names.shorten(tool, 63),
        APP_VERSION: version,
        ENVIRONMENT: environment,
        REPOSITORY: repository,
        TEMPLATE: names.shorten(template, 63),
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
    return {key: names.shorten(name, 63) for key, name in named.items() if name}


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


def selector(wanted: Mapping[str, str]) -> str:
    """An equality selector, as the API takes it."""
    return ",".join(f"{key}={value}" for key, value in sorted(wanted.items()))
