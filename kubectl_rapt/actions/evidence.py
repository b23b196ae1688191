"""Write what is known of Jobs and Runs to files, before they go or to keep it elsewhere."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from kubectl_rapt import writes
from kubectl_rapt.actions import find, threads
from kubectl_rapt.errors import AGAIN, NotFound, Problem, RaptError, Unavailable
from kubectl_rapt.guard import masking
from kubectl_rapt.model.kinds import RUN, Ref
from kubectl_rapt.model.plan import WriteFiles
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import evidence
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.evidence import Said
from kubectl_rapt.runs.outcome import Outcome
from kubectl_rapt.writes import Writers

AT_ONCE = 8


def export(
    world: World,
    writers: Writers,
    wanted: Sequence[Ref],
    to: str,
    tell: Callable[[Ref], None] = lambda _: None,
) -> None:
    """Write the evidence of some Jobs and Runs.

    Args:
        world: Where to read: each object as it is now.
        writers: The door's ports.
        wanted: The objects; one that is gone already has nothing left to keep.
        to: The folder; what an earlier export of the same object wrote there is replaced.
        tell: Called with each that is over, from several threads.

    Raises:
        Unavailable: ``export-failed``: of some it could not be done; the others are there.
    """

    def one(ref: Ref) -> Problem | None:
        try:
            if files := _files(world, ref):
                writes.apply(writers, WriteFiles(to, files, is_private=True))
        except RaptError as error:
            return Problem(str(ref), error.message)
        except Exception as error:  # one broken object must not keep the others from being told
            return Problem(str(ref), f"cannot be read: {error!r}")
        finally:
            tell(ref)
        return None

    problems = [found for found in threads.each(one, wanted, AT_ONCE) if found]
    if problems:
        raise Unavailable(
            "export-failed",
            f"the evidence of {len(problems)} of {len(wanted)} objects was not written to {to}",
            (f"ls -ld {to}", AGAIN),
            problems,
        )


def _files(world: World, ref: Ref) -> dict[str, bytes]:
    try:
        manifest = world.cluster.get(ref)
    except NotFound:
        return {}
    if ref.kind == RUN:
        # What a Run records of its containers was masked when it was recorded, unless an older Rapt did that.
        manifest = {**manifest, "status": masking.texts(manifest.get("status"))}
        return evidence.of_run(manifest, runs.from_manifest(manifest))
    job = jobs.from_manifest(manifest)
    found = find.pods_of(world, job)
    outcome = outcomes.of(job, found)
    said = [replace(one, log=masking.kept(one.log)) for one in _logs(world, found)]
    return evidence.of_job(manifest, masked(outcome) if outcome else None, said)


def masked(outcome: Outcome) -> Outcome:
    """How an attempt ended, without what looks like a secret in the container's own words."""
    return replace(
        outcome,
        message=masking.log(outcome.message),
        evidence=masking.log(outcome.evidence),
        result=masking.log(outcome.result),
    )


def _logs(world: World, found: Sequence[Pod]) -> Iterator[Said]:
    for pod in found:
        for container in pod.containers:
            if container.started_at is None:
                continue
            lines: deque[bytes] = deque(maxlen=evidence.MAX_LINES)
            try:
                lines.extend(world.cluster.logs(pod.ref, container.name, tail=evidence.MAX_LINES))
            except NotFound:
                continue
            yield Said(pod.name, container.name, evidence.end(tuple(lines)))
