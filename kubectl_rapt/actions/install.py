"""Install Rapt's kinds and roles in a cluster; an administrator does it once, and again after an upgrade of Rapt."""

from dataclasses import dataclass

from kubectl_rapt.errors import NotFound, Refused, Unavailable, UsageError
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import CUSTOM_RESOURCE_DEFINITION, Kind, Manifest, ref_of
from kubectl_rapt.model.plan import Apply, Plan
from kubectl_rapt.objects import crds, labels
from kubectl_rapt.objects import reconciler as reconciling
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

MANAGER = "rapt-install"
_ESTABLISHED_SECONDS = 30.0
_TRIES = 8
"""How often it is asked: for some five seconds more."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What lets a cluster reconcile by itself.

    Args:
        image: Rapt's own image.
        every: The time between two passes: minutes that divide an hour, or hours that divide a day.
        namespace: Where it is.
    """

    image: str
    every: Duration
    namespace: str

    @property
    def schedule(self) -> str:
        """The same as a cron expression.

        Raises:
            UsageError: There is none for that time.
        """
        minutes, rest = divmod(self.every.seconds, 60)
        if not rest and 0 < minutes <= 60 and 60 % minutes == 0:
            return "0 * * * *" if minutes == 60 else f"*/{minutes} * * * *"
        hours, rest = divmod(minutes, 60) if not rest else (0, 1)
        if not rest and 0 < hours <= 24 and 24 % hours == 0:
            return "0 0 * * *" if hours == 24 else f"0 */{hours} * * *"
        raise UsageError(
            "bad-flag", f"--every cannot be {self.every}: no schedule has even steps of that", "--every 5m"
        )


def plan(world: World, reconciler: Reconciler | None = None) -> Plan:
    """What is to be applied.

    Args:
        world: Where to read.
        reconciler: What is installed besides the kinds; None for nothing.

    Raises:
        Refused: A newer Rapt has installed there already.
        UsageError: The reconciler's time has no schedule.
    """
    wanted = crds.manifests()
    if reconciler:
        wanted += reconciling.manifests(reconciler.image, reconciler.schedule, reconciler.namespace)
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


def wait(world: World, writers: Writers) -> None:
    """Wait until the API server serves the kinds.

    Raises:
        Unavailable: It does not, after half a minute.
    """
    _await_established(world)
    # It says so a moment before it answers for them.
    for attempt in range(_TRIES):
        missing = [kind for kind in crds.KINDS if not _is_served(world, kind)]
        if not missing:
            return
        writers.pause(attempt)
    raise _not_served(missing[0].resource)


def _await_established(world: World) -> None:
    kind = CUSTOM_RESOURCE_DEFINITION
    missing = {manifest["metadata"]["name"] for manifest in crds.manifests() if manifest["kind"] == kind.name}
    for event in world.cluster.watch(kind, "", timeout_seconds=_ESTABLISHED_SECONDS):
        if event.type in ("added", "changed") and _is_established(event.object):
            missing.discard(event.object["metadata"]["name"])
        if not missing:
            return
    raise _not_served(min(missing))


def _not_served(name: str) -> Unavailable:
    return Unavailable("not-established", f"the API server does not serve {name} yet", "kubectl rapt install")


def _is_served(world: World, kind: Kind) -> bool:
    try:
        next(world.cluster.table(kind, "", limit=1), None)
    except NotFound:
        return False
    except Refused:
        return True  # who installs it need not be allowed to use it
    return True


def _is_established(definition: Manifest) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)
