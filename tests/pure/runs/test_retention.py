"""Retention: what goes, what stays and why, in tables, and over generated histories against plain rules."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kubectl_rapt.model import times
from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.kinds import JOB, RUN, Manifest
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects.cleanup_policies import CleanupPolicy, Rule
from kubectl_rapt.objects.jobs import from_manifest as as_job
from kubectl_rapt.runs import retention
from kubectl_rapt.runs.retention import Item, Verdict
from tests.given import NOON, a_template

DAY = 86_400.0
DAYS = CleanupPolicy("days", "s", jobs=(Rule(keep_for=Duration(86_400)),))


def ago(days: float) -> str:
    return times.spell(NOON - timedelta(days=days))


def a_job(
    name: str = "j",
    *,
    ended: str = "Complete",
    days: float = 2,
    labels: dict[str, str] | None = None,
    run: str = "",
    **metadata: Any,
) -> dict[str, Any]:
    """A Job that ended so many days before noon, and began an hour before that; of a Run where one is named."""
    marks = {"rapt.dev/tool": "backup", **({"rapt.dev/run": run} if run else {}), **(labels or {})}
    at = times.parse(ago(days))
    status = {"conditions": [{"type": ended, "status": "True", "lastTransitionTime": times.spell(at)}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": "team",
            "uid": f"uid-{name}",
            "resourceVersion": "7",
            "creationTimestamp": times.spell(at - timedelta(hours=1)),
            "labels": marks,
            "ownerReferences": [{"uid": f"uid-{run}"}] if run else [],
            **metadata,
        },
        "spec": a_template()["spec"],
        "status": status if ended else {"active": 1},
    }


def a_run(
    name: str = "r",
    *,
    state: str = "Succeeded",
    days: float = 31,
    jobs: Sequence[str] = (),
    open_jobs: Sequence[str] = (),
    spec: dict[str, Any] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    """A Run that ended so many days before noon, with attempts that are recorded, or open."""
    at = times.parse(ago(days))
    ended = {"lastTransitionTime": times.spell(at), "type": "Finished", "status": "True"}
    end = {"cause": "Succeeded", "finishedAt": times.spell(at)}
    attempts: list[dict[str, Any]] = [{"number": 1, "job": one, "uid": f"uid-{one}", **end} for one in jobs]
    attempts += [{"number": 1, "job": one, "uid": f"uid-{one}"} for one in open_jobs]
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Run",
        "metadata": {
            "name": name,
            "namespace": "team",
            "uid": f"uid-{name}",
            "resourceVersion": "9",
            "creationTimestamp": times.spell(at - timedelta(hours=1)),
            "labels": {"rapt.dev/tool": "backup"},
            **metadata,
        },
        "spec": {"tool": "backup", "digest": "d", "job": a_template(), **(spec or {})},
        "status": {"state": state, "conditions": [ended], "attempts": attempts},
    }


def read(manifest: Manifest) -> Item:
    if manifest["kind"] == "Run":
        return retention.of_run(manifest)
    return retention.of_job(manifest, as_job(manifest))


def measured(manifest: Manifest) -> Item:
    return retention.measured(read(manifest), manifest)


def decide(
    jobs: Sequence[Manifest] = (),
    runs: Sequence[Manifest] = (),
    policy: CleanupPolicy | str | None = DAYS,
    now: datetime = NOON,
    **more: Any,
) -> dict[str, Verdict]:
    items = [measured(one) for one in jobs], [measured(one) for one in runs]
    return {one.item.ref.name: one for one in retention.decide(*items, lambda _: policy, now, **more)}


def said(verdict: Verdict) -> str:
    return f"{'goes' if verdict.goes else 'stays'}: {verdict}"


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (a_job(), "goes: ended 2d ago, kept for 1d (policy days)"),
        (a_job(ended="Failed"), "goes: ended 2d ago, kept for 1d (policy days)"),
        (a_job(days=1), "goes: ended 24h ago, kept for 1d (policy days)"),
        (a_job(days=1 - 1 / DAY), "stays: ended 23h ago, kept for 1d (policy days)"),
        (a_job(ended=""), "stays: has not ended"),
        (a_job(days=-1 / DAY), "stays: is dated in the future"),
        (a_job(creationTimestamp=ago(-1)), "stays: is dated in the future"),
        (a_job(labels={"rapt.dev/keep": ""}), "stays: held by rapt.dev/keep"),
        (a_job(annotations={"rapt.dev/keep": "incident 7"}), "stays: held by rapt.dev/keep"),
        (a_job(labels={"rapt.dev/keep": "false"}), "goes: ended 2d ago, kept for 1d (policy days)"),
        (a_job(deletionTimestamp=ago(0)), "stays: is being deleted already"),
        (a_job(labels={"rapt.dev/tool": ""}), "stays: no rapt.dev/tool label: it is not Rapt's"),
        (a_job() | {"status": {**a_job()["status"], "terminating": 1}}, "stays: has not ended"),
        (a_job(run="r"), "stays: run/r could not be read"),
    ],
)
def test_a_job_goes_or_stays_for_one_reason(job: Manifest, expected: str) -> None:
    assert said(decide([job])["j"]) == expected


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (a_run(), "goes: ended 31d ago, kept for 30d (policy default)"),
        (a_run(state="Exhausted"), "goes: ended 31d ago, kept for 30d (policy default)"),
        (a_run(days=29), "stays: ended 29d ago, kept for 30d (policy default)"),
        (a_run(state="Running"), "stays: has not ended"),
        (a_run(state="Retrying"), "stays: has not ended"),
        (a_run(spec={"notAfter": ago(-1)}), "stays: may be asked for until 2026-11-23T12:00:00Z"),
        (a_run(spec={"notAfter": ago(1)}), "goes: ended 31d ago, kept for 30d (policy default)"),
        (a_run(annotations={"rapt.dev/keep": "yes"}), "stays: held by rapt.dev/keep"),
    ],
)
def test_a_run_is_kept_for_thirty_days_unless_a_policy_says_otherwise(run: Manifest, expected: str) -> None:
    assert said(decide((), [run])["r"]) == expected
    assert decide((), [run], None)["r"].goes == expected.startswith("goes")


def test_a_policy_says_otherwise() -> None:
    year = CleanupPolicy("year", "s", runs=(Rule(("Exhausted",), Duration(365 * 86_400)),))
    runs = [a_run("dead", state="Exhausted", days=100), a_run("done", days=100)]
    found = decide((), runs, year)
    assert said(found["dead"]) == "stays: ended 100d ago, kept for 365d (policy year)"
    assert said(found["done"]) == "goes: ended 100d ago, kept for 30d (policy default)"


@pytest.mark.parametrize(
    ("job", "run", "expected"),
    [
        # The Run takes its Job along, where no policy says anything of Jobs.
        (a_job(run="r"), a_run(jobs=["j"]), ("goes: goes with run/r (policy runs)", "goes")),
        (a_job(run="r", ended=""), a_run(jobs=["j"]), ("stays: has not ended", "stays")),
        (
            a_job(run="r", labels={"rapt.dev/keep": "1"}),
            a_run(jobs=["j"]),
            ("stays: held by rapt.dev/keep", "stays"),
        ),
        (
            a_job(run="r"),
            a_run(jobs=["j"], labels={"rapt.dev/keep": "1"}),
            ("stays: run/r is held by rapt.dev/keep", "stays"),
        ),
        # The outcome is the Job's alone until the Run has recorded it.
        (
            a_job(run="r"),
            a_run(state="Running", open_jobs=["j"]),
            ("stays: run/r has not recorded how it ended", "stays"),
        ),
        (a_job(run="r"), a_run(jobs=["other"]), ("stays: run/r has not recorded how it ended", "stays")),
        # A Job of a CronJob that a Run has adopted.
        (
            a_job(),
            a_run(state="Running", spec={"adopted": {"job": "j", "uid": "uid-j"}}),
            ("stays: run/r has not recorded how it ended", "stays"),
        ),
    ],
)
def test_a_run_and_its_job_decide_about_each_other(
    job: Manifest, run: Manifest, expected: tuple[str, str]
) -> None:
    month = CleanupPolicy("runs", "s", runs=(Rule(keep_for=Duration(86_400)),))
    found = decide([job], [run], month)
    assert (said(found["j"]), said(found["r"]).partition(":")[0]) == expected


def test_a_run_stays_as_long_as_a_policy_keeps_its_job() -> None:
    last = CleanupPolicy("last", "s", jobs=(Rule(keep_for=Duration(60), keep_last=1),))
    found = decide([a_job(run="r")], [a_run(jobs=["j"])], last)
    assert said(found["r"]) == "stays: job/j stays: among the newest 1 (policy last)"


@pytest.mark.parametrize(
    ("rule", "going"),
    [
        (Rule(), ""),
        (Rule(keep_for=Duration(0)), "abcde"),
        (Rule(keep_at_most=2), "cde"),
        (Rule(keep_at_most=0), "abcde"),
        (Rule(keep_for=Duration(86_400), keep_last=4), "e"),
        (Rule(keep_for=Duration(3 * 86_400 + 60), keep_at_most=4), "de"),
        (Rule(keep_last=1, max_size=Quantity.parse("1")), "bcde"),
        (Rule(max_size=Quantity.parse("1500")), "cde"),
    ],
)
def test_rules_count_the_newest_of_a_tool_first(rule: Rule, going: str) -> None:
    jobs = [a_job(name, days=2 + index / 2) for index, name in enumerate("abcde")]
    others = [a_job("other", labels={"rapt.dev/tool": "other"}), a_job("held", labels={"rapt.dev/keep": "1"})]
    assert 500 < measured(jobs[0]).size < 750
    found = decide([*reversed(jobs), *others[1:]], policy=CleanupPolicy("p", "s", jobs=(rule,)))
    assert "".join(sorted(name for name, one in found.items() if one.goes)) == going
    again = decide([*jobs, *others], policy=CleanupPolicy("p", "s", jobs=(rule,)))
    assert {name for name, one in again.items() if one.goes} - {"other"} == set(going), "tools count alone"


def test_what_is_exactly_as_large_as_is_kept_stays() -> None:
    jobs = [a_job(name, days=2 + index / 2) for index, name in enumerate("abc")]
    both = sum(measured(one).size for one in jobs[:2])
    for kept, going in ((both, "c"), (both - 1, "bc")):
        policy = CleanupPolicy("p", "s", jobs=(Rule(max_size=Quantity.parse(str(kept))),))
        found = decide(jobs, policy=policy)
        assert "".join(sorted(name for name, one in found.items() if one.goes)) == going


def test_each_namespace_counts_alone() -> None:
    last = CleanupPolicy("p", "s", jobs=(Rule(keep_at_most=1),))
    elsewhere = a_job("there", days=3, namespace="other")
    found = decide([a_job("here"), elsewhere], policy=last)
    assert not any(one.goes for one in found.values())


def test_what_ended_another_way_than_was_asked_for_stays_but_goes_with_its_run() -> None:
    jobs = [a_job("done"), a_job("failed", ended="Failed"), a_job("of-run", ended="Failed", run="r")]
    dead = a_run(state="Exhausted", jobs=["of-run"])
    found = decide(jobs, [dead], statuses=("Exhausted",))
    assert {name: said(one) for name, one in found.items()} == {
        "done": "stays: ended another way than was asked for",
        "failed": "stays: ended another way than was asked for",
        "of-run": "goes: ended 2d ago, kept for 1d (policy days)",
        "r": "goes: ended 31d ago, kept for 30d (policy default)",
    }
    assert not decide(jobs, [dead], statuses=("Succeeded",))["r"].goes


def test_a_job_of_a_run_has_the_state_that_runs_shows_of_it() -> None:
    jobs = [a_job("first", ended="Failed", run="good"), a_job("stopped", ended="Failed", run="off")]
    jobs += [a_job("bad", ended="Failed", run="lost"), a_job("of-cron", ended="Failed")]
    cancelled = a_run("off", state="Failed", jobs=["stopped"])
    cancelled["status"]["attempts"][-1]["cause"] = "Cancelled"
    runs = [a_run("good", jobs=["first"]), cancelled, a_run("lost", state="Failed", jobs=["bad"])]

    def going(*statuses: str) -> set[str]:
        return {name for name, one in decide(jobs, runs, statuses=statuses).items() if one.goes}

    assert going("Failed") == {"bad", "lost", "of-cron"}
    assert going("Cancelled") == {"stopped", "off"}
    assert read(cancelled).ending == "Cancelled"
    assert going("Succeeded") == {"first", "good"}


def test_a_policy_that_nobody_knows_keeps_everything() -> None:
    found = decide([a_job(days=900)], [a_run(days=900)], "its policy lost is not known here")
    assert {said(one) for one in found.values()} == {"stays: its policy lost is not known here"}


def test_only_what_a_policy_wants_exported_and_what_goes_is_exported() -> None:
    policy = CleanupPolicy("p", "s", jobs=(Rule(keep_for=Duration(86_400)),), export=True)
    found = decide([a_job("old"), a_job("new", days=0)], policy=policy)
    assert found["old"].export
    assert not found["new"].export
    assert not decide([a_job("old")])["old"].export


def test_jobs_alone_say_nothing_of_runs() -> None:
    assert set(decide([a_job(run="r")], [a_run(jobs=["j"])], jobs_only=True)) == {"j"}


def test_jobs_come_before_their_runs() -> None:
    assert list(decide([a_job(run="r")], [a_run(jobs=["j"])])) == ["j", "r"]


POLICIES = some.builds(
    CleanupPolicy,
    some.just("p"),
    some.just("s"),
    jobs=some.lists(
        some.builds(
            Rule,
            some.sampled_from([(), ("Failed",), ("Succeeded",)]),
            some.none() | some.builds(Duration, some.integers(0, 5 * 86_400)),
            some.integers(0, 2),
            some.none() | some.integers(2, 4),
            some.none()
            | some.sampled_from([Quantity.parse("1"), Quantity.parse("1200"), Quantity.parse("9M")]),
        ),
        max_size=2,
    ).map(tuple),
    runs=some.lists(
        some.builds(Rule, keep_for=some.builds(Duration, some.integers(0, 86_400))), max_size=1
    ).map(tuple),
)


@some.composite
def a_history(draw: some.DrawFn) -> tuple[list[Manifest], list[Manifest]]:
    """Jobs and Runs in every state, some of them each other's, with holds, strangers and odd clocks."""
    days = some.floats(-2, 60)
    jobs: list[Manifest] = []
    runs: list[Manifest] = []
    keeps = some.sampled_from([{}, {}, {}, {"rapt.dev/keep": "1"}])
    for index in range(draw(some.integers(0, 8))):
        run = draw(some.sampled_from(["", f"r{index}"]))
        marks = {**draw(keeps), **draw(some.sampled_from([{}, {}, {"rapt.dev/tool": "other"}]))}
        job = a_job(
            f"j{index}",
            ended=draw(some.sampled_from(["Complete", "Failed", ""])),
            days=draw(days),
            labels=marks,
            run=run,
            **draw(some.sampled_from([{}, {}, {"deletionTimestamp": ago(0)}])),
        )
        if draw(some.integers(0, 5)) == 0:
            job["metadata"]["labels"].pop("rapt.dev/tool")
        jobs.append(job)
        if run and draw(some.booleans()):
            key = draw(some.sampled_from(["jobs", "open_jobs"]))
            over = ["Succeeded", "Failed", "Exhausted", "Running", "Retrying"]
            state = draw(some.sampled_from(over if key == "jobs" else ["Running"]))
            late = draw(some.sampled_from([{}, {"notAfter": ago(-1)}]))
            own: dict[str, Any] = {key: [f"j{index}"]}
            held = draw(keeps)
            runs.append(a_run(run, state=state, days=draw(days), spec=late, labels=held, **own))
    return jobs, runs


def is_held(manifest: Manifest) -> bool:
    return "rapt.dev/keep" in manifest["metadata"]["labels"]


def ended_at(manifest: Manifest) -> datetime | None:
    """When it ended, by its own words."""
    for one in manifest["status"].get("conditions", ()):
        return times.parse(one["lastTransitionTime"])
    return None


@settings(max_examples=400, deadline=None)
@given(a_history(), POLICIES)
def test_nothing_goes_that_is_active_held_foreign_unfinished_or_of_the_future(
    history: tuple[list[Manifest], list[Manifest]], policy: CleanupPolicy
) -> None:
    jobs, runs = history
    found = decide(jobs, runs, policy)
    going = {one.item.uid for one in found.values() if one.goes}
    run_of = {one["metadata"]["name"]: one for one in runs}
    for manifest in (*jobs, *runs):
        metadata = manifest["metadata"]
        if metadata["uid"] not in going:
            continue
        end = ended_at(manifest)
        assert end is not None
        assert end <= NOON
        assert "deletionTimestamp" not in metadata
        assert not is_held(manifest)
        if manifest["kind"] == "Job":
            assert "rapt.dev/tool" in metadata["labels"]
            run = run_of.get(metadata["labels"].get("rapt.dev/run", ""))
            assert run or "rapt.dev/run" not in metadata["labels"]
            assert not run or not is_held(run)
            assert not run or run["status"]["attempts"][0].get("cause")
        else:
            assert manifest["status"]["state"] in ("Succeeded", "Failed", "Exhausted")
            assert "notAfter" not in manifest["spec"]
            own = [one for one in jobs if one["metadata"]["labels"].get("rapt.dev/run") == metadata["name"]]
            assert all(one["metadata"]["uid"] in going for one in own), "what it owns would go with it"
    assert all(one.why for one in found.values()), "each has its reason"


@settings(max_examples=400, deadline=None)
@given(a_history(), POLICIES)
def test_whatever_goes_was_worth_a_look(
    history: tuple[list[Manifest], list[Manifest]], policy: CleanupPolicy
) -> None:
    jobs, runs = history
    glanced = retention.worth_a_look([read(one) for one in (*jobs, *runs)], lambda _: policy, NOON)
    going = [one for one in decide(jobs, runs, policy).values() if one.goes]
    # What goes with its Run is not looked at for its own sake.
    own = {(one.item.ref.namespace, one.item.tool) for one in going if not one.why.startswith("goes with")}
    assert own <= set(glanced)


def test_a_look_is_worth_it_only_where_something_may_be_over_a_limit() -> None:
    def glance(rule: Rule, *jobs: Manifest) -> list[tuple[str, str]]:
        policy = CleanupPolicy("p", "s", jobs=(rule,))
        return retention.worth_a_look([read(one) for one in jobs], lambda _: policy, NOON)

    old, young = a_job("old"), a_job("young", days=0.5)
    other = a_job("other", days=0.5, labels={"rapt.dev/tool": "other"})
    assert glance(Rule(keep_for=Duration(86_400)), old, young, other) == [("team", "backup")]
    assert glance(Rule(keep_for=Duration(86_400)), young, other) == []
    assert glance(Rule(max_size=Quantity.parse("3Mi")), old, young, other) == [("team", "backup")]
    assert (
        glance(Rule(max_size=Quantity.parse("1")), {**old, "metadata": {**old["metadata"], "labels": {}}})
        == []
    )
    assert read(old).size == 0, "what was not measured is over no limit"


@settings(max_examples=100, deadline=None)
@given(a_history(), POLICIES, some.floats(0, 30))
def test_what_may_go_today_may_go_tomorrow(
    history: tuple[list[Manifest], list[Manifest]], policy: CleanupPolicy, days: float
) -> None:
    """Nothing ends or begins meanwhile, and so nothing that was old becomes young."""
    jobs, runs = ([one for one in side if not (end := ended_at(one)) or end <= NOON] for side in history)
    today, later = decide(jobs, runs, policy), decide(jobs, runs, policy, NOON + timedelta(days=days))
    assert {name for name, one in today.items() if one.goes} <= {
        name for name, one in later.items() if one.goes
    }


def test_the_part_of_finished_jobs_counts_neither_runs_nor_what_goes_on() -> None:
    jobs = [a_job(str(index), days=days) for index, days in enumerate([2, 0, 0, 0])]
    found = decide([*jobs, a_job("active", ended="")], [a_run()])
    assert retention.part_of_jobs(found.values()) == 0.25
    assert retention.part_of_jobs([]) == 0


def test_an_item_knows_its_version() -> None:
    job = read(a_job())
    assert (job.ref.kind, job.uid, job.resource_version) == (JOB, "uid-j", "7")
    assert read(a_run()).ref.kind == RUN


@pytest.mark.parametrize(
    ("state", "days", "is_worth_it"),
    [("Failed", 31, True), ("Exhausted", 31, True), ("Failed", 29, False), ("Running", 31, False)],
)
def test_a_row_is_enough_to_see_whether_a_run_may_go(state: str, days: float, is_worth_it: bool) -> None:
    row = {
        "Name": "r",
        "Namespace": "team",
        "Tool": "backup",
        "State": state,
        "Created": ago(days + 1),
        "Finished": ago(days),
    }
    found = retention.worth_a_look([retention.of_row(row)], lambda _: None, NOON)
    assert found == ([("team", "backup")] if is_worth_it else [])
    asked = retention.of_row({**row, "Attempt": 1, "Wish": 2})
    assert not asked.status, "somebody has asked for its next attempt, so it is not over"
    unfinished = retention.of_row({**row, "Finished": ""})
    assert unfinished.ended_at == unfinished.created_at, "what never began ended where it was made"


def a_cancelled_job(name: str, run: str, **labels: str) -> dict[str, Any]:
    """A Job that was suspended for good two days ago: Kubernetes never says that it has ended."""
    job = a_job(name, ended="", run=run, labels={"rapt.dev/cancelled": "true", **labels})
    return {**job, "spec": {**job["spec"], "suspend": True}, "status": {}}


def its_run(name: str, job: str, days: float, **closed: Any) -> dict[str, Any]:
    run = a_run(name, state="Failed" if closed else "Running", days=days)
    attempt = {"number": 1, "job": job, "uid": f"uid-{job}", "finishedAt": ago(days), **closed}
    run["status"]["attempts"] = [attempt]
    return run


def test_a_cancelled_job_has_ended_when_its_run_says_so_and_goes_by_the_policy() -> None:
    old, young, open_ = (
        a_cancelled_job("old", "a"),
        a_cancelled_job("young", "b"),
        a_cancelled_job("open", "c"),
    )
    held = a_cancelled_job("held", "d", **{"rapt.dev/keep": "1"})
    busy = a_cancelled_job("busy", "e") | {"status": {"terminating": 1}}
    runs = [
        its_run("a", "old", 2, cause="Cancelled"),
        its_run("b", "young", 0.5, cause="Cancelled"),
        its_run("c", "open", 2),
        its_run("d", "held", 2, cause="Cancelled"),
        its_run("e", "busy", 2, cause="Cancelled"),
    ]
    found = decide([old, young, open_, held, busy], runs)
    assert {
        name: one.goes for name, one in found.items() if name in ("old", "young", "open", "held", "busy")
    } == {
        "old": True,
        "young": False,
        "open": False,
        "held": False,
        "busy": False,
    }
    assert str(found["old"]) == "ended 2d ago, kept for 1d (policy days)"
    assert found["open"].why == "has not ended"
    failed_only = decide([old], runs[:1], statuses=("Succeeded",))
    assert not failed_only["old"].goes, "it counts as failed"


def test_a_cancelled_job_is_worth_a_look_and_one_that_waits_to_be_released_is_not() -> None:
    waits = a_cancelled_job("waits", "w")
    del waits["metadata"]["labels"]["rapt.dev/cancelled"]
    assert retention.worth_a_look([read(waits)], lambda _: DAYS, NOON) == []
    assert retention.worth_a_look([read(a_cancelled_job("old", "a"))], lambda _: DAYS, NOON) == [
        ("team", "backup")
    ]
