"""The lines of `runs`: the same from an object and from what the server prints of it, and which of them are wanted."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from kubectl_rapt.objects import crds, runs
from kubectl_rapt.runs import listed, standing
from kubectl_rapt.runs.listed import Filter, Line
from tests.given import NOON, a_job, a_run, at

ATTEMPT = {"number": 2, "job": "backup-x7k2p-2", "uid": "j"}
ENDED = {**ATTEMPT, "startedAt": at(10), "finishedAt": at(110), "exitCode": 137, "cause": "OOMKilled"}
DONE = {**ENDED, "cause": "Succeeded", "exitCode": 0}
POLICY = {"summary": "x", "attempts": 3}


def a_run_with(status: dict[str, Any] | None, **spec: Any) -> dict[str, Any]:
    manifest: dict[str, Any] = dict(runs.to_manifest(a_run()))
    manifest["metadata"] = {**manifest["metadata"], "creationTimestamp": at(0)}
    manifest["metadata"]["labels"] = {"rapt.dev/environment": "prod"}
    manifest["spec"] = {**manifest["spec"], **spec}
    return {**manifest, **({"status": status} if status is not None else {})}


DEAD = {"state": "Exhausted", "attempts": [ENDED]}
TWICE, THRICE = ({"retry": {**POLICY, "attempts": number}} for number in (2, 3))
ONCE = {"retry": {**POLICY, "attempts": 1}}
LINES: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (
    (a_run_with(None), ("Pending", "Pending", "", "", "")),
    (a_run_with({"state": "Running", "attempts": [ATTEMPT]}), ("Running", "Running", "2", "", "")),
    (a_run_with({"state": "Succeeded", "attempts": [DONE]}), ("Succeeded", "Succeeded", "2", "0", "100s")),
    (
        a_run_with({"state": "Retrying", "attempts": [ENDED]}, **THRICE),
        ("Retrying", "Retrying", "2/3", "137", "100s"),
    ),
    (
        a_run_with({**DEAD, "state": "Failed"}, wish={"attempt": 3, "by": "ann"}),
        ("Retrying", "Retrying", "2", "137", "100s"),
    ),
    (
        a_run_with({**DEAD, "state": "Failed"}, wish={"attempt": 2, "by": "ann"}),
        ("OOMKilled", "Failed", "2", "137", "100s"),
    ),
    (a_run_with(DEAD, **TWICE), ("OOMKilled", "Exhausted", "2/2 dead", "137", "100s")),
    (
        a_run_with({"state": "Running", "attempts": [ATTEMPT]}, **TWICE, wish={"attempt": 2, "by": "ann"}),
        ("Running", "Running", "2/3", "", ""),
    ),
    (
        a_run_with({**DEAD, "attempts": [{**ENDED, "number": 4}]}, **TWICE, wish={"attempt": 3, "by": "ann"}),
        ("OOMKilled", "Exhausted", "4/4 dead", "137", "100s"),
    ),
    (a_run_with({**DEAD, "state": "Failed"}, **ONCE), ("OOMKilled", "Failed", "2", "137", "100s")),
    (a_run_with({"state": "NotStarted", "attempts": []}), ("NotStarted", "NotStarted", "", "", "")),
    (
        a_run_with({"state": "Failed", "attempts": [{**ENDED, "cause": "Cancelled"}]}),
        ("Cancelled", "Cancelled", "2", "137", "100s"),
    ),
)


def printed(manifest: dict[str, Any]) -> Line:
    """The line of a row such as the API server prints by the columns that are installed."""
    from kubectl_rapt.model.jsonpath import JsonPath

    (definition,) = [one for one in crds.manifests() if one["metadata"]["name"] == "runs.rapt.dev"]
    columns = definition["spec"]["versions"][0]["additionalPrinterColumns"]
    cells: list[Any] = [manifest["metadata"]["name"]]
    for column in columns:
        try:
            values = JsonPath.parse(f"{{{column['jsonPath']}}}").find(manifest)[0]
        except ValueError:  # [-1:] of an empty list
            values = []
        cells.append(values[0] if values else None)
    read = listed.reader(("Name", *(column["name"] for column in columns)))
    return listed.line(read(cells))


@pytest.mark.parametrize(("manifest", "wanted"), LINES)
def test_a_run_is_one_line_whether_it_or_its_printed_row_is_read(
    manifest: dict[str, Any], wanted: tuple[str, ...]
) -> None:
    line = listed.of_run(manifest)
    assert (
        line.status,
        line.state,
        line.attempts,
        line.exit_code,
        duration(line, NOON + timedelta(hours=1)),
    ) == wanted
    assert (line.namespace, line.name, line.tool, line.by) == ("team", "backup-x7k2p", "backup", "ann")
    assert (line.environment, listed.spell_age(line.created, NOON + timedelta(hours=1))) == ("prod", "1h")
    assert printed(manifest) == line
    assert listed.line(listed.unpacked(listed.packed(listed.fields(line)))) == line


def test_a_run_that_goes_on_has_the_duration_that_it_has_so_far() -> None:
    line = listed.of_run(a_run_with({"state": "Running", "attempts": [{**ATTEMPT, "startedAt": at(10)}]}))
    assert duration(line, NOON + timedelta(seconds=75)) == "65s"


def test_a_run_that_adopted_a_job_is_as_old_as_that_job() -> None:
    adopted = a_run_with({"state": "Failed", "attempts": [{**ENDED, "number": 1}]})
    adopted["metadata"]["creationTimestamp"] = at(3600)
    for line in (listed.of_run(adopted), printed(adopted)):
        assert line.created == at(10)


def test_what_was_cancelled_is_neither_open_nor_failed() -> None:
    line = listed.of_run(a_run_with({"state": "Failed", "attempts": [{**ENDED, "cause": "Cancelled"}]}))
    assert not listed.is_open(listed.fields(line))
    for word, is_wanted in (("failed", False), ("cancelled", True)):
        assert Filter.ago(NOON, statuses=[word]).accepts(line) is is_wanted


def test_packed_lines_sort_by_time() -> None:
    older, newer = (Line("z", "z", "t", "s", "s", "1", "b", at(seconds)) for seconds in (0, 1))
    assert listed.packed(listed.fields(newer)) > listed.packed(listed.fields(older))


def duration(line: Line, now: datetime) -> str:
    return listed.spell_duration(line.started, line.finished, now)


def cron_job_job(**status: Any) -> dict[str, Any]:
    job = a_job(labels={"rapt.dev/tool": "backup", "rapt.dev/environment": "prod"})
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "uid": "c"}]
    return {**job, "status": status} if status else job


def condition(kind: str, reason: str = "") -> dict[str, Any]:
    return {"type": kind, "status": "True", "reason": reason, "lastTransitionTime": at(100)}


COMPLETE = condition("Complete")
FAILED = condition("Failed", "BackoffLimitExceeded")
STARTED = {"startTime": at(0)}


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ({}, ("Pending", "", "")),
        ({"active": 1, "startTime": at(0)}, ("Running", "1", "2m")),
        (
            {"startTime": at(0), "completionTime": at(60), "conditions": [COMPLETE]},
            ("Succeeded", "1", "60s"),
        ),
        (
            {"startTime": at(0), "conditions": [FAILED]},
            ("BackoffLimitExceeded", "1", "100s"),
        ),
        (
            {"startTime": at(0), "conditions": [{**FAILED, "status": "False"}], "active": 1},
            ("Running", "1", "2m"),
        ),
    ],
)
def test_a_job_that_a_schedule_made_is_a_line_too(status: dict[str, Any], wanted: tuple[str, ...]) -> None:
    line = listed.of_job(cron_job_job(**status))
    assert (line.status, line.attempts, duration(line, NOON + timedelta(seconds=120))) == wanted
    assert (line.by, line.tool, line.environment) == ("cron", "backup", "prod")


def test_a_job_by_hand_is_not_the_schedules_and_a_suspended_one_waits() -> None:
    job = cron_job_job()
    job["metadata"]["annotations"] = {"cronjob.kubernetes.io/instantiate": "manual"}
    job["spec"]["suspend"] = True
    line = listed.of_job(job)
    assert (line.by, line.status) == ("", "Suspended")


LINE = Line("team", "x", "backup", "OOMKilled", "Exhausted", "3/3 dead", "ann", at(0))


@pytest.mark.parametrize(
    ("words", "is_wanted"),
    [
        ({}, True),
        ({"statuses": ["dead"]}, True),
        ({"statuses": ["exhausted"]}, True),
        ({"statuses": ["oomkilled", "running"]}, True),
        ({"statuses": ["failed"]}, False),
        ({"by": "ann"}, True),
        ({"by": "an"}, False),
        ({"since": 3600.0}, True),
        ({"since": 3599.0}, False),
        ({"older_than": 3599.0}, True),
        ({"older_than": 3600.0}, False),
        ({"since": 7200.0, "older_than": 60.0, "by": "ann", "statuses": ["dead"]}, True),
        ({"since": 10.0**12}, True),
        ({"older_than": 10.0**12}, False),
    ],
)
def test_a_filter_wants_what_all_of_its_words_want(words: dict[str, Any], is_wanted: bool) -> None:
    chosen = Filter.ago(NOON + timedelta(hours=1), **words)
    assert chosen.accepts(LINE) is is_wanted
    assert chosen.is_open is (not words)


def test_every_word_that_the_list_says_may_be_asked_for() -> None:
    waits = f"{standing.WAITING}:ImageNotFound"
    for word in (*standing.STATES, standing.TURN, waits, waits.lower(), "dead", "oomkilled"):
        assert listed.is_status(word), word
    for word in ("Waiting:", "Waiting:nothing", "Running:ImageNotFound", "wating"):
        assert not listed.is_status(word), word
    line = Line("team", "x", "backup", waits, standing.WAITING, "1", "ann", at(0))
    for word in ("waiting", "imagenotfound", waits.lower()):
        assert Filter.ago(NOON, statuses=[word]).accepts(line)
    assert not Filter.ago(NOON, statuses=["running"]).accepts(line)
