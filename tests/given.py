"""Objects as a cluster would show them, for tests that decide from them."""

import copy
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from kubectl_rapt.model import times
from kubectl_rapt.objects.runs import Run

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)

_TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"rapt.dev/tool": "backup"}, "annotations": {"team": "storage"}},
    "spec": {
        "backoffLimit": 0,
        "ttlSecondsAfterFinished": 604800,
        "template": {
            "metadata": {"labels": {"rapt.dev/tool": "backup"}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "tool", "image": "busybox:1.35"}]},
        },
    },
}


def at(seconds: float) -> str:
    """A time as Kubernetes spells it, so many seconds after noon."""
    return times.spell(NOON + timedelta(seconds=seconds))


def a_template(**spec: Any) -> dict[str, Any]:
    """``{metadata, spec}`` of a Job with one container, as a Tool holds it; ``spec`` is added to its spec."""
    template = copy.deepcopy(_TEMPLATE)
    template["spec"].update(spec)
    return template


def a_run(**other: Any) -> Run:
    """A run as it is asked for: not in the cluster yet."""
    fields: dict[str, Any] = {
        "name": "backup-x7k2p",
        "namespace": "team",
        "tool": "backup",
        "answers": {"tries": 3},
        "job": a_template(),
        "digest": "sha256:aa",
        "requested_by": "ann",
        "labels": {"rapt.dev/run": "backup-x7k2p"},
    }
    return Run(**{**fields, **other})


def a_job(
    *,
    ended: str = "",
    reason: str = "",
    uid: str = "job-1",
    owner: str = "run-1",
    restart: str = "Never",
    labels: Mapping[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """A Job as the cluster shows it: released; ``ended`` is its terminal condition, 100 s after noon."""
    job = a_template(**spec)
    job["spec"]["template"]["spec"]["restartPolicy"] = restart
    job["metadata"] |= {
        "name": "backup-x7k2p-1",
        "namespace": "team",
        "uid": uid,
        "resourceVersion": "5",
        "creationTimestamp": at(0),
        "labels": dict(labels or {}),
        "ownerReferences": [{"uid": owner}] if owner else [],
    }
    if ended:
        target = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}[ended]
        said = {"reason": reason, "message": f"because of {reason}" if reason else ""}
        job["status"] = {
            "conditions": [
                {"type": target, "status": "True", "lastTransitionTime": at(98), **said},
                {"type": ended, "status": "True", "lastTransitionTime": at(100), **said},
            ]
        }
    return {"apiVersion": "batch/v1", "kind": "Job", **job}


def ended(code: int, *, reason: str = "", message: str = "", seconds: float = 60) -> dict[str, Any]:
    """The state of a container that started 10 s after noon and ended at ``seconds``."""
    said = {"reason": reason or ("Error" if code else "Completed"), "message": message}
    times = {"startedAt": at(10), "finishedAt": at(seconds)}
    return {"terminated": {"exitCode": code, **{key: word for key, word in said.items() if word}, **times}}


RUNNING: dict[str, Any] = {"running": {"startedAt": at(10)}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """The state of a container that waits."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def a_pod(
    phase: str,
    *states: dict[str, Any],
    name: str = "backup-x7k2p-1-aaaaa",
    created: float = 1,
    reason: str = "",
    message: str = "",
    init: Sequence[dict[str, Any]] = (),
    scheduled: bool | str = True,
) -> dict[str, Any]:
    """A pod as the cluster shows it.

    Args:
        phase: Its phase.
        states: The state of each container: of one called ``tool``, and others.
        name: Its name.
        created: Seconds after noon.
        reason: Why it failed as a whole.
        message: One line more on that.
        init: The state of each init container.
        scheduled: Whether it has a node, or why it has none.
    """
    names = ["tool", *(f"other-{index}" for index in range(1, len(states)))]
    inits = [f"init-{index}" for index in range(len(init))]
    has_node = {"type": "PodScheduled", "status": "True", "lastTransitionTime": at(created + 1)}
    has_none = {**has_node, "status": "False", "reason": "Unschedulable", "message": scheduled}
    status: dict[str, Any] = {
        "phase": phase,
        "conditions": [
            has_node if scheduled is True else has_none,
            {"type": "Initialized", "status": "True"},
        ],
        "initContainerStatuses": [
            {"name": one, "state": state} for one, state in zip(inits, init, strict=True)
        ],
        # The kubelet sorts by name, not as in the spec.
        "containerStatuses": sorted(
            ({"name": one, "state": state} for one, state in zip(names, states, strict=True)),
            key=lambda one: str(one["name"]),
        ),
    }
    status |= {key: word for key, word in (("reason", reason), ("message", message)) if word}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "team",
            "creationTimestamp": at(created),
            "labels": {"batch.kubernetes.io/job-name": "backup-x7k2p-1"},
        },
        "spec": {
            **({"nodeName": "node-1"} if scheduled is True else {}),
            "restartPolicy": "Never",
            "initContainers": [{"name": one} for one in inits],
            "containers": [{"name": one} for one in names],
        },
        "status": status,
    }
