"""What a running pod uses just now: as the cluster's metrics say it, else as its node's kubelet does."""

from kubectl_rapt.errors import NotFound, RaptError, Refused
from kubectl_rapt.model.kinds import POD_METRICS, Ref
from kubectl_rapt.objects import pod_usage
from kubectl_rapt.objects.pod_usage import Usage
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.ports.world import World

METRICS, KUBELET = "metrics.k8s.io", "kubelet"


def sample(world: World, pod: Pod) -> tuple[Usage | None, str]:
    """One sample.

    Args:
        world: Where to read.
        pod: A pod that runs.

    Returns:
        What it uses and who says so; or None, and why nobody does.
    """
    try:
        found = world.cluster.get(Ref(POD_METRICS, pod.name, pod.namespace))
        return pod_usage.from_metrics(found), METRICS
    except NotFound as error:
        why = "no metrics yet" if error.code == "not-found" else "the cluster serves no metrics.k8s.io"
    except Refused:
        why = "metrics.k8s.io is not there, or not for you"
    except (KeyError, TypeError, ValueError):
        why = "what metrics.k8s.io says cannot be read"
    try:
        usage = pod_usage.from_summary(world.cluster.kubelet_summary(pod.node), pod.namespace, pod.name)
    except Refused:
        return None, f"{why}, and you may not ask its node's kubelet (nodes/proxy)"
    except RaptError as error:
        return None, f"{why}, and its node's kubelet says: {error.message}"
    except (KeyError, TypeError, ValueError):
        return None, f"{why}, and what its node's kubelet says cannot be read"
    return (usage, KUBELET) if usage else (None, f"{why}, nor from its node's kubelet")
