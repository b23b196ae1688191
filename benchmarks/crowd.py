"""A crowd of Runs and Jobs in a cluster of its own, as many teams have them after a month."""

import base64
import http.client
import json
import os
import shlex
import ssl
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from tests.cluster import clusters, kubectl
from tests.cluster.clusters import Cluster

NAMESPACES = 20
BY_SCHEDULES = 10
"""One Job in so many was made by a CronJob and has no Run."""
_AT_ONCE = 24
_STATES = (("Succeeded", "Succeeded", 0), ("Failed", "ExitCode", 3), ("Exhausted", "OOMKilled", 137))


@dataclass
class Crowd:
    """A cluster with a crowd.

    Attributes:
        cluster: The cluster.
        environ: The environment of somebody who may see all of it.
        count: How many Runs there are.
    """

    cluster: Cluster
    environ: dict[str, str]
    count: int = 0

    def grow(self, count: int) -> None:
        """Make it so many."""
        fill(self.cluster, self.count, count)
        self.count = count


@contextmanager
def cluster(programs: Path) -> Iterator[Crowd]:
    """A private cluster for Runs, and as many Jobs: most of them the Runs'."""
    with clusters.private(controllers=False) as found, TemporaryDirectory(prefix="rapt-crowd-") as home:
        path = f"{programs}:{kubectl.program().parent}:{os.environ['PATH']}"
        environ = {"HOME": home, "PATH": path, "KUBECONFIG": str(found.kubeconfig)}
        subprocess.run(shlex.split("kubectl-rapt install"), env=environ, check=True, capture_output=True)
        yield Crowd(found, environ)


def fill(found: Cluster, start: int, count: int) -> None:
    """Create those from one number to another through the API, over many connections."""
    user = kubectl.minified(found.kubeconfig)["users"][0]["user"]
    context = ssl.create_default_context(cafile=str(found.ca))
    with TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("client-certificate", "client-key")]
        for file in files:
            file.write_bytes(base64.b64decode(user[f"{file.name}-data"]))
        context.load_cert_chain(str(files[0]), str(files[1]))
    address = urlsplit(found.server)

    def send(connection: http.client.HTTPSConnection, method: str, path: str, body: Any) -> dict[str, Any]:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        connection.request(method, path, json.dumps(body), {"Content-Type": kind})
        answer = connection.getresponse()
        told: dict[str, Any] = json.loads(answer.read())
        assert answer.status < 300, told
        return told

    def work(first: int) -> None:
        connection = http.client.HTTPSConnection(address.hostname or "", address.port, context=context)
        for number in range(start + first, count, _AT_ONCE):
            _one(lambda *asked: send(connection, *asked), number)
        connection.close()

    opened = http.client.HTTPSConnection(address.hostname or "", address.port, context=context)
    for number in range(0 if start else NAMESPACES):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"team-{number}"}}
        send(opened, "POST", "/api/v1/namespaces", body)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(work, range(_AT_ONCE)))


def _one(send: Callable[[str, str, Any], dict[str, Any]], number: int) -> None:
    namespace, tool = f"team-{number % NAMESPACES}", f"tool-{number % 50}"
    name = f"{tool}-{number:05}"
    marks = {"rapt.dev/tool": tool, "app.kubernetes.io/managed-by": "rapt", "rapt.dev/environment": "prod"}
    pod = {
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "tool",
                "image": "busybox:1.35",
                "command": ["sh", "-c", "echo hello world"],
                "env": [{"name": "WORD", "value": "hello"}],
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
            }
        ],
    }
    template = {"metadata": {"labels": marks}, "spec": pod}
    job = {"metadata": {"labels": marks}, "spec": {"backoffLimit": 0, "template": template}}
    runs = f"/apis/rapt.dev/v1alpha1/namespaces/{namespace}/runs"
    run = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Run",
        "metadata": {"name": name, "namespace": namespace, "labels": {**marks, "rapt.dev/run": name}},
        "spec": {
            "tool": tool,
            "digest": f"sha256:{number:064}",
            "requestedBy": f"person-{number % 7}",
            "answers": {"word": "hello"},
            "job": job,
        },
    }
    send("POST", runs, run)
    state, cause, code = _STATES[number % len(_STATES)]
    attempt = {
        "number": 1,
        "job": f"{name}-1",
        "uid": f"{number:036}",
        "startedAt": "2026-11-01T00:00:00Z",
        "finishedAt": "2026-11-01T00:01:40Z",
        "exitCode": code,
        "cause": cause,
        "message": f'container "tool" ended with exit code {code}',
    }
    send("PATCH", f"{runs}/{name}/status", {"status": {"state": state, "attempts": [attempt]}})
    of_run = {} if number % BY_SCHEDULES == 0 else {"rapt.dev/run": name, "rapt.dev/attempt": "1"}
    all_marks = {**marks, **of_run}
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{name}-1", "namespace": namespace, "labels": all_marks},
        "spec": {
            "suspend": True,
            "backoffLimit": 0,
            "template": {"metadata": {"labels": all_marks}, "spec": pod},
        },
    }
    send("POST", f"/apis/batch/v1/namespaces/{namespace}/jobs", body)
