"""Follow the Job of an attempt: its log lines, what it waits for, and how it ends."""

from collections.abc import Iterator

from kubectl_rapt.actions import look
from kubectl_rapt.actions.threads import Merge
from kubectl_rapt.errors import RaptError, Unavailable
from kubectl_rapt.model.kinds import JOB, POD, Ref
from kubectl_rapt.objects import jobs, pods
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import following
from kubectl_rapt.runs.following import Following, Line, Source
from kubectl_rapt.runs.outcome import Outcome

_TICK_SECONDS = 1.0


def follow(
    world: World, job: Ref, *, timeout_seconds: float | None = None, tail: int | None = None
) -> Iterator[Line | Outcome]:
    """Everything worth showing while a Job runs, and last its outcome; none where it was suspended meanwhile.

    Args:
        world: Where to read.
        job: The Job.
        timeout_seconds: Give up after this long; the Job goes on.
        tail: Begin with so many last lines of what a container has said already; None for all.

    Raises:
        Unavailable: With code ``timed-out`` when the time is up; otherwise when the cluster does not answer.
    """
    begun_at = world.now()
    inbox: Merge[following.Event] = Merge()
    inbox.add(_pods(world, job))
    inbox.add(_job(world, job))
    state = Following()
    for event in inbox.read(_TICK_SECONDS, following.Tick()):
        now = world.now()
        taken = following.take(state, event, now)
        state = taken.state
        yield from taken.lines
        for source in taken.begin:
            may_restart = state.pods[source.pod].may_restart
            inbox.add(_log(world, Ref(POD, source.pod, job.namespace), source, tail, may_restart))
        if state.has_ended and state.outcome:
            yield look.closely(world, state.job, list(state.pods.values()), state.outcome)
            return
        if state.is_paused:
            return
        if timeout_seconds and (now - begun_at).total_seconds() > timeout_seconds:
            raise Unavailable("timed-out", f"{job} did not end within {timeout_seconds:g} s; it goes on")


def _pods(world: World, job: Ref) -> Iterator[following.Event]:
    for event in world.cluster.watch(POD, job.namespace, labels=f"batch.kubernetes.io/job-name={job.name}"):
        if event.type == "synced":
            yield following.PodsListed()
        elif event.type != "deleted":
            yield following.PodSeen(pods.from_manifest(event.object))


def _job(world: World, job: Ref) -> Iterator[following.Event]:
    was_seen = False
    for event in world.cluster.watch(JOB, job.namespace, fields=f"metadata.name={job.name}"):
        if event.type == "synced" and was_seen:
            continue
        if event.type in ("deleted", "synced"):
            yield following.JobSeen(None)
        else:
            was_seen = True
            yield following.JobSeen(jobs.from_manifest(event.object))


def _log(
    world: World, pod: Ref, source: Source, tail: int | None, may_restart: bool
) -> Iterator[following.Event]:
    try:
        lines = world.cluster.logs(pod, source.container, follow=True, tail=tail, restarts=may_restart)
        for line in lines:
            yield following.LogLine(source, line)
    except RaptError as error:
        yield following.LogEnded(source, error.message)
    else:
        yield following.LogEnded(source)
