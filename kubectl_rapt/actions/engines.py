"""Which engines are here that Rapt can make use of: by discovery, never by version."""

from typing import NamedTuple

from kubectl_rapt.actions import threads
from kubectl_rapt.errors import Refused, Unavailable
from kubectl_rapt.model.kinds import SERVICE
from kubectl_rapt.ports.cluster import EVERYWHERE
from kubectl_rapt.ports.world import World

_SOMEBODY_ELSES = ("server-error", "cut-off")
"""What the API server answers for another one that is registered with it and is not there."""


class Engine(NamedTuple):
    """Something that Rapt can make use of.

    Args:
        name: What it is called.
        group: The API group by which it is known; empty where it has none.
        plural: A resource of that group.
        label: What ``app.kubernetes.io/name`` of its Service may say.
        program: Its program on the PATH.
    """

    name: str
    group: str = ""
    plural: str = ""
    label: str = ""
    program: str = ""


ENGINES = (
    Engine("Kueue", "kueue.x-k8s.io", "workloads"),
    Engine("Flux", "kustomize.toolkit.fluxcd.io", "kustomizations"),
    Engine("Argo CD", "argoproj.io", "applications"),
    Engine("metrics", "metrics.k8s.io", "pods"),
    Engine("Prometheus", "monitoring.coreos.com", "prometheuses", label="prometheus"),
    Engine("OpenCost", label="opencost"),
    Engine("Trivy", "aquasecurity.github.io", "vulnerabilityreports", program="trivy"),
)


def look(world: World) -> dict[str, str | None]:
    """Where each engine was seen: empty for one that is not here, None for one that is and does not answer.

    Raises:
        Unavailable: The API server itself does not answer.
    """

    def place(engine: Engine) -> str | None:
        try:
            return _found(world, engine)
        except Unavailable as error:
            if error.code not in _SOMEBODY_ELSES:
                raise
            return None

    return dict(zip([one.name for one in ENGINES], threads.each(place, ENGINES), strict=True))


def _found(world: World, engine: Engine) -> str:
    """Where an engine was seen; empty where it was not."""
    if engine.group and world.cluster.serves(engine.group, engine.plural):
        return engine.group
    if engine.label:
        try:
            services = world.cluster.list(
                SERVICE, EVERYWHERE, labels=f"app.kubernetes.io/name={engine.label}"
            )
            for one in services:
                return f"service {one['metadata']['name']} in {one['metadata']['namespace']}"
        except Refused:
            pass  # who may not see the Services of all namespaces learns of none
    if engine.program and (paths := world.programs.find_all(engine.program)):
        return paths[0]
    return ""
