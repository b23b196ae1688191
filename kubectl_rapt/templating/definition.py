"""What a template declares in its ``template.yaml``, read strictly: all mistakes at once, with their lines."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kubectl_rapt import documents
from kubectl_rapt.errors import Refused
from kubectl_rapt.model import names, scopes
from kubectl_rapt.model.fields import Fields, Findings, hidden, refuse, shown
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.model.versions import MinorRange, Version
from kubectl_rapt.templating import declared, parameters
from kubectl_rapt.templating.parameters import Parameter, Rule

API_VERSION = "rapt.dev/v1alpha1"
KIND = "Template"


USUAL_RESOURCES: Mapping[str, Mapping[str, str]] = {
    "requests": {"cpu": "100m", "memory": "64Mi"},
    "limits": {"memory": "256Mi"},
}
"""What a container gets of which nobody says how large it is."""


@dataclass(frozen=True, slots=True)
class Access:
    """One RBAC rule that the tool's ServiceAccount needs in its own namespace, as in a Role.

    Args:
        api_groups: ``""`` is the core group.
        resources: Such as ``pods`` or ``pods/log``.
        verbs: Such as ``get``.
        resource_names: Only these objects; empty for all.
    """

    api_groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    resource_names: tuple[str, ...] = ()

    @property
    def wide(self) -> tuple[str, ...]:
        """Its words that give more than they name: all of something, or somebody else's rights."""
        words = ("*", "escalate", "bind", "impersonate")
        return tuple(
            f"{key} {one}"
            for key, found in (
                ("apiGroups", self.api_groups),
                ("resources", self.resources),
                ("verbs", self.verbs),
            )
            for one in found
            if one in words or "*" in one
        )


@dataclass(frozen=True, slots=True)
class Port:
    """A port that the tool connects to."""

    number: int
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"


@dataclass(frozen=True, slots=True)
class Egress:
    """Where the tool's pods connect to. DNS is always allowed and never listed.

    Args:
        cidr: A network, such as ``10.0.0.0/8``.
        anywhere: Any address.
        pods: Labels of pods; None where none are chosen by labels, empty for all.
        namespaces: Labels of their namespaces; None for the tool's own.
        host: A host's name. It documents the address; alone it stands for any address at these ports, unless
            an engine that knows host names enforces it.
        ports: The ports; empty for all.
    """

    cidr: str = ""
    anywhere: bool = False
    pods: Mapping[str, str] | None = None
    namespaces: Mapping[str, str] | None = None
    host: str = ""
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A template as its author declares it.

    Args:
        name: Its folder's name, a DNS label.
        version: Its own version.
        summary: One line.
        parameters: What it asks, in the order in which a person is asked.
        rules: What must hold between the answers.
        schedule: A cron line, the default of its installations; empty for none.
        retry_policy: The name of the default RetryPolicy; empty for none.
        cleanup_policy: The name of the default CleanupPolicy; empty for none.
        resources: ``requests`` and ``limits`` to resource name to quantity.
        concurrency: What happens to a run while another is active.
        access: What its ServiceAccount may do.
        egress: Where its pods may connect to; None leaves the network as it is, empty allows DNS only.
        kubernetes: The minor versions it works on.
        min_rapt: The oldest Rapt that renders it; None for any.
        free_env: Whether ``--env`` may set names that it does not declare.
    """

    name: str
    version: Version
    summary: str
    parameters: tuple[Parameter, ...] = ()
    rules: tuple[Rule, ...] = ()
    schedule: str = ""
    retry_policy: str = ""
    cleanup_policy: str = ""
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    concurrency: Literal["allow", "forbid", "queue"] = "allow"
    access: tuple[Access, ...] = ()
    egress: tuple[Egress, ...] | None = None
    kubernetes: MinorRange = field(default_factory=MinorRange)
    min_rapt: Version | None = None
    free_env: bool = False


def load(text: str | bytes, source: str, *, rapt: Version | None = None) -> Template:
    """Read the text of a ``template.yaml``: ``from_document`` after ``documents.check_text``.

    Raises:
        Invalid: ``bad-text``, ``bad-yaml`` or ``bad-template``.
        Refused: ``rapt-too-old``.
    """
    data, lines = documents.load_with_lines(documents.check_text(text, source), source)
    return from_document(data, lines, source, rapt=rapt)


def from_document(
    data: Any, lines: Mapping[str, int], source: str, *, rapt: Version | None = None
) -> Template:
    """Read a template from its document.

    Args:
        data: What ``documents.load_with_lines`` returned.
        lines: And where.
        source: The file's name, for messages.
        rapt: The Rapt that reads it; None leaves ``minRapt`` unchecked.

    Raises:
        Invalid: ``bad-template``, with every problem as ``source:line: key``.
        Refused: ``rapt-too-old``: it needs a newer Rapt, whose keys this one would call unknown.
    """
    findings: Findings = [*hidden(data)]
    template = _template(Fields(data, "", findings))
    if rapt and template.min_rapt and rapt < template.min_rapt:
        raise Refused(
            "rapt-too-old",
            f"{source} needs Rapt {template.min_rapt} or newer; this is {rapt}",
            "take a newer Rapt, or an older version of the template",
        )
    refuse(findings, lines, source, "bad-template")
    return template


def _template(at: Fields) -> Template:
    at.choice("apiVersion", (API_VERSION,), required=True)
    at.choice("kind", (KIND,), required=True)
    name = at.text("name", required=True)
    if name and not names.is_dns_label(name):
        at.wrong("name", f"a name is small letters, digits and dashes, at most 63; was given {shown(name)}")
    items = at.items("parameters")
    if what := declared.too_many_patterns(item for _, item in items):
        at.wrong("parameters", what)
        items = []
    asked = tuple(declared.read(Fields(item, where, at.findings)) for where, item in items)
    _check_names_are_unique(asked, at)
    rules = [declared.read_rule(Fields(item, where, at.findings), asked) for where, item in at.items("rules")]
    policies, resources = at.fields("policies"), at.fields("resources")
    egress = tuple(_egress(Fields(item, where, at.findings)) for where, item in at.items("egress"))
    concurrency: Any = at.choice("concurrency", ("allow", "forbid", "queue"), "allow")
    template = Template(
        name=name,
        version=at.parsed("version", Version.parse, Version(0, 0, 0), required=True),
        summary=at.text("summary", required=True),
        parameters=asked,
        rules=tuple(rule for rule in rules if rule),
        schedule=at.text("schedule"),
        retry_policy=_object_name(policies, "retry"),
        cleanup_policy=_object_name(policies, "cleanup"),
        resources=_resources(resources),
        concurrency=concurrency,
        access=tuple(_access(Fields(item, where, at.findings)) for where, item in at.items("access")),
        egress=egress if "egress" in at else None,
        kubernetes=at.parsed("kubernetes", MinorRange.parse, MinorRange()),
        min_rapt=at.parsed("minRapt", Version.parse, None),
        free_env=at.flag("freeEnv"),
    )
    for inner in (policies, resources, at):
        inner.done()
    return template


def _check_names_are_unique(asked: tuple[Parameter, ...], at: Fields) -> None:
    seen: set[str] = set()
    taken = {parameter.name for parameter in asked}
    for index, parameter in enumerate(asked):
        here = f"{at.pointer}/parameters/{index}"
        if parameter.name and parameter.name in seen:
            at.findings.append((f"{here}/name", f"{parameter.name} is asked twice"))
        seen.add(parameter.name)
        for earlier in parameter.renamed_from:
            if earlier in taken:
                what = f"{earlier} is a parameter, or an earlier name, already"
                at.findings.append((f"{here}/renamedFrom", what))
            taken.add(earlier)


def _object_name(at: Fields, key: str) -> str:
    name = at.text(key)
    if name and not names.is_dns_subdomain(name):
        at.wrong(key, f"expected the name of an object, was given {shown(name)}")
    return name


def _resources(at: Fields) -> dict[str, dict[str, str]]:
    found = {kind: _quantities(at.fields(kind)) for kind in ("requests", "limits")}
    for name, request in found["requests"].items():
        limit = found["limits"].get(name, request)
        if request > limit:
            at.wrong("requests", f"{name}: {request} is more than its limit, {limit}")
    return {kind: {name: str(one) for name, one in inner.items()} for kind, inner in found.items() if inner}


def _quantities(at: Fields) -> dict[str, Quantity]:
    found = {}
    for name in at:
        if not re.fullmatch(r"(?:[a-z0-9.-]+/)?[a-zA-Z0-9._-]{1,63}", name):
            at.wrong(name, "is not the name of a resource such as cpu or memory")
        try:
            quantity = Quantity.parse(parameters.value_of(_QUANTITY, at.value(name)))
        except ValueError as error:
            at.wrong(name, str(error))
            continue
        if quantity.nano < 0:
            at.wrong(name, "is less than nothing")
        found[name] = quantity
    return found


_QUANTITY = Parameter("quantity", "quantity")


def _access(at: Fields) -> Access:
    if not at.is_mapping:
        return Access((), (), ())
    for key in ("apiGroups", "resources", "verbs"):
        if at.value(key) in (None, []):
            at.wrong(
                key,
                "is missing: name at least one" + (' ("" is the core group)' if key == "apiGroups" else ""),
            )
    access = Access(
        at.texts("apiGroups"), at.texts("resources"), at.texts("verbs"), at.texts("resourceNames")
    )
    for resource in access.resources:
        if any(scopes.is_cluster_wide(group, resource, access.verbs) for group in access.api_groups):
            at.wrong(
                "resources",
                f"{resource} belong to no namespace, and a tool gets rights in its own namespace only: "
                "an administrator grants this to its ServiceAccount with a ClusterRoleBinding",
            )
    at.done()
    return access


def _egress(at: Fields) -> Egress:
    if not at.is_mapping:
        return Egress()
    egress = Egress(
        cidr=at.text("cidr"),
        anywhere=at.flag("any"),
        pods=_labels(at, "podSelector"),
        namespaces=_labels(at, "namespaceSelector"),
        host=at.text("host"),
        ports=tuple(
            port for where, item in at.items("ports") if (port := _port(item, where, at.findings)) is not None
        ),
    )
    at.done()
    selects = egress.pods is not None or egress.namespaces is not None
    if (bool(egress.cidr) + egress.anywhere + selects) > 1:
        at.wrong("", "names one place: cidr, any, or podSelector and namespaceSelector")
    elif not (egress.cidr or egress.anywhere or selects or egress.host):
        at.wrong("", "names no place: cidr, any: true, podSelector, namespaceSelector or host")
    if egress.cidr:
        _check_network(egress.cidr, at)
    if egress.host and not names.is_dns_subdomain(egress.host):
        at.wrong("host", f"expected a host's name, was given {shown(egress.host)}")
    return egress


def _check_network(cidr: str, at: Fields) -> None:
    import ipaddress

    try:
        ipaddress.ip_network(cidr)
        if "/" in cidr:
            return
    except ValueError:
        pass
    at.wrong("cidr", f"expected a network such as 10.0.0.0/8, was given {shown(cidr)}")


def _labels(at: Fields, key: str) -> dict[str, str] | None:
    """A Kubernetes label selector of ``matchLabels`` only."""
    if key not in at:
        at.value(key)
        return None
    selector = at.fields(key)
    labels = selector.fields("matchLabels")
    found = {name: labels.text(name) for name in labels}
    selector.done()
    return found


def _port(item: Any, where: str, findings: Findings) -> Port | None:
    if isinstance(item, dict):
        at = Fields(item, where, findings)
        number, where = at.value("port"), f"{where}/port"
        protocol: Any = at.choice("protocol", ("TCP", "UDP", "SCTP"), "TCP")
        at.done()
    else:
        number, protocol = item, "TCP"
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 65_536:
        findings.append((where, f"expected a port from 1 to 65535, was given {shown(number)}"))
        return None
    return Port(number, protocol)
