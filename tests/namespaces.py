"""A namespace of one's own for each test, and an ordinary user who may edit it."""

import json
import secrets
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import kubectl
from tests.cluster.clusters import Cluster, PrivateCluster


@dataclass(frozen=True)
class Pair:
    """Two namespaces of one person: unlike each other, and usually neither is the one that their kubectl uses.

    Args:
        dev: For the environment dev.
        prod: For the environment prod.
        user: The person's name, as the API server knows it.
        kubeconfig: Theirs. Its namespace is one where they may do nothing, if it is not that of dev.
    """

    dev: str
    prod: str
    user: str
    kubeconfig: Path


def pair(cluster: Cluster, *, is_in_dev: bool = False) -> Pair:
    """Two namespaces that one ordinary user may edit.

    Args:
        cluster: Where.
        is_in_dev: Whether the person's kubectl uses the namespace of dev.
    """
    start = f"t-{secrets.token_hex(4)}"
    user = f"user-of-{start}"
    dev = prepare(cluster, name=f"{start}-dev", user=user)
    prod = prepare(cluster, name=f"{start}-live", user=user)
    return Pair(dev, prod, user, cluster.user(user, namespace=dev if is_in_dev else f"{start}-nowhere"))


def prepare(cluster: Cluster, role: str = "edit", name: str = "", user: str = "") -> str:
    """Create a namespace and bind its user, ``user-of-NAMESPACE``, to a built-in role there; its name."""
    name = name or f"t-{secrets.token_hex(4)}"
    user = user or f"user-of-{name}"
    items = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": role, "namespace": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        },
    ]
    apply(cluster.kubeconfig, *items)
    if not isinstance(cluster, PrivateCluster) or cluster.control_plane.has_controllers:
        _await(
            cluster,
            name,
            user,
            "serviceaccounts,configmaps",
            "serviceaccount/default",
            "configmap/kube-root-ca.crt",
        )
    return name


def await_rapt(cluster: Cluster) -> None:
    """Wait until ordinary users have what Rapt's installation adds to the built-in roles."""
    name = prepare(cluster)
    _await(cluster, name, f"user-of-{name}", "tools.rapt.dev")


def soon(kubeconfig: Path, *words: str) -> None:
    """Wait until kubectl succeeds: the API server learns of rights, kinds and limits a moment later."""
    command = [str(kubectl.program()), f"--kubeconfig={kubeconfig}", *words]
    for _ in range(240):
        done = subprocess.run(command, text=True, check=False, capture_output=True)
        if done.returncode == 0:
            return
        time.sleep(0.25)
    raise AssertionError(f"{words}: {done.stdout}{done.stderr}")


def _await(cluster: Cluster, name: str, user: str, kinds: str, *wanted: str) -> None:
    """Wait until the API server knows of the binding, and controllers have made what each pod needs."""
    command = [str(kubectl.program()), f"--kubeconfig={cluster.kubeconfig}", f"--as={user}"]
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
