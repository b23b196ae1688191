"""Writing kubeconfig files: one cluster, one user, one context, nothing that points to other files."""

import base64
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.cluster.certificates import Pair


def with_certificate(
    server: str, ca: Path, client: Pair, user: str, namespace: str = "default"
) -> dict[str, Any]:
    """A kubeconfig for a user who has a client certificate."""
    endpoint = {"server": server, "certificate-authority-data": _encoded(ca)}
    credentials = {
        "client-certificate-data": _encoded(client.certificate),
        "client-key-data": _encoded(client.key),
    }
    return _kubeconfig(endpoint, user, credentials, namespace)


def impersonating(
    administrator: Mapping[str, Any], user: str, groups: Sequence[str], namespace: str = "default"
) -> dict[str, Any]:
    """A kubeconfig in which an administrator acts as another user.

    Args:
        administrator: A kubeconfig with one context and no references to files.
        user: Whom to act as.
        groups: The groups of that user.
        namespace: The namespace of the context.
    """
    credentials = administrator["users"][0]["user"] | {"as": user, "as-groups": list(groups)}
    return _kubeconfig(administrator["clusters"][0]["cluster"], user, credentials, namespace)


def write(path: Path, kubeconfig: Mapping[str, Any]) -> Path:
    """Writes a kubeconfig that its owner alone can read; readers see the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(descriptor, "w") as file:
        json.dump(kubeconfig, file, indent=2)
    Path(name).rename(path)
    return path


def _kubeconfig(
    endpoint: Mapping[str, Any], user: str, credentials: Mapping[str, Any], namespace: str
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": user,
        "clusters": [{"name": "rapt", "cluster": endpoint}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": user, "context": {"cluster": "rapt", "user": user, "namespace": namespace}}],
    }


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
