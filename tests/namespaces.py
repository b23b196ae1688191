"""A namespace of one's own for each test, and an ordinary user who may edit it."""

import json
import secrets
import subprocess
import time
from pathlib import Path

from tests.cluster import kubectl
from tests.cluster.clusters import Cluster, PrivateCluster


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
    if not isinstance(cluster, PrivateCluster) or cluster.control_plane.has_controllers:
        _await(
            cluster,
            name,
            "serviceaccounts,configmaps",
            "serviceaccount/default",
            "configmap/kube-root-ca.crt",
        )
    return name


def await_rapt(cluster: Cluster) -> None:
    """Wait until ordinary users have what Rapt's installation adds to the built-in roles."""
    _await(cluster, prepare(cluster), "tools.rapt.dev")


def soon(kubeconfig: Path, *words: str) -> None:
    """Wait until kubectl succeeds: the API server learns of rights, kinds and limits a moment later."""
    command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", *words]
    for _ in range(240):
        done = subprocess.run(command, text=True, check=False, capture_output=True)
        if done.returncode == 0:
            return
        time.sleep(0.25)
    raise AssertionError(f"{words}: {done.stdout}{done.stderr}")


def _await(cluster: Cluster, name: str, kinds: str, *wanted: str) -> None:
    """Wait until the API server knows of the binding, and controllers have made what each pod needs."""
    command = [str(kubectl.program()), f"--kubeconfig={cluster.kubeconfig}", f"--as=user-of-{name}"]
    command += ["get", kinds, f"--namespace={name}", "--output=name"]
    for _ in range(240):
        done = subprocess.run(command, text=True, check=False, capture_output=True)
        if done.returncode == 0 and {*wanted} <= {*done.stdout.split()}:
            return
        time.sleep(0.25)
    raise AssertionError(f"the namespace {name} does not get ready: {done.stdout}{done.stderr}")


def apply(kubeconfig: Path, *items: object) -> None:
    """Create objects with kubectl, as whoever the kubeconfig belongs to."""
    manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", "create", "--filename=-"]
    for _ in range(120):
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
