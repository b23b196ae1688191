"""What a pod refers to: Secrets, ConfigMaps and volume claims that must be there before it can start."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_rapt.model.kinds import CONFIG_MAP, PERSISTENT_VOLUME_CLAIM, SECRET, Kind, Manifest


@dataclass(frozen=True, slots=True)
class Reference:
    """One object that a pod needs.

    Args:
        kind: Secret, ConfigMap or PersistentVolumeClaim.
        name: Its name.
        keys: The keys that it must have; empty where all of it is meant.
    """

    kind: Kind
    name: str
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind.name.lower()}/{self.name}"


def of_pod(spec: Manifest) -> tuple[Reference, ...]:
    """Everything that a pod cannot start without, each object once; what is ``optional`` is left out.

    Args:
        spec: The ``spec`` of a pod, or of a Job's pod template.
    """
    keys: dict[tuple[str, str], set[str]] = {}
    kinds = {kind.name: kind for kind in (SECRET, CONFIG_MAP, PERSISTENT_VOLUME_CLAIM)}
    for kind, name, needed in _needed(spec):
        keys.setdefault((kind.name, name), set()).update(needed)
    return tuple(Reference(kinds[kind], name, tuple(sorted(keys[kind, name]))) for kind, name in sorted(keys))


def _needed(spec: Manifest) -> Iterator[tuple[Kind, str, list[str]]]:
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        for variable in container.get("env") or ():
            source = variable.get("valueFrom") or {}
            yield from _named(SECRET, source.get("secretKeyRef"))
            yield from _named(CONFIG_MAP, source.get("configMapKeyRef"))
        for source in container.get("envFrom") or ():
            yield from _named(SECRET, source.get("secretRef"))
            yield from _named(CONFIG_MAP, source.get("configMapRef"))
    for volume in spec.get("volumes") or ():
        for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            yield from _named(SECRET, source.get("secret"), "secretName" if source is volume else "name")
            yield from _named(CONFIG_MAP, source.get("configMap"))
        yield from _named(PERSISTENT_VOLUME_CLAIM, volume.get("persistentVolumeClaim"), "claimName")
    for one in spec.get("imagePullSecrets") or ():
        yield from _named(SECRET, one)


def _named(
    kind: Kind, source: Mapping[str, Any] | None, key: str = "name"
) -> Iterator[tuple[Kind, str, list[str]]]:
    if source and source.get(key) and not source.get("optional"):
        needed = [source["key"]] if "key" in source else []
        yield kind, source[key], needed + [item["key"] for item in source.get("items") or ()]
