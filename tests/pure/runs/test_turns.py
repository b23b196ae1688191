"""Runs of a tool that go on one at a time: whose turn it is, and that two never go on together, whoever is killed."""

from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kubectl_rapt.errors import NotFound
from kubectl_rapt.model.kinds import JOB, LEASE, RUN, TOOL, Manifest, Ref
from kubectl_rapt.model.plan import Create, Delete, Patch
from kubectl_rapt.objects import jobs, leases, runs
from kubectl_rapt.objects.leases import Lease
from kubectl_rapt.objects.runs import Attempt, Run
from kubectl_rapt.runs import lifecycle, turns
from kubectl_rapt.runs.lifecycle import Done, Later, Look, Seen
from tests.fakes.cluster import FakeCluster
from tests.given import NOON, a_job, a_run, at
from tests.pure.runs.test_interleavings import Actor, Fate

QUEUED = a_run(concurrency="queue")
EXISTS = replace(QUEUED, uid="run-1", resource_version="7", generation=1, created_at=NOON)
MINE = Lease("rapt-backup", "team", "backup-x7k2p", 1, "lease-1", "3")
THEIRS = replace(MINE, holder="backup-other")
OVER = (Attempt(1, "backup-x7k2p-1", "job-1", cause="Succeeded", finished_at=NOON),)


def step(run: Run, **seen: Any) -> lifecycle.Decision:
    return lifecycle.next_step(Seen(QUEUED, run, **seen), NOON)


def test_the_lease_is_taken_after_the_record_and_before_the_job() -> None:
    assert isinstance(lifecycle.next_step(Seen(QUEUED), NOON), Create), "the Run first"
    first = step(EXISTS)
    assert isinstance(first, Create)
    assert first.manifest["kind"] == "Lease"
    assert first.manifest["metadata"]["name"] == "rapt-backup"
    assert first.manifest["spec"]["holderIdentity"] == "backup-x7k2p"
    assert step(EXISTS, lease=MINE) == Look("firing")
    job = step(EXISTS, lease=MINE, firing="")
    assert isinstance(job, Create)
    assert job.manifest["kind"] == "Job"


def test_a_tool_whose_runs_may_overlap_has_no_lease_at_all() -> None:
    run = replace(EXISTS, concurrency="allow")
    made = lifecycle.next_step(Seen(replace(QUEUED, concurrency="allow"), run), NOON)
    assert isinstance(made, Create)
    assert made.manifest["kind"] == "Job"


@pytest.mark.parametrize("seen", [{"lease": THEIRS, "is_held": True}, {"lease": MINE, "firing": "backup-29"}])
def test_who_comes_second_waits_or_is_refused_with_the_name_of_the_first(seen: dict[str, Any]) -> None:
    who = "job/backup-29" if "firing" in seen else "run/backup-other"
    waits = step(EXISTS, **seen)
    assert isinstance(waits, Later)
    assert (waits.behind, waits.what) == (who, f"queued behind {who}")
    forbidden = lifecycle.next_step(
        Seen(replace(QUEUED, concurrency="forbid"), replace(EXISTS, concurrency="forbid"), **seen), NOON
    )
    assert isinstance(forbidden, Patch)
    assert forbidden.patch["status"]["state"] == "NotStarted"
    finished = forbidden.patch["status"]["conditions"][0]
    assert (finished["reason"], who in finished["message"]) == ("ConcurrencyForbidden", True)


def test_a_retry_of_a_tool_that_forbids_waits_for_its_turn() -> None:
    failed = (replace(OVER[0], cause="ExitCode", exit_code=1),)
    run = replace(
        EXISTS, concurrency="forbid", attempts=failed, state="Failed", wish=runs.Wish(2, "ann", None)
    )
    known = Seen(replace(QUEUED, concurrency="forbid"), run, lease=THEIRS, is_held=True)
    recorded = lifecycle.next_step(known, NOON)
    assert isinstance(recorded, Patch), "every list knows of it from then on"
    assert recorded.patch["status"]["state"] == "Retrying"
    waits = lifecycle.next_step(replace(known, run=replace(run, state="Retrying")), NOON)
    assert isinstance(waits, Later)


def test_a_lease_is_taken_over_from_a_run_that_is_over_and_only_as_it_was_read() -> None:
    taken = step(EXISTS, lease=THEIRS)
    assert isinstance(taken, Patch)
    assert taken.patch["spec"]["holderIdentity"] == "backup-x7k2p"
    assert taken.patch["metadata"]["resourceVersion"] == "3"


def test_each_attempt_takes_the_lease_anew() -> None:
    """A run that was over may have lost it, and not know yet."""
    failed = (replace(OVER[0], cause="ExitCode", exit_code=1),)
    run = replace(EXISTS, attempts=failed, state="Failed", wish=runs.Wish(2, "ann", None))
    taken = step(run, lease=MINE, firing="")
    assert isinstance(taken, Patch)
    assert taken.patch["metadata"]["annotations"] == {"rapt.dev/attempt": "2"}


def test_who_is_done_gives_the_lease_back_and_never_another_ones() -> None:
    run = replace(EXISTS, attempts=OVER, state="Succeeded")
    given_back = step(run, lease=MINE)
    assert isinstance(given_back, Delete)
    assert (given_back.uid, given_back.resource_version) == ("lease-1", "3")
    assert isinstance(step(run, lease=THEIRS, is_held=True), Done)
    assert isinstance(step(run), Done)


@pytest.mark.parametrize(
    ("run", "is_over"),
    [
        (EXISTS, False),
        (replace(EXISTS, attempts=OVER, state="Succeeded"), True),
        (replace(EXISTS, state="NotStarted"), True),
        (replace(EXISTS, attempts=OVER, state="Retrying"), False),
    ],
)
def test_whether_a_holder_is_over_is_decided_from_its_run(run: Run, is_over: bool) -> None:
    assert turns.is_over(run) == is_over


def test_a_run_that_somebody_asked_to_try_again_is_not_over() -> None:
    failed = (replace(OVER[0], cause="ExitCode", exit_code=1),)
    run = replace(EXISTS, attempts=failed, state="Failed", wish=runs.Wish(2, "ann", None))
    assert not turns.is_over(run)


def test_only_jobs_of_cronjobs_that_go_on_count() -> None:
    def job(
        name: str, ended: str = "", suspend: bool = False, labels: dict[str, str] | None = None
    ) -> jobs.Job:
        made = a_job(ended=ended, suspend=suspend, labels=labels)
        return jobs.from_manifest({**made, "metadata": {**made["metadata"], "name": name}})

    run_label = {"rapt.dev/run": "backup-other"}
    others = [job("over", ended="Complete"), job("waits", suspend=True), job("ours", labels=run_label)]
    assert turns.firing(EXISTS, others) == ""
    assert turns.firing(EXISTS, [*others, job("backup-29")]) == "backup-29"


class _Watched:
    """A cluster with two runs of one tool, where no two Jobs may go on at once."""

    def __init__(self) -> None:
        self.cluster = FakeCluster(lambda: NOON)
        self.wanted = [
            a_run(name=name, answers={}, concurrency="queue", labels={"rapt.dev/run": name})
            for name in ("backup-a", "backup-b")
        ]

        spec = {"job": self.wanted[0].job, "concurrency": "queue"}
        tool = {"metadata": {"name": "backup", "namespace": "team"}, "spec": spec}
        self.cluster.create({"apiVersion": TOOL.api_version, "kind": TOOL.name, **tool})

    def jobs(self) -> list[Manifest]:
        return list(self.cluster.list(JOB, "team"))

    def look(self) -> None:
        going = [one["metadata"]["name"] for one in self.jobs() if _goes_on(one)]
        assert len(going) <= 1, f"{going} go on together"

    def end(self) -> None:
        done = {"type": "Complete", "status": "True", "lastTransitionTime": at(60)}
        for one in self.jobs():
            if _goes_on(one):
                ref = Ref(JOB, one["metadata"]["name"], "team")
                self.cluster.patch(ref, {"status": {"conditions": [done]}}, subresource="status")

    def states(self) -> list[str]:
        found = []
        for wanted in self.wanted:
            try:
                found.append(runs.from_manifest(self.cluster.get(Ref(RUN, wanted.name, "team"))).state)
            except NotFound:
                found.append("")
        return found


def _goes_on(job: Manifest) -> bool:
    return not job["spec"]["suspend"] and not job.get("status", {}).get("conditions")


@settings(max_examples=120, deadline=None)
@given(
    moves=some.lists(
        some.tuples(
            some.integers(0, 3),
            some.integers(1, 9),
            some.sampled_from(
                ("lives", "lives", "lives", "loses the answer", "dies before", "dies after", "ends")
            ),
        ),
        min_size=3,
        max_size=14,
    )
)
def test_two_runs_never_go_on_together_and_both_are_done_in_the_end(
    moves: list[tuple[int, int, str]],
) -> None:
    watched = _Watched()
    # Two who drive each run.
    actors = [Actor(watched.cluster, watched.wanted[index % 2]).begin() for index in range(4)]
    for who, requests, fate in moves:
        if fate == "ends":
            watched.end()
            continue
        for one in [*["lives"] * (requests - 1), fate]:
            actors[who].move(cast(Fate, one))
            watched.look()
    for actor in actors:
        actor.move("dies before")
    survivors = [Actor(watched.cluster, wanted).begin() for wanted in watched.wanted]
    for _ in range(150):
        for survivor in survivors:
            survivor.move("lives")
            watched.look()
        watched.end()
        if all(survivor.is_over for survivor in survivors):
            break
    assert [survivor.error for survivor in survivors] == [None, None]
    assert watched.states() == ["Succeeded", "Succeeded"]
    assert list(watched.cluster.list(LEASE, "team")) == [], "nobody keeps the lease"


def test_alone_a_run_that_queues_needs_three_requests_more() -> None:
    watched = _Watched()
    actor = Actor(watched.cluster, watched.wanted[0]).begin()
    for _ in range(6):  # run, lease, look, job, record, release
        actor.move("lives")
    assert [_goes_on(one) for one in watched.jobs()] == [True]
    held = leases.from_manifest(watched.cluster.get(Ref(LEASE, "rapt-backup", "team")))
    assert (held.holder, held.attempt) == ("backup-a", 1)


def test_the_name_in_the_lease_says_it_all() -> None:
    assert leases.from_manifest(
        {
            "metadata": {"name": "rapt-backup", "namespace": "team", "uid": "u", "resourceVersion": "1"},
            "spec": {},
        }
    ) == Lease("rapt-backup", "team", "", 0, "u", "1")
