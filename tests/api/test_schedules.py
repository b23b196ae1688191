"""The table of cron expressions and time zones, asked of a real API server."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster import clusters
from tests.pure.runs import crons

PATH = "/apis/batch/v1/namespaces/default/cronjobs?dryRun=All"
JOB = {
    "template": {
        "spec": {"restartPolicy": "Never", "containers": [{"name": "tool", "image": "busybox:1.35"}]},
    }
}
Create = Callable[[dict[str, Any]], int]


@pytest.fixture(scope="module")
def create() -> Iterator[Create]:
    """Creates a CronJob with these fields, as a dry run; gives the HTTP status."""
    with clusters.private(controllers=False) as cluster:
        api = cluster.control_plane.api

        def _create(fields: dict[str, Any]) -> int:
            body = {
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "metadata": {"name": "table"},
                "spec": {"jobTemplate": {"spec": JOB}, **fields},
            }
            return api.call("POST", PATH, body)[0]

        yield _create


@pytest.mark.parametrize("cron", crons.ACCEPTED)
def test_kubernetes_accepts_the_schedule(create: Create, cron: str) -> None:
    assert create({"schedule": cron}) == 201


@pytest.mark.parametrize("cron", crons.REFUSED)
def test_kubernetes_refuses_the_schedule(create: Create, cron: str) -> None:
    assert create({"schedule": cron}) == 422


@pytest.mark.parametrize("zone", crons.ZONES_ACCEPTED)
def test_kubernetes_accepts_the_time_zone(create: Create, zone: str) -> None:
    assert create({"schedule": "@daily", "timeZone": zone}) == 201


@pytest.mark.parametrize("zone", crons.ZONES_REFUSED)
def test_kubernetes_refuses_the_time_zone(create: Create, zone: str) -> None:
    assert create({"schedule": "@daily", "timeZone": zone}) == 422
