"""How far objects reach: the images they run, the Secrets they read, what they may do, where they may connect."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.model.kinds import Manifest


@dataclass(frozen=True, slots=True)
class Reach:
    """How far some objects reach, each word once and in order.

    Args:
        images: Container images.
        secrets: Secrets and ConfigMaps with what is read: ``secret/NAME key KEY``, ``configmap/NAME all keys``.
        rights: What their account may do: ``get pods``, ``create jobs.batch``.
        hosts: Where they may connect to: ``10.0.0.0/8, port 443``, ``anywhere, any port``.
        marks: Labels of their pods that are neither Rapt's nor the environment's: Services and NetworkPolicies of
            others may select by them.
    """

    images: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """What a person reads of it, one line each."""
        words = ("image", "reads", "rights", "network", "pod label")
        return [f"{word}: {one}" for word, found in zip(words, self._all, strict=True) for one in found]

    def beyond(self, other: "Reach") -> "Reach":
        """What this one reaches and the other does not."""
        return Reach(*(_without(mine, theirs) for mine, theirs in zip(self._all, other._all, strict=True)))

    @property
    def _all(self) -> tuple[tuple[str, ...], ...]:
        return (self.images, self.secrets, self.rights, self.hosts, self.marks)

    def __bool__(self) -> bool:
        return any(self._all)


def _without(mine: Iterable[str], theirs: Iterable[str]) -> tuple[str, ...]:
    known = set(theirs)
    return tuple(one for one in mine if one not in known)


def of(manifests: Iterable[Manifest]) -> Reach:
    """The reach of rendered objects, however their pods are wrapped."""
    found: dict[str, set[str]] = {key: set() for key in ("images", "secrets", "rights", "hosts", "marks")}
    for manifest in manifests:
        spec = manifest.get("spec") or {}
        if manifest["kind"] == "Role":
            found["rights"].update(_rights(manifest.get("rules") or ()))
        elif manifest["kind"] == "NetworkPolicy":
            found["hosts"].update(_hosts(spec.get("egress") or ()))
        else:
            known = manifest["metadata"].get("labels") or {}  # what the environment gives to every object
            for pod, marks in _pods(manifest):
                found["marks"].update(
                    f"{key}={value}" for key, value in marks.items() - known.items() if "/" not in key
                )
                found["images"].update(_images(pod))
                found["secrets"].update(_references(pod))
    if not any(manifest["kind"] == "NetworkPolicy" for manifest in manifests) and found["images"]:
        found["hosts"].add("anywhere, any port")
    return Reach(**{key: tuple(sorted(words)) for key, words in found.items()})


def _pods(manifest: Manifest) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The pod templates' specs of a Job, a CronJob or a Tool, each with its labels."""
    spec = manifest.get("spec") or {}
    for job in (spec, (spec.get("job") or {}).get("spec"), (spec.get("jobTemplate") or {}).get("spec")):
        template = (job or {}).get("template")
        if isinstance(template, dict) and template.get("spec"):
            yield template["spec"], (template.get("metadata") or {}).get("labels") or {}


def _containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]


def _images(pod: Mapping[str, Any]) -> Iterator[str]:
    for container in _containers(pod):
        if container.get("image"):
            yield str(container["image"])


def _references(value: Any) -> Iterator[str]:
    """Every Secret and ConfigMap that is named anywhere in a pod."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            kind = {"secret": "secret", "configMap": "configmap"}.get(
                key.removesuffix("KeyRef").removesuffix("Ref")
            )
            name = item.get("name", item.get("secretName")) if isinstance(item, dict) else None
            if kind and isinstance(name, str):
                keys = [item["key"]] if "key" in item else [one.get("key") for one in item.get("items") or ()]
                yield from [f"{kind}/{name} key {one}" for one in keys] or [f"{kind}/{name} all keys"]
            else:
                yield from _references(item)


def _rights(rules: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for rule in rules:
        for resource in rule.get("resources") or ():
            for group in rule.get("apiGroups") or ("",):
                for verb in rule.get("verbs") or ():
                    named = f" {', '.join(rule['resourceNames'])}" if rule.get("resourceNames") else ""
                    yield f"{verb} {resource}{f'.{group}' if group else ''}{named}"


def _hosts(rules: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for rule in rules:
        ports = list(dict.fromkeys(str(one.get("port", "")) for one in rule.get("ports") or ()))
        if not rule.get("to") and ports == ["53"]:
            continue  # DNS is always allowed
        peers: list[Mapping[str, Any]] = rule.get("to") or [{}]
        for peer in peers:
            yield f"{_peer(peer)}, {_ports(ports)}"


def _ports(ports: Sequence[str]) -> str:
    if not ports or "" in ports:
        return "any port"
    return f"port{'s' if len(ports) > 1 else ''} {', '.join(ports)}"


def _peer(peer: Mapping[str, Any]) -> str:
    if "ipBlock" in peer:
        return str(peer["ipBlock"].get("cidr"))
    chosen = [
        f"{name} {_selected(peer[key])}"
        for key, name in (("podSelector", "pods"), ("namespaceSelector", "namespaces"))
        if key in peer
    ]
    return " in ".join(chosen) or "anywhere"


def _selected(selector: Mapping[str, Any]) -> str:
    return (
        ",".join(f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items())
        or "of any kind"
    )
