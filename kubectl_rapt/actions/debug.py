"""Debug: an attempt's pod once more, held, so that a person can look around in it; it counts as no run."""

from collections.abc import Callable
from dataclasses import dataclass

from kubectl_rapt import writes
from kubectl_rapt.actions import find, look, rights, shell
from kubectl_rapt.actions import run as running
from kubectl_rapt.actions.find import Found
from kubectl_rapt.actions.shell import Place
from kubectl_rapt.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from kubectl_rapt.model import names
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import JOB, POD, Manifest, Ref, ref_of
from kubectl_rapt.model.plan import Create, Delete
from kubectl_rapt.model.shell import word
from kubectl_rapt.objects import debug_jobs, jobs, pods
from kubectl_rapt.objects.debug_jobs import Hold
from kubectl_rapt.objects.pods import Container, Pod
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import retries
from kubectl_rapt.writes import Writers

PATIENCE_SECONDS = 180.0
_MOST_SECONDS = 24 * 3600
_STUCK = (
    *("ErrImageNeverPull", "InvalidImageName", "ImagePullBackOff"),
    *("CreateContainerError", "CreateContainerConfigError", "RunContainerError"),
)
"""Why a container waits that will not begin by itself, though Kubernetes tries again and again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks for.

    Args:
        attempt: The attempt to clone; 0 for the last one.
        container: The container to hold; empty for the first.
        image: Another image for it; empty for its own.
        after: Whether its own command runs first, and only a failure is held.
        time: For how long at most.
    """

    attempt: int
    container: str
    image: str
    after: bool
    time: Duration


@dataclass(frozen=True, slots=True)
class Clone:
    """The Job that is to be created.

    Args:
        manifest: The Job.
        container: The container that is held.
        command: What that container would have run, as far as the attempt says it.
    """

    manifest: Manifest
    container: str
    command: tuple[str, ...]


def plan(world: World, run: Run, wanted: Wanted) -> Clone:
    """The clone of an attempt.

    Raises:
        NotFound: ``no-attempt``, ``no-container``.
        Refused: ``review-needed``: nobody runs anything there without a review.
        Invalid: ``not-held``: its command is known to its image alone, and so nothing can be run before it is held.
    """
    tool = find.tool_of(world, run)
    if tool:
        running.check_direct(tool, ["run", tool.name])
    number = wanted.attempt or len(run.attempts) or 1
    if number > max(1, len(run.attempts)):
        what = f"{run.name} has no attempt {number}"
        raise NotFound("no-attempt", what, f"kubectl rapt describe {run.name}")
    attempt = jobs.of_attempt(run, number, retries.changes(run, number))
    known = {one["name"]: one for one in debug_jobs.containers(attempt)}
    name = wanted.container or next(iter(known))
    if name not in known:
        near = names.nearest(name, known) or next(iter(known))
        what = f'{run.name} has no container "{name}"; it has {", ".join(known)}'
        raise NotFound("no-container", what, f"kubectl rapt debug {run.name} -c {word(near)}")
    if wanted.after and not known[name].get("command"):
        what = (
            f'what container "{name}" runs is known to its image alone, so nothing can wait for its failure'
        )
        raise Invalid("not-held", what, f"kubectl rapt debug {run.name}")
    if not 1 <= wanted.time.seconds <= _MOST_SECONDS:
        raise Invalid("not-held", "it is held for a day at most", "--for 2h")
    hold = Hold(name, wanted.time, wanted.image, wanted.after)
    made = debug_jobs.clone(run, attempt, hold, names.random_suffix(world.random(5)))
    return Clone(made, name, tuple(debug_jobs.own_command(known[name])))


def start(world: World, writers: Writers, clone: Clone) -> Delete:
    """Create the clone; the step that removes it again.

    Raises:
        Refused: ``no-right``: what a person may not do is told before anything is done.
        Conflict, Invalid, Unavailable: It cannot be created.
    """
    namespace = clone.manifest["metadata"]["namespace"]
    rights.check(world, [("create", JOB, namespace), ("delete", JOB, namespace), ("list", POD, namespace)])
    shell.check(world, namespace, "exec", "create")
    made = writes.apply(writers, Create(clone.manifest))
    assert isinstance(made, dict), "what is created is answered"
    return Delete(ref_of(made), made["metadata"]["uid"])


def held(world: World, job: Ref, container: str, *, after: bool, tell: Callable[[bytes], None]) -> Place:
    """Wait until the container of a clone is held.

    Args:
        world: Where to look.
        job: The clone.
        container: The container.
        after: Whether its own command runs first; what that says is told then.
        tell: Called with each line of its log.

    Raises:
        Refused: ``not-held``: it ended, and why.
        Unavailable: ``timed-out``: it has not begun in time.
    """
    where = _begun(world, job, container)
    if not after:
        return where
    for line in world.cluster.logs(where.pod.ref, container, follow=True):
        if line.startswith(debug_jobs.ENDED.encode()):
            tell(line)
            return where
        tell(line)
    raise Refused("not-held", "its command succeeded, so there is no failure to look at", "kubectl rapt runs")


def _begun(world: World, job: Ref, name: str) -> Place:
    selector = f"batch.kubernetes.io/job-name={job.name}"
    stream = world.cluster.watch(POD, job.namespace, labels=selector, timeout_seconds=PATIENCE_SECONDS)
    seen: Pod | None = None
    try:
        for event in stream:
            if event.type not in ("added", "changed"):
                continue
            pod = pods.from_manifest(event.object)
            one = next((one for one in pod.containers if one.name == name), None)
            if one is None or pod.controller not in ("", f"job/{job.name}"):
                continue  # anybody may put the labels of a Job on a pod
            seen = pod
            if one.state == "running":
                return Place(seen, one)
            if one.state == "terminated" or seen.phase in ("Failed", "Succeeded") or _is_stuck(one):
                raise Refused("not-held", *_why(world, job, seen, one))
    finally:
        stream.close()
    why, hint = _why(world, job, seen, None)
    raise Unavailable("timed-out", f"it did not begin within {PATIENCE_SECONDS:g} s: {why}", hint)


def _is_stuck(container: Container) -> bool:
    return container.state == "waiting" and container.reason in _STUCK


def _why(world: World, job: Ref, pod: Pod | None, container: Container | None) -> tuple[str, str]:
    """What is in its way, and what to try."""
    if container and ("executable file not found" in container.message or container.reason == "StartError"):
        return "its image has no program to hold it by", f"--image {shell.IMAGE}"
    try:
        found = jobs.from_manifest(world.cluster.get(job))
    except NotFound:
        return f"{job} is gone", "kubectl get events"
    findings, _ = look.explain(world, Found(None, found, (pod,) if pod else ()))
    if findings:
        return findings[0].message, findings[0].hint
    return "its pod has not begun", f"kubectl describe job {job.name} -n {job.namespace}"


def remove(writers: Writers, step: Delete) -> None:
    """Remove a clone; one that is gone is what was wanted."""
    try:
        writes.apply(writers, step)
    except (NotFound, Conflict):
        return
