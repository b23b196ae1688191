"""Runs and Jobs of which something is due, in a real cluster without a node: what a pass has to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import CRON_JOB, JOB, RUN, TOOL, Manifest, Ref
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers
from tests import finished

RETRY = {
    "name": "twice",
    "summary": "Two attempts at once",
    "attempts": 2,
    "delay": "0s",
    "factor": 1,
    "jitterPercent": 0,
    "rules": [{"action": "retry", "reason": "Test"}],
}
DEFINITION = "sha256:dd"
SLOT = "2026-11-29T03:00:00Z"

_JOB: dict[str, Any] = {
    "metadata": {"labels": {"rapt.dev/tool": "backup"}},
    "spec": {
        "managedBy": "tests.rapt.dev/nobody",
        "backoffLimit": 0,
        "template": {
            "metadata": {"labels": {"rapt.dev/tool": "backup"}},
            "spec": {
                "restartPolicy": "Never",
                "nodeSelector": {"of": "nobody"},
                "containers": [{"name": "tool", "image": "busybox:1.35"}],
            },
        },
    },
}


@dataclass(frozen=True)
class Scene:
    """A namespace with a tool called ``backup``; Jobs are never given pods, so they go on as long as they are let."""

    admin: Writers
    namespace: str

    def tool(self, **spec: Any) -> None:
        """The tool and its CronJob, which is suspended."""
        source = {"definition": DEFINITION}
        self._create(TOOL, "backup", {"job": JOB_AS_TOOL, "source": source, "retry": RETRY, **spec})
        schedule = {"schedule": "0 3 * * *", "suspend": True, "jobTemplate": _JOB}
        self._create(CRON_JOB, "backup", schedule, {"annotations": {"rapt.dev/definition": DEFINITION}})

    def half_started(self, name: str, **spec: Any) -> Manifest:
        """A Run whose command was killed as soon as it was created."""
        run = finished.a_run(name, self.namespace, job=JOB_AS_TOOL, **spec)
        return finished.create(self.admin, run)[0]

    def ended(self, name: str, how: str, seconds: float = 60, **spec: Any) -> Manifest:
        """A Run whose Job has ended, and nobody has written it down."""
        run = self.half_started(name, **spec)
        job = finished.create(self.admin, finished.owned(run, f"{name}-1"))[0]
        attempt = {"number": 1, "job": f"{name}-1", "uid": job["metadata"]["uid"]}
        status = {"status": {"state": "Running", "attempts": [attempt]}}
        self.admin.cluster.patch(Ref(RUN, name, self.namespace), status, subresource="status")
        finished.end(self.admin, Ref(JOB, f"{name}-1", self.namespace), how, days=seconds / 86400)
        return run

    def failed_slot(self, name: str, days: float = 0, world: World | None = None) -> Manifest:
        """A failed Job of the CronJob."""
        assert world
        cron_job = world.cluster.get(Ref(CRON_JOB, "backup", self.namespace))
        owner = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "name": "backup",
            "uid": cron_job["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": False,
        }
        metadata = {
            "name": name,
            "namespace": self.namespace,
            "labels": _JOB["metadata"]["labels"],
            "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": SLOT},
            "ownerReferences": [owner],
        }
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": _JOB["spec"]}
        return finished.jobs(self.admin, job, how="Failed", days=days or 1 / 1440)[0]

    def _create(self, kind: Any, name: str, spec: Any, metadata: Any = None) -> None:
        marks = {"name": name, "namespace": self.namespace, "labels": {"rapt.dev/tool": "backup"}}
        manifest = {"apiVersion": kind.api_version, "kind": kind.name}
        finished.create(self.admin, {**manifest, "metadata": {**marks, **(metadata or {})}, "spec": spec})


JOB_AS_TOOL = {**_JOB, "spec": {key: value for key, value in _JOB["spec"].items() if key != "managedBy"}}


def told(world: World, namespace: str) -> dict[str, str]:
    """Each run with its state and its attempts: ``Retrying: Failed, -``."""
    found = {}
    for run in world.cluster.list(RUN, namespace):
        status = run.get("status") or {}
        causes = [one.get("cause", "-") for one in status.get("attempts") or ()]
        found[run["metadata"]["name"]] = f"{status.get('state', 'Pending')}: {', '.join(causes)}"
    return found


def is_consistent(world: World, namespace: str, runs: Sequence[str]) -> None:
    """Each attempt of these runs is a Job of its own, recorded once and released; no Job is left over."""
    jobs = {one["metadata"]["uid"]: one for one in world.cluster.list(JOB, namespace)}
    recorded: list[str] = []
    for run in world.cluster.list(RUN, namespace):
        if run["metadata"]["name"] not in runs:
            continue
        attempts = (run.get("status") or {}).get("attempts") or ()
        assert [one["number"] for one in attempts] == list(range(1, len(attempts) + 1)), run
        recorded += [one["uid"] for one in attempts]
    assert len(recorded) == len(set(recorded))
    for uid in recorded:
        assert not jobs[uid]["spec"].get("suspend"), f"{jobs[uid]['metadata']['name']} was never released"
        assert "rapt.dev/unreleased" not in jobs[uid]["metadata"]["labels"]
    ours = {uid for uid, job in jobs.items() if (job["metadata"]["labels"].get("rapt.dev/run") or "") in runs}
    assert ours <= set(recorded), "a Job that nobody has recorded"


def ago(**time: float) -> str:
    """A time in the past, as Kubernetes spells it."""
    return times.spell(datetime.now(UTC) - timedelta(**time))


def fill(scene: Scene, world: World) -> None:
    """One of each thing that is due at once."""
    scene.half_started("half")
    scene.ended("good", "Complete")
    scene.ended("bad", "Failed")
    scene.ended("again", "Failed", retry=RETRY)
    scene.ended("stopped", "Failed", retry=RETRY, cancelledBy="ann")
    scene.failed_slot("backup-1", world=world)


WANTED = {
    "half": "Running: -",
    "good": "Succeeded: Succeeded",
    "bad": "Failed: Test",
    "again": "Running: Test, -",
    "stopped": "Failed: Test",
    "backup-1": "Running: Test, -",
}


def is_done(world: World, namespace: str) -> None:
    assert told(world, namespace) == WANTED
    is_consistent(world, namespace, list(WANTED))
    (adopted,) = [one for one in world.cluster.list(JOB, namespace) if one["metadata"]["name"] == "backup-1"]
    run = world.cluster.get(Ref(RUN, "backup-1", namespace))
    assert adopted["metadata"]["annotations"]["rapt.dev/adopted-by"] == run["metadata"]["uid"]
    assert run["spec"]["adopted"] == {"job": "backup-1", "uid": adopted["metadata"]["uid"]}
    assert (run["spec"]["schedule"], run["spec"]["slot"]) == ("backup", SLOT)
