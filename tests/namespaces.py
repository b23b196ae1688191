"""A namespace of one's own for each test, and an ordinary user who may edit it."""

import json
import secrets
import subprocess
import time
from pathlib import Path

from tests.cluster import kubectl
from tests.cluster.clusters import Cluster


def prepare(cluster: Cluster, role: str = "edit") -> str:
    """Create a namespace and bind its user, ``user-of-NAMESPACE``, to a built-in role there; its name."""
    name = f"t-{secrets.token_hex(4)}"
    items = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": role, "namespace": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [
                {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": f"user-of-{name}"}
            ],
        },
    ]
    apply(cluster.kubeconfig, *items)
    return name


def apply(kubeconfig: Path, *items: object) -> None:
    """Create objects with kubectl, as whoever the kubeconfig belongs to."""
    manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", "create", "--filename=-"]
    for _ in range(20):
        done = subprocess.run(command, input=manifest, text=True, check=False, capture_output=True)
        if "orbidden" not in done.stderr:
            break
        time.sleep(0.5)  # the API server learns of a new RoleBinding a moment later
    assert done.returncode == 0, done.stderr


def uid(cluster: Cluster) -> str:
    """By which environments know a cluster: the UID of its ``kube-system``."""
    command = [
        str(kubectl.program()),
        f"--kubeconfig={cluster.kubeconfig}",
        "get",
        "namespace",
        "kube-system",
    ]
    return subprocess.check_output([*command, "-o", "jsonpath={.metadata.uid}"], text=True, timeout=60)
