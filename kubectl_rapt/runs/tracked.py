"""Runs as a watch sees them: Runs, Jobs and pods as they come and change, added up to the lines that changed."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import JOB, POD, RUN, Kind, Manifest
from kubectl_rapt.objects import jobs, labels, pods, reading, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.runs import lifecycle, listed, standing
from kubectl_rapt.runs.listed import Line
from kubectl_rapt.runs.standing import Standing

Place = tuple[str, str]
"""Namespace and name: of a Run, or of a Job that no Run has made."""
_WAITS = (standing.PENDING, standing.WAITING)
_JOB_NAME = "batch.kubernetes.io/job-name"


@dataclass(slots=True)
class Tracked:
    """What was seen so far.

    Args:
        runs: The Runs.
        jobs: All Jobs, also those of Runs.
        pods: The pods of each Job, by their names.
        told: The line that was told last of each.
        looked: How those stood that were not over when events and leases were looked at last.
    """

    runs: dict[Place, Manifest] = field(default_factory=dict)
    jobs: dict[Place, Manifest] = field(default_factory=dict)
    pods: dict[Place, dict[str, Pod]] = field(default_factory=dict)
    told: dict[Place, Line | None] = field(default_factory=dict)
    looked: dict[Place, Standing] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Whether something was told to wait."""
        return any(line is not None and line.state in _WAITS for line in self.told.values())

    def take(self, kind: Kind, one: Manifest, *, is_gone: bool) -> Place:
        """Take an object in.

        Args:
            kind: Its kind.
            one: The object as it is now, or was last.
            is_gone: Whether it was deleted.

        Returns:
            What it is a part of.
        """
        metadata = one["metadata"]
        place = metadata["namespace"], metadata["name"]
        marks = metadata.get("labels") or {}
        if kind == POD:
            job = metadata["namespace"], marks.get(_JOB_NAME, "")
            own = self.pods.setdefault(job, {})
            if is_gone:
                own.pop(place[1], None)
            else:
                own[place[1]] = pods.from_manifest(one)
            return place[0], marks.get(labels.RUN) or job[1]
        known = self.runs if kind == RUN else self.jobs
        if is_gone:
            known.pop(place, None)
        else:
            known[place] = one
        return (place[0], marks[labels.RUN]) if kind == JOB and labels.RUN in marks else place

    def everything(self) -> Iterator[Place]:
        """All that has a line of its own."""
        yield from self.runs
        for place, job in self.jobs.items():
            if place not in self.runs and labels.RUN not in (job["metadata"].get("labels") or {}):
                yield place

    def scheduled(self) -> Iterator[Job]:
        """The Jobs that no Run has made."""
        made = (one for one in self.jobs.values() if labels.RUN not in (one["metadata"].get("labels") or {}))
        return reading.readable(jobs.from_manifest, made)

    def news(self, place: Place, now: datetime) -> tuple[Manifest, Line | None] | None:
        """An object with its line, where that says something else than it said last; its line is None of a broken one.

        Args:
            place: Which.
            now: The time.
        """
        one = self.runs.get(place) or self.jobs.get(place)
        if one is None or (one["kind"] == JOB.name and labels.RUN in (one["metadata"].get("labels") or {})):
            return None
        try:
            line = self._line(one, place, now)
        except RaptError:
            line = None
        if place in self.told and _key(self.told[place]) == _key(line):
            return None
        self.told[place] = line
        return one, line

    def _line(self, one: Manifest, place: Place, now: datetime) -> Line:
        if one["kind"] == JOB.name:
            line, job = listed.of_job(one), jobs.from_manifest(one)
            if job.ended == "Complete":
                return line
            stands = self._or_looked(place, standing.of_job(job, self._pods(place, job.uid)))
            return listed.as_it_stands(line, stands)
        line = listed.of_run(one)
        if not listed.is_open(listed.fields(line)):
            return line
        run = runs.from_manifest(one)
        at = place[0], lifecycle.job_name(run)
        found = jobs.from_manifest(self.jobs[at]) if at in self.jobs else None
        if found is None and run.attempts and not run.attempts[-1].cause:
            return line  # its Job is seen in a moment: what is watched comes in no order
        stands = standing.of_run(run, found, self._pods(at, found.uid if found else ""), now=now)
        stands = self._or_looked(place, stands)
        return listed.as_it_stands(line, stands, run)

    def _or_looked(self, place: Place, stands: Standing) -> Standing:
        """How something stands; what waits, as events and leases said."""
        looked = self.looked.get(place)
        return looked if looked and stands.state in _WAITS and looked.state in _WAITS else stands

    def _pods(self, job: Place, uid: str) -> list[Pod]:
        key = "batch.kubernetes.io/controller-uid"
        found = self.pods.get(job, {}).values()
        return [one for one in found if one.labels.get(key, uid) == uid and one.may_be_of(uid)]


def _key(line: Line | None) -> Line | None:
    """What makes a line worth telling again."""
    return replace(line, started="") if line else None
