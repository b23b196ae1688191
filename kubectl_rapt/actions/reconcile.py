"""Reconcile: one pass over everything that is due, each step safe with others alive and with a kill at any moment."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, TypeVar

from kubectl_rapt import writes
from kubectl_rapt.actions import adopt, advance, clean, notify, recent, threads
from kubectl_rapt.actions.notify import Webhook
from kubectl_rapt.errors import Conflict, Invalid, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.model.kinds import JOB, RUN, TOOL, Manifest, Ref
from kubectl_rapt.model.plan import Delete
from kubectl_rapt.objects import jobs, labels, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import adoption, lifecycle, news, retention, strays
from kubectl_rapt.runs.adoption import Candidate
from kubectl_rapt.runs.lifecycle import Done, Later, Look, Seen, Taken, Wait
from kubectl_rapt.runs.retention import Item
from kubectl_rapt.writes import Writers

AT_ONCE = 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a pass is about.

    Args:
        namespace: Where; empty for everywhere.
        environment: The environment; empty for all.
        export: The folder for evidence that policies want exported; empty: what they govern stays.
        webhook: Who is told of runs that failed or recovered; None for nobody.
    """

    namespace: str
    environment: str = ""
    export: str = ""
    webhook: Webhook | None = None

    @property
    def marks(self) -> dict[str, str]:
        """What selects its objects."""
        return {labels.ENVIRONMENT: self.environment} if self.environment else {}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was done, would be done, or failed.

    Args:
        ref: The object that it is about.
        what: What, for people.
        error: What went wrong; None where nothing did.
    """

    ref: Ref
    what: str
    error: RaptError | None = None


Tell = Callable[[Told], None]


@dataclass
class _Pass:
    """One pass: where it reads and writes, and whom it tells."""

    world: World
    writers: Writers
    scope: Scope
    tell: Tell
    is_dry: bool
    lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def user(self) -> str:
        """Who does it, as the API server knows them."""
        return self.world.cluster.user()

    def say(self, ref: Ref, what: str, error: RaptError | None = None) -> None:
        """Tell of one thing, from any thread."""
        with self.lock:
            self.tell(Told(ref, what, error))

    def each(self, do: Callable[[T], None], items: Sequence[tuple[Ref, T]]) -> None:
        """Do something for each of some objects, several at once; one that fails does not stop the others."""

        def one(item: tuple[Ref, T]) -> None:
            ref, what = item
            try:
                do(what)
            except RaptError as error:
                if not _is_somebody_elses(error):
                    self.say(ref, "", error)
            except Exception as error:  # whatever somebody has put there, the others are done
                self.say(ref, "", _unreadable(error))

        if items:
            threads.each(one, items, AT_ONCE)


def _is_somebody_elses(error: RaptError) -> bool:
    """Whether it only says that what was to be done is not there any more."""
    return isinstance(error, Conflict | NotFound) and error.code in ("run-deleted", "not-found")


def _unreadable(error: Exception) -> Invalid:
    return Invalid("unreadable-object", f"cannot be read: {error!r}", "kubectl get -o yaml")


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
    this = _Pass(world, writers, scope, tell, is_dry)
    selector = labels.selector(scope.marks)
    # Runs first: a Job that began in between has a Run that is not looked at in this pass.
    unfinished = _unfinished(this, selector)
    ours = f"{selector},{labels.TOOL}" if selector else labels.TOOL
    there = _Jobs(this, world.cluster.list(JOB, scope.namespace, labels=ours))
    this.each(partial(_bring_forward, this, there), [(run.ref, run) for run in unfinished])
    this.each(partial(_adopt, this), [(one.ref, one) for one in there.failed])
    this.each(partial(_remove_stray, this), [(one.ref, one) for one in there.suspended])
    rows = recent.rows(world, scope.namespace, labels=selector)
    _notify(this, rows)
    _clean(this, there, rows)


def _unfinished(this: _Pass, selector: str) -> list[Run]:
    """The runs that something may be due for; every one, where the server cannot select them."""
    cluster, namespace = this.world.cluster, this.scope.namespace
    try:
        found = list(cluster.list(RUN, namespace, labels=selector, fields=runs.UNFINISHED))
    except Invalid:
        # Before Kubernetes 1.31 no field of our kinds can be selected by.
        found = list(cluster.list(RUN, namespace, labels=selector))
    read = []
    for manifest in found:
        if (run := _read(this, manifest, RUN, runs.from_manifest)) and not run.is_finished:
            read.append(run)
    return read


def _read(this: _Pass, manifest: Manifest, kind: Any, read: Callable[[Manifest], T]) -> T | None:
    try:
        return read(manifest)
    except Exception as error:  # one broken object must not keep the others from being done
        metadata = manifest.get("metadata") or {}
        ref = Ref(kind, str(metadata.get("name")), str(metadata.get("namespace", "")))
        this.say(ref, "", error if isinstance(error, RaptError) else _unreadable(error))
        return None


class _Jobs:
    """The Jobs of the pass, each read once: what is due for each of them, and what it takes to decide on cleaning."""

    def __init__(self, this: _Pass, manifests: Iterable[Manifest]) -> None:
        now = this.world.now()
        self.by_name: dict[tuple[str, str], Job] = {}
        self.items: list[Item] = []
        self.failed: list[Candidate] = []
        self.suspended: list[Job] = []
        for manifest in manifests:
            job = _read(this, manifest, JOB, jobs.from_manifest)
            if job is None:
                continue
            self.by_name[job.namespace, job.name] = job
            self.items.append(retention.of_job(manifest))
            if found := adoption.candidate(manifest):
                self.failed.append(found)
            if strays.may_be(manifest, job, now):
                self.suspended.append(job)


def _bring_forward(this: _Pass, there: _Jobs, run: Run) -> None:
    """Carry one run as far as it can go now."""
    job = there.by_name.get((run.namespace, lifecycle.job_name(run)))
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
        _foretell(this, run, step)
        return
    after = advance.carry(this.world, this.writers, advance.observe(this.world, seen)).run
    assert after is not None, "a run that was advanced exists"
    for one in news.between(run, after):
        this.say(run.ref, one.message)


def _foretell(this: _Pass, run: Run, step: lifecycle.Decision) -> None:
    match step:
        case Wait(job):
            outcome = advance.ending(this.world, job)
            what = (
                f"its attempt would be closed as {outcome.cause}" if outcome else "would be looked at again"
            )
        case Look():
            what = "is due, and would be tried again within the budgets"
        case Taken(_, reason):
            what = f"cannot go on: {reason}"
        case Later() | Done():
            return
        case _:
            what = f"would go on: {step}"
    this.say(run.ref, what)


def _adopt(this: _Pass, found: Candidate) -> None:
    """Make a run of a CronJob's failed Job."""
    wanted, why_not = adopt.plan(this.world, found, this.user)
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


def _remove_stray(this: _Pass, job: Job) -> None:
    """Delete a Job that was created by somebody who had not yet seen that its Run was over."""
    ref = Ref(RUN, job.labels[labels.RUN], job.namespace)
    run = runs.from_manifest(this.world.cluster.get(ref))
    if not strays.is_stray(job, run):
        return
    if not this.is_dry:
        writes.apply(this.writers, Delete(job.ref, job.uid))
    this.say(
        job.ref, f"{'would be deleted' if this.is_dry else 'deleted'}: {run.ref} is over, and never began it"
    )


def _notify(this: _Pass, rows: Sequence[recent.Told]) -> None:
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


def _clean(this: _Pass, there: _Jobs, rows: Sequence[recent.Told]) -> None:
    """Clean up the tools of which something may go, as their policies say."""
    scope, world = this.scope, this.world
    wide = clean.Scope(scope.namespace)
    broken: list[Any] = []
    policies = clean.Policies(world, wide, broken)
    for problem in broken:
        this.say(Ref(TOOL, problem.where), "", Invalid("unreadable-object", problem.what))
    there.items = [retention.unbound(one) for one in there.items]
    listed = [item for told in rows if (item := _row(told))]
    verdicts = retention.decide(there.items, listed, policies.of, world.now())
    tools = sorted({(one.item.ref.namespace, one.item.tool) for one in verdicts if one.goes})
    this.each(
        partial(_clean_tool, this),
        [(Ref(TOOL, name, namespace), (namespace, name)) for namespace, name in tools],
    )


def _row(told: recent.Told) -> Item | None:
    try:
        return retention.of_row(told)
    except (KeyError, TypeError, ValueError):
        return None  # it stays


def _clean_tool(this: _Pass, tool: tuple[str, str]) -> None:
    namespace, name = tool
    plan = clean.plan(this.world, clean.Scope(namespace, name))
    going = [one for one in plan.going if this.scope.export or not one.export]
    if left := len(plan.going) - len(going):
        count = "1 object stays" if left == 1 else f"{left} objects stay"
        why = "the policy exports evidence, and --export is not given"
        this.say(Ref(TOOL, name, namespace), f"{count}: {why}")
    if this.is_dry:
        for one in going:
            this.say(one.item.ref, f"would be deleted: {one}")
        return
    for done in clean.carry_out(this.world, this.writers, going, folder=this.scope.export):
        ref = done.verdict.item.ref
        if done.what == "failed":
            this.say(ref, "", Conflict("not-deleted", done.why))
        elif done.what == "deleted":
            this.say(ref, f"deleted: {done.verdict}")
