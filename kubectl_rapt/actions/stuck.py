"""Schedules that a Job holds back which cannot start: under ``Forbid`` nothing fires until that Job is gone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubectl_rapt.actions import standings
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import CRON_JOB, JOB, Manifest
from kubectl_rapt.objects import jobs, labels, reading
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import standing

_PATIENCE = timedelta(minutes=5)
"""How long a Job may take to start before it is said to hold its schedule back, where nothing says why."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A schedule that does not fire.

    Args:
        tool: Its tool.
        namespace: Its namespace.
        cron_job: The CronJob's name.
        job: The Job that it waits for.
        since: When that was released, or created.
        why: What the Job waits for.
    """

    tool: str
    namespace: str
    cron_job: str
    job: str
    since: datetime
    why: str

    @property
    def command(self) -> str:
        """What ends it."""
        return f"kubectl delete job {self.job} -n {self.namespace}"

    def told(self, now: datetime) -> str:
        """One line for people."""
        since = times.spell_seconds((now - self.since).total_seconds())
        return f"held back by job/{self.job} for {since}, which cannot start ({self.why}); end it: {self.command}"


def found(world: World, namespace: str, *, tool: str = "", environment: str = "") -> list[Stuck]:
    """The schedules that are held back; none where the person may not look.

    Args:
        world: Where to read.
        namespace: Where; empty for everywhere.
        tool: Only of this tool; empty for all.
        environment: Only of this environment; empty for all.
    """
    named = {labels.TOOL: tool, labels.ENVIRONMENT: environment}
    own = labels.selector({key: value for key, value in named.items() if value})
    selector = ",".join(one for one in (own, labels.TOOL) if one)
    try:
        waiting = dict(_waiting(world.cluster.list(CRON_JOB, namespace, labels=selector)))
        return _stuck(world, namespace, selector, waiting) if waiting else []
    except RaptError:
        return []


def _waiting(cron_jobs: Iterator[Manifest]) -> Iterator[tuple[tuple[str, str], Manifest]]:
    """Each Job that a CronJob waits for before it fires again: its place, and the CronJob."""
    for one in cron_jobs:
        if one["spec"].get("concurrencyPolicy") == "Forbid":
            for job in (one.get("status") or {}).get("active") or ():
                yield (job.get("namespace") or one["metadata"]["namespace"], job["name"]), one


def _stuck(
    world: World, namespace: str, selector: str, waiting: Mapping[tuple[str, str], Manifest]
) -> list[Stuck]:
    all_ = reading.readable(jobs.from_manifest, world.cluster.list(JOB, namespace, labels=selector))
    going = [one for one in all_ if (one.namespace, one.name) in waiting and not one.ended]
    stands = standings.scheduled(world, namespace, going) if going else {}
    held = []
    for job in going:
        now = stands[job.namespace, job.name]
        since = job.started_at or job.created_at
        is_slow = now.state in (standing.PENDING, standing.SUSPENDED) and world.now() - since > _PATIENCE
        if now.state == standing.WAITING or is_slow:
            cron_job = waiting[job.namespace, job.name]["metadata"]
            tool, why = cron_job["labels"][labels.TOOL], now.message or now.status
            held.append(Stuck(tool, job.namespace, cron_job["name"], job.name, since, why))
    return held
