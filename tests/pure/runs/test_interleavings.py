"""Several actors on one run, killed and interleaved at will: nothing starts twice, and any survivor finishes."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Self, cast, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from kubectl_rapt.actions import advance, cancel, retry
from kubectl_rapt.errors import Conflict, NotFound, Refused, Unavailable
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import JOB, Kind, Manifest, Ref
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.objects.jobs import Job
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.cluster import Page
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import lifecycle
from kubectl_rapt.runs import outcome as outcomes
from kubectl_rapt.runs.lifecycle import Done, Seen
from kubectl_rapt.writes import Writers
from tests.fakes.cluster import FakeCluster
from tests.given import NOON, a_run, at

WANTED = a_run()
TRIED = replace(WANTED, retry=RetryPolicy("thrice", "Three attempts", 3, delay=Duration(10)))
LATER = NOON + timedelta(days=1)
"""When everything is due."""
LOST: "Happening" = "a stranger deletes the job"

Fate = Literal["lives", "loses the answer", "dies before", "dies after"]
Happening = Literal[
    "the job ends",
    "the job fails",
    "its time to live is over",
    "a stranger deletes the job",
    "the controller writes the job's status",
]
Move = tuple[int, int, Fate] | Happening
"""An actor does so many requests, and the last one has that fate; or something happens in the cluster."""


class Killed(BaseException):
    """The process is gone."""


class Actor(threading.Thread):
    """One process that carries a run from nothing to its closed attempt; it moves when it is told to.

    Its cluster waits before each request, so that a test decides who is next and what becomes of them.
    """

    location = None
    """It acts in no environment in particular."""

    def __init__(self, cluster: FakeCluster, wanted: Run = WANTED) -> None:
        super().__init__(daemon=True)
        self._cluster = cluster
        self._wanted = wanted
        self._may_go, self._rests = threading.Semaphore(0), threading.Semaphore(0)
        self._fate: Fate = "lives"
        self.error: BaseException | None = None
        self.is_over = False

    def move(self, fate: Fate) -> None:
        """Let it do its next request, and wait until it stands before the one after that."""
        if not self.is_over:
            self._fate = fate
            self._may_go.release()
            self._rests.acquire()

    def begin(self) -> Self:
        self.start()
        self._rests.acquire()
        return self

    def run(self) -> None:
        try:
            self._carry()
        except (Killed, Conflict, Refused) as error:
            self.error = error
        finally:
            self.is_over = True
            self._rests.release()

    def _carry(self) -> None:
        world, writers = cast(World, self), cast(Writers, self)
        seen = advance.advance(world, writers, Seen(self._wanted))
        while not isinstance(lifecycle.next_step(seen, LATER), Done):
            seen = advance.observe(world, seen)
            outcome = outcomes.of(seen.job, []) if seen.job else None
            seen = (
                advance.close(world, writers, seen, outcome)
                if outcome
                else advance.advance(world, writers, seen)
            )

    @property
    def cluster(self) -> "Actor":
        return self

    def now(self) -> datetime:
        return LATER

    def table(self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "") -> list[Page]:
        """Nothing has been tried again lately."""
        return [Page((), [])]

    def pause(self, attempt: int) -> None: ...

    def get(self, ref: Ref) -> Manifest:
        self._wait()
        return self._cluster.get(ref)

    def list(self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "") -> Iterator[Manifest]:
        self._wait()
        return self._cluster.list(kind, namespace, labels=labels, fields=fields)

    def create(self, manifest: Manifest, *, manager: str = "rapt") -> Manifest:
        self._wait()
        return cast(Manifest, self._answer(self._cluster.create(manifest)))

    def patch(
        self,
        ref: Ref,
        patch: Mapping[str, Any],
        *,
        subresource: str = "",
        expects: Mapping[str, Any] | None = None,
    ) -> Manifest:
        self._wait()
        patched = self._cluster.patch(ref, patch, subresource=subresource, expects=expects)
        return cast(Manifest, self._answer(patched))

    def delete(self, ref: Ref, *, uid: str, resource_version: str = "", propagation: str = "") -> None:
        self._wait()
        self._cluster.delete(ref, uid=uid, resource_version=resource_version)
        self._answer(None)

    def _wait(self) -> None:
        self._rests.release()
        self._may_go.acquire()
        if self._fate == "dies before":
            raise Killed

    def _answer(self, answer: object) -> object:
        if self._fate == "dies after":
            raise Killed
        if self._fate == "loses the answer":
            raise Unavailable("cut-off", "the answer was lost", outcome_unknown=True)
        return answer


class Asker(Actor):
    """One process by which a person asks for one more attempt of a run."""

    number = 0

    def _carry(self) -> None:
        world, writers = cast(World, self), cast(Writers, self)
        _, self.number, _ = retry.retry(world, writers, WANTED.name, WANTED.namespace, {})

    def user(self) -> str:
        return "ann"


class Canceller(Actor):
    """One process by which a person cancels a run."""

    def _carry(self) -> None:
        world, writers = cast(World, self), cast(Writers, self)
        cancel.cancel(world, writers, WANTED.name, WANTED.namespace)

    def user(self) -> str:
        return "bob"


@dataclass
class Watcher:
    """Looks after each move, and plays the Job controller."""

    cluster: FakeCluster
    released: frozenset[str] = frozenset()
    recorded: Mapping[int, frozenset[str]] = field(default_factory=dict)
    writes: int = 0

    def look(self) -> None:
        run = self.run()
        for attempt in run.attempts if run else ():
            known = self.recorded.get(attempt.number, frozenset()) | {attempt.uid}
            self.recorded = {**self.recorded, attempt.number: known}
        self.released |= {job.uid for job in self.jobs() if not job.is_suspended}
        assert all(len(uids) == 1 for uids in self.recorded.values()), "an attempt has one Job, for ever"
        assert self.released <= self.uids(), "only a recorded Job is released"
        open_ones = [job for job in self.jobs() if not job.is_suspended and not job.ended]
        assert len(open_ones) <= 1, "one attempt at a time"
        stopped = {attempt.uid for attempt in run.attempts if attempt.cause == "Cancelled"} if run else set()
        assert not stopped & {job.uid for job in open_ones}, "what was closed as cancelled does not run"
        expiring = {job.uid for job in self.jobs() if job.ttl_seconds is not None}
        closed = {attempt.uid for attempt in run.attempts if attempt.cause} if run else set()
        assert expiring <= closed, "Kubernetes deletes nothing that nobody has recorded"
        if run and run.state == "NotStarted":
            assert not open_ones, "what was closed as never begun does not run"

    def uids(self) -> frozenset[str]:
        return frozenset().union(*self.recorded.values())

    def run(self) -> Run | None:
        try:
            return runs.from_manifest(self.cluster.get(WANTED.ref))
        except NotFound:
            return None

    def jobs(self) -> list[Job]:
        return [jobs.from_manifest(one) for one in self.cluster.list(JOB, "team")]

    def job(self) -> Job | None:
        """The Job of the newest attempt."""
        return max(self.jobs(), key=lambda job: job.name, default=None)

    def happen(self, what: str) -> None:
        job = self.job()
        if not job:
            return
        if what in ("the job ends", "the job fails") and not job.is_suspended and not job.ended:
            kind, reason = ("Complete", "") if what == "the job ends" else ("Failed", "BackoffLimitExceeded")
            done = {"type": kind, "status": "True", "reason": reason, "lastTransitionTime": at(60)}
            self.cluster.patch(job.ref, {"status": {"conditions": [done]}}, subresource="status")
        elif what == "the controller writes the job's status":
            self.writes += 1
            self.cluster.patch(job.ref, {"status": {"ready": self.writes}}, subresource="status")
        elif what == "a stranger deletes the job" or (what == "its time to live is over" and job.ended):
            self.cluster.delete(job.ref, uid=job.uid)

    def finish(self, actor: Actor, what: Happening = "the job ends") -> Run:
        """Let an actor go on to the end; what the run says then."""
        for _ in range(300):
            actor.move("lives")
            self.happen(what)
            self.look()
            if actor.is_over:
                break
        assert actor.is_over
        assert actor.error is None
        run = self.run()
        assert run is not None
        return run


def _moves(actors: int) -> some.SearchStrategy[Move]:
    fates = some.sampled_from(("lives", "lives", "lives", "loses the answer", "dies before", "dies after"))
    happenings: tuple[Happening, ...] = get_args(Happening)
    return some.one_of(
        some.tuples(some.integers(0, actors - 1), some.integers(1, 8), fates), some.sampled_from(happenings)
    )


MOVES, FOUR_MOVE = _moves(3), _moves(4)


@settings(max_examples=150, deadline=None)
@example(
    count=2,
    moves=[(0, 1, "lives"), (1, 3, "lives"), (0, 3, "lives"), LOST, (0, 6, "lives"), (1, 1, "lives")],
    wanted=WANTED,
)
@example(
    count=2, moves=[(1, 1, "lives"), (0, 6, "lives"), LOST, (0, 2, "lives"), (1, 1, "lives")], wanted=WANTED
)
@given(
    count=some.integers(2, 3),
    moves=some.lists(MOVES, min_size=2, max_size=12),
    wanted=some.sampled_from((WANTED, TRIED)),
)
def test_nothing_starts_twice_and_any_survivor_finishes(count: int, moves: list[Move], wanted: Run) -> None:
    watcher = Watcher(FakeCluster(lambda: NOON))
    actors = [Actor(watcher.cluster, wanted).begin() for _ in range(count)]
    for move in moves:
        if isinstance(move, str):
            watcher.happen(move)
        else:
            who, requests, fate = move
            for one in [*["lives"] * (requests - 1), fate]:
                actors[who % count].move(cast(Fate, one))
                watcher.look()
        watcher.look()
    for actor in actors[1:]:
        actor.move("dies before")
    survivor = Actor(watcher.cluster, wanted).begin() if actors[0].is_over else actors[0]
    run = watcher.finish(survivor)
    assert run.attempts[-1].cause in ("Succeeded", "Deleted", "BackoffLimitExceeded")
    assert all(attempt.cause for attempt in run.attempts)
    assert len(run.attempts) <= (3 if wanted.retry else 1)
    # Who died right after creating a Job that another had created before leaves it: it never runs, and whoever
    # looks at the run next removes it where it bears the newest attempt's name.
    watcher.finish(Actor(watcher.cluster, wanted).begin())
    last = run.attempts[-1].job
    left = [job for job in watcher.jobs() if job.uid not in watcher.uids()]
    assert all(job.is_suspended and job.name != last for job in left), "nobody's Job is left behind"


@settings(max_examples=60, deadline=None)
@given(moves=some.lists(MOVES, min_size=4, max_size=16))
def test_a_run_that_only_fails_has_its_three_attempts_whoever_makes_them(moves: list[Move]) -> None:
    watcher = Watcher(FakeCluster(lambda: NOON))
    actors = [Actor(watcher.cluster, TRIED).begin() for _ in range(3)]
    for move in moves:
        watcher.happen("the job fails")
        if not isinstance(move, str):
            who, requests, fate = move
            for one in [*["lives"] * (requests - 1), fate]:
                actors[who % 3].move(cast(Fate, one))
                watcher.look()
    for actor in actors:
        actor.move("dies before")
    run = watcher.finish(Actor(watcher.cluster, TRIED).begin(), "the job fails")
    assert [attempt.job for attempt in run.attempts] == [f"backup-x7k2p-{number}" for number in (1, 2, 3)]
    assert run.state == "Exhausted"


@settings(max_examples=60, deadline=None)
@given(moves=some.lists(some.integers(0, 4), min_size=5, max_size=60))
def test_five_who_ask_for_one_more_attempt_at_once_get_one(moves: list[int]) -> None:
    watcher = Watcher(FakeCluster(lambda: NOON))
    assert watcher.finish(Actor(watcher.cluster).begin(), "the job fails").state == "Failed"
    askers = [Asker(watcher.cluster).begin() for _ in range(5)]
    for who in range(5):
        askers[who].move("lives")  # each has seen the run as it was
    for who in moves:
        askers[who].move("lives")
        watcher.look()
    for asker in askers:
        watcher.finish(asker)
        assert asker.number == 2
    run = watcher.finish(Actor(watcher.cluster).begin())
    assert [attempt.cause for attempt in run.attempts] == ["BackoffLimitExceeded", "Succeeded"]
    assert run.state == "Succeeded"


@settings(max_examples=150, deadline=None)
@example(moves=[(0, 2, "lives"), (2, 8, "lives"), (0, 1, "lives")], wanted=WANTED)  # the release is late
@example(moves=[(0, 3, "lives"), (2, 2, "lives"), (0, 4, "lives"), (3, 8, "lives")], wanted=WANTED)
@example(moves=[(0, 2, "lives"), (2, 3, "dies after"), (0, 3, "lives")], wanted=WANTED)
@given(moves=some.lists(FOUR_MOVE, min_size=3, max_size=14), wanted=some.sampled_from((WANTED, TRIED)))
def test_a_cancelled_run_never_begins_however_late_its_release_arrives(
    moves: list[Move], wanted: Run
) -> None:
    watcher = Watcher(FakeCluster(lambda: NOON))
    first = Actor(watcher.cluster, wanted).begin()
    first.move("lives")  # the Run exists, so that there is something to cancel
    actors: list[Actor] = [first, Actor(watcher.cluster, wanted).begin()]
    actors += [Canceller(watcher.cluster).begin(), Canceller(watcher.cluster).begin()]
    for move in moves:
        if isinstance(move, str):
            watcher.happen(move)
        else:
            who, requests, fate = move
            for one in [*["lives"] * (requests - 1), fate]:
                actors[who].move(cast(Fate, one))
                watcher.look()
        watcher.look()
    for actor in actors:
        for _ in range(60):  # what is on its way arrives now, and what was decided long ago is done
            actor.move("lives")
            watcher.look()
            watcher.happen("the job ends")
        actor.move("dies before")
    run = watcher.finish(Actor(watcher.cluster, wanted).begin())
    assert run.is_finished
    assert all(attempt.cause for attempt in run.attempts)
    if run.cancelled_by:
        causes = [attempt.cause for attempt in run.attempts]
        assert causes.count("Cancelled") <= 1, "nothing is tried again after it was cancelled"


def test_one_actor_alone_needs_four_writes_and_two_more_to_close() -> None:
    watcher = Watcher(FakeCluster(lambda: NOON))
    actor = Actor(watcher.cluster).begin()
    seen = []
    for _ in range(4):
        actor.move("lives")
        run, job = watcher.run(), watcher.job()
        seen.append((bool(run), bool(job), bool(run and run.attempts), bool(job and not job.is_suspended)))
    assert seen == [
        (True, False, False, False),
        (True, True, False, False),
        (True, True, True, False),
        (True, True, True, True),
    ]
    watcher.happen("the job ends")
    for _ in range(5):
        actor.move("lives")
    assert actor.is_over
    job = watcher.job()
    assert job is not None, "the evidence stays"
    assert job.ttl_seconds == 604800, "its end is recorded, so Kubernetes may delete it in time"


def test_a_run_that_was_deleted_meanwhile_is_not_made_again() -> None:
    """With it went the record: whoever goes on could start the same thing twice."""
    watcher = Watcher(FakeCluster(lambda: NOON))
    actor = Actor(watcher.cluster).begin()
    for _ in range(4):
        actor.move("lives")
    run = watcher.run()
    assert run is not None
    watcher.cluster.delete(run.ref, uid=run.uid)
    actor.move("lives")
    assert isinstance(actor.error, Conflict)
    assert actor.error.code == "run-deleted"
    assert watcher.run() is None


def test_a_run_that_was_deleted_and_asked_for_anew_belongs_to_who_asked_anew() -> None:
    watcher = Watcher(FakeCluster(lambda: NOON))
    cluster = watcher.cluster
    actor = Actor(cluster).begin()
    actor.move("lives")
    run = watcher.run()
    assert run is not None
    cluster.delete(run.ref, uid=run.uid)
    cluster.create(runs.to_manifest(replace(WANTED, requested_by="bob")))
    for _ in range(6):
        actor.move("lives")
    assert isinstance(actor.error, Conflict)
    assert actor.error.code == "run-deleted"
    job = watcher.job()
    assert job is not None
    assert job.is_suspended


@pytest.mark.parametrize("fate", ["dies before", "dies after"])
@pytest.mark.parametrize("writes", range(5))
def test_whoever_asks_again_after_a_kill_carries_the_same_run_on(writes: int, fate: Fate) -> None:
    watcher = Watcher(FakeCluster(lambda: NOON))
    first = Actor(watcher.cluster).begin()
    for _ in range(writes):
        first.move("lives")
    first.move(fate)
    second = Actor(watcher.cluster).begin()
    for _ in range(30):
        second.move("lives")
        watcher.happen("the job ends")
        watcher.look()
    assert second.is_over
    assert second.error is None
    run = watcher.run()
    assert run is not None
    assert run.attempts[-1].cause == "Succeeded"
