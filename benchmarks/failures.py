"""A thousand runs that failed, as a cluster shows them: each with its Job, its pod and what was said of them."""

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.cases import Case
from kubectl_rapt import wiring
from kubectl_rapt.actions import threads
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import JOB, NAMESPACE, POD, RUN, Manifest, Ref
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.cluster import ClusterReads, ClusterWrites
from tests import namespaces
from tests.cluster.clusters import Cluster

RUNS = 1000
WHAT = f"`kubectl-rapt why --failed -A`, {RUNS:,} failed runs"
IMAGE = "busybox:1.35"
PATIENCE_SECONDS = 300
_CAUSES = (
    ("ExitCode", 1, 'container "tool" ended with exit code 1, last line "HTTP/1.1 503 Service Unavailable"'),
    ("OOMKilled", 137, 'container "tool" used all of its 64Mi of memory (limit) and wanted more'),
    ("DeadlineExceeded", 143, "its pod was active longer than it may be (activeDeadlineSeconds)"),
)


@contextmanager
def environment(cluster: Cluster) -> Iterator[Path]:
    """All of them in a namespace that goes afterwards; the kubeconfig of someone who may see every namespace."""
    namespace = namespaces.prepare(cluster)
    viewer = f"viewer-of-{namespace}"
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": viewer},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": viewer}],
    }
    namespaces.apply(cluster.kubeconfig, binding)
    with wiring.open_world(Target(kubeconfig=str(cluster.kubeconfig))) as (world, writers):
        made = world.cluster.get(Ref(NAMESPACE, namespace))
        try:
            _make(world.cluster, writers.cluster, namespace, RUNS)
            yield cluster.user(viewer)
        finally:
            writers.cluster.delete(Ref(NAMESPACE, namespace), uid=made["metadata"]["uid"])


def case(viewer: Path) -> Case:
    """The row."""
    as_viewer = ["env", f"KUBECONFIG={viewer}"]
    return Case(
        WHAT,
        "`kubectl get pods,jobs,events -A -o json`",
        0.15,
        5,
        "A Run records the cause of each attempt when it ends: nothing else is read.",
        lambda _: [[*as_viewer, *shlex.split("kubectl-rapt why --failed -A")]],
        lambda _: [[*as_viewer, *shlex.split("kubectl get pods,jobs,events -A -o json")]],
    )


def _make(reads: ClusterReads, writes: ClusterWrites, namespace: str, count: int) -> None:
    """Make them, the pods ended as a kubelet would say it, and wait until all Jobs have failed."""
    threads.each(lambda number: _begin(writes, namespace, number), range(count))
    ended: set[str] = set()
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while len(ended) < count:
        if time.monotonic() > ends_at:
            raise RuntimeError(f"{count - len(ended)} Jobs have no pod")
        found = [one for one in reads.list(POD, namespace) if one["metadata"]["name"] not in ended]
        threads.each(lambda pod: _end(writes, namespace, pod), found)
        ended |= {one["metadata"]["name"] for one in found}
    while not all(_has_failed(job) for job in reads.list(JOB, namespace, labels="of=failures")):
        if time.monotonic() > ends_at:
            raise RuntimeError("not all Jobs have failed")
        time.sleep(1)


def _has_failed(job: Manifest) -> bool:
    return any(one["type"] == "Failed" for one in job.get("status", {}).get("conditions", ()))


def _template() -> dict[str, Any]:
    container = {
        "name": "tool",
        "image": IMAGE,
        "command": ["sh", "-c", "exit 1"],
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
    }
    # A node that takes it would be quicker than we are.
    pod = {"restartPolicy": "Never", "nodeSelector": {"of": "nobody"}, "containers": [container]}
    return {
        "spec": {"backoffLimit": 0, "template": {"metadata": {"labels": {"of": "failures"}}, "spec": pod}}
    }


def _begin(writes: ClusterWrites, namespace: str, number: int) -> None:
    name = f"failed-{number}"
    metadata = {"name": f"{name}-1", "namespace": namespace, "labels": {"of": "failures"}}
    job = writes.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, **_template()})
    run: dict[str, Any] = {
        "apiVersion": RUN.api_version,
        "kind": RUN.name,
        "metadata": {"name": name, "namespace": namespace, "labels": {"rapt.dev/tool": "hello"}},
        "spec": {"tool": "hello", "digest": "sha256:aa", "requestedBy": "ann", "job": _template()},
    }
    writes.create(run)
    cause, code, message = _CAUSES[number % len(_CAUSES)]
    now = job["metadata"]["creationTimestamp"]
    attempt = {
        "number": 1,
        "job": f"{name}-1",
        "uid": job["metadata"]["uid"],
        "startedAt": now,
        "finishedAt": now,
        "exitCode": code,
        "cause": cause,
        "message": message,
        "evidence": f'pod/{name}-1-x8xkl container "tool" terminated: {cause}, exit code {code}',
        "container": "tool",
        "node": "node-1",
    }
    status = {"attempts": [attempt], "state": "Failed", "conditions": list(_conditions(cause, message, now))}
    writes.patch(Ref(RUN, name, namespace), {"status": status}, subresource="status")


def _conditions(cause: str, message: str, now: str) -> Iterator[dict[str, str]]:
    for kind, is_true in (("Finished", "True"), ("Succeeded", "False")):
        yield {
            "type": kind,
            "status": is_true,
            "reason": cause,
            "message": message,
            "lastTransitionTime": now,
        }


def _end(writes: ClusterWrites, namespace: str, pod: Manifest) -> None:
    now = times.spell(times.parse(pod["metadata"]["creationTimestamp"]))
    ended = {"exitCode": 1, "reason": "Error", "startedAt": now, "finishedAt": now}
    container = {"name": "tool", "image": IMAGE, "imageID": "", "ready": False, "restartCount": 0}
    status = {"phase": "Failed", "containerStatuses": [{**container, "state": {"terminated": ended}}]}
    writes.patch(Ref(POD, pod["metadata"]["name"], namespace), {"status": status}, subresource="status")
