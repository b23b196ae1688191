"""Where the time of a run or of a tool's runs went, and what a pod uses while it runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from kubectl_rapt.actions import events, find, standings, threads, usage
from kubectl_rapt.actions.find import Found
from kubectl_rapt.errors import NotFound, RaptError
from kubectl_rapt.model import shell, times
from kubectl_rapt.model.kinds import JOB, POD, RUN, Manifest, Ref
from kubectl_rapt.objects import jobs, labels, pods, reading, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pod_usage import Usage
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.objects.runs import SUCCEEDED, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import pace, timing
from kubectl_rapt.runs.pace import Pace, Regression, Sample
from kubectl_rapt.runs.timing import Timing


@dataclass(frozen=True, slots=True)
class OfRun:
    """One execution.

    Args:
        name: What it is called.
        tool: Its tool.
        version: Its template's version; empty for none.
        status: One word: what it does, or what ended it.
        timing: Its phases.
        duration: From its release to its end, or until now, as the list of runs has it; empty if nobody knows.
        usages: What was measured while it ran.
        source: Who measured it, or why nobody did.
    """

    name: str
    tool: str
    version: str
    status: str
    timing: Timing
    duration: str = ""
    usages: tuple[Usage, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class OfTool:
    """All runs of a tool that ended well.

    Args:
        tool: Its name.
        paces: How long its versions take, oldest first.
        slower: What became slower from one version to the next.
        unread: What is wrong with each object that could not be read.
        others: How many runs have not succeeded, and are not counted.
    """

    tool: str
    paces: tuple[Pace, ...]
    slower: tuple[Regression, ...]
    unread: tuple[str, ...]
    others: int = 0


def of(world: World, what: str, namespace: str) -> OfRun | OfTool:
    """The timing of what a person named: of all runs of ``TOOL``, else of one execution.

    Raises:
        NotFound: There is nothing of that name, or the tool has not run.
        UsageError: The kind before a ``/`` is none that runs.
    """
    is_tool = what.startswith(("tool/", "tools/"))
    if not is_tool and "/" not in what:
        is_tool = _is_there(world, Ref(RUN, what, namespace)) is None
    if is_tool:
        return of_tool(world, what.rpartition("/")[2], namespace, is_sure="/" in what)
    return of_run(world, what, namespace)


def of_run(world: World, what: str, namespace: str) -> OfRun:
    """The phases of one execution, and one sample of what it uses where it runs. Raises as ``of``."""
    found = find.execution(world, what, namespace, "timing")
    told, running = _look(world, found, namespace)
    if running is None:
        return told
    used, source = usage.sample(world, running)
    return replace(told, usages=(used,) if used else (), source=source)


def watch(world: World, what: str, namespace: str, every: timedelta) -> Iterator[OfRun]:
    """The same again and again until it has ended, with all samples so far; the last one is of its end.

    Raises:
        NotFound: There is nothing of that name, or it is gone.
    """
    usages: dict[object, Usage] = {}
    source = ""
    while True:
        told, running = _look(world, find.execution(world, what, namespace, "timing"), namespace)
        if running is not None:
            used, said = usage.sample(world, running)
            source = said if used or not usages else source
            if used:
                usages[used.at] = used
        told = replace(told, usages=tuple(usages.values()), source=source)
        yield told
        if not told.timing.is_open:
            return
        _pause(world, namespace, told, every)


def _pause(world: World, namespace: str, told: OfRun, every: timedelta) -> None:
    """Wait so long, or until its Job has ended."""
    name = told.timing.laps[-1].job or told.name
    seconds = every.total_seconds()
    stream = world.cluster.watch(JOB, namespace, fields=f"metadata.name={name}", timeout_seconds=seconds)
    for event in stream:
        if event.type in ("added", "changed") and jobs.from_manifest(event.object).ended:
            break
    stream.close()


def _look(world: World, found: Found, namespace: str) -> tuple[OfRun, Pod | None]:
    """The phases of an execution, and its pod that runs."""
    run = found.run
    there = list(found.pods)
    its_jobs = [found.job] if found.job else []
    known = found.job.name if found.job else ""
    if run and (earlier := [one.job for one in run.attempts if one.job != known]):
        its_jobs += [one for one in threads.each(lambda name: _job(world, name, namespace), earlier) if one]
        chosen = f"batch.kubernetes.io/job-name in ({','.join(earlier)})"
        there += map(pods.from_manifest, world.cluster.list(POD, namespace, labels=chosen))
    try:
        said = [event for event, _ in events.read(world, events.about(found), namespace)]
    except RaptError:
        said = []  # the person may not read them; they only add to what is known
    timed = timing.of(run, its_jobs, there, said, world.now())
    marks = found.job.labels if found.job else run.labels if run else {}
    stands = standings.of_found(world, found, said)
    duration = times.spell_span(stands.released_at, stands.finished_at or world.now()) if stands else ""
    status = stands.status if stands else "Unknown"
    name = run.name if run else found.job.name if found.job else ""
    version = _version(run, marks)
    told = OfRun(name, run.tool if run else marks.get(labels.TOOL, ""), version, status, timed, duration)
    running = [pod for pod in found.pods if pod.phase == "Running"]
    return told, running[-1] if running and timed.is_open else None


def _version(run: Run | None, marks: Mapping[str, str]) -> str:
    """The template's version: as the Run has it, else from a label, which cannot hold a ``+``."""
    return run.source.version if run and run.source else marks.get(labels.VERSION, "").replace("_", "+")


def _job(world: World, name: str, namespace: str) -> Job | None:
    found = _is_there(world, Ref(JOB, name, namespace))
    return jobs.from_manifest(found) if found else None


def _is_there(world: World, ref: Ref) -> Manifest | None:
    try:
        return world.cluster.get(ref)
    except NotFound:
        return None


def of_tool(world: World, name: str, namespace: str, *, is_sure: bool = True) -> OfTool:
    """How long the versions of a tool take, by the runs that ended well.

    Args:
        world: Where to read.
        name: Its name.
        namespace: Its namespace.
        is_sure: Whether a tool is meant; otherwise a run may be.

    Raises:
        NotFound: There is no such tool, or no run of it has ended well.
    """
    selector = labels.selector({labels.TOOL: name})
    listed = threads.each(
        lambda kind: list(world.cluster.list(kind, namespace, labels=selector)), [RUN, JOB, POD]
    )
    unread: list[RaptError] = []
    its_jobs = list(reading.readable(jobs.from_manifest, listed[1], unread.append))
    there = list(reading.readable(pods.from_manifest, listed[2], unread.append))
    samples, adopted, others = [], set(), 0
    for run in reading.readable(runs.from_manifest, listed[0], unread.append):
        adopted |= {run.adopted.uid} if run.adopted else set()
        if run.state == SUCCEEDED and run.attempts:
            samples.append(_sample(world, run, its_jobs, there))
        else:
            others += 1
    for job in its_jobs:
        if job.ended == "Complete" and labels.RUN not in job.labels and job.uid not in adopted:
            samples.append(_sample(world, None, [job], there))
    if not samples:
        if not is_sure:
            find.check_known(world, name, namespace, "timing")
        tool = find.tool(world, name, namespace, "timing")
        if not (listed[0] or its_jobs):
            raise find.not_run(world, tool)
        what = f'no run of tool "{name}" has succeeded in namespace {namespace}'
        raise NotFound("no-run", what, f"kubectl rapt runs {shell.word(name)}")
    paces, slower = pace.compare(samples)
    return OfTool(name, tuple(paces), tuple(slower), tuple(one.message for one in unread), others)


def _sample(world: World, run: Run | None, its_jobs: Sequence[Job], there: Sequence[Pod]) -> Sample:
    uids = {one.uid for one in run.attempts} if run else {its_jobs[0].uid}
    mine = [job for job in its_jobs if job.uid in uids]
    version = _version(run, {} if run else mine[0].labels)
    template = run.job["spec"]["template"]["spec"] if run else {}
    timed = timing.of(run, mine, there, (), world.now())
    return pace.sample(version, timed, has_init=run is None or bool(template.get("initContainers")))
