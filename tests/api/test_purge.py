"""``purge`` on an API server of its own: all of it is listed, nothing else goes, and nothing is left."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_rapt import wiring
from kubectl_rapt.model.target import Target
from tests import finished, namespaces
from tests.api.test_delete import a_cron_job, a_tool
from tests.cluster import clusters, kubectl
from tests.cluster.clusters import PrivateCluster
from tests.killing import Person


@pytest.fixture(scope="module")
def own() -> Iterator[PrivateCluster]:
    """An API server that nobody else needs."""
    with clusters.private(controllers=False) as found:
        yield found


def names(own: PrivateCluster, kinds: str) -> list[str]:
    command = [str(kubectl.program()), f"--kubeconfig={own.kubeconfig}", "get", kinds, "-A", "-o", "json"]
    return sorted(one["metadata"]["name"] for one in json.loads(subprocess.check_output(command))["items"])


def test_everything_of_rapt_goes_and_nothing_else(
    own: PrivateCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(kubectl.program().parent), prepend=":")
    admin = Person(tmp_path / "admin", own.kubeconfig)
    assert admin.types("install").exit_code == 0
    places = [namespaces.prepare(own) for _ in range(2)]
    with wiring.open_world(Target(kubeconfig=str(own.kubeconfig))) as (_, writers):
        for place in places:
            finished.create(
                writers,
                a_tool("tool", place),
                a_cron_job("tool", place, "tool"),
                a_cron_job("of-others", place, ""),
                *(finished.a_run(f"run-{number}", place) for number in range(3)),
            )
            finished.jobs(writers, finished.a_job("job", place))
    user = Person(tmp_path / "user", own.user(f"user-of-{places[0]}", namespace=places[0]))
    assert user.types("purge", "-y").exit_code == 6, "it needs rights everywhere"

    listed = admin.types("purge", "--dry-run")
    assert listed.exit_code == 0, listed.stderr
    counts = {kind: number for number, kind in (line.split() for line in listed.stdout.splitlines()[1:])}
    assert list(counts)[:4] == ["cronjobs.batch", "runs.rapt.dev", "jobs.batch", "tools.rapt.dev"]
    assert [counts[kind] for kind in list(counts)[:4]] == ["2", "6", "2", "2"]
    assert list(counts)[-1] == "customresourcedefinitions.apiextensions.k8s.io"
    asked = admin.types("purge")
    assert asked.exit_code == 2
    assert len(names(own, "runs.rapt.dev")) == 6

    done = admin.types("purge", "-y")
    assert done.exit_code == 0, done.stderr
    assert names(own, "cronjobs,jobs") == ["of-others", "of-others"]
    assert not [one for one in names(own, "crd,clusterroles,clusterrolebindings") if "rapt" in one]
    again = admin.types("purge", "-y")
    assert again.exit_code == 0
    assert again.stdout.startswith("there is nothing of Rapt's in ")
