"""Objects with times that no calendar has: each says which it is, and the others are read."""

import re
from typing import Any

import pytest

from kubectl_rapt.actions import recent
from kubectl_rapt.errors import Invalid, Problem, RaptError
from kubectl_rapt.objects import crds, events, jobs, pods, reading, runs, tools
from kubectl_rapt.runs import agenda, listed
from tests.given import NOON, a_job, a_pod, a_run, at, ended

ODD = (
    "2026-11-30T01:00:00X5Z",
    "0000-01-01T00:00:00Z",
    "2026-11-30T01:00:00+99:99",
    "2026-11-30t01:00:00z",
    "9999-12-31T23:59:59-01:00",
    "0001-01-01T00:00:00+01:00",
)
GOOD = ("2026-11-30T01:00:00Z", "2026-11-30T01:00:00.123456789Z", "2026-11-30T01:00:00+05:30", at(0))


def run_ended_at(time: str, name: str = "backup-x7k2p") -> dict[str, Any]:
    attempt = {"number": 1, "job": "j", "uid": "u", "startedAt": at(0), "finishedAt": time, "cause": "Error"}
    made = dict(runs.to_manifest(a_run(name=name)))
    made["metadata"] = {**made["metadata"], "creationTimestamp": at(0), "uid": "r", "resourceVersion": "1"}
    return {**made, "status": {"state": "Failed", "attempts": [attempt]}}


def event_at(time: str, name: str = "e") -> dict[str, Any]:
    about = {"kind": "Run", "name": "backup-x7k2p"}
    metadata = {"name": name, "namespace": "team", "creationTimestamp": at(0)}
    return {"metadata": metadata, "involvedObject": about, "firstTimestamp": at(0), "lastTimestamp": time}


def job_started_at(time: str) -> dict[str, Any]:
    return {**a_job(), "status": {"startTime": time}}


def pod_created_at(time: str) -> dict[str, Any]:
    pod = a_pod("Failed", ended(1))
    return {**pod, "metadata": {**pod["metadata"], "creationTimestamp": time}}


def cron_job_fired_at(time: str) -> dict[str, Any]:
    metadata = {"name": "nightly", "namespace": "team", "creationTimestamp": at(0)}
    return {"metadata": metadata, "spec": {"schedule": "0 3 * * *"}, "status": {"lastScheduleTime": time}}


@pytest.mark.parametrize("time", ODD)
@pytest.mark.parametrize(
    ("read", "made", "named"),
    [
        (runs.from_manifest, run_ended_at, "run/backup-x7k2p"),
        (listed.of_run, run_ended_at, "run/backup-x7k2p"),
        (events.from_manifest, event_at, "event/e"),
        (jobs.from_manifest, job_started_at, "job/backup-x7k2p-1"),
        (pods.from_manifest, pod_created_at, "pod/"),
        (agenda.from_cron_job, cron_job_fired_at, "cronjob/nightly"),
    ],
)
def test_an_object_with_an_odd_time_is_refused_by_its_name(
    read: Any, made: Any, named: str, time: str
) -> None:
    with pytest.raises(Invalid, match="cannot be read") as refused:
        read(made(time))
    assert refused.value.code == "unreadable-object"
    assert refused.value.message.startswith(named)
    assert time in refused.value.message
    assert re.fullmatch(r"kubectl get \S+ \S+ -n \S+ -o yaml", refused.value.hint)
    read(made(at(5)))


@pytest.mark.parametrize("broken", [{}, {"metadata": None}, {"metadata": {"name": "x"}, "spec": []}])
@pytest.mark.parametrize(
    "read", [runs.from_manifest, jobs.from_manifest, pods.from_manifest, tools.from_manifest]
)
def test_whatever_is_in_an_object_it_is_an_error_that_people_may_see(read: Any, broken: Any) -> None:
    with pytest.raises(RaptError, match="cannot be read"):
        read(broken)


def test_events_from_the_ends_of_the_calendar_are_none() -> None:
    for time in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
        with pytest.raises(Invalid, match=time):
            events.from_manifest(event_at(time))


def test_of_many_objects_only_the_broken_one_is_left_out_and_is_told() -> None:
    said: list[str] = []
    there = [event_at(at(1), "a"), event_at(ODD[0], "b"), event_at(at(2), "c")]
    found = reading.readable(events.from_manifest, there, lambda error: said.append(error.message))
    assert [one.name for one in found] == ["a", "c"]
    assert len(said) == 1
    assert said[0].startswith("event/b cannot be read")


@pytest.mark.parametrize("column", ["Created", "Started", "Finished"])
def test_of_many_rows_only_the_broken_one_is_left_out_and_is_told(column: str) -> None:
    row = {"Namespace": "team", "Attempt": 1, "Created": at(0), "Started": at(1), "Finished": at(2)}
    rows: list[Any] = [{**row, "Name": "a"}, {**row, "Name": "b", column: ODD[0]}, {**row, "Name": "c"}]
    said: list[str] = []
    found = recent.readable(rows, lambda ref, _: said.append(str(ref)))
    assert ([one["Name"] for one in found], said) == (["a", "c"], ["run/b"])


@pytest.mark.parametrize("column", ["Started", "Finished"])
def test_the_list_shows_a_run_with_an_odd_time_as_broken(column: str) -> None:
    columns = ("Created", "Namespace", "Name", "State", "Attempt", "Started", "Finished", "Tool", "By")
    cells = dict(zip(columns, (at(0), "team", "odd", "Failed", 1, at(0), at(9), "t", "ann"), strict=True))
    line = listed.reader(columns)(list({**cells, column: ODD[0]}.values()))
    assert listed.is_broken(line)
    shown = listed.line(listed.unpacked(listed.packed(line)))
    assert (shown.name, shown.status, shown.attempts) == ("odd", "<broken>", "1")
    assert listed.spell_age(shown.created, NOON)
    listed.spell_duration(shown.started, shown.finished, NOON)
    assert not listed.is_broken(listed.reader(columns)(list(cells.values())))


def test_a_nul_in_a_field_leaves_a_line_whole() -> None:
    line = listed.fields(listed.Line("team", "x", "t", "s", "s", "1", "a\0b", at(0), environment="dev"))
    back = listed.line(listed.unpacked(listed.packed(line)))
    assert (back.name, back.environment) == ("x", "dev")
    assert (back.by[0], back.by[-1], len(back.by)) == ("a", "b", 3)


def patterns(kind: str, *path: str) -> str:
    (definition,) = [one for one in crds.manifests() if one["metadata"]["name"] == f"{kind}.rapt.dev"]
    node: Any = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for step in path:
        node = node["items"] if step == "[]" else node["properties"][step]
    return str(node["pattern"])


def test_the_definitions_take_every_time_that_can_be_read_and_no_other() -> None:
    for path in (("spec", "slot"), ("spec", "notAfter"), ("status", "attempts", "[]", "finishedAt")):
        pattern = patterns("runs", *path)
        assert all(re.search(pattern, time) for time in GOOD)
        # The server's own check of the format refuses days that a month does not have.
        assert not any(re.search(pattern, time) for time in ODD if not time.startswith("9999"))


@pytest.mark.parametrize(("kind", "field"), [("runs", "tool"), ("tools", "environment")])
def test_names_that_are_shown_in_commands_hold_nothing_that_a_shell_reads(kind: str, field: str) -> None:
    pattern = patterns(kind, "spec", field)
    for name in ("backup", "backup-2", "a.b", "Backup_2", "x" * 63):
        assert re.search(pattern, name), name
    # \Z and not $, as the server's expressions have it.
    strict = pattern.removesuffix("$") + r"\Z"
    for name in ("prod\nkubectl delete ns x", "prod\n", "a b", "a;b", "$(id)", "-a", "a'", "a\0b"):
        assert not re.search(strict, name), name


@pytest.mark.parametrize(
    ("answers", "is_heavy"),
    [
        ({"day": "mon"}, False),
        ({"list": [str(number) for number in range(2000)]}, False),
        ({"nested": [[[]] for _ in range(20_000)]}, True),
        ({"maps": [{} for _ in range(20_000)]}, True),
        ({"text": "x" * 20_000_000}, True),
    ],
)
def test_an_object_of_very_many_values_is_heavy(answers: Any, is_heavy: bool) -> None:
    assert reading.is_heavy(runs.to_manifest(a_run(answers=answers))) == is_heavy


def test_of_an_object_with_thousands_of_mistakes_a_few_are_told() -> None:
    error = Invalid(
        "bad-policy", "there are mistakes", "", [Problem(f"/{n}", "is wrong") for n in range(3000)]
    )
    assert reading.why(error).endswith("/4: is wrong; and 2995 more")
