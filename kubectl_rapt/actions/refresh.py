"""Ask Flux and Argo CD to look at the repository now, for the objects of an environment that they apply.

Flux takes a new value of ``reconcile.fluxcd.io/requestedAt`` on the source and then on what is built from it, as
``flux reconcile kustomization --with-source`` does; Argo CD takes ``argocd.argoproj.io/refresh: normal``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kubectl_rapt.actions import desired, repository
from kubectl_rapt.errors import NotFound, Refused
from kubectl_rapt.model.kinds import (
    ARGO_APPLICATION,
    FLUX_GIT_REPOSITORY,
    FLUX_HELM_RELEASE,
    FLUX_KUSTOMIZATION,
    Manifest,
    Ref,
)
from kubectl_rapt.model.plan import Patch, Plan
from kubectl_rapt.objects import labels, owners
from kubectl_rapt.objects.owners import Owner
from kubectl_rapt.ports.cluster import EVERYWHERE
from kubectl_rapt.ports.world import World

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
REFRESH = "argocd.argoproj.io/refresh"
_ARGO_NAMESPACE = "argocd"
_FLUX_WORDS = {
    FLUX_KUSTOMIZATION: "kustomization",
    FLUX_HELM_RELEASE: "helmrelease",
    FLUX_GIT_REPOSITORY: "source git",
}


def refresh(world: World, name: str) -> Plan:
    """What asks the controllers of one environment to look now.

    Args:
        world: Where to read.
        name: The environment.

    Returns:
        A patch for each object of theirs that applies something of the environment; none where nobody does. The
        notes say why one cannot be asked, or will not apply anything by itself.

    Raises:
        NotFound: No such environment.
        Refused: Another cluster than the environment's.
        Unavailable: The cluster or the repository does not answer.
    """
    project = repository.read(world).project()
    environment = project.environment(name)
    desired.check_cluster(world, environment)
    selector = labels.selector(labels.of_environment(project.id, name))
    return plan(world, list(desired.of_environment(world, environment, selector)))


def plan(world: World, manifests: Sequence[Manifest]) -> Plan:
    """The same for live objects that are at hand."""
    patches: dict[Ref, Patch] = {}
    notes: list[str] = []
    for owner in owners.owners(manifests):
        theirs = [manifest for manifest in manifests if owners.owner_of(manifest) == owner]
        try:
            found = _argo(world, owner, theirs) if owner.kind == ARGO_APPLICATION else _flux(world, owner)
            for ref, manifest, annotation in found:
                if world.cluster.may("patch", ref.kind, ref.namespace, name=ref.name):
                    marks = {"uid": manifest["metadata"]["uid"], "annotations": annotation}
                    patches[ref] = Patch(ref, {"metadata": marks})
                else:
                    notes.append(
                        f"{owner} looks when its own time comes: you may not patch {ref.kind.resource}"
                    )
                notes.extend(f"{owner} {why}" for why in _hindrances(ref, manifest))
        except NotFound:
            notes.append(
                f"{owner} is not there any more: remove its labels or annotations to sync without it"
            )
        except Refused as error:
            notes.append(f"{owner} looks when its own time comes: {error.message}")
    return Plan(tuple(patches.values()), tuple(dict.fromkeys(notes)))


Found = Iterator[tuple[Ref, Manifest, Mapping[str, str]]]


def _flux(world: World, owner: Owner) -> Found:
    manifest = world.cluster.get(owner.ref)
    asked = {REQUESTED_AT: world.now().isoformat()}
    source = manifest.get("spec", {}).get("sourceRef") or {}
    if owner.kind == FLUX_KUSTOMIZATION and source.get("kind") == FLUX_GIT_REPOSITORY.name:
        ref = Ref(FLUX_GIT_REPOSITORY, source["name"], source.get("namespace") or owner.namespace)
        yield ref, world.cluster.get(ref), asked
    yield owner.ref, manifest, asked


def _argo(world: World, owner: Owner, theirs: Sequence[Manifest]) -> Found:
    found = _applications(world, owner)
    # Where several controllers have one of that name, the one that says it has these objects is meant.
    sure = [one for one in found if any(_lists(one, manifest) for manifest in theirs)]
    if not found:
        raise NotFound("not-found", f"{owner} does not exist", "kubectl get applications.argoproj.io -A")
    for manifest in sure or found:
        ref = Ref(ARGO_APPLICATION, owner.name, manifest["metadata"]["namespace"])
        yield ref, manifest, {REFRESH: "normal"}


def _applications(world: World, owner: Owner) -> list[Manifest]:
    if owner.namespace:
        return [world.cluster.get(owner.ref)]
    try:
        return list(world.cluster.list(ARGO_APPLICATION, EVERYWHERE, fields=f"metadata.name={owner.name}"))
    except Refused:
        return [world.cluster.get(Ref(ARGO_APPLICATION, owner.name, _ARGO_NAMESPACE))]


def _lists(application: Manifest, manifest: Manifest) -> bool:
    metadata = manifest["metadata"]
    wanted = {
        "kind": manifest["kind"],
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
    }
    resources: Sequence[Mapping[str, Any]] = application.get("status", {}).get("resources") or ()
    return any(wanted.items() <= one.items() for one in resources)


def _hindrances(ref: Ref, manifest: Manifest) -> Iterator[str]:
    spec = manifest.get("spec") or {}
    if ref.kind == ARGO_APPLICATION:
        automated = (spec.get("syncPolicy") or {}).get("automated")
        if automated is None or automated.get("enabled") is False:  # {} is a policy, with defaults
            yield f"does not sync automatically: argocd app sync {ref.name}"
    elif spec.get("suspend"):
        command = f"flux resume {_FLUX_WORDS[ref.kind]} {ref.name} -n {ref.namespace}"
        yield f"waits, because {ref} is suspended: {command}"
