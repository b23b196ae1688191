"""``tools/<environment>/<tool>.yaml``: a template installed into an environment, with its answers."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.model import names
from kubectl_rapt.model.fields import Fields, Findings, refuse, shown

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
OBJECT_ID = re.compile("[0-9a-f]{40}")

FORMAT = 1
"""The format of rendering that a lock records; an older one is kept for the tools that name it."""

TOOL_NAME_LIMIT = 45
"""Leaves room for what CronJobs (52), runs and attempts (63) add."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Exactly which template was installed.

    Args:
        registry: The registry's address, ``bundled`` for the one that comes with Rapt.
        tree: Git tree id of the template's folder.
        digest: ``sha256:…`` over the same files.
        format: The format of rendering.
        commit: The registry's commit that the policies were read at; empty for the bundled registry.
        policies: ``sha256:…`` over the registry's policies that the template uses; empty where it uses none,
            and in files that were written before policies were locked.
    """

    registry: str
    tree: str
    digest: str
    format: int = FORMAT
    commit: str = ""
    policies: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a tool runs by itself.

    Args:
        cron: A cron expression, as Kubernetes reads it.
        time_zone: An IANA time zone; empty for the cluster's own.
    """

    cron: str
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Installation:
    """What a tool's file says.

    Args:
        tool: The tool's name: the file's.
        template: The template's name.
        version: Its version.
        lock: Exactly which one.
        answers: Parameter to value.
        schedules: When it runs by itself.
        namespaces: Where it lives; empty for the environment's first namespace.
        retry_policy: The name of a retry policy; empty for what the environment or the template says.
        cleanup_policy: The same of a cleanup policy.
        allowed_literals: ``sha256:…`` of values that look like secrets and are none.
    """

    tool: str
    template: str
    version: str
    lock: Lock
    answers: Mapping[str, Any] = field(default_factory=dict)
    schedules: tuple[Schedule, ...] = ()
    namespaces: tuple[str, ...] = ()
    retry_policy: str = ""
    cleanup_policy: str = ""
    allowed_literals: tuple[str, ...] = ()


def read(text: bytes, tool: str, source: str) -> Installation:
    """Read a tool's file.

    Raises:
        Invalid: Every problem with file, line and key.
    """
    data, lines = documents.load_with_lines(text, source)
    findings: Findings = []
    at = Fields(data, "", findings)
    at.choice("apiVersion", ("rapt.dev/v1alpha1",), required=True)
    at.choice("kind", ("Installation",), required=True)
    if problem := bad_name(tool):
        at.wrong("", problem)
    answers, policies = at.fields("answers"), at.fields("policies")
    installation = Installation(
        tool=tool,
        template=at.text("template", required=True),
        version=at.text("version", required=True),
        lock=_lock(at.fields("lock")),
        answers={key: answers.value(key) for key in answers},
        schedules=tuple(_schedule(Fields(one, where, findings)) for where, one in at.items("schedules")),
        namespaces=at.texts("namespaces"),
        retry_policy=policies.text("retry"),
        cleanup_policy=policies.text("cleanup"),
        allowed_literals=digests(at, "allowedLiterals"),
    )
    policies.done()
    at.done()
    refuse(findings, lines, source, "bad-definition")
    return installation


def digests(at: Fields, key: str) -> tuple[str, ...]:
    """A list of ``sha256:…``."""
    found = at.texts(key)
    for one in found:
        if not DIGEST.fullmatch(one):
            at.wrong(key, f"expected sha256: and 64 hex digits, was given {shown(one)}")
    return found


def _lock(at: Fields) -> Lock:
    rendering = at.value("format", FORMAT)
    if rendering != FORMAT:
        at.wrong("format", f"expected a format that this Rapt knows: {FORMAT}")
    lock = Lock(
        at.text("registry", required=True),
        at.text("tree", required=True),
        at.text("digest", required=True),
        commit=at.text("commit"),
        policies=at.text("policies"),
    )
    for key in ("tree", "commit"):
        value = getattr(lock, key)
        if value and not OBJECT_ID.fullmatch(value):
            at.wrong(key, "expected 40 hex digits")
    at.done()
    return lock


def schedule_to_data(schedule: Schedule) -> dict[str, str]:
    """A schedule as the file says it."""
    return {"cron": schedule.cron, **({"timeZone": schedule.time_zone} if schedule.time_zone else {})}


def _schedule(at: Fields) -> Schedule:
    schedule = Schedule(at.text("cron", required=True), at.text("timeZone"))
    at.done()
    return schedule


def bad_name(tool: str) -> str:
    """Why a tool cannot have that name; empty where it can."""
    if not names.is_dns_label(tool):
        return f'a tool\'s name has lower-case letters, digits and -, got "{tool}"'
    if len(tool) > TOOL_NAME_LIMIT:
        return f"a tool's name has at most {TOOL_NAME_LIMIT} characters, got {len(tool)}"
    return ""


def spell(installation: Installation) -> str:
    """The text of a tool's file."""
    lock = installation.lock
    data: dict[str, Any] = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Installation",
        "template": installation.template,
        "version": installation.version,
        "lock": spell_lock(lock),
    }
    if installation.answers:
        data["answers"] = dict(installation.answers)
    if installation.schedules:
        data["schedules"] = [schedule_to_data(one) for one in installation.schedules]
    if installation.namespaces:
        data["namespaces"] = list(installation.namespaces)
    policies = {"retry": installation.retry_policy, "cleanup": installation.cleanup_policy}
    if any(policies.values()):
        data["policies"] = {kind: name for kind, name in policies.items() if name}
    if installation.allowed_literals:
        data["allowedLiterals"] = list(installation.allowed_literals)
    return documents.dump(data)


def spell_lock(lock: Lock) -> dict[str, Any]:
    """A lock as it stands in a tool's file."""
    return {
        "registry": lock.registry,
        **({"commit": lock.commit} if lock.commit else {}),
        "tree": lock.tree,
        "digest": lock.digest,
        **({"policies": lock.policies} if lock.policies else {}),
        "format": lock.format,
    }


def digest(text: bytes) -> str:
    """``sha256:…`` of a tool's file: what its Tool in the cluster was rendered from."""
    return "sha256:" + hashlib.sha256(text).hexdigest()
