"""From a rendered Job to everything that a tool is in the cluster: plain objects, the same bytes for everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kubectl_rapt.config.installation import Installation, Schedule
from kubectl_rapt.config.project import Environment, Profile, Project
from kubectl_rapt.model import names
from kubectl_rapt.model.kinds import (
    CRON_JOB,
    EXTERNAL_SECRET,
    NETWORK_POLICY,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    Kind,
    Manifest,
)
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects import external_secrets, labels, tools
from kubectl_rapt.objects.tools import Source, Tool
from kubectl_rapt.templating import declared, parameters
from kubectl_rapt.templating.definition import Egress, Template
from kubectl_rapt.templating.job import Rendered
from kubectl_rapt.templating.policies import Compiled

DNS_PORTS = ({"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"})


_RECORDED_WITHIN_SECONDS = 7 * 86_400
"""How long nobody may have reconciled before a failure of a schedule is lost: its Job has a time to live from the
start, because nobody closes those that succeed."""


@dataclass(frozen=True, slots=True)
class _Tool:
    """What every object of a tool needs to know."""

    installation: Installation
    template: Template
    environment: Environment
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    namespace: str

    @property
    def governed(self) -> Mapping[str, str]:
        """The labels of what its policies govern."""
        return labels.of_policies(self.installation.retry_policy, self.installation.cleanup_policy)

    @property
    def account(self) -> str:
        """The name of its ServiceAccount and of what belongs to it."""
        return f"rapt-{self.installation.tool}"

    def metadata(self, name: str) -> dict[str, Any]:
        """The metadata of one of its objects."""
        return {
            "name": name,
            "namespace": self.namespace,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
        }

    def object(self, kind: Kind, name: str, **content: Any) -> Manifest:
        """One of its objects."""
        return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": self.metadata(name), **content}


def objects(
    project: Project,
    environment: Environment,
    installation: Installation,
    definition: str,
    template: Template,
    rendered: Rendered,
    policies: Compiled,
) -> list[Manifest]:
    """Everything that is applied for one tool, in each of its namespaces.

    Args:
        project: The repository's ``rapt.yaml``.
        environment: Where the tool is installed.
        installation: The tool's file, resolved: see ``resolve``.
        definition: ``sha256:…`` of that file.
        template: The locked template.
        rendered: The Job that it rendered to.
        policies: What the tool's policies say.
    """
    profile = project.profile(environment)
    marks = labels.of_tool(
        tool=installation.tool,
        template=template.name,
        version=template.version.label,
        environment=environment.name,
        repository=project.id,
    )
    governed = labels.of_policies(installation.retry_policy, installation.cleanup_policy)
    job = _job(
        rendered, {**profile.labels, **marks}, f"rapt-{installation.tool}", template, profile, policies
    )
    job = {**job, "metadata": _labelled(job["metadata"], governed)}
    source = Source(
        registry=installation.lock.registry,
        template=template.name,
        version=str(template.version),
        tree=installation.lock.tree,
        digest=installation.lock.digest,
        definition=definition,
        repository=project.id,
    )
    annotations = dict([labels.NO_SUBSTITUTION, (labels.DEFINITION, definition)])
    manifests: list[Manifest] = []
    for namespace in installation.namespaces:
        tool = _Tool(installation, template, environment, {**profile.labels, **marks}, annotations, namespace)
        manifests.append(tool.object(SERVICE_ACCOUNT, tool.account, automountServiceAccountToken=False))
        manifests.extend(_access(tool))
        manifests.extend(_network(tool))
        manifests.extend(_external_secrets(tool))
        manifests.append(_tool(tool, job, rendered, source, policies))
        manifests.extend(
            _cron_job(tool, job, index, schedule, policies)
            for index, schedule in enumerate(installation.schedules)
        )
    return manifests


def _job(
    rendered: Rendered,
    marks: Mapping[str, str],
    account: str,
    template: Template,
    profile: Profile,
    policies: Compiled,
) -> Manifest:
    """The Job template of the Tool: the rendered one, and what is Rapt's and the profile's to say."""
    spec = rendered.job["spec"]
    pod = spec["template"]
    pod_spec: dict[str, Any] = {
        **pod["spec"],
        "serviceAccountName": account,
        "automountServiceAccountToken": bool(template.access),
    }
    if profile.node_selector:
        pod_spec["nodeSelector"] = dict(profile.node_selector)
    for group in ("initContainers", "containers"):
        if group in pod_spec:
            pod_spec[group] = [_sized(container, template, profile) for container in pod_spec[group]]
    return {
        "metadata": _labelled(rendered.job.get("metadata") or {}, marks),
        "spec": {
            **policies.governed(spec),
            "template": {"metadata": _labelled(pod.get("metadata") or {}, marks), "spec": pod_spec},
        },
    }


def _labelled(metadata: Mapping[str, Any], marks: Mapping[str, str]) -> dict[str, Any]:
    return {**metadata, "labels": {**(metadata.get("labels") or {}), **marks}}


def _sized(container: Mapping[str, Any], template: Template, profile: Profile) -> Mapping[str, Any]:
    """A container with requests and limits; see ``sizes``."""
    filled: dict[str, dict[str, Any]] = {}
    for (group, name), size in sizes(container, template, profile).items():
        filled.setdefault(group, {})[name] = size.amount
    return {**container, "resources": filled} if filled else container


@dataclass(frozen=True, slots=True)
class Size:
    """A request or a limit of a container.

    Args:
        amount: How much.
        place: Who says so.
        limited_by: Who has said another amount that this one gave way to; empty where nobody has.
    """

    amount: Any
    place: Literal["template", "profile", "job"]
    limited_by: Literal["template", "profile", "job", ""] = ""


def sizes(container: Mapping[str, Any], template: Template, profile: Profile) -> dict[tuple[str, str], Size]:
    """The requests and limits of a container: its own in the rendered Job, else the profile's, else the template's.

    A request and a limit of one resource may come from different places. Kubernetes refuses a request above its
    limit, so the one from the weaker place gives way.

    Returns:
        ``requests`` or ``limits`` and the resource to its size, requests first.
    """
    places: tuple[tuple[Literal["template", "profile", "job"], Mapping[str, Any]], ...] = (
        ("template", template.resources),
        ("profile", profile.resources),
        ("job", container.get("resources") or {}),
    )
    strength = {place: index for index, (place, _) in enumerate(places)}
    found: dict[tuple[str, str], Size] = {}
    for group in ("requests", "limits"):
        for place, said in places:
            found |= {(group, name): Size(amount, place) for name, amount in said.get(group, {}).items()}
    for group, name in list(found):
        other = found.get(("limits", name))
        if group != "requests" or other is None:
            continue
        request = found["requests", name]
        if _quantity(request.amount) > _quantity(other.amount) > _quantity(0):
            if strength[request.place] > strength[other.place]:
                found["limits", name] = Size(request.amount, other.place, request.place)
            elif strength[request.place] < strength[other.place]:
                found["requests", name] = Size(other.amount, request.place, other.place)
    return found


def unsized(job: Manifest) -> dict[str, list[str]]:
    """What containers of a Job template lack of requests for CPU and memory and a limit for memory, by name.

    A limit is a request too, where there is no other: Kubernetes takes it for one.
    """
    pod = job["spec"]["template"]["spec"]
    found = {}
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        sizes = container.get("resources") or {}
        limits = sizes.get("limits") or {}
        requests = {**limits, **(sizes.get("requests") or {})}
        lacks = [f"requests.{one}" for one in ("cpu", "memory") if one not in requests]
        lacks += [] if "memory" in limits else ["limits.memory"]
        if lacks:
            found[str(container["name"])] = lacks
    return found


def _quantity(amount: str | int) -> Quantity:
    return Quantity.parse(str(amount))


def _tool(tool: _Tool, job: Manifest, rendered: Rendered, source: Source, policies: Compiled) -> Manifest:
    template, installation = tool.template, tool.installation
    return tools.to_manifest(
        Tool(
            name=installation.tool,
            namespace=tool.namespace,
            job=job,
            environment=tool.environment.name,
            summary=template.summary,
            parameters=tuple(
                _question(one, installation, rendered) for one in template.parameters if one.at == "run"
            ),
            source=source,
            retry_policy=installation.retry_policy,
            retry=policies.retry,
            cleanup_policy=installation.cleanup_policy,
            cleanup=policies.cleanup,
            concurrency=template.concurrency,
            free_env=template.free_env,
            allowed_literals=installation.allowed_literals,
            is_reviewed=tool.environment.are_runs_reviewed,
        ),
        {**tool.labels, **tool.governed},
        tool.annotations,
    )


def _question(
    parameter: parameters.Parameter, installation: Installation, rendered: Rendered
) -> Mapping[str, Any]:
    """A run-time parameter as the Tool asks it: what the tool's file answers is its default."""
    data = declared.to_data(parameter)
    if parameter.name in installation.answers:
        data["default"] = installation.answers[parameter.name]
    return {**data, "at": list(rendered.places[parameter.name])}


def _cron_job(tool: _Tool, job: Manifest, index: int, schedule: Schedule, policies: Compiled) -> Manifest:
    name = tool.installation.tool + (f"-{index + 1}" if index else "")
    spec: dict[str, Any] = {"schedule": schedule.cron}
    if schedule.time_zone:
        spec["timeZone"] = schedule.time_zone
    spec["concurrencyPolicy"] = "Allow" if tool.template.concurrency == "allow" else "Forbid"
    template = {**job, "spec": _of_schedule(job["spec"])}
    manifest = tool.object(CRON_JOB, name, spec={**spec, **policies.cron_job, "jobTemplate": template})
    return {**manifest, "metadata": _labelled(manifest["metadata"], tool.governed)}


def _of_schedule(job: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of a schedule's Jobs: Kubernetes deletes them no sooner than somebody can have recorded a failure."""
    if "ttlSecondsAfterFinished" not in job:
        return dict(job)
    return {**job, "ttlSecondsAfterFinished": max(job["ttlSecondsAfterFinished"], _RECORDED_WITHIN_SECONDS)}


def _access(tool: _Tool) -> list[Manifest]:
    if not tool.template.access:
        return []
    rules = [
        {
            "apiGroups": list(one.api_groups),
            "resources": list(one.resources),
            **({"resourceNames": list(one.resource_names)} if one.resource_names else {}),
            "verbs": list(one.verbs),
        }
        for one in tool.template.access
    ]
    role = {"apiGroup": ROLE.group, "kind": ROLE.name, "name": tool.account}
    subject = {"kind": SERVICE_ACCOUNT.name, "name": tool.account, "namespace": tool.namespace}
    return [
        tool.object(ROLE, tool.account, rules=rules),
        tool.object(ROLE_BINDING, tool.account, roleRef=role, subjects=[subject]),
    ]


def _external_secrets(tool: _Tool) -> list[Manifest]:
    """What fetches the Secrets that the tool's answers name, where the environment names a store.

    One for each Secret, by the tool's name: two tools may need one Secret, and neither may take it from the other.
    """
    store = tool.environment.secret_store
    if store is None:
        return []
    wanted: dict[str, set[str]] = {}
    for parameter in tool.template.parameters:
        value = tool.installation.answers.get(parameter.name, parameter.default)
        if parameter.type == "secretRef" and isinstance(value, dict):
            wanted.setdefault(value["name"], set()).update([value["key"]] if "key" in value else [""])
    found = []
    for name, keys in sorted(wanted.items()):
        spec = external_secrets.spec(store.name, store.kind, name, keys)
        own = names.shorten(f"{tool.installation.tool}-{name}", 63)
        found.append(tool.object(EXTERNAL_SECRET, own, spec=spec))
    return found


def _network(tool: _Tool) -> list[Manifest]:
    if tool.template.egress is None:
        return []
    spec = {
        "podSelector": {"matchLabels": {labels.TOOL: tool.installation.tool}},
        "policyTypes": ["Egress"],
        "egress": [{"ports": list(DNS_PORTS)}, *(_egress(one) for one in tool.template.egress)],
    }
    return [tool.object(NETWORK_POLICY, tool.account, spec=spec)]


def _egress(one: Egress) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if one.cidr:
        rule["to"] = [{"ipBlock": {"cidr": one.cidr}}]
    elif one.pods is not None or one.namespaces is not None:
        peer: dict[str, Any] = {}
        if one.pods is not None:
            peer["podSelector"] = _selector(one.pods)
        if one.namespaces is not None:
            peer["namespaceSelector"] = _selector(one.namespaces)
        rule["to"] = [peer]
    if one.ports:
        rule["ports"] = [{"port": port.number, "protocol": port.protocol} for port in one.ports]
    return rule


def _selector(wanted: Mapping[str, str]) -> dict[str, Any]:
    return {"matchLabels": dict(wanted)} if wanted else {}


def kinds(manifests: Sequence[Manifest]) -> list[str]:
    """The kinds among some objects, each once, the Tool first."""
    found = dict.fromkeys(str(manifest["kind"]) for manifest in manifests)
    return sorted(found, key=lambda kind: (kind != "Tool", kind))
