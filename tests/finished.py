"""Jobs and Runs that have ended in a real cluster, without anything having run: their status is written by hand."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import JOB, RUN, Manifest, Ref, ref_of
from kubectl_rapt.writes import Writers

T = TypeVar("T")
R = TypeVar("R")

_POD = {
    "metadata": {},
    "spec": {"restartPolicy": "Never", "containers": [{"name": "tool", "image": "busybox:1.35"}]},
}


def each(do: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """The same to several at once."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(do, items))


def a_job(name: str, namespace: str, tool: str = "backup", **metadata: Any) -> dict[str, Any]:
    """A Job that no controller looks at: it never gets a pod, and its status is whatever is written."""
    marks = {"rapt.dev/tool": tool, **metadata.pop("labels", {})}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": marks, **metadata},
        "spec": {"managedBy": "tests.rapt.dev/nobody", "backoffLimit": 0, "template": _POD},
    }


def a_run(name: str, namespace: str, tool: str = "backup", **spec: Any) -> dict[str, Any]:
    """A Run as it is created."""
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Run",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"rapt.dev/tool": tool, "rapt.dev/run": name},
            **spec.pop("metadata", {}),
        },
        "spec": {
            "tool": tool,
            "digest": "sha256:aa",
            "requestedBy": "ann",
            "job": {"metadata": {}, "spec": {"backoffLimit": 0, "template": _POD}},
            **spec,
        },
    }


def create(writers: Writers, *manifests: Manifest) -> list[Manifest]:
    """Create them, several at once; as they are stored."""
    return each(writers.cluster.create, manifests)


def end(writers: Writers, ref: Ref, how: str = "Complete", days: float = 2) -> Manifest:
    """Say that a Job ended so many days ago: ``Complete`` or ``Failed``."""
    at = times.spell(datetime.now(UTC) - timedelta(days=days))
    target = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}[how]
    said = {
        "status": "True",
        "lastTransitionTime": at,
        "lastProbeTime": at,
        "reason": "Test",
        "message": "a test",
    }
    status: dict[str, Any] = {"startTime": at, "conditions": [{"type": one, **said} for one in (target, how)]}
    if how == "Complete":
        status |= {"completionTime": at, "succeeded": 1}
    return writers.cluster.patch(ref, {"status": status}, subresource="status")


def jobs(writers: Writers, *manifests: Manifest, how: str = "Complete", days: float = 2) -> list[Manifest]:
    """Create Jobs that have ended; as they are stored."""
    create(writers, *manifests)
    return each(lambda one: end(writers, ref_of(one), how, days), manifests)


def close(
    writers: Writers,
    run: Manifest,
    state: str,
    days: float = 31,
    job: Manifest | None = None,
    evidence: str = "pod/x container tool terminated",
) -> Manifest:
    """Say that a Run ended so many days ago, with one attempt where a Job is given."""
    at = times.spell(datetime.now(UTC) - timedelta(days=days))
    said = {"reason": "ExitCode", "message": "it failed", "lastTransitionTime": at}
    attempts = []
    if job is not None:
        metadata = job["metadata"]
        attempts = [
            {
                "number": 1,
                "job": metadata["name"],
                "uid": metadata["uid"],
                "cause": "Succeeded" if state == "Succeeded" else "ExitCode",
                "exitCode": 0 if state == "Succeeded" else 3,
                "message": "it failed",
                "evidence": evidence,
                "finishedAt": at,
            }
        ]
    conditions = [
        {"type": "Finished", "status": "True", **said},
        {"type": "Succeeded", "status": "False", **said},
    ]
    status = {"state": state, "conditions": conditions, "attempts": attempts, "log": "line 1\nline 2\n"}
    ref = Ref(RUN, run["metadata"]["name"], run["metadata"]["namespace"])
    return writers.cluster.patch(ref, {"status": status}, subresource="status")


def owned(run: Manifest, name: str, **metadata: Any) -> dict[str, Any]:
    """A Job of a Run."""
    run_metadata = run["metadata"]
    owner = {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Run",
        "name": run_metadata["name"],
        "uid": run_metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": False,
    }
    marks = {"rapt.dev/run": run_metadata["name"], **metadata.pop("labels", {})}
    namespace = run_metadata["namespace"]
    return a_job(name, namespace, run["spec"]["tool"], labels=marks, ownerReferences=[owner], **metadata)


def ref(name: str, namespace: str) -> Ref:
    """A Job's address."""
    return Ref(JOB, name, namespace)
