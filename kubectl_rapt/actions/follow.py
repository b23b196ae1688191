"""Follow the Job of an attempt: its log lines, what it waits for, and how it ends."""

from collections.abc import Iterator
from typing import NamedTuple

from kubectl_rapt.actions import logs, look
from kubectl_rapt.actions.threads import Merge
from kubectl_rapt.errors import RaptError, Unavailable
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import JOB, POD, Manifest, Ref
from kubectl_rapt.objects import jobs, pods
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.ports.cluster import Log
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import following
from kubectl_rapt.runs.following import Following, Line, Source
from kubectl_rapt.runs.outcome import Outcome

_TICK_SECONDS = 1.0


class Part(NamedTuple):
    """How much of what containers say is shown.

    Args:
        container: Only of this name; empty for all.
        tail: So many last lines of what was said before we came; None for all.
        since_seconds: What was said so long before we came; None for all.
        timestamps: Whether each line begins with its time.
    """

    container: str = ""
    tail: int | None = None
    since_seconds: float | None = None
    timestamps: bool = False


ALL = Part()


def follow(
    world: World, job: Ref, *, timeout_seconds: float | None = None, part: Part = ALL
) -> Iterator[Line | Outcome]:
    """Everything worth showing while a Job runs, and last its outcome; none where it was suspended meanwhile.

    Args:
        world: Where to read.
        job: The Job.
        timeout_seconds: Give up after this long; the Job goes on.
        part: How much of the logs.

    Raises:
        NotFound: ``no-container``: its pods have none of that name.
        Unavailable: With code ``timed-out`` when the time is up; otherwise when the cluster does not answer.
    """
    begun_at = world.now()
    inbox: Merge[following.Event] = Merge()
    inbox.add(_pods(world, job))
    inbox.add(_job(world, job))
    state = Following(only=part.container)
    logs_of: dict[Source, Log] = {}
    for event in _with_pods(world, job, inbox.read(_TICK_SECONDS, following.Tick())):
        now = world.now()
        if isinstance(event, following.PodSeen):
            logs.check_container([event.pod], part.container, job.name)
        taken = following.take(state, event, now)
        wanted = part._replace(tail=None, since_seconds=None) if state.has_listed else part
        state = taken.state
        yield from taken.lines
        for source in taken.begin:
            logs_of[source] = _open(world, state.pods[source.pod], source, wanted)
            inbox.add(_log(logs_of[source], source))
        if state.outcome:
            for log in logs_of.values():
                log.expect_end()
        if state.has_ended and state.outcome:
            yield look.closely(world, state.job, list(state.pods.values()), state.outcome)
            return
        if state.is_paused:
            return
        if timeout_seconds and (now - begun_at).total_seconds() > timeout_seconds:
            what = f"{job} did not end within {timeout_seconds:g} s; it is still running"
            raise Unavailable("timed-out", what, f"kubectl rapt logs {shell.word(str(job))}")


def _with_pods(world: World, job: Ref, events: Iterator[following.Event]) -> Iterator[following.Event]:
    """The events, with the Job's pods as they are then before it is told to have ended.

    Whoever watches pods may be late, and without them neither the exit code nor the log is known.
    """
    for event in events:
        if isinstance(event, following.JobSeen) and event.job is not None and event.job.ended:
            for manifest in world.cluster.list(POD, job.namespace, labels=_of(job)):
                if pod := _own(job, manifest):
                    yield following.PodSeen(pod)
        yield event


def _of(job: Ref) -> str:
    return f"batch.kubernetes.io/job-name={job.name}"


def _pods(world: World, job: Ref) -> Iterator[following.Event]:
    for event in world.cluster.watch(POD, job.namespace, labels=_of(job)):
        if event.type == "synced":
            yield following.PodsListed()
        elif event.type != "deleted" and (pod := _own(job, event.object)):
            yield following.PodSeen(pod)


def _own(job: Ref, manifest: Manifest) -> Pod | None:
    """A pod with the labels of a Job; None if something else controls it: anybody may put these labels on a pod."""
    pod = pods.from_manifest(manifest)
    return pod if pod.controller in ("", f"job/{job.name}") else None


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


def _open(world: World, pod: Pod, source: Source, part: Part) -> Log:
    return world.cluster.logs(
        pod.ref,
        source.container,
        follow=True,
        tail=part.tail,
        since_seconds=part.since_seconds,
        timestamps=part.timestamps,
        restarts=pod.may_restart,
    )


def _log(log: Log, source: Source) -> Iterator[following.Event]:
    try:
        for line in log:
            yield following.LogLine(source, line)
    except RaptError as error:
        yield following.LogEnded(source, error.message, isinstance(error, Unavailable))
    else:
        yield following.LogEnded(source)
