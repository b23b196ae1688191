"""Install Rapt's kinds and roles in a cluster; an administrator does it once, and again after an upgrade of Rapt."""

from kubectl_rapt.errors import NotFound, Refused, Unavailable
from kubectl_rapt.model.kinds import CUSTOM_RESOURCE_DEFINITION, Manifest, ref_of
from kubectl_rapt.model.plan import Apply, Plan
from kubectl_rapt.objects import crds, labels
from kubectl_rapt.ports.world import World

MANAGER = "rapt-install"
_ESTABLISHED_SECONDS = 30.0


def plan(world: World) -> Plan:
    """What is to be applied.

    Raises:
        Refused: A newer Rapt has installed there already.
    """
    wanted = crds.manifests()
    for manifest in wanted:
        if manifest["kind"] != CUSTOM_RESOURCE_DEFINITION.name:
            continue
        try:
            live = world.cluster.get(ref_of(manifest))
        except NotFound:
            continue
        found = (live["metadata"].get("annotations") or {}).get(labels.SCHEMA, "0")
        if not found.isdigit() or int(found) > crds.FORMAT:
            raise Refused(
                "newer-installed",
                f"a newer Rapt has installed format {found} here; this one has {crds.FORMAT} and never downgrades",
                "kubectl krew upgrade rapt",
            )
    return Plan(tuple(Apply(manifest, MANAGER) for manifest in wanted))


def wait(world: World) -> None:
    """Wait until the API server serves the kinds.

    Raises:
        Unavailable: It does not, after half a minute.
    """
    kind = CUSTOM_RESOURCE_DEFINITION
    missing = {manifest["metadata"]["name"] for manifest in crds.manifests() if manifest["kind"] == kind.name}
    for event in world.cluster.watch(kind, "", timeout_seconds=_ESTABLISHED_SECONDS):
        if event.type in ("added", "changed") and _is_established(event.object):
            missing.discard(event.object["metadata"]["name"])
        if not missing:
            return
    raise Unavailable(
        "not-established", f"the API server does not serve {min(missing)} yet", "kubectl rapt install"
    )


def _is_established(definition: Manifest) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)
