"""Which resources belong to no namespace, as a real API server says it."""

import subprocess

from kubectl_rapt.model import scopes
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster

_BUILT_IN = ("", "apps", "batch", "policy", "autoscaling")
_ANSWERS = ("k8s.io",)


def test_what_the_server_says_is_cluster_wide_is_known_and_nothing_else(cluster: Cluster) -> None:
    for is_namespaced in (False, True):
        for group, resource in resources(cluster, is_namespaced=is_namespaced):
            if group in _BUILT_IN or group.endswith(_ANSWERS):
                found = scopes.is_cluster_wide(group, resource, ("list",))
                assert found is not is_namespaced, f"{resource} of {group or 'the core group'}"
    assert not scopes.is_cluster_wide("", "namespaces", ("get",)), "a Role may grant its own namespace"
    assert not scopes.is_cluster_wide("example.com", "nodes", ("get",)), "nobody knows"


def resources(cluster: Cluster, *, is_namespaced: bool) -> list[tuple[str, str]]:
    """Group and plural name of what the server has."""
    command = [str(kubectl.program()), f"--kubeconfig={cluster.kubeconfig}", "api-resources", "--output=name"]
    told = subprocess.check_output(
        [*command, f"--namespaced={str(is_namespaced).lower()}"], text=True, timeout=60
    )
    split = (line.partition(".") for line in told.split())
    return [(group, resource) for resource, _, group in split]
