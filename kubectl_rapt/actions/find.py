"""Find what a person named: a tool, a run, a job or a pod."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kubectl_rapt import documents
from kubectl_rapt.actions import awaited
from kubectl_rapt.config import changes, layout, location
from kubectl_rapt.errors import NotFound, RaptError, UsageError
from kubectl_rapt.model import names, shell
from kubectl_rapt.model.kinds import JOB, POD, RUN, TOOL, Kind, Manifest, Ref, ref_of
from kubectl_rapt.objects import jobs, labels, pods, runs, tools
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import lifecycle, listed

_SOME = 200
_KINDS = {
    "job": JOB,
    "jobs": JOB,
    "pod": POD,
    "pods": POD,
    "run": RUN,
    "runs": RUN,
    "tool": TOOL,
    "tools": TOOL,
}


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that belongs to one execution of a tool.

    Args:
        run: The Run; None where a CronJob made the Job.
        job: The Job of the attempt; None where it is gone.
        pods: Its pods, oldest first.
    """

    run: Run | None
    job: Job | None
    pods: tuple[Pod, ...]


def perhaps(world: World, ref: Ref) -> Manifest | None:
    """One object as it is now; None where there is none of that name.

    Raises:
        NotFound: ``not-installed``: the cluster does not know its kind.
    """
    try:
        return world.cluster.get(ref)
    except NotFound as error:
        if error.code != "not-found":
            raise
        return None


def tool(world: World, name: str, namespace: str, verb: str = "run") -> Tool:
    """One tool.

    Args:
        world: Where to read.
        name: Its name.
        namespace: Its namespace.
        verb: The command that the hint proposes with the nearest name.

    Raises:
        NotFound: There is none, or Rapt is not installed.
        Refused: ``other-environment``: it belongs to another environment than the command acts in.
    """
    try:
        found = tools.from_manifest(world.cluster.get(Ref(TOOL, name, namespace)))
    except NotFound as error:
        if error.code != "not-found":
            raise
        known = some(world, TOOL, namespace)
        nearest = names.nearest(name, known)
        hint = f"kubectl rapt {verb} {shell.word(nearest)}" if nearest else "kubectl rapt list"
        what = f'no tool "{name}" in namespace {namespace}'
        raise no_tool(world, name, what, hint, nearest) from error
    location.check_owner(world.location, found.environment, f'tool "{name}"')
    return found


def no_tool(
    world: World, tool: str, what: str, hint: str, near: str | None = None, *, is_anywhere: bool = False
) -> NotFound:
    """What is said of a tool that the cluster does not have: a change that may bring it comes before what is near.

    Args:
        world: Where to read. The changes are those that the last fetch of the config repository brought.
        tool: The name that was typed.
        what: What there is not.
        hint: The command that is shown if no change is about it.
        near: The nearest name that there is.
        is_anywhere: Whether it was looked for in all namespaces, and not in the environment that the command acts in.
    """
    refs: Mapping[str, str] = {}
    if world.settings.repository and (is_anywhere or world.location):
        known = world.git.known(Remote(world.settings.repository))
        refs = known.refs if known else {}
    environment = world.location.environment if world.location and not is_anywhere else ""
    about, hints = changes.missing(refs, environment, tool)
    if hints:
        return NotFound("no-tool", f"{what}{about}", hints)
    if environment and _is_merged(world, refs, tool):
        what = f"{what}; it is merged, and not applied yet"
        return NotFound("no-tool", what, f"kubectl rapt sync --in {shell.word(environment)}")
    return NotFound("no-tool", what, hint).meant(tool, near)


def _is_merged(world: World, refs: Mapping[str, str], tool: str) -> bool:
    """Whether main, as it was fetched last, has a tool for the namespace in which the cluster has none."""
    location, main = world.location, refs.get(f"refs/heads/{changes.MAIN}", "")
    if location is None or not main:
        return False
    path = layout.rendered(location.environment, tool)
    try:
        text = world.git.files(Remote(world.settings.repository), main, path).get(path, b"")
        objects = [ref_of(one) for one in documents.load_all(text, path) if one]
    except (RaptError, KeyError, TypeError, ValueError, AttributeError):
        return False  # it was edited by hand
    return any(one.kind == TOOL and one.namespace in location.namespaces for one in objects)


def tool_of(world: World, run: Run) -> Tool | None:
    """The tool of a run as it is today; None where it is gone."""
    try:
        return tools.from_manifest(world.cluster.get(Ref(TOOL, run.tool, run.namespace)))
    except NotFound:
        return None


def run(world: World, name: str, namespace: str, verb: str = "") -> Run:
    """One run.

    Args:
        world: Where to read.
        name: Its name, also as ``run/NAME``.
        namespace: Its namespace.
        verb: What is to be done with it.

    Raises:
        NotFound: There is none, or Rapt is not installed.
        Refused: ``other-environment``: it belongs to another environment than the command acts in.
    """
    name = name.removeprefix("run/").removeprefix(f"run.{RUN.group}/")
    try:
        found = runs.from_manifest(world.cluster.get(Ref(RUN, name, namespace)))
    except NotFound as error:
        if error.code != "not-found":
            raise
        awaited.check(world, name, namespace, verb)
        near = names.nearest(name, _some_runs(world, namespace))
        what = f'no run "{name}" in namespace {namespace}'
        raise NotFound("no-run", what, "kubectl rapt runs").meant(name, near) from error
    _check_owner(world, found.labels, found.ref)
    return found


def of_environment(world: World, found: Iterable[Manifest]) -> Iterator[Manifest]:
    """Those of some objects that do not belong to another environment than the command acts in."""
    own = ("", world.location.environment) if world.location else ()
    for one in found:
        if not own or (one["metadata"].get("labels") or {}).get(labels.ENVIRONMENT, "") in own:
            yield one


def check_owner(world: World, found: Manifest) -> None:
    """Make sure that an object does not belong to another environment than the command acts in.

    Raises:
        Refused: ``other-environment``.
    """
    _check_owner(world, found["metadata"].get("labels") or {}, ref_of(found))


def _check_owner(world: World, marks: Mapping[str, str], ref: Ref) -> None:
    location.check_owner(world.location, marks.get(labels.ENVIRONMENT, ""), str(ref))


def run_of(world: World, what: str, namespace: str, verb: str, *, is_open: bool = False) -> Run:
    """The run that ``RUN``, ``TOOL``, ``job/NAME`` or ``pod/NAME`` means; of a tool the newest.

    Args:
        world: Where to read.
        what: What was named.
        namespace: Where it is.
        verb: The command that the hints propose with another name.
        is_open: Whether of a tool the newest run that is not over is meant, if there is one.

    Raises:
        NotFound: There is nothing of that name, or it has no run.
        UsageError: The kind before the ``/`` is none of these.
    """
    kind, name = _split(what, verb)
    if kind is RUN:
        return _recorded(world, name, namespace, verb)
    if kind in (JOB, POD):
        assert isinstance(kind, Kind)
        marks = _get(world, Ref(kind, name, namespace))["metadata"].get("labels") or {}
        # A Job that a schedule made is called like the run that adopts it.
        name = marks.get(labels.RUN) or marks.get("batch.kubernetes.io/job-name") or name
        return _recorded(world, name, namespace, verb)
    if kind is not TOOL and (found := _run(world, Ref(RUN, name, namespace))):
        return found
    newest = _newest_run(world, name, namespace, is_open=is_open)
    if newest is not None:
        return newest
    if kind is None:
        if scheduled_job(world, name, namespace):
            return _recorded(world, name, namespace, verb)  # it says that no Run has recorded it yet
        check_known(world, name, namespace, verb)
    raise not_run(world, tool(world, name, namespace, verb), verb)


def not_run(world: World, tool: Tool, verb: str = "run") -> NotFound:
    """What is said of a tool without a run: a run that waits for its review is not asked for again.

    Args:
        world: Where to read.
        tool: The tool.
        verb: The command that needs a run: who wants to cancel one is not told to start one.
    """
    what = f'tool "{tool.name}" has not run in namespace {tool.namespace}'
    waiting = awaited.here(world, tool.namespace, tool=tool.name)
    if waiting:
        told = "; ".join(f"run {one.run.name} {one.told}" for one in waiting)
        return NotFound("no-run", f"{what}; {told}", [*dict.fromkeys(one.step_of(verb) for one in waiting)])
    if verb == "cancel":
        return NotFound("no-run", what, f"kubectl rapt runs {shell.word(tool.name)}")
    words = ["kubectl", "rapt", "run", tool.name, *(["--review"] if tool.is_reviewed else [])]
    return NotFound("no-run", what, shell.join(words))


def check_known(world: World, name: str, namespace: str, verb: str) -> None:
    """Make sure that a name is that of a tool, where neither a tool nor a run need be meant.

    Raises:
        NotFound: ``no-tool``: neither a tool nor a run has it, with the nearest of both; or ``no-run``: a reviewed run
            has it which has not begun.
    """
    if perhaps(world, Ref(TOOL, name, namespace)) is not None:
        return
    awaited.check(world, name, namespace, verb)
    what = f'no tool or run "{name}" in namespace {namespace}'
    known = some(world, TOOL, namespace)
    near = names.nearest(name, [*known, *_some_runs(world, namespace)])
    hint = f"kubectl rapt {verb} {shell.word(near)}" if near else "kubectl rapt runs"
    raise no_tool(world, name, what, hint, near)


_OF_JOB = {"attach": "kubectl rapt logs {} --follow", "cancel": "kubectl delete job {}"}


def _recorded(world: World, name: str, namespace: str, verb: str) -> Run:
    """As ``run``; what a schedule started and no Run has recorded is told from what is not there."""
    try:
        return run(world, name, namespace, verb)
    except NotFound as error:
        if error.code != "no-run" or scheduled_job(world, name, namespace) is None:
            raise
        what = f'a schedule started "{name}", and no Run has recorded it yet'
        raise NotFound("no-run", what, _OF_JOB.get(verb, "kubectl rapt why {}").format(name)) from error


def scheduled_job(world: World, name: str, namespace: str) -> Manifest | None:
    """The Job of a tool that ``runs`` lists by its own name, because no Run has made it; None if there is none.

    Raises:
        Refused: ``other-environment``: it belongs to another environment than the command acts in.
    """
    found = perhaps(world, Ref(JOB, name, namespace))
    marks = (found["metadata"].get("labels") or {}) if found else {}
    if found is None or labels.TOOL not in marks or labels.RUN in marks:
        return None
    check_owner(world, found)
    return found


def _newest_run(world: World, tool: str, namespace: str, *, is_open: bool) -> Run | None:
    lines = [
        listed.line(read(row))
        for page in world.cluster.table(RUN, namespace, labels=labels.selector({labels.TOOL: tool}))
        for read in [listed.reader(page.columns)]
        for row in page.rows
    ]
    going = [one for one in lines if is_open and listed.is_open(listed.fields(one))]
    newest = max(going or lines, key=lambda one: (one.created, one.name), default=None)
    return run(world, newest.name, namespace) if newest else None


def some(world: World, kind: Kind, namespace: str) -> list[str]:
    """The names of objects, of those that come first where there are many; the objects themselves may be large."""
    pages = world.cluster.table(kind, namespace, limit=_SOME)
    return [str(row[page.columns.index("Name")]) for page in pages for row in page.rows]


def _some_runs(world: World, namespace: str) -> list[str]:
    try:
        return some(world, RUN, namespace)
    except RaptError:
        return []


def execution(world: World, what: str, namespace: str, verb: str) -> Found:
    """The execution that ``TOOL``, ``RUN``, ``job/NAME`` or ``pod/NAME`` means; of a tool the newest.

    Args:
        world: Where to read.
        what: What was named.
        namespace: Where it is.
        verb: The command that the hints propose with another name.

    Raises:
        NotFound: There is nothing of that name.
        UsageError: The kind before the ``/`` is none of these.
        Refused: ``other-environment``: it belongs to another environment than the command acts in.
    """
    kind, name = _split(what, verb)
    if kind is POD:
        pod = pods.from_manifest(_get(world, Ref(POD, name, namespace)))
        _check_owner(world, pod.labels, pod.ref)
        job_name = pod.labels.get("batch.kubernetes.io/job-name", "")
        is_of_job = bool(job_name) and pod.controller in ("", f"job/{job_name}")
        return _of_job(world, Ref(JOB, job_name, namespace)) if is_of_job else Found(None, None, (pod,))
    if kind is JOB:
        return _of_job(world, Ref(JOB, name, namespace))
    if kind is not TOOL and (found := _run(world, Ref(RUN, name, namespace))):
        return of_run(world, found)
    if kind is RUN:
        return of_run(world, run(world, name, namespace))
    newest = _newest_job(world, name, namespace)
    if newest is not None:
        return _of_job(world, newest.ref, newest)
    if kind is None and (job := scheduled_job(world, name, namespace)):
        return _of_job(world, ref_of(job), jobs.from_manifest(job))
    if kind is None:
        check_known(world, name, namespace, verb)
    raise not_run(world, tool(world, name, namespace, verb), verb)


def _split(what: str, verb: str) -> tuple[object, str]:
    kind, slash, name = what.rpartition("/")
    if not slash:
        return None, what
    known = _KINDS.get(kind.partition(".")[0].lower())
    if known is None:
        raise UsageError(
            "bad-kind",
            f'"{kind}" is not job, pod, run or tool',
            f"kubectl rapt {verb} job/{shell.word(name)}",
        )
    return known, name


def _get(world: World, ref: Ref) -> Manifest:
    try:
        return world.cluster.get(ref)
    except NotFound as error:
        if error.code != "not-found":
            raise
        raise NotFound(
            "not-found",
            f"no {ref} in namespace {ref.namespace}",
            f"kubectl get {ref.kind.plural} -n {ref.namespace}",
        ) from error


def _run(world: World, ref: Ref) -> Run | None:
    try:
        found = runs.from_manifest(world.cluster.get(ref))
    except NotFound:
        return None
    _check_owner(world, found.labels, ref)
    return found


def of_run(world: World, run: Run) -> Found:
    """A run with the Job that it is about: of its latest attempt, or of the one that is about to begin."""
    name = run.attempts[-1].job if run.attempts else lifecycle.job_name(run)
    job = Ref(JOB, name, run.namespace)
    try:
        found = jobs.from_manifest(world.cluster.get(job))
    except NotFound:
        return Found(run, None, ())
    return Found(run, found, pods_of(world, found)) if _is_of(found, run) else Found(run, None, ())


def _is_of(job: Job, run: Run) -> bool:
    """Whether a Job with the name of an attempt is the attempt's: somebody may have made another one of that name."""
    if run.attempts:
        return job.uid == run.attempts[-1].uid
    return job.uid == run.adopted.uid if run.adopted else run.uid in job.owner_uids


def of_job(world: World, job: Job) -> Found:
    """A Job that no Run has made, with its pods."""
    return Found(None, job, pods_of(world, job))


def _of_job(world: World, ref: Ref, job: Job | None = None) -> Found:
    found = job or jobs.from_manifest(_get(world, ref))
    _check_owner(world, found.labels, ref)
    name = found.labels.get(labels.RUN, "")
    run = _run(world, Ref(RUN, name, ref.namespace)) if name else None
    return Found(run, found, pods_of(world, found))


def pods_of(world: World, job: Job) -> tuple[Pod, ...]:
    """The pods of a Job, in the order in which they were created."""
    selector = f"batch.kubernetes.io/controller-uid={job.uid}"
    found = [pods.from_manifest(one) for one in world.cluster.list(POD, job.namespace, labels=selector)]
    own = (one for one in found if one.may_be_of(job.uid))
    return tuple(sorted(own, key=lambda pod: (pod.created_at, pod.name)))


def _newest_job(world: World, name: str, namespace: str) -> Job | None:
    selector = labels.selector({labels.TOOL: name})
    found = [
        jobs.from_manifest(one)
        for one in of_environment(world, world.cluster.list(JOB, namespace, labels=selector))
    ]
    return max(found, key=lambda job: (job.created_at, job.name), default=None)
