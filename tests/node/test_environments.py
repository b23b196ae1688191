"""``--in`` chooses where a command acts: every command, in two environments with tools of the same names."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubectl_rapt.config.project import Environment
from tests import namespaces
from tests.cluster.clusters import Cluster
from tests.killing import Ended, Person
from tests.namespaces import Pair
from tests.repositories import ConfigRepository

ENVIRONMENTS = ("dev", "prod")


@dataclass(frozen=True)
class Stage:
    """Someone with two environments, in each of which the same names mean something else."""

    person: Person
    repository: ConfigRepository
    pair: Pair
    log: Path

    def namespace(self, environment: str) -> str:
        return {"dev": self.pair.dev, "prod": self.pair.prod}[environment]

    def touches(self, *words: str) -> tuple[Ended, set[str]]:
        """Type a command; how it ended, and which namespaces the API server was asked about meanwhile."""
        at = self.log.stat().st_size
        ended = self.person.types(*words)
        with self.log.open("rb") as log:
            log.seek(at)
            found = [json.loads(line) for line in log if line.endswith(b"\n")]
        asked = [
            one["objectRef"]
            for one in found
            if one["user"]["username"] == self.pair.user and "objectRef" in one
        ]
        # Which cluster it is, is asked of everybody: kube-system itself is no namespace that anything is done in.
        return ended, {
            one["namespace"] for one in asked if one.get("namespace", "kube-system") != "kube-system"
        }

    def does(self, *words: str) -> Ended:
        """Type a command that must succeed."""
        ended = self.person.types(*words)
        assert ended.exit_code == 0, (words, ended)
        return ended


@pytest.fixture(scope="module")
def stage(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    assert cluster.audit_log is not None
    home = tmp_path_factory.mktemp("environments")
    pair, uid = namespaces.pair(cluster), namespaces.uid(cluster)
    repository = ConfigRepository(
        home, Environment("dev", (pair.dev,), uid, is_reviewed=False), Environment("prod", (pair.prod,), uid)
    )
    person = Person(home / "ann", pair.kubeconfig, repository=repository.path)
    stage = Stage(person, repository, pair, cluster.audit_log)
    for environment in ENVIRONMENTS:
        script = f"echo this is {environment}; exit 7"
        words = ("add", "big", "--image", "busybox:1.35", "--schedule", "0 0 1 1 *", "--in", environment)
        stage.does(*words, "--", "sh", "-c", script)
    (change,) = [
        word
        for word in stage.does("changes").stdout.split()
        if len(word) == 6 and word.isalnum() and word.islower()
    ]
    stage.does("changes", "merge", change)
    stage.does("sync", "--in", "prod")
    yield stage


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_run_is_of_the_environments_tool_in_its_namespace(stage: Stage, environment: str) -> None:
    ended, touched = stage.touches("run", "big", "--in", environment, "--follow")
    assert (ended.exit_code, ended.stdout) == (7, f"this is {environment}\n"), ended
    assert touched == {stage.namespace(environment)}
    ended, touched = stage.touches("list", "--in", environment)
    assert (ended.exit_code, touched) == (0, {stage.namespace(environment)}), ended
