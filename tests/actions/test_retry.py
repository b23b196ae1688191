"""Asking for one more attempt, cancelling, and policies by their names, on a fake cluster."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from kubectl_rapt import writes
from kubectl_rapt.actions import advance, attach, cancel, dead, find, policies, retry, sweep
from kubectl_rapt.actions import run as running
from kubectl_rapt.actions.passing import Pass, Scope, Told
from kubectl_rapt.errors import Conflict, Invalid, NotFound, RaptError, Refused
from kubectl_rapt.model import times
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import JOB, POD, TOOL, Manifest, Ref
from kubectl_rapt.objects import jobs, retry_policies, runs
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.runs import standing
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.runs.outcome import Outcome
from tests.fakes.world import FakeWorld, FakeWriters
from tests.given import a_pod

FAILED = Outcome("OOMKilled", 137, "too much", container="tool")


def a_tool(**spec: Any) -> dict[str, Any]:
    container = {
        "name": "tool",
        "image": "busybox:1.35",
        "env": [{"name": "URL", "value": "http://default"}],
        "resources": {"limits": {"memory": "64Mi"}},
    }
    job = {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}
    url = {
        "name": "url",
        "type": "string",
        "at": ["/spec/template/spec/containers/0/env/0/value"],
        "default": "http://default",
    }
    return {
        "apiVersion": TOOL.api_version,
        "kind": "Tool",
        "metadata": {"name": "probe", "namespace": "default"},
        "spec": {"parameters": [url], "job": job, **spec},
    }


@pytest.fixture
def writers(ann: FakeWorld) -> FakeWriters:
    return FakeWriters(ann)


@pytest.fixture
def failed(ann: FakeWorld, writers: FakeWriters) -> Callable[..., Run]:
    """Makes a run of the tool that has failed once, out of memory."""

    def make(**spec: Any) -> Run:
        ann.cluster.create(a_tool(**spec))
        wanted = running.plan(ann, running.Request("probe", "default", {"url": "http://one"}, {}, "r"))
        seen = advance.advance(ann, writers, Seen(wanted))
        run = advance.close(ann, writers, seen, FAILED).run
        assert run is not None
        return run

    return make


def the_job(world: FakeWorld, number: int) -> tuple[str, str]:
    """The URL and the memory of an attempt's Job."""
    job = world.cluster.get(Ref(JOB, f"r-{number}", "default"))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return container["env"][0]["value"], container["resources"]["limits"]["memory"]


def test_one_more_attempt_is_the_run_as_it_was(
    ann: FakeWorld, writers: FakeWriters, failed: Callable[..., Run]
) -> None:
    assert failed().state == "Failed"
    seen, number, by = retry.retry(ann, writers, "r", "default", {})
    assert (number, by) == (2, "")
    assert seen.run is not None
    assert seen.run.state == "Running"
    assert the_job(ann, 2) == ("http://one", "64Mi")


def test_answers_and_resources_are_changed_and_kept_by_the_next_wish(
    ann: FakeWorld, writers: FakeWriters, failed: Callable[..., Run]
) -> None:
    failed()
    seen, _, _ = retry.retry(
        ann, writers, "r", "default", {"url": "http://two", "memory": "128Mi", "deadline": "1m"}
    )
    assert the_job(ann, 2) == ("http://two", "128Mi")
    advance.close(ann, writers, seen, FAILED)
    seen, number, _ = retry.retry(ann, writers, "r", "default", {})
    assert (number, the_job(ann, 3)) == (3, ("http://two", "128Mi"))
    advance.close(ann, writers, seen, FAILED)
    retry.retry(ann, writers, "r", "default", {"memory": "256Mi"})
    assert the_job(ann, 4) == ("http://two", "256Mi")


def test_asking_again_while_it_goes_on_is_the_same_attempt(
    ann: FakeWorld, writers: FakeWriters, failed: Callable[..., Run]
) -> None:
    failed()
    retry.retry(ann, writers, "r", "default", {"memory": "128Mi"})
    for given in ({}, {"memory": "128Mi"}):
        _, number, by = retry.retry(ann, writers, "r", "default", given)
        assert (number, by) == (2, "somebody")
    with pytest.raises(Conflict) as caught:
        retry.retry(ann, writers, "r", "default", {"memory": "512Mi"})
    assert caught.value.code == "asked-otherwise"


def test_an_attempt_that_must_wait_its_turn_is_queued_and_known_to_whoever_looks(
    ann: FakeWorld, writers: FakeWriters, failed: Callable[..., Run]
) -> None:
    failed(concurrency="forbid")
    other = running.plan(ann, running.Request("probe", "default", {}, {}, "other"))
    going = advance.advance(ann, writers, Seen(other))
    for _ in range(2):
        seen, number, _ = retry.retry(ann, writers, "r", "default", {})
        assert (number, retry.behind(ann, seen, number)) == (2, "run/other")
        assert seen.run is not None
        assert (seen.run.state, len(seen.run.attempts)) == ("Retrying", 1)
    run = find.run(ann, "r", "default")
    stands = standing.of_run(run, None, now=ann.now(), behind="run/other")
    assert stands.message == (
        "attempt 2 was asked for by somebody, and waits: run/other of probe is still running"
    )
    advance.close(ann, writers, going, FAILED)
    after = advance.advance(ann, writers, advance.observe(ann, Seen(run))).run
    assert after is not None
    assert (after.state, len(after.attempts)) == ("Running", 2)


def test_a_queued_attempt_that_is_cancelled_stays_cancelled(
    ann: FakeWorld, writers: FakeWriters, failed: Callable[..., Run]
) -> None:
    failed(concurrency="forbid")
    other = running.plan(ann, running.Request("probe", "default", {}, {}, "other"))
    going = advance.advance(ann, writers, Seen(other))
    retry.retry(ann, writers, "r", "default", {})
    cancel.cancel(ann, writers, "r", "default")
    advance.close(ann, writers, going, FAILED)
    after = advance.advance(ann, writers, advance.observe(ann, Seen(find.run(ann, "r", "default")))).run
    assert after is not None
    assert (after.state, after.attempts[-1].cause) == ("Failed", "Cancelled")


def test_a_run_with_the_most_attempts_is_not_tried_again(
    ann: FakeWorld, writers: FakeWriters, failed: Callable[..., Run]
) -> None:
    run = failed()
    last = runs.attempt_to_data(run.attempts[0])
    attempts = [{**last, "number": number, "job": f"r-{number}"} for number in range(1, 101)]
    ann.cluster.patch(run.ref, {"status": {"attempts": attempts}}, subresource="status")
    with pytest.raises(Refused) as caught:
        retry.retry(ann, writers, "r", "default", {})
    assert (caught.value.code, caught.value.hint) == ("too-many-attempts", "kubectl rapt run probe")


def test_a_tool_that_was_changed_takes_no_other_answers_and_more_memory_still(
    ann: FakeWorld, writers: FakeWriters, failed: Callable[..., Run]
) -> None:
    failed()
    tool = Ref(TOOL, "probe", "default")
    changed = a_tool()["spec"]["job"]
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "busybox:2"
    ann.cluster.patch(tool, {"spec": {"job": changed}})
    with pytest.raises(Refused) as caught:
        retry.retry(ann, writers, "r", "default", {"url": "http://two"})
    assert caught.value.code == "tool-differs"
    retry.retry(ann, writers, "r", "default", {"memory": "1Gi"})
    assert the_job(ann, 2) == ("http://one", "1Gi")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"memory": "lots"}, "memory: a quantity is"),
        ({"deadline": "0s"}, "deadline: it is at least 1s"),
        ({"memroy": "1Gi"}, "a retry of probe takes deadline, memory, url"),
    ],
)
def test_what_is_not_taken_is_refused_before_anything_is_written(
    ann: FakeWorld, writers: FakeWriters, failed: Callable[..., Run], given: dict[str, str], message: str
) -> None:
    before = failed().resource_version
    with pytest.raises(Invalid, match=message):
        retry.retry(ann, writers, "r", "default", given)
    assert find.run(ann, "r", "default").resource_version == before


def test_what_goes_on_or_never_began_is_not_tried_again(ann: FakeWorld, writers: FakeWriters) -> None:
    ann.cluster.create(a_tool())
    wanted = running.plan(ann, running.Request("probe", "default", {}, {}, "r"))
    advance.advance(ann, writers, Seen(wanted))
    never = running.plan(ann, running.Request("probe", "default", {}, {}, "never"))
    ann.cluster.create(runs.to_manifest(never))
    cancel.cancel(ann, writers, "never", "default")
    for name, code in (("r", "run-goes-on"), ("never", "run-never-began"), ("nope", "no-run")):
        with pytest.raises(RaptError) as caught:
            retry.retry(ann, writers, name, "default", {})
        assert caught.value.code == code
        assert caught.value.hint


def test_what_succeeded_is_done_again_only_if_that_is_said(ann: FakeWorld, writers: FakeWriters) -> None:
    ann.cluster.create(a_tool())
    wanted = running.plan(ann, running.Request("probe", "default", {}, {}, "r"))
    seen = advance.advance(ann, writers, Seen(wanted))
    advance.close(ann, writers, seen, Outcome("Succeeded", 0, finished_at=ann.now()))
    with pytest.raises(RaptError, match='run "r" succeeded, and another attempt would do') as caught:
        retry.retry(ann, writers, "r", "default", {})
    assert (caught.value.code, caught.value.hints) == ("run-succeeded", ("--again", "kubectl rapt run probe"))
    seen, number, _ = retry.retry(ann, writers, "r", "default", {}, again=True)
    assert number == 2
    # It is asked for once: who repeats the command, or comes late, gets that attempt.
    assert retry.retry(ann, writers, "r", "default", {})[1] == 2


def has_ended(ann: FakeWorld, writers: FakeWriters, kind: str) -> None:
    """A run ``r`` whose Job has ended so, which nobody has recorded."""
    ann.cluster.create(a_tool())
    wanted = running.plan(ann, running.Request("probe", "default", {}, {}, "r"))
    advance.advance(ann, writers, Seen(wanted))
    ended = {"type": kind, "status": "True", "lastTransitionTime": times.spell(ann.now())}
    ann.cluster.patch(Ref(JOB, "r-1", "default"), {"status": {"conditions": [ended]}}, subresource="status")


@pytest.mark.parametrize(("kind", "code"), [("Complete", "run-succeeded"), ("Failed", "")])
def test_an_end_that_nobody_has_recorded_counts(
    ann: FakeWorld, writers: FakeWriters, kind: str, code: str
) -> None:
    has_ended(ann, writers, kind)
    if code:
        with pytest.raises(RaptError) as caught:
            retry.retry(ann, writers, "r", "default", {})
        assert caught.value.code == code
    else:
        assert retry.retry(ann, writers, "r", "default", {})[1] == 2


@pytest.mark.parametrize(("kind", "status"), [("Complete", "Succeeded"), ("Failed", "Failed")])
def test_what_has_ended_is_not_cancelled_though_nobody_has_recorded_it(
    ann: FakeWorld, writers: FakeWriters, kind: str, status: str
) -> None:
    has_ended(ann, writers, kind)
    for _ in ("nobody has recorded it", "it is recorded"):
        with pytest.raises(Refused) as caught:
            cancel.cancel(ann, writers, "r", "default")
        assert (caught.value.code, caught.value.message) == ("run-is-over", f'run "r" is over: {status}')
        run = find.run(ann, "r", "default")
        assert (run.cancelled_by, run.status, run.reason) == ("", status, status)


def test_a_container_that_ended_before_the_cancellation_is_recorded_as_it_ended(
    ann: FakeWorld, writers: FakeWriters
) -> None:
    tool = a_tool()
    tool["spec"]["job"]["spec"]["backoffLimit"] = 0
    ann.cluster.create(tool)
    wanted = running.plan(ann, running.Request("probe", "default", {}, {}, "r"))
    seen = advance.advance(ann, writers, Seen(wanted))
    assert seen.run is not None
    assert seen.job is not None
    ann.cluster.patch(seen.run.ref, {"spec": {"cancelledBy": "bob"}})
    pod = a_pod(
        "Failed", {"terminated": {"exitCode": 7, "finishedAt": times.spell(ann.now())}}, name="r-1-aaaaa"
    )
    marks = {"batch.kubernetes.io/job-name": "r-1", "batch.kubernetes.io/controller-uid": seen.job.uid}
    pod["metadata"] |= {"namespace": "default", "labels": marks}
    ann.cluster.create(pod)
    ann.cluster.patch(Ref(POD, "r-1-aaaaa", "default"), {"status": pod["status"]}, subresource="status")
    run = advance.advance(ann, writers, advance.observe(ann, seen)).run
    assert run is not None
    assert (run.status, run.reason, run.attempts[-1].exit_code) == ("ExitCode", "ExitCode", 7)
    assert ann.cluster.get(Ref(JOB, "r-1", "default"))["spec"]["suspend"] is False, "nothing is stopped"


def test_a_run_that_is_cancelled_is_suspended_and_can_be_tried_again(
    ann: FakeWorld, writers: FakeWriters
) -> None:
    ann.cluster.create(a_tool())
    wanted = running.plan(ann, running.Request("probe", "default", {}, {}, "r"))
    advance.advance(ann, writers, Seen(wanted))
    seen = cancel.cancel(ann, writers, "r", "default")
    assert seen.run is not None
    assert (seen.run.state, seen.run.attempts[-1].cause) == ("Failed", "Cancelled")
    assert ann.cluster.get(Ref(JOB, "r-1", "default"))["spec"]["suspend"] is True
    with pytest.raises(Refused) as caught:
        cancel.cancel(ann, writers, "r", "default")
    assert caught.value.code == "run-is-over"
    again, number, _ = retry.retry(ann, writers, "r", "default", {})
    assert again.run is not None
    assert (number, again.run.cancelled_by, again.run.state) == (2, "", "Running")


def test_an_attempt_that_is_cancelled_before_it_began_is_recorded_and_nobody_takes_the_one_before_for_it(
    ann: FakeWorld, writers: FakeWriters, failed: Callable[..., Run]
) -> None:
    failed()
    writes.apply(writers, retry.plan(ann, find.run(ann, "r", "default"), {}))
    asked = find.run(ann, "r", "default")
    late = jobs.of_attempt(asked, 2)  # whoever asked has decided on it, and is slow
    cancelled = cancel.cancel(ann, writers, "r", "default").run
    assert cancelled is not None
    assert (cancelled.state, cancelled.status) == ("Failed", "Cancelled")
    assert [one.cause for one in cancelled.attempts] == ["OOMKilled", "Cancelled"]
    ann.cluster.create(late)
    shown = list(attach.attach(ann, writers, advance.observe(ann, Seen(asked))))
    assert [one.attempt.number for one in shown if isinstance(one, attach.Ended)] == [2]
    assert find.perhaps(ann, Ref(JOB, "r-2", "default")) is None, "nothing is left of it"
    again, number, _ = retry.retry(ann, writers, "r", "default", {})
    assert again.run is not None
    assert (number, again.run.state) == (3, "Running")


def test_a_retry_that_is_cancelled_before_its_job_exists_says_so(
    ann: FakeWorld,
    bob: FakeWorld,
    writers: FakeWriters,
    failed: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed()
    create = ann.cluster.create

    def late(manifest: Manifest, *, manager: str = "rapt") -> Manifest:
        monkeypatch.undo()
        cancel.cancel(bob, FakeWriters(bob), "r", "default")
        return create(manifest, manager=manager)

    monkeypatch.setattr(ann.cluster, "create", late)
    with pytest.raises(Conflict) as caught:
        retry.retry(ann, writers, "r", "default", {})
    assert caught.value.code == "cancelled-meanwhile"
    assert find.perhaps(ann, Ref(JOB, "r-2", "default")) is None


def test_a_run_whose_account_went_with_its_tool_is_not_waited_for(
    ann: FakeWorld, writers: FakeWriters
) -> None:
    tool = a_tool()
    tool["spec"]["job"]["spec"]["template"]["spec"]["serviceAccountName"] = "rapt-probe"
    ann.cluster.create(tool)
    wanted = running.plan(ann, running.Request("probe", "default", {}, {}, "r"))
    advance.close(ann, writers, advance.advance(ann, writers, Seen(wanted)), FAILED)
    before = find.run(ann, "r", "default").resource_version
    with pytest.raises(Refused) as caught:
        retry.retry(ann, writers, "r", "default", {})
    assert (caught.value.code, caught.value.hint) == ("no-account", "kubectl rapt run probe")
    gone = ann.cluster.get(Ref(TOOL, "probe", "default"))["metadata"]
    ann.cluster.delete(
        Ref(TOOL, "probe", "default"), uid=gone["uid"], resource_version=gone["resourceVersion"]
    )
    with pytest.raises(Refused) as caught:
        retry.retry(ann, writers, "r", "default", {})
    assert "tool/probe was removed" in caught.value.message
    assert caught.value.hint == "kubectl rapt why r"
    assert find.run(ann, "r", "default").resource_version == before


def test_a_wrong_clock_matters_to_no_job_of_which_nothing_is_to_be_deleted(
    ann: FakeWorld, writers: FakeWriters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Job of a run that was cancelled is suspended for good, and recorded."""
    ann.cluster.create(a_tool())
    wanted = running.plan(ann, running.Request("probe", "default", {}, {}, "r"))
    advance.advance(ann, writers, Seen(wanted))
    cancel.cancel(ann, writers, "r", "default")
    monkeypatch.setattr(ann.cluster, "skew", lambda: timedelta(hours=1))
    told: list[Told] = []
    this = Pass(ann, writers, Scope("default"), told.append, is_dry=False)
    job = jobs.from_manifest(ann.cluster.get(Ref(JOB, "r-1", "default")))
    this.each(partial(sweep.remove_stray, this), [(job.ref, job)])
    assert told == []


def test_a_tool_that_names_a_policy_gets_the_namespaces_own_before_the_one_that_came_with_rapt(
    ann: FakeWorld, writers: FakeWriters
) -> None:
    ann.cluster.create(a_tool(policies={"retry": "standard"}))
    plan = running.Request("probe", "default", {}, {}, "")
    shipped = running.plan(ann, plan)
    assert shipped.retry is not None
    assert (shipped.retry.name, shipped.job["spec"]["backoffLimit"]) == ("standard", 3)
    own = RetryPolicy("standard", "Our own", 2, delay=Duration(1))
    ann.cluster.create(retry_policies.to_manifest(own, "default"))
    mine = running.plan(ann, plan)
    assert (mine.retry, mine.job["spec"]["backoffLimit"]) == (own, 0)
    found = {policy.name: source for policy, source in policies.all_retry(ann, "default")[0]}
    assert (found["standard"], found["transient"]) == ("retrypolicy/standard", "rapt")


def test_a_policy_that_nobody_has_is_told_the_nearest(ann: FakeWorld) -> None:
    ann.cluster.create(a_tool(policies={"retry": "transiant"}))
    with pytest.raises(NotFound, match="did you mean: transient") as caught:
        running.plan(ann, running.Request("probe", "default", {}, {}, ""))
    assert caught.value.code == "no-policy"


def test_a_run_that_is_mistyped_is_told_the_nearest(ann: FakeWorld, writers: FakeWriters) -> None:
    ann.cluster.create(a_tool())
    advance.advance(
        ann, writers, Seen(running.plan(ann, running.Request("probe", "default", {}, {}, "nightly")))
    )
    with pytest.raises(NotFound, match='no run "nihgtly"') as caught:
        find.run(ann, "nihgtly", "default")
    assert (caught.value.code, caught.value.typo) == ("no-run", ("nihgtly", "nightly"))


def test_a_tool_that_was_rendered_holds_all_that_its_policy_says(ann: FakeWorld) -> None:
    source = {"registry": "main", "template": "probe", "version": "1.0.0", "definition": "sha256:dd"}
    ann.cluster.create(a_tool(policies={"retry": "never"}, source=source))
    run = running.plan(ann, running.Request("probe", "default", {}, {}, ""))
    assert run.retry is None
    assert "backoffLimit" not in run.job["spec"]


def test_where_runs_are_reviewed_nothing_else_starts_one_with_other_answers(
    ann: FakeWorld, failed: Callable[..., Run]
) -> None:
    run = failed(runs="reviewed")
    for start in (
        lambda: retry.plan(ann, run, {"url": "http://two"}),
        lambda: dead.replay(ann, run, {}),
        lambda: dead.replay(ann, run, {"url": "http://two"}),
        lambda: running.plan_direct(ann, running.Request("probe", "default", {}, {})),
    ):
        with pytest.raises(Refused) as caught:
            start()
        assert caught.value.code == "review-needed"
        assert caught.value.hint == "kubectl rapt run probe --review"
    retry.plan(ann, run, {})  # as it was reviewed


def test_a_replay_takes_memory_and_a_deadline_as_a_retry_does(
    ann: FakeWorld, failed: Callable[..., Run]
) -> None:
    run = failed()
    changed = a_tool()["spec"]["job"]
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "busybox:2"
    ann.cluster.patch(Ref(TOOL, "probe", "default"), {"spec": {"job": changed}})

    def replayed(**changes: str) -> tuple[str, str, str, Any]:
        pod = dead.replay(ann, run, changes).job["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        memory = container["resources"]["limits"]["memory"]
        return container["image"], container["env"][0]["value"], memory, pod.get("activeDeadlineSeconds")

    assert replayed() == ("busybox:1.35", "http://one", "64Mi", None)
    bigger = ("busybox:1.35", "http://one", "2Gi", 3600)
    assert replayed(memory="2Gi", deadline="1h") == bigger, "it is the same Job, and not today's tool"
    assert replayed(memory="2Gi", url="http://two") == ("busybox:2", "http://two", "2Gi", None)
    for wrong, problem in (("memry", "did you mean: memory?"), ("other", "is not a parameter of probe")):
        with pytest.raises(Invalid, match="a replay of probe takes deadline, memory, url") as caught:
            dead.replay(ann, run, {wrong: "2Gi"})
        assert problem in caught.value.problems[0].what
        assert caught.value.hint == "kubectl rapt dead replay r --set url=http://default"
    with pytest.raises(Invalid, match="memory: a quantity is"):
        dead.replay(ann, run, {"memory": "much"})
    tool = ann.cluster.get(Ref(TOOL, "probe", "default"))
    ann.cluster.delete(Ref(TOOL, "probe", "default"), uid=tool["metadata"]["uid"])
    assert replayed(memory="2Gi")[2] == "2Gi", "the run has all that it needs"
