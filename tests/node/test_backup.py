"""A volume's backup on a real node: added, synced, run by an ordinary user, and restored by a pod from its README."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

from tests import namespaces
from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.killing import Person
from tests.shipped import containers

README = Path(__file__).parents[2] / "templates" / "volume-backup" / "README.md"
NOBODY = 65534


def _claim(cluster: Cluster, namespace: str, name: str, folder: Path) -> None:
    """A claim that is bound to a folder of this machine, which is the node."""
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    spec = {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    volume = {
        **spec,
        "hostPath": {"path": str(folder)},
        "claimRef": {"namespace": namespace, "name": name},
        "persistentVolumeReclaimPolicy": "Retain",
    }
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "volumeName": f"{namespace}-{name}",
        "resources": {"requests": {"storage": "1Mi"}},
    }
    namespaces.apply(
        cluster.kubeconfig,
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"{namespace}-{name}"},
            "spec": volume,
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": namespace},
            "spec": claim,
        },
    )


def _restoring(archive: str) -> dict[str, Any]:
    """The pod that the README speaks of, with its commands."""
    commands = re.search(r"## Restore.*?```\n(.*?)```", README.read_text(), re.DOTALL)
    assert commands
    script = re.sub(r"backup-[0-9TZ]+\.tar\.gz", archive, commands[1])
    mounts = [
        {"name": "target", "mountPath": "/target", "readOnly": True},
        {"name": "restored", "mountPath": "/restored"},
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "restore"},
        "spec": {
            "restartPolicy": "Never",
            "securityContext": {"runAsUser": NOBODY, "runAsGroup": NOBODY},
            "containers": [
                {
                    "name": "restore",
                    "image": "busybox:1.35",
                    "command": ["sh", "-euc", script],
                    "volumeMounts": mounts,
                }
            ],
            "volumes": [
                {"name": "target", "persistentVolumeClaim": {"claimName": "backups"}},
                {"name": "restored", "persistentVolumeClaim": {"claimName": "restored"}},
            ],
        },
    }


def test_a_volume_is_backed_up_and_restored_on_a_node(
    cluster: Cluster, namespace: str, user: Path, tmp_path: Path
) -> None:
    folders = {"data": tmp_path / "data", "backups": tmp_path / "backups", "restored": tmp_path / "restored"}
    containers.open_to_all(tmp_path)
    for name, folder in folders.items():
        _claim(cluster, namespace, name, folder)
    content = os.urandom(200_000)
    (folders["data"] / "shop.db").write_bytes(content)
    ann = Person(tmp_path / "ann", user)
    for command in (
        "init --local",
        "add volume-backup --in dev --set source=data --set target=backups --set name=shop",
        "sync --in dev",
    ):
        done = ann.types(*command.split())
        assert done.exit_code == 0, done.stderr
    done = ann.types("run", "volume-backup", "--follow")
    assert done.exit_code == 0, done.stdout + done.stderr
    found = re.match(r"wrote (shop-[0-9TZ]+\.tar\.gz), [0-9]+ bytes, sha256 [0-9a-f]{64}\n", done.stdout)
    assert found, done.stdout
    namespaces.apply(user, _restoring(found[1]))
    words = ["wait", "pod/restore", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=180s"]
    subprocess.run([str(kubectl.program()), f"--kubeconfig={user}", *words], check=True, timeout=240)
    assert (folders["restored"] / "shop.db").read_bytes() == content
