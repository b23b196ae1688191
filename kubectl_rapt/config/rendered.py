"""What a rendered file may hold: hand-edited ones are applied too, so each object is held to what Rapt itself writes.

``check`` renders everything again and compares bytes. What stands here needs no template: it keeps a file in
``rendered/`` from giving anybody more than a tool can have.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import Problem
from kubectl_rapt.model import names
from kubectl_rapt.model.fields import shown
from kubectl_rapt.model.kinds import (
    CRON_JOB,
    EXTERNAL_SECRET,
    NETWORK_POLICY,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    TOOL,
    Kind,
    Manifest,
)
from kubectl_rapt.objects import external_secrets, fields, job_schema, labels

KINDS = (SERVICE_ACCOUNT, ROLE, ROLE_BINDING, NETWORK_POLICY, EXTERNAL_SECRET, TOOL, CRON_JOB)
"""The closed list of kinds that a rendered file may hold, in the order in which they are applied."""

_METADATA = ("name", "namespace", "labels", "annotations")
_CRON_JOB = (
    "schedule",
    "timeZone",
    "concurrencyPolicy",
    "suspend",
    "startingDeadlineSeconds",
    "successfulJobsHistoryLimit",
    "failedJobsHistoryLimit",
    "jobTemplate",
)
_NEVER = "no rendered file holds that"


def check(manifest: Any, environment: Environment, project: Project) -> list[Problem]:
    """Hold one document of a rendered file to what Rapt writes.

    Args:
        manifest: The document, as JSON data.
        environment: The environment that the file belongs to.
        project: The repository's ``rapt.yaml``.

    Returns:
        What is wrong, each with the field's path and, where it is about an object as a whole, with an empty one.
    """
    if whole := _foreign(manifest, environment, project):
        return [Problem("", whole)]
    kind = next(kind for kind in KINDS if _is(manifest, kind))
    tool = manifest["metadata"]["labels"].get(labels.TOOL)
    if not isinstance(tool, str) or not names.is_dns_label(tool):
        return [Problem(f"metadata.labels[{labels.TOOL}]", "does not name a tool")]
    own = (
        _external_secret(manifest, environment) if kind == EXTERNAL_SECRET else _CHECKS[kind](manifest, tool)
    )
    return [*_metadata(manifest, kind, tool), *own]


def named(manifest: Any) -> str:
    """An object for a message: ``CronJob backup``; empty where it has no name."""
    metadata = manifest.get("metadata") if isinstance(manifest, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return f"{manifest.get('kind')} {name}" if isinstance(name, str) and names.is_dns_subdomain(name) else ""


def _is(manifest: Manifest, kind: Kind) -> bool:
    return (manifest.get("apiVersion"), manifest.get("kind")) == (kind.api_version, kind.name)


def _foreign(manifest: Any, environment: Environment, project: Project) -> str:
    metadata = manifest.get("metadata") if isinstance(manifest, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("labels", {}), dict):
        return "contains something that is not an object"
    if not isinstance(name := metadata.get("name"), str) or not names.is_dns_subdomain(name):
        return f"holds an object whose name is not one: {name}"
    if not any(_is(manifest, kind) for kind in KINDS):
        return "is of a kind that no tool has"
    if (where := metadata.get("namespace")) not in environment.all_namespaces:
        allowed = ", ".join(environment.all_namespaces)
        return f"is in namespace {where}, not one of the environment's: {allowed}"
    own = labels.of_environment(project.id, environment.name)
    if not own.items() <= (metadata.get("labels") or {}).items():
        return "lacks the labels of this repository and environment"
    return ""


def _metadata(manifest: Manifest, kind: Kind, tool: str) -> Iterator[Problem]:
    metadata = manifest["metadata"]
    yield from _only(metadata, _METADATA, "metadata")
    for key in ("labels", "annotations"):
        texts = metadata.get(key) or {}
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            yield Problem(f"metadata.{key}", "expected names and texts")
    name = metadata["name"]
    if kind == CRON_JOB:
        tail = name.removeprefix(tool)
        is_own = name.startswith(tool) and (not tail or (tail[0] == "-" and tail[1:].isdecimal()))
    elif kind == EXTERNAL_SECRET:
        is_own = name == names.shorten(f"{tool}-{_target(manifest)}", 63)
    else:
        is_own = name == (tool if kind == TOOL else _account(tool))
    if not is_own:
        yield Problem("metadata.name", f"is not a name that tool {tool} has")


def _account(tool: str) -> str:
    return f"rapt-{tool}"


def _only(data: Mapping[str, Any], allowed: tuple[str, ...], where: str = "") -> Iterator[Problem]:
    for key in data:
        if key not in allowed:
            yield Problem(f"{where}.{key}" if where else str(key), _NEVER)


def _exactly(data: Mapping[str, Any], key: str, wanted: Any, where: str = "") -> Iterator[Problem]:
    if data.get(key) != wanted or type(data.get(key)) is not type(wanted):
        place = f"{where}.{key}" if where else key
        yield Problem(place, f"expected {shown(wanted)}, was given {shown(data.get(key))}")


_TOP = ("apiVersion", "kind", "metadata")


def _service_account(manifest: Manifest, tool: str) -> Iterator[Problem]:
    yield from _only(manifest, (*_TOP, "automountServiceAccountToken"))
    yield from _exactly(manifest, "automountServiceAccountToken", False)


def _role(manifest: Manifest, tool: str) -> Iterator[Problem]:
    """Which rights the template declares is known to ``check`` alone."""
    yield from _only(manifest, (*_TOP, "rules"))
    rules = manifest.get("rules")
    if not isinstance(rules, list) or not rules:
        yield Problem("rules", "expected a list")
        return
    for index, rule in enumerate(rules):
        where = f"rules[{index}]"
        if not isinstance(rule, dict):
            yield Problem(where, "expected a rule")
            continue
        yield from _only(rule, ("apiGroups", "resources", "resourceNames", "verbs"), where)
        for key in ("apiGroups", "resources", "verbs"):
            if not isinstance(rule.get(key), list) or not rule[key]:
                yield Problem(f"{where}.{key}", "names nothing")


def _role_binding(manifest: Manifest, tool: str) -> Iterator[Problem]:
    account, namespace = _account(tool), manifest["metadata"]["namespace"]
    role = {"apiGroup": ROLE.group, "kind": ROLE.name, "name": account}
    subject = {"kind": SERVICE_ACCOUNT.name, "name": account, "namespace": namespace}
    yield from _only(manifest, (*_TOP, "roleRef", "subjects"))
    if manifest.get("roleRef") != role:
        yield Problem("roleRef", f"is not the tool's own Role {account}")
    if manifest.get("subjects") != [subject]:
        yield Problem("subjects", f"are not the tool's own ServiceAccount {account} alone")


def _network_policy(manifest: Manifest, tool: str) -> Iterator[Problem]:
    """Where the template wants to connect to is known to ``check`` alone."""
    yield from _only(manifest, (*_TOP, "spec"))
    spec = manifest.get("spec")
    if not isinstance(spec, dict):
        yield Problem("spec", "is missing")
        return
    yield from _only(spec, ("podSelector", "policyTypes", "egress"), "spec")
    yield from _exactly(spec, "podSelector", {"matchLabels": {labels.TOOL: tool}}, "spec")
    yield from _exactly(spec, "policyTypes", ["Egress"], "spec")


def _external_secret(manifest: Manifest, environment: Environment) -> Iterator[Problem]:
    """Which Secrets and keys a tool needs is for ``check`` to say; all else is as Rapt writes it."""
    yield from _only(manifest, (*_TOP, "spec"))
    spec, store = manifest.get("spec"), environment.secret_store
    if not isinstance(spec, dict):
        yield Problem("spec", "is missing")
    elif store is None:
        yield Problem("spec.secretStoreRef", f"environment {environment.name} has no secret store")
    else:
        wanted = external_secrets.spec(store.name, store.kind, _target(manifest), _keys(spec))
        for one in fields.differences(wanted, spec):
            what = f"expected {shown(one.before)}, was given {shown(one.after)}"
            yield Problem(f"spec.{one.label}", _NEVER if one.before is None else what)


def _keys(spec: Mapping[str, Any]) -> set[str]:
    """The keys that an ExternalSecret fetches; the empty one stands for all of a Secret."""
    if "dataFrom" in spec:
        return {""}
    data = spec.get("data")
    found = (
        (item.get("secretKey") for item in data if isinstance(item, dict)) if isinstance(data, list) else ()
    )
    return {key for key in found if isinstance(key, str) and key}


def _target(manifest: Manifest) -> str:
    """The name of the Secret that an ExternalSecret fetches; empty where it names none."""
    spec = manifest.get("spec")
    target = spec.get("target") if isinstance(spec, dict) else None
    name = target.get("name") if isinstance(target, dict) else None
    return name if isinstance(name, str) else ""


def _tool(manifest: Manifest, tool: str) -> Iterator[Problem]:
    """The rest of its spec is held by the schema of its kind, in the cluster."""
    yield from _only(manifest, (*_TOP, "spec"))
    spec = manifest.get("spec")
    if not isinstance(spec, dict) or "job" not in spec:
        yield Problem("spec.job", "is missing")
        return
    yield from _job(spec["job"], tool, "spec.job")


def _cron_job(manifest: Manifest, tool: str) -> Iterator[Problem]:
    yield from _only(manifest, (*_TOP, "spec"))
    spec = manifest.get("spec")
    if not isinstance(spec, dict):
        yield Problem("spec", "is missing")
        return
    yield from _only(spec, _CRON_JOB, "spec")
    yield from _job(spec.get("jobTemplate"), tool, "spec.jobTemplate")


def _job(job: Any, tool: str, where: str) -> Iterator[Problem]:
    found = job_schema.check(job, job_schema.TOOL_JOB)
    for problem in found:
        place = documents.place(problem.where, {}, "")
        yield Problem(f"{where}.{place}" if place else where, problem.what)
    if not found:
        pod = job["spec"]["template"]
        if pod["spec"].get("serviceAccountName") != _account(tool):
            what = f"is not the tool's own ServiceAccount {_account(tool)}"
            yield Problem(f"{where}.spec.template.spec.serviceAccountName", what)
        if ((pod.get("metadata") or {}).get("labels") or {}).get(labels.TOOL) != tool:
            yield Problem(f"{where}.spec.template.metadata.labels", f"do not say {labels.TOOL}: {tool}")


_CHECKS: Mapping[Kind, Callable[[Manifest, str], Iterator[Problem]]] = {
    SERVICE_ACCOUNT: _service_account,
    ROLE: _role,
    ROLE_BINDING: _role_binding,
    NETWORK_POLICY: _network_policy,
    TOOL: _tool,
    CRON_JOB: _cron_job,
}
