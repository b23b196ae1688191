"""Who else applies an object: Flux and Argo CD, known by the labels and annotations that they document.

Flux: https://fluxcd.io/flux/components/kustomize/kustomizations/#garbage-collection (labels of the Kustomization) and
https://fluxcd.io/flux/components/helm/helmreleases/ (the same of a HelmRelease). Argo CD:
https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kubectl_rapt.model.kinds import (
    ARGO_APPLICATION,
    FLUX_HELM_RELEASE,
    FLUX_KUSTOMIZATION,
    Kind,
    Manifest,
    Ref,
)
from kubectl_rapt.objects import fields

TRACKING_ID = "argocd.argoproj.io/tracking-id"
INSTANCE = "argocd.argoproj.io/instance"
SHARED_INSTANCE = "app.kubernetes.io/instance"
"""What Argo CD writes where it tracks by label, as older ones do; Helm charts and people write it too."""
_ARGO_MANAGERS = "argocd"
"""How the field managers of its controller begin: ``argocd-controller``, formerly ``argocd-application-controller``."""
_WORDS: Mapping[Kind, str] = {
    FLUX_KUSTOMIZATION: "Flux kustomization",
    FLUX_HELM_RELEASE: "Flux Helm release",
    ARGO_APPLICATION: "Argo CD application",
}
_FLUX = (
    (FLUX_KUSTOMIZATION, "kustomize.toolkit.fluxcd.io"),
    (FLUX_HELM_RELEASE, "helm.toolkit.fluxcd.io"),
)


@dataclass(frozen=True, slots=True)
class Owner:
    """The object of a controller that applies other objects.

    Args:
        kind: What it is.
        name: Its name.
        namespace: Where it is; empty where an Argo CD application lives in the controller's own namespace, which
            its tracking does not say.
    """

    kind: Kind
    name: str
    namespace: str

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{_WORDS[self.kind]} {place}{self.name}"

    @property
    def ref(self) -> Ref:
        """Its address, where the namespace is known."""
        return Ref(self.kind, self.name, self.namespace)


def applied_folder(manifest: Manifest) -> str | None:
    """The folder of its repository that a Kustomization or an application applies; empty for all of it.

    None where that is not a folder of a repository, or it does not say.
    """
    spec = manifest.get("spec") or {}
    source = spec if manifest.get("kind") == FLUX_KUSTOMIZATION.name else spec.get("source") or {}
    path = source.get("path")
    return path.removeprefix("./").strip("/") if isinstance(path, str) else None


def owner_of(manifest: Manifest) -> Owner | None:
    """Which controller's object applies a live object; None where it is nobody's but Rapt's.

    A tracking id counts only where it names this very object: Argo CD ignores copied ones too. The label
    ``app.kubernetes.io/instance`` counts only where Argo CD's controller wrote it.
    """
    metadata = manifest["metadata"]
    marks: Mapping[str, str] = metadata.get("labels") or {}
    for kind, group in _FLUX:
        if name := marks.get(f"{group}/name"):
            return Owner(kind, name, marks.get(f"{group}/namespace") or metadata.get("namespace", ""))
    if tracked := (metadata.get("annotations") or {}).get(TRACKING_ID):
        return _tracked(tracked, manifest)
    if name := marks.get(INSTANCE):
        return Owner(ARGO_APPLICATION, name, "")
    if (name := marks.get(SHARED_INSTANCE)) and _is_written_by_argo(manifest):
        return Owner(ARGO_APPLICATION, name, "")
    return None


def owners(manifests: Iterable[Manifest]) -> tuple[Owner, ...]:
    """The owners of some objects, each once, in the order in which they are met."""
    return tuple(dict.fromkeys(filter(None, map(owner_of, manifests))))


def _tracked(tracking_id: str, manifest: Manifest) -> Owner | None:
    """``APP:GROUP/KIND:NAMESPACE/NAME``; APP is ``NAMESPACE_NAME`` outside the controller's own namespace."""
    app, _, rest = tracking_id.partition(":")
    group = manifest["apiVersion"].rpartition("/")[0]
    metadata = manifest["metadata"]
    if rest != f"{group}/{manifest['kind']}:{metadata.get('namespace', '')}/{metadata['name']}":
        return None
    namespace, _, name = app.rpartition("_")
    return Owner(ARGO_APPLICATION, name, namespace)


def _is_written_by_argo(manifest: Manifest) -> bool:
    path = ("metadata", "labels", SHARED_INSTANCE)
    return any(one.manager.startswith(_ARGO_MANAGERS) for one in fields.managers(manifest, path))
