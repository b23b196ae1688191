"""The table of cron expressions and time zones, asked of a real API server."""

import json
import subprocess

import pytest

from tests.cluster import kubectl
from tests.cluster.clusters import Cluster
from tests.pure.runs import crons

POD = {"restartPolicy": "Never", "containers": [{"name": "tool", "image": "busybox:1.35"}]}
ASKED = (
    *({"schedule": cron} for cron in (*crons.ACCEPTED, *crons.REFUSED)),
    *({"schedule": "@daily", "timeZone": zone} for zone in (*crons.ZONES_ACCEPTED, *crons.ZONES_REFUSED)),
)


@pytest.fixture(scope="module")
def accepted(cluster: Cluster) -> list[str]:
    """The schedules and time zones with which Kubernetes would create a CronJob."""
    items = [
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": f"table-{index}", "namespace": "default"},
            "spec": {"jobTemplate": {"spec": {"template": {"spec": POD}}}, **fields},
        }
        for index, fields in enumerate(ASKED)
    ]
    create = ["create", "--dry-run=server", "--validate=false", "--output=name", "--filename=-"]
    done = subprocess.run(
        [str(kubectl.program()), f"--kubeconfig={cluster.kubeconfig}", *create],
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    created = [ASKED[int(name.rpartition("-")[2])] for name in done.stdout.split()]
    return [fields.get("timeZone", fields["schedule"]) for fields in created]


@pytest.mark.parametrize("text", (*crons.ACCEPTED, *crons.ZONES_ACCEPTED))
def test_kubernetes_accepts(accepted: list[str], text: str) -> None:
    assert text in accepted


@pytest.mark.parametrize("text", (*crons.REFUSED, *crons.ZONES_REFUSED))
def test_kubernetes_refuses(accepted: list[str], text: str) -> None:
    assert text not in accepted
