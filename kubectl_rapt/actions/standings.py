"""How runs stand now: of those that no Run records as over, Jobs and pods are looked at, with a few lists for all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from kubectl_rapt.actions import events as events_of
from kubectl_rapt.actions import find, threads
from kubectl_rapt.actions.find import Found
from kubectl_rapt.errors import Invalid, RaptError
from kubectl_rapt.model.kinds import EVENT, JOB, LEASE, POD, RUN, Kind, Manifest, Ref
from kubectl_rapt.objects import events, jobs, labels, leases, pods, reading, runs
from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import lifecycle, standing, turns
from kubectl_rapt.runs.causes import beginnings
from kubectl_rapt.runs.standing import Standing

Place = tuple[str, str]
"""Namespace and name."""
_BY_NAME = 2000
"""Up to so many are asked for by name, a hundred at a time; of more, all that there are is read."""
_SLOW = timedelta(seconds=5)
"""How long something may take to begin before events are asked why it does not."""
_SAID = ("FailedCreate", "Failed", "FailedMount", "FailedAttachVolume", "FailedMapVolume")
"""The events that say why a pod is not created, or why its containers do not start."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which runs.

    Args:
        namespace: Where; empty for everywhere.
        labels: A label selector.
        fields: A field selector.
    """

    namespace: str
    labels: str = ""
    fields: str = ""


@dataclass(slots=True)
class _Seen:
    """What was read.

    Args:
        runs: Those that are not recorded as over.
        jobs: The Jobs that they are about, and those of schedules.
        pods: The pods of those Jobs that have not ended, or whose end nobody has recorded: by the Job's place.
        said: The events of those Jobs and pods: by the place of the object that they are about.
        holders: The place of a tool's lease to the run that has it.
    """

    runs: list[Run] = field(default_factory=list)
    jobs: dict[Place, Job] = field(default_factory=dict)
    pods: dict[Place, list[Pod]] = field(default_factory=dict)
    said: dict[Place, list[Event]] = field(default_factory=dict)
    holders: dict[Place, str] = field(default_factory=dict)


def unfinished(world: World, chosen: Chosen, scheduled: Iterable[Job]) -> dict[Place, tuple[Run, Standing]]:
    """How each run stands that is not recorded as over.

    Args:
        world: Where to read.
        chosen: Which runs.
        scheduled: The Jobs there that no Run has made.

    Raises:
        NotFound, Refused, Unavailable: Runs, their Jobs or their pods cannot be listed.
    """
    now = world.now()
    seen = _Seen(_runs(world, chosen), {(one.namespace, one.name): one for one in scheduled})
    if not seen.runs:
        return {}
    _read_jobs(world, chosen, seen)
    _read_the_rest(world, chosen, seen, [job for one in seen.runs if (job := _job(seen, one))], now)
    return {(one.namespace, one.name): (one, _of(seen, one, now)) for one in seen.runs}


def scheduled(world: World, namespace: str, found: Sequence[Job]) -> dict[Place, Standing]:
    """How the Jobs stand that schedules made and that have not succeeded.

    Args:
        world: Where to read.
        namespace: Where; empty for everywhere.
        found: The Jobs.
    """
    now = world.now()
    seen = _Seen()
    _read_the_rest(world, Chosen(namespace), seen, found, now)
    return {(one.namespace, one.name): standing.of_job(one, *_about(seen, one)) for one in found}


def of_found(world: World, found: Found, said: Sequence[Event] | None = None) -> Standing | None:
    """How one execution stands, with everything that events say of it; None of a pod that belongs to no Job.

    Args:
        world: Where to read.
        found: The execution.
        said: Its events, where somebody has read them.
    """
    run, job = found.run, found.job
    if run is None and job is None:
        return None
    namespace = run.namespace if run else job.namespace if job else ""
    if said is None:
        try:
            said = [one for one, _ in events_of.read(world, events_of.about(found), namespace)]
        except RaptError:
            said = []  # who may not read events knows less
    if run is None:
        return standing.of_job(job, found.pods, said) if job else None
    behind = _behind_of(world, run)
    return standing.of_run(run, job, found.pods, said, now=world.now(), behind=behind)


def _behind_of(world: World, run: Run) -> str:
    if run.concurrency == "allow" or run.is_finished:
        return ""
    seen = _Seen([run], {}, holders=_holders(world, run.namespace))
    holder = seen.holders.get((run.namespace, leases.ref_of(run).name), "")
    if holder and holder != run.name and (other := find.perhaps(world, Ref(RUN, holder, run.namespace))):
        seen.runs.append(runs.from_manifest(other))
    selector = labels.selector({labels.TOOL: run.tool})
    for job in reading.readable(jobs.from_manifest, world.cluster.list(JOB, run.namespace, labels=selector)):
        seen.jobs[job.namespace, job.name] = job
    return _behind(seen, run)


def _runs(world: World, chosen: Chosen) -> list[Run]:
    def listed(fields: str) -> list[Run]:
        found = world.cluster.list(RUN, chosen.namespace, labels=chosen.labels, fields=fields)
        return [one for one in reading.readable(_read, found) if not one.is_finished or one.wish]

    try:
        return listed(",".join(filter(None, (chosen.fields, runs.UNFINISHED))))
    except Invalid:
        return listed(chosen.fields)  # before Kubernetes 1.31 no field of our kinds can be selected by


def _read(manifest: Manifest) -> Run:
    """A run without what was asked of it: that is most of it, and says nothing here."""
    return replace(runs.from_manifest(manifest), job={}, answers={}, env={}, mounts=())


def _job(seen: _Seen, run: Run) -> Job | None:
    return seen.jobs.get((run.namespace, lifecycle.job_name(run)))


def _read_jobs(world: World, chosen: Chosen, seen: _Seen) -> None:
    selectors = _named(labels.RUN, [one.name for one in seen.runs])
    for job in reading.readable(jobs.from_manifest, _each(world, JOB, chosen.namespace, selectors)):
        seen.jobs[job.namespace, job.name] = job


def _read_the_rest(
    world: World, chosen: Chosen, seen: _Seen, looked_at: Sequence[Job], now: datetime
) -> None:
    """The pods of those Jobs; then what was said of them, and who has the leases, as far as that matters."""
    busy = [one for one in looked_at if not one.is_suspended or one.active]
    names = {one.name for one in busy}
    its_pods = _each(world, POD, chosen.namespace, _named("batch.kubernetes.io/job-name", names))
    for pod in reading.readable(pods.from_manifest, its_pods):
        job = pod.labels.get("batch.kubernetes.io/job-name", "")
        seen.pods.setdefault((pod.namespace, job), []).append(pod)
    more: list[Callable[[], None]] = []
    if any(_does_not_begin(one, seen.pods.get((one.namespace, one.name), []), now) for one in busy):
        more += [partial(_read_events, world, chosen, seen, reason) for reason in _SAID]
    if any(one.concurrency != "allow" for one in seen.runs):
        more.append(lambda: seen.holders.update(_holders(world, chosen.namespace)))
    if more:
        threads.each(lambda do: do(), more)


def _does_not_begin(job: Job, own: Sequence[Pod], now: datetime) -> bool:
    newest = max(own, key=lambda pod: (pod.created_at, pod.name), default=None)
    since = newest.created_at if newest else job.started_at or job.created_at
    is_waiting = newest is None or (beginnings.never_ran(newest) and newest.phase == "Pending")
    return is_waiting and not job.ended and now - since > _SLOW


def _read_events(world: World, chosen: Chosen, seen: _Seen, reason: str) -> None:
    try:
        told = world.cluster.list(EVENT, chosen.namespace, fields=f"reason={reason}")
        found = list(reading.readable(events.from_manifest, told))
    except RaptError:
        return  # they only add to what is known
    for event in found:
        seen.said.setdefault((event.namespace, event.about), []).append(event)


def _holders(world: World, namespace: str) -> dict[Place, str]:
    try:
        found = list(world.cluster.list(LEASE, namespace, labels=labels.TOOL))
    except RaptError:
        return {}  # who may see runs need not be allowed to see leases
    return {(one.namespace, one.name): one.holder for one in map(leases.from_manifest, found)}


def _each(world: World, kind: Kind, namespace: str, selectors: Sequence[str]) -> Iterator[Manifest]:
    if len(selectors) == 1:
        yield from world.cluster.list(kind, namespace, labels=selectors[0])
        return
    for found in threads.each(lambda one: list(world.cluster.list(kind, namespace, labels=one)), selectors):
        yield from found


def _named(key: str, names: Iterable[str]) -> list[str]:
    chosen = set(names)
    return [key] if len(chosen) > _BY_NAME else list(labels.one_of(key, chosen))


def _of(seen: _Seen, run: Run, now: datetime) -> Standing:
    job = _job(seen, run)
    own, said = _about(seen, job) if job else ([], [])
    return standing.of_run(run, job, own, said, now=now, behind=_behind(seen, run))


def _about(seen: _Seen, job: Job) -> tuple[list[Pod], list[Event]]:
    own = [
        one
        for one in seen.pods.get((job.namespace, job.name), [])
        if one.labels.get("batch.kubernetes.io/controller-uid", job.uid) == job.uid and one.may_be_of(job.uid)
    ]
    about = [(job.namespace, one) for one in (job.name, *(pod.name for pod in own))]
    return own, [event for place in about for event in seen.said.get(place, ())]


def _behind(seen: _Seen, run: Run) -> str:
    """The run or the Job that goes first, where the tool's runs go one at a time."""
    if run.concurrency == "allow":
        return ""
    holder = seen.holders.get((run.namespace, leases.ref_of(run).name), "")
    if holder and holder != run.name:
        other = next((one for one in seen.runs if (one.namespace, one.name) == (run.namespace, holder)), None)
        if other and not turns.is_over(other):
            return f"run/{holder}"
    same = (one for one in seen.jobs.values() if one.namespace == run.namespace)
    firing = turns.firing(run, (one for one in same if one.labels.get(labels.TOOL) == run.tool))
    return f"job/{firing}" if firing else ""
