"""The retry policies that came with Rapt: what each decides of each failure, and who carries it out."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kubectl_rapt.objects import retry_fields, retry_policies
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.runs import Attempt
from kubectl_rapt.runs import retries
from kubectl_rapt.runs.retries import Again
from kubectl_rapt.templating import policies
from tests.given import NOON, a_run

FOLDER = Path(__file__).parents[2] / "policies" / "retry"
SHIPPED = {path.stem: policies.read_retry(path.read_bytes(), path.name) for path in FOLDER.iterdir()}
DISRUPTIONS = ("Evicted", "Preempted", "NodeLost")


def decided(policy: RetryPolicy, *ends: str | int) -> str:
    """What follows the last of some attempts, each of which ended with a cause or an exit code."""
    attempts = [
        Attempt(number, "j", "u", finished_at=NOON, cause="ExitCode", exit_code=end)
        if isinstance(end, int)
        else Attempt(number, "j", "u", finished_at=NOON, cause=end, container="tool", node="n")
        for number, end in enumerate(ends, 1)
    ]
    then = retries.decide(policy, attempts, "seed")
    return f"again after {(then.at - NOON).total_seconds():g}s" if isinstance(then, Again) else "over"


@pytest.mark.parametrize(
    ("name", "ends", "then"),
    [
        ("never", (1,), "over"),
        ("never", ("Evicted",), "over"),
        ("transient", (1,), "again"),
        ("transient", (1, 1), "again"),
        ("transient", (1, 1, 1), "over"),
        ("transient", (126,), "over"),
        ("transient", (1, 127), "over"),
        ("transient", ("OOMKilled",), "over"),
        ("transient", ("DeadlineExceeded",), "over"),
        *(("transient", (one,) * 5, "again") for one in DISRUPTIONS),
        ("transient", (*DISRUPTIONS, 1, 1), "again"),
        ("standard", (1, 1, 1), "again"),
        ("standard", (1, 1, 1, 1), "over"),
        ("standard", (127,), "over"),
        ("standard", DISRUPTIONS * 4, "again"),
        ("out-of-memory", (1,), "over"),
        ("out-of-memory", ("OOMKilled",) * 3, "again"),
        ("out-of-memory", ("OOMKilled",) * 4, "over"),
        ("out-of-memory", ("Evicted",) * 5, "again"),
        ("out-of-memory", ("Evicted",) * 6, "over"),
        ("spot", DISRUPTIONS * 6, "again"),
        ("spot", (1, 1), "again"),
        ("spot", (1, 1, 1), "over"),
        ("spot", (126,), "over"),
    ],
)
def test_each_policy_does_what_its_summary_says(name: str, ends: tuple[str | int, ...], then: str) -> None:
    assert decided(SHIPPED[name], *ends).startswith(then)


def test_kubernetes_does_standard_and_never_and_rapt_the_others() -> None:
    native = {name for name, policy in SHIPPED.items() if retry_fields.is_native(policy)}
    assert native == {"never", "standard"}
    assert retry_fields.job(SHIPPED["standard"])["backoffLimit"] == 3
    assert retry_fields.job(SHIPPED["never"]) == {"backoffLimit": 0}
    assert SHIPPED["never"].is_single


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("transient", [8, 24], [10, 30]), ("out-of-memory", [8, 16, 32], [10, 20, 40])],
)
def test_delays_are_those_of_the_summary_less_a_fifth_at_most(
    name: str, least: list[int], most: list[int]
) -> None:
    for seed in map(str, range(100)):
        delays = [retries.delay_seconds(SHIPPED[name], count, seed) for count in range(1, len(most) + 1)]
        assert all(low <= delay <= high for low, delay, high in zip(least, delays, most, strict=True))


def test_memory_is_1_2_2_4_times_over_out_of_memory_eviction_out_of_memory_success() -> None:
    run = a_run(retry=SHIPPED["out-of-memory"])
    factors = []
    for number, cause in enumerate(("OOMKilled", "Evicted", "OOMKilled"), 1):
        factors.append(retries.changes(run, number).memory.get("tool", 1))
        end = NOON + timedelta(minutes=number)
        attempt = Attempt(number, "j", "u", finished_at=end, cause=cause, container="tool")
        run = replace(run, attempts=(*run.attempts, attempt))
    assert [*factors, retries.changes(run, 4).memory["tool"]] == [1, 2, 2, 4]
    assert str(retries.changes(run, 4).memory_cap) == "8Gi"


def test_spot_goes_to_another_node() -> None:
    attempt = Attempt(1, "j", "u", finished_at=NOON, cause="NodeLost", node="gone")
    run = replace(a_run(retry=SHIPPED["spot"]), attempts=(attempt,))
    assert retries.changes(run, 2).avoid_nodes == ("gone",)


@pytest.mark.parametrize("policy", SHIPPED.values(), ids=SHIPPED)
def test_each_is_the_same_as_an_object(policy: RetryPolicy) -> None:
    assert retry_policies.from_manifest(retry_policies.to_manifest(policy, "team")) == policy
