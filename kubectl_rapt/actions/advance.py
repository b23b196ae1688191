"""Bring a run forward: look, decide the next step, write it, until there is nothing to do."""

from contextlib import suppress
from dataclasses import replace

from kubectl_rapt import writes
from kubectl_rapt.actions import announce, find, look, recent, standings
from kubectl_rapt.errors import Conflict, NotFound, RaptError, Unavailable
from kubectl_rapt.guard import masking
from kubectl_rapt.model.kinds import JOB, LEASE, POD, RUN, Ref, ref_of
from kubectl_rapt.model.plan import Create, Delete, Patch
from kubectl_rapt.objects import jobs, labels, leases, reading, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.leases import Lease
from kubectl_rapt.objects.runs import Attempt, Mount, Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import evidence, lifecycle, turns
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.lifecycle import Done, Later, Look, Seen, Taken, Wait
from kubectl_rapt.runs.outcome import Outcome
from kubectl_rapt.runs.standing import Standing
from kubectl_rapt.writes import Writers

_RECORD_STEPS = 3
"""A Job that was suspended is marked as cancelled before its run is closed."""
_SURPRISES = 20
"""How often others may be quicker, or answers lost, before it is given up."""


_EXPIRY_TRIES = 3


def advance(world: World, writers: Writers, seen: Seen) -> Seen:
    """Carry a run as far as it can go now: to a released Job, or to a closed attempt.

    Args:
        world: Where to look.
        writers: The door's ports.
        seen: What is known already; of a new run nothing is, and nothing need be read first, because
            creating is what tells.

    Returns:
        What is known at the end; its ``run`` is never None.

    Raises:
        Conflict: The name belongs to something else.
        Unavailable, Refused, Invalid, NotFound: A step cannot be done; the same request goes on from there.
    """
    surprises = 0
    is_carried = False
    if seen.wanted.adopted and seen.run is None and seen.job is None:
        seen = observe(world, seen)  # its first Job is there before it
    while True:
        if seen.is_held and not is_carried:
            is_carried = True
            seen = _without_the_done(world, writers, seen)
        seen, step = decided(world, seen)
        match step:
            case Wait() | Done() | Later():
                return seen
            case Taken(code, reason):
                raise Conflict(code, reason, f"--request-id {seen.wanted.name}-2")
        try:
            before, seen = seen.run, _learn(seen, step, writes.apply(writers, step))
            if seen.run is not None and seen.run is not before:
                announce.announce(world, writers, before, seen.run)
        except (Conflict, NotFound, Unavailable) as error:
            surprises += 1
            is_lost = isinstance(error, Unavailable) and error.outcome_unknown
            if surprises == _SURPRISES or not (is_lost or isinstance(error, (Conflict, NotFound))):
                raise
            if surprises > 1:
                writers.pause(surprises)
            found = observe(world, seen)
            if isinstance(error, NotFound) and found == seen:
                raise
            seen = found


def decided(world: World, seen: Seen) -> tuple[Seen, lifecycle.Settled]:
    """The next step of a run, and what had to be read to decide on it; nothing is written.

    Raises:
        Unavailable, Refused, NotFound: That cannot be read.
    """
    while True:
        match step := lifecycle.next_step(seen, world.now()):
            case Look("firing"):
                seen = replace(seen, firing=_firing(world, seen.run or seen.wanted))
            case Look("end"):
                seen = _with_the_end(world, seen)
            case Look():
                seen = replace(seen, past=recent.of_namespace(world, seen.wanted.namespace))
            case _:
                return seen, step


def _with_the_end(world: World, seen: Seen) -> Seen:
    """What is known once the pods of an attempt's Job were looked at: it may have ended, and nobody recorded that."""
    assert seen.run is not None and seen.job is not None, "what is looked at is there"
    seen = replace(seen, is_end_known=True)
    outcome = ending(world, seen.job) if seen.job else None
    if outcome is None or seen.run is None:
        return seen
    return replace(seen, outcome=_as_kept(world, seen.run, outcome), outcome_of=seen.run.attempts[-1].uid)


def _without_the_done(world: World, writers: Writers, seen: Seen) -> Seen:
    """What is known once the run that goes first was carried on: nobody may follow it, and its Job may have ended."""
    assert seen.lease is not None, "what is held is there"
    found = find.perhaps(world, Ref(RUN, seen.lease.holder, seen.wanted.namespace))
    if found is not None:
        holder = runs.from_manifest(found)
        with suppress(RaptError):
            carry(world, writers, observe(world, Seen(holder)))
    return observe(world, seen)


def observe(world: World, seen: Seen) -> Seen:
    """Read the Run and the Job that it is about as they are now.

    Raises:
        Conflict: ``run-deleted``: the Run that was seen is gone, and with it the record of what was done. Making
            it again could do it twice.
    """
    run: Run | None = None
    job: Job | None = None
    if found := find.perhaps(world, Ref(RUN, seen.wanted.name, seen.wanted.namespace)):
        run = runs.from_manifest(found)
    if run or seen.wanted.adopted:
        name = lifecycle.job_name(run or seen.wanted)
        if found := find.perhaps(world, Ref(JOB, name, seen.wanted.namespace)):
            job = jobs.from_manifest(found)
    if seen.run and (run is None or run.uid != seen.run.uid):
        raise Conflict("run-deleted", f'run "{seen.run.name}" was deleted meanwhile', "kubectl rapt runs")
    known = run or seen.wanted
    mounted = frozenset(mount.name for mount in _mounts(run) if _is_there(world, known, mount))
    lease = _lease(world, known)
    is_held = lease is not None and lease.holder not in ("", known.name) and _goes_on(world, known, lease)
    return replace(
        seen,
        run=run,
        job=job,
        mounted=mounted,
        past=None,
        lease=lease,
        is_held=is_held,
        firing=None,
        is_end_known=False,
    )


def _is_there(world: World, run: Run, mount: Mount) -> bool:
    """Whether a run's files are there, and are the run's.

    Raises:
        Conflict: ``name-taken``: something else has that name.
    """
    found = find.perhaps(world, mount.ref(run.namespace))
    if found is not None and not any(
        one["uid"] == run.uid for one in found["metadata"].get("ownerReferences") or ()
    ):
        what = f'{mount.ref("")} exists and does not belong to run "{run.name}"'
        raise Conflict("name-taken", what, f"--request-id {run.name}-2")
    return found is not None


def _lease(world: World, run: Run) -> Lease | None:
    """The tool's lease, where its runs go on one at a time."""
    if run.concurrency == "allow":
        return None
    found = find.perhaps(world, leases.ref_of(run))
    return leases.from_manifest(found) if found else None


def _goes_on(world: World, run: Run, lease: Lease) -> bool:
    """Whether the run that has the lease is not over; time says nothing about that."""
    holder = find.perhaps(world, Ref(RUN, lease.holder, run.namespace))
    return holder is not None and not turns.is_over(runs.from_manifest(holder))


def _firing(world: World, run: Run) -> str:
    selector = labels.selector({labels.TOOL: run.tool})
    found = reading.readable(jobs.from_manifest, world.cluster.list(JOB, run.namespace, labels=selector))
    return turns.firing(run, found)


def _mounts(run: Run | None) -> tuple[Mount, ...]:
    """The files that a run still waits for; what has begun had all it needs."""
    if run is None or run.attempts:
        return ()
    return tuple(mount for mount in run.mounts if mount.is_of(run.name))


def _learn(seen: Seen, step: lifecycle.Step, written: writes.Written) -> Seen:
    """What a step answered is the freshest that can be known."""
    if isinstance(step, Delete) or not isinstance(written, dict):
        is_lease = isinstance(step, Delete) and step.ref.kind == LEASE
        return replace(seen, lease=None) if is_lease else replace(seen, job=None)
    ref = ref_of(step.manifest) if isinstance(step, Create) else step.ref
    if ref.kind == RUN:
        return replace(seen, run=runs.from_manifest(written))
    if ref.kind == JOB:
        return replace(seen, job=jobs.from_manifest(written), past=None)
    if ref.kind == LEASE:
        return replace(seen, lease=leases.from_manifest(written), is_held=False)
    return replace(seen, mounted=seen.mounted | {ref.name})


def close(world: World, writers: Writers, seen: Seen, outcome: Outcome) -> Seen:
    """Record how the attempt that was seen last ended; what it said last too, where there will be no other."""
    assert seen.run is not None and seen.run.attempts, "what ended had begun"
    outcome = _as_kept(world, seen.run, outcome)
    ended = seen.run.attempts[-1]
    seen = advance(world, writers, replace(seen, outcome=outcome, outcome_of=ended.uid))
    assert seen.run is not None, "a run that was advanced exists"
    expire(world, writers, seen.run, ended)
    return seen


def expire(world: World, writers: Writers, run: Run, attempt: Attempt) -> None:
    """Let Kubernetes delete the Job of an attempt in time, now that its end is recorded.

    Nothing rests on it: where it cannot be done, ``clean`` and ``reconcile`` delete the Job by the same policy.
    """
    if run.template(attempt.number)["spec"].get("ttlSecondsAfterFinished") is None:
        return
    for trial in range(_EXPIRY_TRIES):
        try:
            found = find.perhaps(world, Ref(JOB, attempt.job, run.namespace))
            step = lifecycle.expiry(run, jobs.from_manifest(found)) if found else None
            if step is not None and found and found["metadata"]["uid"] == attempt.uid:
                writes.apply(writers, step)
            return
        except Conflict:
            writers.pause(trial)  # Kubernetes has written its status, or somebody holds it now
        except RaptError:
            return


def carry(world: World, writers: Writers, seen: Seen) -> Seen:
    """Advance a run, and close its attempt where its Job has ended: what is due then is begun too.

    Raises:
        Conflict, Unavailable, Refused, Invalid, NotFound: As ``advance``.
    """
    seen = advance(world, writers, seen)
    run, job = seen.run, seen.job
    if run is None or not run.attempts or run.attempts[-1].cause or job is None or not job.ended:
        return seen
    outcome = ending(world, job)
    return close(world, writers, replace(seen, outcome=None), outcome) if outcome else seen


def record(world: World, writers: Writers, run: Run, outcome: Outcome) -> Run:
    """Record how the open attempt of a run has ended, and nothing else: a retry that is due then is left to others.

    For whoever sees the end in passing. Who may not write, or comes too late, records nothing, and is told nothing.

    Args:
        world: Where to look.
        writers: The door's ports.
        run: The run, as it was read.
        outcome: How its open attempt has ended.

    Returns:
        The run as it is recorded now.
    """
    if not run.attempts or run.attempts[-1].cause:
        return run
    uid = run.attempts[-1].uid
    try:
        seen = observe(world, Seen(run, run))
        for _ in range(_RECORD_STEPS):
            now = seen.run
            assert now is not None, "a run that was observed exists"
            if not now.attempts or now.attempts[-1].uid != uid or now.attempts[-1].cause:
                return now
            outcome = _as_kept(world, now, outcome)
            step = lifecycle.next_step(replace(seen, outcome=outcome, outcome_of=uid), world.now())
            if not isinstance(step, Patch):
                return now
            seen = _learn(seen, step, writes.apply(writers, step))
            if seen.run is not None and seen.run.attempts[-1].cause:
                announce.announce(world, writers, now, seen.run)
                expire(world, writers, seen.run, seen.run.attempts[-1])
                return seen.run
    except RaptError:
        pass
    return run


def note_end(world: World, writers: Writers, run: Run | None, standing: Standing | None) -> None:
    """Record the end of a run, if it has ended and its Run does not say so. Args as of ``record``."""
    if run and standing and standing.outcome and not standing.is_recorded:
        record(world, writers, run, standing.outcome)


def look_at_end(world: World, run: Run) -> Standing | None:
    """How a run stands whose latest attempt is open as far as its Run says; None if that has ended, or never began."""
    if not run.attempts or run.attempts[-1].cause:
        return None
    return standings.of_found(world, find.of_run(world, run))


def ending(world: World, job: Job) -> Outcome | None:
    """How a Job ended, as far as its pods still tell."""
    found = list(find.pods_of(world, job))
    outcome = outcomes.of(job, found)
    return look.closely(world, job, found, outcome) if outcome else None


def _as_kept(world: World, run: Run, outcome: Outcome) -> Outcome:
    """How an attempt ended as its Run records it: with its last lines if it is the last, and without known secrets.

    A Run outlives its pods by weeks, and who may read Runs need not be let to read logs.
    """
    if not outcome.log and outcome.pod and lifecycle.would_exhaust(run, outcome, world.now()):
        outcome = replace(outcome, log=_last_words(world, run, outcome))
    return replace(outcome, log=masking.log(outcome.log), evidence=masking.log(outcome.evidence))


def _last_words(world: World, run: Run, outcome: Outcome) -> str:
    """The last lines of the container that decided it; nothing where the kubelet has them no more."""
    try:
        pod = Ref(POD, outcome.pod, run.namespace)
        return evidence.log(world.cluster.logs(pod, outcome.container, tail=evidence.LINES))
    except RaptError:
        return ""
