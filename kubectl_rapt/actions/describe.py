"""Everything worth knowing of a tool or of a run, read at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kubectl_rapt.actions import advance, awaited, find, listing, standings, threads
from kubectl_rapt.errors import Invalid, NotFound, UsageError
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.kinds import CRON_JOB, EVENT, JOB, POD, RUN, TOOL, Kind, Manifest, Ref
from kubectl_rapt.objects import events, jobs, labels, reading, runs, tools
from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import listed
from kubectl_rapt.runs.listed import Line
from kubectl_rapt.runs.standing import Standing
from kubectl_rapt.writes import Writers

LAST = 5
"""How many runs of a tool are shown."""
_KINDS = {
    "tool": TOOL,
    "tools": TOOL,
    "run": RUN,
    "runs": RUN,
    "job": JOB,
    "jobs": JOB,
    "pod": POD,
    "pods": POD,
}


@dataclass(frozen=True, slots=True)
class OfTool:
    """A tool.

    Args:
        manifest: The object.
        tool: It, read; None where it is broken.
        problem: What is wrong with it.
        schedules: Its CronJobs.
        last: Its last runs, newest first.
    """

    manifest: Manifest
    tool: Tool | None
    problem: str
    schedules: Sequence[Manifest]
    last: Sequence[Line]


@dataclass(frozen=True, slots=True)
class OfRun:
    """A run.

    Args:
        manifest: The object; the Job of what a schedule started and no Run has recorded.
        run: It, read; None where it is broken.
        problem: What is wrong with it.
        events: What Kubernetes tells of it, of its Jobs and of their pods, oldest first.
        standing: How it stands now, whatever it has recorded; None of one that is broken.
    """

    manifest: Manifest
    run: Run | None
    problem: str
    events: Sequence[Event]
    standing: Standing | None


def describe(world: World, what: str, namespace: str) -> OfTool | OfRun:
    """A tool, else a run, of that name; ``tool/NAME``, ``run/NAME``, ``job/NAME`` and ``pod/NAME`` say which.

    Raises:
        NotFound: There is none.
        UsageError: The kind before the ``/`` is none of these.
        Refused: ``other-environment``: it belongs to another environment than the command acts in.
    """
    manifest = _find(world, what, namespace)
    if manifest["kind"] == JOB.name:
        return _of_job(world, manifest)
    return of_tool(world, manifest) if manifest["kind"] == TOOL.name else _of_run(world, manifest)


def _find(world: World, what: str, namespace: str) -> Manifest:
    kind, slash, name = what.rpartition("/")
    known = _KINDS.get(kind.partition(".")[0].lower())
    if slash and known is None:
        hint = f"kubectl rapt describe tool/{shell.word(name)}"
        raise UsageError("bad-kind", f'"{kind}" is not job, pod, run or tool', hint)
    if known in (JOB, POD):
        name = _run_of(world, Ref(known, name, namespace))
        known = RUN
    for wanted in (known,) if known else (TOOL, RUN):
        try:
            found = world.cluster.get(Ref(wanted, name, namespace))
        except NotFound as error:
            if error.code != "not-found":
                raise
        else:
            find.check_owner(world, found)
            return found
    if job := find.scheduled_job(world, name, namespace):
        return job
    if known is None:
        find.check_known(world, name, namespace, "describe")
    if known == RUN:
        awaited.check(world, name, namespace)
    raise _unknown(world, name, namespace, known or TOOL)


def _run_of(world: World, ref: Ref) -> str:
    marks = world.cluster.get(ref)["metadata"].get("labels") or {}
    return str(marks.get(labels.RUN) or marks.get("batch.kubernetes.io/job-name") or ref.name)


def _unknown(world: World, name: str, namespace: str, kind: Kind) -> NotFound:
    near = names.nearest(name, find.some(world, kind, namespace))
    hint = (
        f"kubectl rapt describe {shell.word(near)}"
        if near
        else f"kubectl rapt {'runs' if kind == RUN else 'list'}"
    )
    what = f'no {kind.name.lower()} "{name}" in namespace {namespace}'
    if kind == RUN:
        return NotFound("no-run", what, hint)
    return find.no_tool(world, name, what, hint, near)


def of_tool(world: World, manifest: Manifest) -> OfTool:
    """A tool with what belongs to it."""
    name, namespace = manifest["metadata"]["name"], manifest["metadata"]["namespace"]
    tool, problem = None, ""
    try:
        tool = tools.from_manifest(manifest)
    except Invalid as error:
        problem = reading.why(error)
    mine = labels.selector({labels.TOOL: name})
    schedules = list(world.cluster.list(CRON_JOB, namespace, labels=mine))
    last = listing.lines(world, listing.Wanted(namespace, tool=name))[:LAST]
    return OfTool(manifest, tool, problem, schedules, [listed.line(listed.unpacked(one)) for one in last])


def _of_run(world: World, manifest: Manifest) -> OfRun:
    run, problem = None, ""
    try:
        run = runs.from_manifest(manifest)
    except Invalid as error:
        problem = reading.why(error)
    stands = standings.of_found(world, find.of_run(world, run)) if run else None
    return OfRun(manifest, run, problem, _events(world, manifest, _jobs(manifest)), stands)


def _of_job(world: World, manifest: Manifest) -> OfRun:
    """What a schedule started, as the run that nobody has recorded yet."""
    metadata, job = manifest["metadata"], jobs.from_manifest(manifest)
    stands = standings.of_found(world, find.of_job(world, job))
    assert stands is not None, "a Job stands somehow"
    begun = Attempt(1, job.name, job.uid, stands.released_at)
    over = replace(
        begun,
        finished_at=stands.finished_at,
        exit_code=stands.exit_code,
        cause=stands.status,
        message=stands.message,
    )
    run = Run(
        name=job.name,
        namespace=job.namespace,
        tool=job.labels[labels.TOOL],
        answers={},
        job=manifest,
        digest="",
        requested_by=jobs.asked_by(metadata),
        labels=job.labels,
        schedule=next((one["name"] for one in metadata.get("ownerReferences") or ()), ""),
        created_at=job.created_at,
        attempts=(over if stands.is_over else begun,) if stands.attempt else (),
    )
    return OfRun(manifest, run, "", _events(world, manifest, [job.name]), stands)


def recorded(world: World, writers: Writers, found: OfRun) -> OfRun:
    """A run whose end is recorded, where it has ended, nobody has recorded it, and the person may."""
    if found.run is None or found.standing is None or found.standing.is_recorded:
        return found
    advance.note_end(world, writers, found.run, found.standing)
    return _of_run(world, world.cluster.get(found.run.ref))


def _jobs(manifest: Manifest) -> list[str]:
    return [one.get("job", "") for one in (manifest.get("status") or {}).get("attempts") or ()]


def _events(world: World, manifest: Manifest, its_jobs: Sequence[str]) -> list[Event]:
    """The events of a run, its Jobs and their pods: of pods that are gone, too, as long as Kubernetes keeps them."""
    name, namespace = manifest["metadata"]["name"], manifest["metadata"]["namespace"]

    def of(kind: str) -> list[Event]:
        found = world.cluster.list(EVENT, namespace, fields=f"involvedObject.kind={kind}")
        readable = reading.readable(events.from_manifest, found)
        return [one for one in readable if _belongs(one.about, kind, name, its_jobs)]

    found = [one for its in threads.each(of, (RUN.name, JOB.name, POD.name)) for one in its]
    return sorted(found, key=lambda one: one.order)


def _belongs(name: str, kind: str, run: str, jobs: Sequence[str]) -> bool:
    if kind == RUN.name:
        return name == run
    return name in jobs if kind == JOB.name else name.rpartition("-")[0] in jobs
