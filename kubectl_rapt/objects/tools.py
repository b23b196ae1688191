"""The Tool: a template installed into an environment, as the cluster holds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.model.kinds import TOOL, Manifest
from kubectl_rapt.objects import cleanup_policies, labels, predecessor, reading, retry_policies
from kubectl_rapt.objects.cleanup_policies import CleanupPolicy
from kubectl_rapt.objects.retry_policies import RetryPolicy


@dataclass(frozen=True, slots=True)
class Source:
    """Where a tool comes from; the lock in the config repository says the same.

    Args:
        registry: The registry's name.
        template: The template's name.
        version: Its version.
        tree: Git tree id of the template's folder.
        digest: ``sha256:…`` over the same files.
        definition: ``sha256:…`` of the tool's file in the config repository.
        repository: Id of that config repository.
    """

    registry: str
    template: str
    version: str
    tree: str
    digest: str
    definition: str
    repository: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that can be run.

    Args:
        name: Its name in the environment.
        namespace: Where it runs.
        environment: The environment that it belongs to; empty where nobody said.
        summary: One line on what it does.
        job: The rendered Job template: ``metadata`` and ``spec`` of each Job.
        parameters: The run-time parameters as data; each has ``at``, the JSON pointers into ``job``.
        source: Where it comes from; None where someone wrote the Tool by hand.
        retry_policy: Name of the policy that says when to try again.
        retry: That policy as it was when the tool was rendered; None where Kubernetes needs none.
        cleanup_policy: Name of the policy that says what to keep.
        cleanup: That policy as it was when the tool was rendered.
        concurrency: ``allow``, ``forbid`` or ``queue``.
        free_env: Whether a run may set variables that the tool does not declare.
        allowed_literals: ``sha256:…`` of values that look like secrets and are none.
        is_reviewed: Whether its runs are reviewed (``runs: reviewed`` of its environment).
        is_predecessors: Whether it has the predecessor's form, whose parameters may have other names.
    """

    name: str
    namespace: str
    job: Manifest
    environment: str = ""
    summary: str = ""
    parameters: tuple[Mapping[str, Any], ...] = ()
    source: Source | None = None
    retry_policy: str = ""
    retry: RetryPolicy | None = None
    cleanup_policy: str = ""
    cleanup: CleanupPolicy | None = None
    concurrency: str = "allow"
    free_env: bool = False
    allowed_literals: tuple[str, ...] = ()
    is_reviewed: bool = False
    is_predecessors: bool = False


SOURCE_FIELDS = ("registry", "template", "version", "tree", "digest", "definition", "repository")


def source_to_data(source: Source) -> dict[str, str]:
    """A source as the ``spec.source`` of a Tool or a Run."""
    return {field: getattr(source, field) for field in SOURCE_FIELDS if getattr(source, field)}


def source_from_data(data: Mapping[str, str] | None) -> Source | None:
    """Read ``spec.source``."""
    return Source(**{field: data.get(field, "") for field in SOURCE_FIELDS}) if data else None


def to_manifest(tool: Tool, tool_labels: Mapping[str, str], annotations: Mapping[str, str]) -> Manifest:
    """The Tool object."""
    spec: dict[str, Any] = {}
    if tool.summary:
        spec["summary"] = tool.summary
    if tool.environment:
        spec["environment"] = tool.environment
    if tool.source:
        spec["source"] = source_to_data(tool.source)
    policies = {"retry": tool.retry_policy, "cleanup": tool.cleanup_policy}
    if any(policies.values()):
        spec["policies"] = {key: name for key, name in policies.items() if name}
    if tool.retry:
        spec["retry"] = retry_policies.snapshot(tool.retry)
    if tool.cleanup:
        spec["cleanup"] = cleanup_policies.snapshot(tool.cleanup)
    spec["concurrency"] = tool.concurrency
    if tool.free_env:
        spec["freeEnv"] = True
    if tool.is_reviewed:
        spec["runs"] = "reviewed"
    if tool.parameters:
        spec["parameters"] = list(tool.parameters)
    spec["job"] = tool.job
    return {
        "apiVersion": TOOL.api_version,
        "kind": TOOL.name,
        "metadata": {
            "name": tool.name,
            "namespace": tool.namespace,
            "labels": dict(tool_labels),
            "annotations": {**annotations, **_allowance(tool)},
        },
        "spec": spec,
    }


def _allowance(tool: Tool) -> dict[str, str]:
    return {labels.ALLOWED_LITERALS: ",".join(tool.allowed_literals)} if tool.allowed_literals else {}


@reading.reader(TOOL)
def from_manifest(manifest: Manifest) -> Tool:
    """Read a Tool object, in today's form or in the predecessor's (``spec.jobTemplate``).

    Raises:
        Invalid: Its retry policy, or an argument of the predecessor's form, is none.
    """
    metadata, spec = manifest["metadata"], manifest.get("spec") or {}
    policies = spec.get("policies") or {}
    allowed = (metadata.get("annotations") or {}).get(labels.ALLOWED_LITERALS, "")
    is_old = "job" not in spec
    job = predecessor.job(metadata["name"], spec) if is_old else spec["job"]
    parameters = predecessor.parameters(metadata["name"], spec) if is_old else spec.get("parameters") or ()
    return Tool(
        name=metadata["name"],
        namespace=metadata["namespace"],
        job=job,
        environment=spec.get("environment", ""),
        summary=spec.get("summary") or predecessor.summary(spec),
        parameters=tuple(parameters),
        source=source_from_data(spec.get("source")),
        retry_policy=policies.get("retry", ""),
        retry=retry_policies.from_data(spec["retry"], f"tool/{metadata['name']}")
        if "retry" in spec
        else None,
        cleanup_policy=policies.get("cleanup", ""),
        cleanup=cleanup_policies.from_data(spec["cleanup"], f"tool/{metadata['name']}")
        if "cleanup" in spec
        else None,
        concurrency=spec.get("concurrency", "allow"),
        free_env="jobTemplate" in spec or bool(spec.get("freeEnv")),
        allowed_literals=tuple(allowed.split(",")) if allowed else (),
        is_reviewed=spec.get("runs") == "reviewed",
        is_predecessors=is_old,
    )
