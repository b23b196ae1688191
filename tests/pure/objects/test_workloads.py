"""Workloads as a real Kueue (v1beta2) showed them: waiting for quota, without a queue, admitted, finished."""

from typing import Any

import pytest

from kubectl_rapt.objects import workloads

QUOTA = (
    "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor x, 1 more needed"
)
NOT_ADMITTED = ("Admitted", "False", "NoReservation", "The workload has no reservation")
NOT_READY = ("PodsReady", "False", "WaitForStart", "Not all pods are ready or succeeded")
RESERVED = ("QuotaReserved", "True", "QuotaReserved", "Quota reserved in ClusterQueue cq")
ADMITTED = ("Admitted", "True", "Admitted", "The workload is admitted")
FINISHED = ("Finished", "True", "Succeeded", "Reached expected number of succeeded pods")
EVICTED = (
    "Evicted",
    "True",
    "Preempted",
    "Preempted to accommodate a workload (UID: x) due to prioritization",
)

ROWS: list[tuple[str, list[tuple[str, str, str, str]], tuple[bool, str, str]]] = [
    (
        "queued",
        [("QuotaReserved", "False", "WaitingForQuota", QUOTA), NOT_ADMITTED, NOT_READY],
        (False, "WaitingForQuota", QUOTA),
    ),
    (
        "in another order",
        [NOT_READY, NOT_ADMITTED, ("QuotaReserved", "False", "WaitingForQuota", QUOTA)],
        (False, "WaitingForQuota", QUOTA),
    ),
    (
        "of no queue",
        [
            ("QuotaReserved", "False", "Misconfigured", "LocalQueue does-not-exist doesn't exist"),
            NOT_ADMITTED,
        ],
        (False, "Misconfigured", "LocalQueue does-not-exist doesn't exist"),
    ),
    ("admitted", [NOT_READY, RESERVED, ADMITTED], (True, "", "")),
    ("finished", [RESERVED, ADMITTED, FINISHED], (True, "", "")),
    (
        "evicted",
        [EVICTED, ("QuotaReserved", "False", "Pending", "x"), NOT_ADMITTED],
        (False, "Preempted", EVICTED[3]),
    ),
    ("not looked at yet", [], (False, "", "")),
]


@pytest.mark.parametrize(("conditions", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_why_it_waits_is_in_its_conditions(
    conditions: list[tuple[str, str, str, str]], expected: Any
) -> None:
    keys = ("type", "status", "reason", "message")
    manifest = {
        "metadata": {"name": "job-cap-second-low-30ceb"},
        "spec": {"active": True, "queueName": "lq"},
        "status": {"conditions": [dict(zip(keys, one, strict=True)) for one in conditions]},
    }
    found = workloads.from_manifest(manifest)
    assert (found.name, found.queue, found.is_active) == ("job-cap-second-low-30ceb", "lq", True)
    assert (found.is_admitted, found.reason, found.message) == expected
