"""Records Jobs that failed, with what is seen of them, for pure tests: ``python -m tests.recording [NAMESPACE…]``.

Without a namespace it begins those of ``tests/failing.py`` and waits for them; with some it takes what is there now,
while ``tests/api/test_why.py`` runs. What no cause is recognised from is left out.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kubectl_rapt import documents
from kubectl_rapt.actions.events import About
from kubectl_rapt.objects import events
from tests import failing
from tests.cluster import clusters, kubectl

FOLDER = Path(__file__).with_name("pure") / "runs" / "recorded"

LAST_SECONDS = 120
"""How long it takes the last one to fail on a busy machine."""

_METADATA = ("name", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_EVENT = ("type", "reason", "message", "count", "firstTimestamp", "lastTimestamp", "eventTime", "series")
_STATUS = ("name", "state", "lastState", "restartCount")
JOB_NAME = "batch.kubernetes.io/job-name"


def _pick(data: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: data[key] for key in keys if data.get(key) not in (None, "", {}, [])}


def _job(item: Mapping[str, Any]) -> dict[str, Any]:
    spec = item["spec"]
    template = {"spec": _pick(spec["template"]["spec"], "restartPolicy", "serviceAccountName")}
    return {
        "spec": {"template": template}
        | {
            key: spec[key]
            for key in ("activeDeadlineSeconds", "backoffLimit", "completions", "parallelism", "suspend")
            if key in spec
        },
        "status": _pick(item.get("status", {}), "conditions", "failed", "active"),
    }


def _pod(item: Mapping[str, Any]) -> dict[str, Any]:
    spec, status = item["spec"], item["status"]
    kept = _pick(spec, "activeDeadlineSeconds", "nodeName", "nodeSelector", "serviceAccountName")
    seen = _pick(status, "phase", "reason", "message")
    seen["conditions"] = [
        one for one in status.get("conditions", ()) if one["type"] in ("PodScheduled", "DisruptionTarget")
    ]
    for key in ("initContainers", "containers"):
        kept |= {key: [_pick(one, "name", "image", "resources") for one in spec.get(key, ())]}
    for key in ("initContainerStatuses", "containerStatuses"):
        seen |= {key: [_pick(one, *_STATUS) for one in status.get(key, ())]}
    return {"spec": kept, "status": seen}


def _event(item: Mapping[str, Any]) -> dict[str, Any]:
    about = _pick(item["involvedObject"], "kind", "name", "uid", "fieldPath")
    return {"involvedObject": about, **_pick(item, *_EVENT)}


_TRIMS = {"Job": _job, "Pod": _pod, "Event": _event}


def _trimmed(item: Mapping[str, Any]) -> dict[str, Any]:
    metadata = _pick(item["metadata"], *_METADATA) | {"namespace": "team"}
    labels = _pick(item["metadata"].get("labels", {}), "rapt.dev/tool", JOB_NAME, "kueue.x-k8s.io/queue-name")
    metadata |= {"labels": labels} if labels and item["kind"] != "Event" else {}
    if item["kind"] == "Job":
        fields = [one for one in item["metadata"].get("managedFields", ()) if "f:suspend" in json.dumps(one)]
        kept = [_pick(one, "manager", "time") | {"fieldsV1": {"f:spec": {"f:suspend": {}}}} for one in fields]
        metadata |= {"managedFields": kept} if kept else {}
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "metadata": metadata,
        **_TRIMS[item["kind"]](item),
    }


def recordings(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each Job with its pods and the events of both."""
    for job in (one for one in items if one["kind"] == "Job"):
        name = job["metadata"]["name"]
        pods = [
            one
            for one in items
            if one["kind"] == "Pod" and one["metadata"].get("labels", {}).get(JOB_NAME) == name
        ]
        whose = About("", frozenset({name}), frozenset())
        said = [one for one in items if one["kind"] == "Event" and whose.includes(events.from_manifest(one))]
        yield name, [_trimmed(one) for one in (job, *pods, *said)]


def main(namespaces: Sequence[str]) -> None:
    """Write one file a Job."""
    cluster = clusters.up(node=True)
    FOLDER.mkdir(exist_ok=True)
    if not namespaces:
        with failing.begun(cluster) as (namespace, _, _):
            time.sleep(LAST_SECONDS)
            _record(cluster.kubeconfig, namespace)
    for namespace in namespaces:
        _record(cluster.kubeconfig, namespace)


def _record(kubeconfig: Path, namespace: str) -> None:
    words = ["get", "jobs,pods,events", "-o", "json", "--show-managed-fields", f"--namespace={namespace}"]
    said = subprocess.check_output([str(kubectl.program()), f"--kubeconfig={kubeconfig}", *words])
    for name, items in recordings(json.loads(said.replace(namespace.encode(), b"team"))["items"]):
        listed = {"apiVersion": "v1", "kind": "List", "items": items}
        (FOLDER / f"{name}.yaml").write_text(documents.dump(listed), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
