"""What a pod uses at one moment: the PodMetrics of ``metrics.k8s.io``, or its part of a kubelet's summary."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.model.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Usage:
    """What all containers of a pod use together.

    Args:
        at: When it was measured.
        millicores: Thousandths of a CPU, averaged over the last seconds; None where it is not known yet.
        memory: Bytes of memory that could not be taken back (the working set); None where it is not known.
    """

    at: datetime
    millicores: float | None
    memory: int | None


def from_metrics(manifest: Manifest) -> Usage:
    """Read a PodMetrics object."""
    usages = [one.get("usage") or {} for one in manifest.get("containers") or ()]
    cores = [Quantity.parse(one["cpu"]).nano / 1e6 for one in usages if "cpu" in one]
    memory = [Quantity.parse(one["memory"]).nano // 10**9 for one in usages if "memory" in one]
    return Usage(times.parse(manifest["timestamp"]), _sum(cores), _whole(memory))


def from_summary(summary: Manifest, namespace: str, name: str) -> Usage | None:
    """Read one pod's part of ``stats/summary``; None where the kubelet says nothing of it yet."""
    for pod in summary.get("pods") or ():
        ref: Mapping[str, Any] = pod.get("podRef") or {}
        if (ref.get("namespace"), ref.get("name")) != (namespace, name):
            continue
        parts = [one[key] for one in pod.get("containers") or () for key in ("cpu", "memory") if one.get(key)]
        moments = [times.parse(one["time"]) for one in parts if one.get("time")]
        if not moments:
            return None
        cores = [one["usageNanoCores"] / 1e6 for one in parts if one.get("usageNanoCores") is not None]
        memory = [one["workingSetBytes"] for one in parts if one.get("workingSetBytes") is not None]
        return Usage(max(moments), _sum(cores), _whole(memory))
    return None


def _sum(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(sum(found), 3) if found else None


def _whole(values: Iterable[int]) -> int | None:
    found = list(values)
    return sum(found) if found else None
