"""Whose events are shown: those of a run, its Jobs and their pods, by name, also where the objects are gone."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kubectl_rapt.actions import events
from kubectl_rapt.actions.find import Found
from kubectl_rapt.objects import events as event_objects
from kubectl_rapt.objects import jobs, pods
from kubectl_rapt.objects.runs import Attempt
from kubectl_rapt.ports.cluster import Event as Seen
from tests.fakes.cluster import FakeCluster
from tests.given import NOON, a_job, a_pod, a_run, at, ended

LONG = "a" * 62
RUN = Found(
    a_run(attempts=(Attempt(1, "backup-x7k2p-1", "u"),)),
    jobs.from_manifest(a_job()),
    (pods.from_manifest(a_pod("Failed", ended(1))),),
)
CRON = Found(None, jobs.from_manifest({**a_job(), "metadata": {**a_job()["metadata"], "name": LONG}}), ())

ROWS: list[tuple[Found, str, str, bool]] = [
    (RUN, "Run", "backup-x7k2p", True),
    (RUN, "Run", "backup", False),
    (RUN, "Job", "backup-x7k2p-1", True),
    (RUN, "Job", "backup-x7k2p-2", True),  # the next attempt
    (RUN, "Job", "backup-x7k2p", False),
    (RUN, "Job", "backup-x7k2p-1-1", False),
    (RUN, "Pod", "backup-x7k2p-1-aaaaa", True),
    (RUN, "Pod", "backup-x7k2p-3-bbbbb", True),  # gone already
    (RUN, "Pod", "backup-x7k2p-1-0-aaaaa", True),  # of an indexed Job
    (RUN, "Pod", "backup-x7k2p-1-more-aaaaa", False),
    (RUN, "Pod", "backup-x7k2p-1-aaaaaa", False),
    (RUN, "Pod", "backup-x7k2p-1", False),
    (RUN, "CronJob", "backup-x7k2p-1", False),
    (CRON, "Job", LONG, True),
    (CRON, "Pod", f"{'a' * 58}bbbbb", True),  # Kubernetes cuts the name
    (CRON, "Pod", f"{'a' * 57}-bbbb", False),
    (CRON, "Run", "", False),
]


def an_event(kind: str, name: str) -> Any:
    metadata = {"name": f"{name}.1", "namespace": "team", "creationTimestamp": at(1)}
    return event_objects.from_manifest({"metadata": metadata, "involvedObject": {"kind": kind, "name": name}})


@pytest.mark.parametrize(("found", "kind", "name", "is_shown"), ROWS)
def test_an_event_is_shown_where_it_is_about_the_execution(
    found: Found, kind: str, name: str, is_shown: bool
) -> None:
    assert events.about(found).includes(an_event(kind, name)) is is_shown


def test_of_a_pod_only_its_own_events_are_shown() -> None:
    whose = events.about(RUN, pod="backup-x7k2p-1-aaaaa")
    assert whose.includes(an_event("Pod", "backup-x7k2p-1-aaaaa"))
    assert not whose.includes(an_event("Pod", "backup-x7k2p-2-aaaaa"))
    assert not whose.includes(an_event("Job", "backup-x7k2p-1"))


def test_what_was_is_told_by_time_and_then_what_comes() -> None:
    """A watch begins with what exists, in the order of names."""

    class Cluster(FakeCluster):
        def watch(self, kind: Any, namespace: str, **other: Any) -> Any:
            return iter(
                [
                    Seen("added", manifest("b.2", 20)),
                    Seen("added", manifest("a.1", 10)),
                    Seen("added", manifest("other.1", 15, name="other")),
                    Seen("synced", {}),
                    Seen("added", manifest("c.3", 5)),
                    Seen("changed", manifest("a.1", 30)),
                    Seen("deleted", manifest("b.2", 20)),
                ]
            )

    world: Any = SimpleNamespace(cluster=Cluster())
    told = [event.name for event, _ in events.follow(world, events.about(RUN), "team")]
    assert told == ["a.1", "b.2", "c.3", "a.1"]


def test_events_of_one_second_are_told_in_the_order_in_which_they_happened() -> None:
    """The scheduler tells microseconds, the others name nanoseconds, and Rapt tells what it has seen before."""

    def named(word: str, nanoseconds: int, **more: Any) -> dict[str, Any]:
        told = manifest(f"{word}.{int(NOON.timestamp() * 10**9) + nanoseconds:x}", 0)
        return {**told, "reason": word, **more}

    ours = {**manifest("backup-x7k2p.0492b34998d93ada", 0), "reason": "RunRetried"}
    again = named("BackOff", -60 * 10**9, count=5)
    scheduled = named("Scheduled", 600_000_000, lastTimestamp=None, eventTime="2026-11-22T12:00:00.600000Z")
    in_order = [named("Created", 500_000_000), scheduled, named("Pulled", 700_000_000), ours, again]
    for shuffled in (in_order, in_order[::-1]):
        world: Any = SimpleNamespace(cluster=SimpleNamespace(list=lambda *_, of=shuffled: iter(of)))
        told = events.read(world, events.about(RUN), "team")
        reasons = ["Created", "Scheduled", "Pulled", "RunRetried", "BackOff"]
        assert [event.reason or event.name for event, _ in told] == reasons
        assert [event.spell_age(NOON + timedelta(seconds=5)) for event, _ in told] == ["5s"] * 5


def manifest(event: str, seconds: float, *, name: str = "backup-x7k2p-1") -> dict[str, Any]:
    about = {"kind": "Job", "name": name}
    metadata = {"name": event, "namespace": "team", "creationTimestamp": at(seconds)}
    return {"metadata": metadata, "involvedObject": about, "lastTimestamp": at(seconds)}
