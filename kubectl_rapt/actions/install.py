"""Install Rapt's kinds and roles in a cluster; an administrator does it once, and again after an upgrade of Rapt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubectl_rapt import writes
from kubectl_rapt.actions import find, rights
from kubectl_rapt.errors import Conflict, NotFound, Refused, Unavailable, UsageError
from kubectl_rapt.model import digits, shell
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import (
    CLUSTER_ROLE_BINDING,
    CUSTOM_RESOURCE_DEFINITION,
    NAMESPACE,
    ROLE_BINDING,
    TOOL,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
    Kind,
    Manifest,
    Ref,
    ref_of,
)
from kubectl_rapt.model.plan import Apply, Create, Delete, Patch, Plan
from kubectl_rapt.objects import admission, crds, labels
from kubectl_rapt.objects import reconciler as reconciling
from kubectl_rapt.ports.cluster import EVERYWHERE
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

MANAGER = "rapt-install"
Step = Apply | Create | Delete | Patch
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
        namespaces: What it reconciles; empty for the whole cluster.
    """

    image: str
    every: Duration
    namespace: str
    namespaces: tuple[str, ...] = ()

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
        NotFound: ``no-namespace``: it is to reconcile one that does not exist.
        Refused: A newer Rapt has installed there already.
        UsageError: The reconciler's time has no schedule.
    """
    wanted = crds.manifests()
    if is_guarded(world):
        wanted += admission.manifests(crds.FORMAT)
    for manifest in wanted:
        if manifest["kind"] == CUSTOM_RESOURCE_DEFINITION.name:
            _version(world, manifest)
    steps: list[Step] = []
    for manifest in wanted:
        steps += [*_repair(world, manifest), Apply(manifest, MANAGER)]
    return Plan((*steps, *(_reconciler(world, reconciler) if reconciler else ())))


def _repair(world: World, manifest: Manifest) -> Iterator[Patch]:
    """What takes away what others have written into an admission policy: applying it again leaves theirs."""
    if ref_of(manifest).kind in (VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING):
        try:
            live = find.perhaps(world, ref_of(manifest))
        except Refused:
            return  # who may not read it may not write it, and is told of both before anything is written
        if live and not admission.is_as_installed(live, manifest):
            yield Patch(ref_of(manifest), admission.repaired(live, manifest))


def check_rights(world: World, steps: Sequence[Step]) -> None:
    """Make sure that the user may do every step, before the first of them.

    Raises:
        Refused: ``no-right``.
    """
    refs = [step.ref if isinstance(step, Delete | Patch) else ref_of(step.manifest) for step in steps]
    verbs = {Apply: "patch", Create: "create", Delete: "delete", Patch: "patch"}
    needed = [(verbs[type(step)], ref.kind, ref.namespace) for step, ref in zip(steps, refs, strict=True)]
    if any(ref.kind == VALIDATING_ADMISSION_POLICY for ref in refs):
        # The API server lets nobody write a policy about Tools who may not read every one of them.
        needed += [("get", TOOL, ""), ("list", TOOL, "")]
    rights.check(world, needed)


def carry_out(world: World, writers: Writers, step: Step) -> None:
    """Do one step. A kind is applied to what was looked at just now: a newer Rapt may have installed meanwhile.

    Raises:
        Refused: ``newer-installed``.
        Conflict: Somebody else writes the kind all the time.
    """
    if not (isinstance(step, Apply) and step.manifest["kind"] == CUSTOM_RESOURCE_DEFINITION.name):
        writes.apply(writers, step)
        return
    for attempt in range(_TRIES):
        version = _version(world, step.manifest)
        metadata = {**step.manifest["metadata"], **({"resourceVersion": version} if version else {})}
        try:
            writes.apply(writers, Apply({**step.manifest, "metadata": metadata}, step.manager))
        except Conflict:
            if attempt == _TRIES - 1:
                raise
            writers.pause(attempt)
        else:
            return


def _version(world: World, manifest: Manifest) -> str:
    """The version of a kind as it is in the cluster; empty if it is not there. Raises Refused: ``newer-installed``."""
    live = find.perhaps(world, ref_of(manifest))
    if live is None:
        return ""
    found = (live["metadata"].get("annotations") or {}).get(labels.SCHEMA, "0")
    number = digits.whole(found)
    if number is None or number > crds.FORMAT:
        raise Refused(
            "newer-installed",
            f"a newer Rapt has installed format {found} here; this one has {crds.FORMAT} and never downgrades",
            "kubectl krew upgrade rapt",
        )
    return str(live["metadata"]["resourceVersion"])


def is_guarded(world: World) -> bool:
    """Whether the API server itself can refuse forged Runs: since Kubernetes 1.30."""
    kind = VALIDATING_ADMISSION_POLICY
    return world.cluster.serves(kind.group, kind.plural)


def _reconciler(world: World, wanted: Reconciler) -> Iterator[Step]:
    """The reconciler, and the end of what an earlier installation of it was granted elsewhere."""
    for name in wanted.namespaces:
        if find.perhaps(world, Ref(NAMESPACE, name)) is None:
            what = f'there is no namespace "{name}"'
            raise NotFound("no-namespace", what, f"kubectl create namespace {shell.word(name)}")
    manifests = reconciling.manifests(wanted.image, wanted.schedule, wanted.namespace, wanted.namespaces)
    for manifest in manifests:
        if manifest["kind"] != NAMESPACE.name:
            yield Apply(manifest, MANAGER)
        elif find.perhaps(world, ref_of(manifest)) is None:
            # A namespace that exists is somebody's: its labels decide what may run there.
            yield Create(manifest, MANAGER)
    stays = {ref_of(manifest) for manifest in manifests}
    selector = labels.selector(reconciling.MARKS)
    for kind in (CLUSTER_ROLE_BINDING, ROLE_BINDING):
        for live in world.cluster.list(kind, EVERYWHERE, labels=selector):
            if ref_of(live) not in stays and reconciling.is_granted_to(live, wanted.namespace):
                yield Delete(ref_of(live), live["metadata"]["uid"])


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
