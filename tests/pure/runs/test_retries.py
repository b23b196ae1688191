"""Whether a failed attempt is followed by another one, when, and with what changed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.model.duration import Duration
from kubectl_rapt.model.quantity import Quantity
from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.objects.job_changes import JobChanges
from kubectl_rapt.objects.retry_policies import Changes, RetryPolicy, Rule
from kubectl_rapt.objects.runs import Attempt, Run, Wish
from kubectl_rapt.runs import retries
from kubectl_rapt.runs.retries import Again, Over
from tests.given import NOON, a_run, a_template

END = NOON + timedelta(seconds=60)
DISRUPTIONS = ("Evicted", "Preempted", "NodeLost")
BASE = RetryPolicy("p", "A policy", 3, delay=Duration(10), jitter_percent=0)
CAREFUL = replace(
    BASE,
    rules=(
        Rule("ignore", DISRUPTIONS, count=2),
        Rule("give-up", ("OOMKilled",)),
        Rule("give-up", exit_codes=(126, 127)),
        Rule("retry", reason="quota"),
    ),
)
NATIVE = RetryPolicy(
    "n", "Kubernetes' own", 4, rules=(Rule("give-up", exit_codes=(3,)), Rule("ignore", DISRUPTIONS))
)
KUBERNETES_DELAYS = replace(NATIVE, otherwise="give-up", rules=(Rule("retry"),))
DELETED = replace(BASE, rules=(Rule("retry", ("Deleted",)),))
UNSEEN = "it is not known how it ended, and it may have done its work"
DOUBLING = RetryPolicy(
    "grow",
    "Twice the memory",
    4,
    delay=Duration(10),
    rules=(
        Rule("retry", ("OOMKilled",), changes=Changes(memory_factor=2, memory_cap=Quantity.parse("4Gi"))),
        Rule("ignore", DISRUPTIONS, count=5),
    ),
    otherwise="give-up",
)


def failed(number: int, cause: str = "ExitCode", code: int | None = 1, **more: Any) -> Attempt:
    return Attempt(
        number,
        f"r-{number}",
        f"u{number}",
        finished_at=END,
        cause=cause,
        exit_code=code,
        **{"container": "tool", **more},
    )


def after(
    policy: RetryPolicy | None, *causes: str | int, wish: Wish | None = None, **more: Any
) -> Again | Over:
    """What follows attempts that ended like this: a cause, or an exit code."""
    attempts = tuple(
        failed(number, "ExitCode", one) if isinstance(one, int) else failed(number, one, 137)
        for number, one in enumerate(causes, 1)
    )
    return retries.after(replace(a_run(retry=policy, wish=wish, uid="run-1"), attempts=attempts, **more))


@pytest.mark.parametrize("wished", [3, 5, 101, 2147483647])
def test_a_wish_for_another_attempt_than_the_next_one_is_ignored(wished: int) -> None:
    found = runs.from_manifest(a_wish(wished, attempts=1))
    assert isinstance(retries.after(found), Over)
    assert isinstance(retries.after(runs.from_manifest(a_wish(2, attempts=1))), Again)


def test_a_person_who_asks_does_not_lift_the_most_attempts_of_a_run() -> None:
    assert isinstance(retries.after(runs.from_manifest(a_wish(100, attempts=99))), Again)
    assert isinstance(retries.after(runs.from_manifest(a_wish(101, attempts=100))), Over)


def a_wish(number: int, attempts: int) -> dict[str, Any]:
    """A Run that has failed so often, and of which somebody has asked for an attempt of that number."""
    manifest = dict(runs.to_manifest(a_run()))
    ended = [runs.attempt_to_data(failed(one)) for one in range(1, attempts + 1)]
    return {
        **manifest,
        "spec": {**manifest["spec"], "wish": {"attempt": number, "by": "ann"}},
        "status": {"state": "Failed", "attempts": ended},
    }


AGAIN: list[tuple[str, RetryPolicy, tuple[str | int, ...], str]] = [
    ("the first failure", BASE, (1,), "2: attempt 2 of 3"),
    ("the second", BASE, (1, 7), "3: attempt 3 of 3"),
    ("a disruption does not count", CAREFUL, ("Evicted",), "2: attempt 2 of 3"),
    ("nor does the second", CAREFUL, ("Evicted", 1, "NodeLost"), "4: attempt 4 of 4"),
    ("after it, the count goes on", CAREFUL, ("Evicted", 1), "3: attempt 3 of 3"),
    ("the third disruption counts", CAREFUL, ("Evicted", "Evicted", "Evicted"), "4: attempt 4 of 4"),
    ("Kubernetes' delays, with other rules", KUBERNETES_DELAYS, (3,), "2: attempt 2 of 4"),
    ("deleted, and the policy speaks of that", DELETED, ("Deleted",), "2: attempt 2 of 3"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "causes", "what"), [row[1:] for row in AGAIN], ids=[row[0] for row in AGAIN]
)
def test_it_is_tried_again(policy: RetryPolicy, causes: tuple[str | int, ...], what: str) -> None:
    again = after(policy, *causes)
    assert isinstance(again, Again)
    assert f"{again.number}: {again.what}" == what
    is_ignored = causes[-1] in ("Evicted", "NodeLost") and causes.count("Evicted") < 3
    assert again.by == f"policy {policy.name}" + (
        f", which does not count {causes[-1]}" if is_ignored else ""
    )
    assert again.at > END


NO_MORE: list[tuple[str, RetryPolicy | None, tuple[str | int, ...], str, bool]] = [
    ("no policy", None, (1,), "nothing says that it is tried again", False),
    ("it succeeded", BASE, ("Succeeded",), "Succeeded", False),
    ("it was cancelled", BASE, ("Cancelled",), "Cancelled", False),
    ("all attempts are used up", BASE, (1, 1, 1), "policy p allows 3 attempts", True),
    ("one attempt is no dead letter", replace(BASE, attempts=1), (1,), "policy p allows 1 attempt", False),
    ("two attempts are", replace(BASE, attempts=2), (1, 1), "policy p allows 2 attempts", True),
    ("a cause gives up", CAREFUL, ("OOMKilled",), "policy p gives up after OOMKilled", False),
    ("an exit code gives up", CAREFUL, (1, 127), "policy p gives up after ExitCode", False),
    ("nothing else is tried", DOUBLING, (1,), "policy grow gives up after ExitCode", False),
    ("disruptions beyond their count", CAREFUL, ("Evicted",) * 5, "policy p allows 3 attempts", True),
    ("a hundred in all", replace(BASE, rules=(Rule("ignore"),)), (1,) * 100, "a run has at most 100 attempts", True),
    ("Kubernetes has tried", NATIVE, (1,), "policy n: Kubernetes has tried it again", True),
    ("Kubernetes made one attempt", replace(NATIVE, attempts=1), (1,), "policy n allows 1 attempt", False),
    ("Kubernetes made two", replace(NATIVE, attempts=2), (1,), "policy n: Kubernetes has tried it again", True),
    ("Kubernetes gave up", NATIVE, (3,), "policy n gives up after ExitCode", False),
    ("deleted: it may have done its work", BASE, ("Deleted",), UNSEEN, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "causes", "why", "is_exhausted"), [row[1:] for row in NO_MORE], ids=[row[0] for row in NO_MORE]
)
def test_it_is_over(
    policy: RetryPolicy | None, causes: tuple[str | int, ...], why: str, is_exhausted: bool
) -> None:
    assert after(policy, *causes) == Over(why, is_exhausted)


def test_a_reason_is_a_word_of_kubernetes_in_what_is_known_of_the_failure() -> None:
    policy = replace(BASE, rules=(Rule("retry", reason="quota"),), otherwise="give-up")
    run = a_run(retry=policy)
    said = replace(run, attempts=(failed(1, "Failed", message="exceeded quota: team"),))
    assert isinstance(retries.after(said), Again)
    assert isinstance(retries.after(replace(run, attempts=(failed(1, "Failed"),))), Over)


def test_a_person_who_asks_gets_an_attempt_at_once_and_begins_a_new_count() -> None:
    asked = after(BASE, 1, 1, 1, wish=Wish(4, "ann"))
    assert asked == Again(4, END, "attempt 4 of 6", "asked for by ann", is_wish=True)
    again = after(BASE, 1, 1, 1, 1, wish=Wish(4, "ann"))
    assert isinstance(again, Again)
    assert (again.what, again.is_wish) == ("attempt 5 of 6", False)
    assert after(BASE, 1, 1, 1, 1, 1, 1, wish=Wish(4, "ann")) == Over("policy p allows 3 attempts", True)
    assert isinstance(after(None, "Succeeded", wish=Wish(2, "ann")), Again)
    assert after(BASE, 1, wish=Wish(2, "ann"), cancelled_by="bob") == Over("cancelled by bob")


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        (BASE, [10, 20, 40, 80, 160, 320, 360, 360]),
        (replace(BASE, factor=3, max_delay=Duration(100)), [10, 30, 90, 100, 100]),
        (replace(BASE, factor=1), [10, 10, 10]),
        (replace(BASE, delay=None), [10, 20, 40]),
        (replace(BASE, delay=Duration(0)), [0, 0, 0]),
        (replace(BASE, factor=100, max_delay=Duration(1000)), [10, 1000, 1000]),
    ],
)
def test_delays_grow_to_their_cap(policy: RetryPolicy, seconds: list[float]) -> None:
    assert [retries.delay_seconds(policy, count, "x") for count in range(1, len(seconds) + 1)] == seconds
    assert retries.delay_seconds(policy, 10_000, "x") <= policy.max_delay.seconds


def test_jitter_takes_up_to_its_share_off_and_is_the_same_for_everybody() -> None:
    policy = replace(BASE, delay=Duration(100), jitter_percent=20)
    drawn = [retries.delay_seconds(policy, 1, f"run-{number}/1") for number in range(1000)]
    assert min(drawn) >= 80
    assert max(drawn) <= 100
    assert max(drawn) - min(drawn) > 19, "all of the range is used"
    assert len(set(drawn)) > 990, "not all come back at once"
    assert drawn == [retries.delay_seconds(policy, 1, f"run-{number}/1") for number in range(1000)]


def test_it_is_due_at_a_whole_second_so_that_what_is_recorded_and_what_is_asked_agree() -> None:
    policy = replace(BASE, jitter_percent=50)
    run = replace(
        a_run(retry=policy, uid="u"), attempts=(replace(failed(1), finished_at=END + timedelta(seconds=0.7)),)
    )
    rounded = replace(run, attempts=(failed(1),))
    first, second = retries.after(run), retries.after(rounded)
    assert isinstance(first, Again)
    assert first == second
    assert first.at.microsecond == 0


def sized(limit: str = "1Gi") -> dict[str, Any]:
    template = a_template()
    template["spec"]["template"]["spec"]["containers"][0]["resources"] = {
        "limits": {"memory": limit},
        "requests": {"memory": limit, "cpu": "1"},
    }
    return template


def memory(run: Run, number: int) -> str:
    job = jobs.of_attempt(run, number, retries.changes(run, number))
    resources = job["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources["requests"]["memory"] == resources["limits"]["memory"]
    assert resources["requests"]["cpu"] == "1"
    return str(resources["limits"]["memory"])


def test_out_of_memory_eviction_out_of_memory_success_has_memory_1_2_2_4_times() -> None:
    run = a_run(retry=DOUBLING, job=sized())
    causes = ["OOMKilled", "Evicted", "OOMKilled", "Succeeded"]
    had = []
    for number, cause in enumerate(causes, 1):
        had.append(memory(run, number))
        run = replace(run, attempts=(*run.attempts, failed(number, cause, 137)))
        assert isinstance(retries.after(run), Over) == (cause == "Succeeded")
    assert had == ["1Gi", "2Gi", "2Gi", "4Gi"]


def test_memory_never_grows_beyond_its_cap_and_never_shrinks_to_it() -> None:
    oom = tuple(failed(number, "OOMKilled", 137) for number in (1, 2, 3))
    assert memory(replace(a_run(retry=DOUBLING, job=sized("3Gi")), attempts=oom), 4) == "4Gi"
    assert memory(replace(a_run(retry=DOUBLING, job=sized("6Gi")), attempts=oom), 4) == "6Gi"


def test_only_the_container_that_ran_out_gets_more() -> None:
    run = replace(a_run(retry=DOUBLING), attempts=(failed(1, "OOMKilled", container="other"),))
    assert retries.changes(run, 2) == JobChanges({"other": 2}, Quantity.parse("4Gi"))


def test_deadlines_add_up_and_nodes_are_remembered() -> None:
    policy = replace(
        BASE,
        rules=(
            Rule(
                "retry", ("DeadlineExceeded",), changes=Changes(deadline_factor=3, deadline_cap=Duration(900))
            ),
            Rule("ignore", DISRUPTIONS, changes=Changes(other_node=True)),
        ),
    )
    attempts = (
        failed(1, "DeadlineExceeded", None),
        failed(2, "NodeLost", None, node="a"),
        failed(3, "DeadlineExceeded", None),
        failed(4, "Evicted", None, node="b"),
        failed(5, "Evicted", None, node="a"),
    )
    run = replace(a_run(retry=policy), attempts=attempts)
    assert retries.changes(run, 1) == JobChanges()
    assert retries.changes(run, 3) == JobChanges(deadline=3, deadline_cap=Duration(900), avoid_nodes=("a",))
    assert retries.changes(run, 6) == JobChanges(
        deadline=9, deadline_cap=Duration(900), avoid_nodes=("a", "b")
    )


def test_what_is_not_asked_to_change_does_not() -> None:
    changes = Changes(memory_factor=2, deadline_factor=1.5)
    policy = replace(BASE, rules=(Rule("retry", ("OOMKilled",), changes=changes),))
    run = replace(a_run(retry=policy), attempts=(failed(1, "OOMKilled", node="a"),))
    assert retries.changes(run, 2) == JobChanges({"tool": 2}, deadline=1.5)


def test_the_first_wait_is_the_delay_and_the_second_is_longer() -> None:
    growing = replace(BASE, factor=3)
    assert [after(growing, *([1] * times)).at - END for times in (1, 2)] == [  # type: ignore[union-attr]
        timedelta(seconds=10),
        timedelta(seconds=30),
    ]


def test_who_asks_with_another_job_has_decided_what_it_gets() -> None:
    oom = (failed(1, "OOMKilled", 137), failed(2, "OOMKilled", 137))
    run = replace(a_run(retry=DOUBLING, job=sized()), attempts=oom)
    assert memory(replace(run, wish=Wish(3, "ann")), 3) == "4Gi"
    changed = replace(run, wish=Wish(3, "ann", sized("512Mi")))
    assert memory(changed, 3) == "512Mi"
    assert memory(replace(changed, attempts=(*oom, failed(3, "OOMKilled", 137))), 4) == "1Gi"
    assert memory(changed, 2) == "2Gi", "what was before the wish stays as it was"
