"""Reconcile: one pass over everything that is due, each step safe with others alive and with a kill at any moment."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime, timedelta
from functools import partial

from kubectl_rapt.actions import (
    adopt,
    advance,
    announce,
    find,
    notify,
    recent,
    repository,
    reviewed,
    sweep,
    threads,
)
from kubectl_rapt.actions.passing import Pass, Postponed, Scope, Tell, Told, TooHeavy
from kubectl_rapt.config import location
from kubectl_rapt.errors import Invalid, RaptError, Refused, Unavailable
from kubectl_rapt.model.kinds import JOB, NAMESPACE, RUN, Manifest, Ref
from kubectl_rapt.objects import jobs, labels, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import adoption, holding, lifecycle, news, retention, strays
from kubectl_rapt.runs.lifecycle import Done, Later, Seen, Taken, Wait
from kubectl_rapt.runs.retention import Item
from kubectl_rapt.writes import Writers

AT_ONCE = 3
"""Places that are looked at together."""
MOST_KEPT = 8 * 1024 * 1024
"""Of the unfinished runs of a namespace, so much is kept in a pass, in characters: some thousand runs."""


HEAVY_TIME = timedelta(seconds=30)
"""For so long, at its end, a pass takes up what is heavy."""


def reconcile(world: World, writers: Writers, scope: Scope, tell: Tell, *, is_dry: bool = False) -> None:
    """Do what is due, once.

    Args:
        world: Where to look.
        writers: The door's ports.
        scope: What it is about.
        tell: Called with each thing that was done, from several threads, one after the other.
        is_dry: Only tell what would be done: of each run the first step.

    Raises:
        NotFound: Rapt is not installed.
        Refused, Unavailable, Conflict: What there is cannot be listed, and nothing more was done.
    """
    _finish(world, tell, _do(Pass(world, writers, scope, tell, is_dry)))


def reconcile_several(
    world: World, writers: Writers, scopes: Sequence[Scope], tell: Tell, *, is_dry: bool = False
) -> None:
    """Do what is due in several places, once. A place where something heavy is comes after the others.

    One place where nothing can be listed does not stop the others: that is told.
    """
    later: list[Postponed] = []
    slow: list[Scope] = []
    lock = threading.Lock()

    def do(scope: Scope, *, is_patient: bool = False) -> None:
        try:
            left = _do(Pass(world, writers, scope, tell, is_dry, lock, is_patient=is_patient))
        except TooHeavy:
            slow.append(scope)
        except RaptError as error:
            if location.concerns_all(error):
                raise
            with lock:
                tell(Told(Ref(NAMESPACE, scope.namespace), "", error))
        else:
            later.extend(left)

    # The API server itself takes seconds for a list of large objects, and the others need not wait for that.
    threads.each(do, scopes, AT_ONCE)
    for scope in slow:
        do(scope, is_patient=True)
    _finish(world, tell, later)


def _finish(world: World, tell: Tell, later: Sequence[Postponed]) -> None:
    """Do what is heavy, for a while."""
    ends_at = world.now() + HEAVY_TIME
    left: Counter[str] = Counter()
    for ref, do in later:
        if world.now() < ends_at:
            do()
        else:
            left[ref.namespace] += 1
    for namespace, count in left.items():
        tell(Told(Ref(NAMESPACE, namespace), f"{count} very large objects are left for a later pass"))


def _do(this: Pass) -> list[Postponed]:
    """A pass; and what is left to be done of it."""
    world, scope = this.world, this.scope
    selector = labels.selector(scope.marks)
    _execute_reviewed(this)
    # Runs first: a Job that began in between has a Run that is not looked at in this pass.
    unfinished = _unfinished(this, selector)
    policies = sweep.policies(this)
    looked_at = {job for _, job in unfinished}
    there = _Jobs(this, looked_at, _due(this, unfinished, policies.governed_jobs()))
    this.each(
        partial(_bring_forward, this), [(run.ref, (run, there.by_ref.get(job))) for run, job in unfinished]
    )
    this.each(partial(_adopt, this), [(ref, ref) for ref in there.failed])
    this.each(partial(sweep.remove_stray, this), [(one.ref, one) for one in there.suspended])
    rows = recent.rows(world, scope.namespace, labels=selector)
    this.each(partial(_grant, this), [(ref, ref) for ref in recent.wished(rows)])
    readable = recent.readable(rows, lambda ref, error: this.say(ref, "", error))
    _announce(this, readable)
    _notify(this, readable)
    sweep.hold(this, there.kept, rows)
    sweep.clean_up(this, policies, there.items, rows)
    return this.later


def _execute_reviewed(this: Pass) -> None:
    """Begin what was reviewed and merged, before the rest is listed; only somebody who has the repository can."""
    if not this.scope.environment or not this.world.settings.repository:
        return

    def tell(one: reviewed.Executed) -> None:
        is_wrong = one.what == "refused"
        error = Refused("reviewed-run-refused", one.why, "kubectl rapt runs") if is_wrong else None
        this.say(Ref(RUN, one.name), "" if is_wrong else f"reviewed: {one.what}", error)

    found = repository.read(this.world)
    reviewed.execute(this.world, None if this.is_dry else this.writers, found, this.scope.environment, tell)


def _unfinished(this: Pass, selector: str) -> list[tuple[Run, Ref]]:
    """The runs that something may be due for, each with the Job to look at; what is large in them is not kept."""
    try:
        return list(_listed(this, selector, runs.UNFINISHED))
    except Invalid:
        # Before Kubernetes 1.31 no field of our kinds can be selected by.
        return list(_listed(this, selector, ""))


def _listed(this: Pass, selector: str, fields: str) -> Iterator[tuple[Run, Ref]]:
    spent: Counter[str] = Counter()
    left: Counter[str] = Counter()
    listed = this.world.cluster.list(RUN, this.scope.namespace, labels=selector, fields=fields)
    # None is held while the next one is read.
    for found in map(partial(this.read, kind=RUN, read=_with_job), listed):
        if found is None or found[0].is_finished:
            continue
        namespace = found[0].namespace
        spent[namespace] += 1000 + sum(len(one.message) + len(one.evidence) for one in found[0].attempts)
        if spent[namespace] > MOST_KEPT:
            left[namespace] += 1
        else:
            yield found
    for namespace, count in left.items():
        this.say(
            Ref(NAMESPACE, namespace), f"{count} unfinished runs are left for a later pass: it has too many"
        )


def _with_job(manifest: Manifest) -> tuple[Run, Ref]:
    run = runs.from_manifest(manifest)
    return runs.outline(run), Ref(JOB, lifecycle.job_name(run), run.namespace)


def _due(this: Pass, unfinished: Iterable[tuple[Run, Ref]], governed: Iterable[str]) -> Iterator[Manifest]:
    """The Jobs that something may be due for, each once: not those that are over and kept, which are most of them.

    Args:
        this: The pass.
        unfinished: The runs that are not over.
        governed: The names of the tools of which some Jobs may go.
    """
    selectors = (
        # To be adopted.
        f"!{labels.RUN}",
        # To be followed.
        *labels.one_of(labels.RUN, (run.name for run, _ in unfinished)),
        # Strays.
        labels.UNRELEASED,
        # To be cleaned up, as they or their tool say.
        f"{labels.RUN},{labels.CLEANUP_POLICY}",
        *(f"{labels.RUN},!{labels.CLEANUP_POLICY},{tools}" for tools in labels.one_of(labels.TOOL, governed)),
    )
    given: set[str] = set()
    for selector in selectors:
        ours = ",".join(filter(None, (labels.selector(this.scope.marks), labels.TOOL, selector)))
        for manifest in this.world.cluster.list(JOB, this.scope.namespace, labels=ours):
            if (uid := manifest["metadata"]["uid"]) not in given:
                given.add(uid)
                yield manifest


class _Jobs:
    """The Jobs of the pass, each read once: what is due for each of them, and what it takes to decide on cleaning.

    Args:
        this: The pass.
        looked_at: Those that unfinished runs are about.
        manifests: The Jobs.
    """

    def __init__(self, this: Pass, looked_at: Set[Ref], manifests: Iterable[Manifest]) -> None:
        self._looked_at = looked_at
        self.by_ref: dict[Ref, Job] = {}
        self.items: list[Item] = []
        self.failed: list[Ref] = []
        self.suspended: list[Job] = []
        self.kept: list[sweep.Kept] = []
        take = partial(self._take, this.world.now())
        for manifest in manifests:
            this.read(manifest, JOB, take)

    def _take(self, now: datetime, manifest: Manifest) -> None:
        job = jobs.from_manifest(manifest)
        if job.ref in self._looked_at:
            self.by_ref[job.ref] = job
        self.items.append(retention.of_job(manifest, job))
        if adoption.candidate(manifest, job):
            self.failed.append(job.ref)
        if step := holding.kept(manifest, job):
            self.kept.append(sweep.Kept(step, job.is_held, holding.run_name(manifest)))
        if strays.may_be(manifest, job, now):
            self.suspended.append(job)


def _bring_forward(this: Pass, found: tuple[Run, Job | None]) -> None:
    """Carry one run as far as it can go now."""
    run, job = found
    seen = Seen(run, run, job)
    # What was listed decides whether there is anything to do; what is done rests on what is read then.
    step = lifecycle.next_step(seen, this.world.now())
    match step:
        case Wait(job) if not job.ended:
            return
        case Later() | Done():
            if not run.mounts or run.attempts:
                return
    if this.is_dry:
        _foretell(this, run, advance.decided(this.world, advance.observe(this.world, seen))[1])
        return
    carried = advance.carry(this.world, this.writers, advance.observe(this.world, seen))
    after = carried.run
    assert after is not None, "a run that was advanced exists"
    for one in news.between(run, after):
        this.say(run.ref, one.message)
    _tell_if_held(this, after, advance.decided(this.world, carried)[1])


def _grant(this: Pass, ref: Ref) -> None:
    """Begin what a person has asked of a run that is over, whose command did not live to begin it."""
    run = find.run(this.world, ref.name, ref.namespace)
    if run.is_finished:
        _bring_forward(this, (run, None))


def _tell_if_held(this: Pass, run: Run, step: lifecycle.Settled) -> None:
    if isinstance(step, Later) and step.is_held:
        this.say(run.ref, lifecycle.held_back(run, step))


def _foretell(this: Pass, run: Run, step: lifecycle.Settled) -> None:
    match step:
        case Wait(job):
            outcome = advance.ending(this.world, job)
            what = (
                f"its attempt would be closed as {outcome.cause}" if outcome else "would be looked at again"
            )
        case Taken(_, reason):
            what = f"cannot continue: {reason}"
        case Later() | Done():
            _tell_if_held(this, run, step)
            return
        case _:
            what = f"would continue: {step}"
    this.say(run.ref, what)


def _adopt(this: Pass, ref: Ref) -> None:
    """Make a run of a CronJob's failed Job."""
    manifest = this.world.cluster.get(ref)
    found = adoption.candidate(manifest, jobs.from_manifest(manifest))
    if found is None:
        return
    wanted, why_not = adopt.plan(this.world, found)
    if wanted is None:
        return
    once = f"; it is not tried again: {why_not}" if why_not else ""
    if this.is_dry:
        this.say(found.ref, f"would become {wanted.ref}{once}")
        return
    run = adopt.adopt(this.world, this.writers, found, wanted)
    this.say(found.ref, f"became {run.ref}{once}")
    for one in news.between(wanted, run):
        if one.reason != news.STARTED:
            this.say(run.ref, one.message)


def _announce(this: Pass, rows: Sequence[recent.Told]) -> None:
    """Write the Events that were lost with whoever closed a run; who may not read Events has none to miss."""
    try:
        lost = announce.lost(this.world, rows, this.scope.namespace)
    except (Refused, Unavailable):
        return

    def tell(ref: Ref) -> None:
        if not this.is_dry:
            announce.again(this.world, this.writers, find.run(this.world, ref.name, ref.namespace))

    this.each(tell, [(ref, ref) for ref in lost])


def _notify(this: Pass, rows: Sequence[recent.Told]) -> None:
    """Tell the webhook, if there is one, of what it has not been told: before anything of it may be cleaned up."""
    webhook = this.scope.webhook
    if webhook is None:
        return
    due = notify.due(this.world, rows, this.scope.namespace)
    if this.is_dry:
        for ref in due:
            this.say(ref, "the webhook would be told")
    elif due:
        try:
            notify.notify(this.world, this.writers, webhook, due, this.say)
        except (Unavailable, Refused) as error:
            this.say(due[0], "", error)
