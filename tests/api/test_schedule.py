"""Schedules on a real API server: stopped over a sync, run now, and run for times that have passed, once each."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.model import times
from kubectl_rapt.model.kinds import CRON_JOB, Ref
from tests import namespaces
from tests.api.teams import Team, kubectl_does
from tests.cluster import kubectl
from tests.killing import Ended, Kill, Person


@pytest.fixture
def hourly() -> str:
    """Every hour, half an hour from now: Kubernetes runs nothing while the test looks."""
    return f"{(datetime.now(UTC).minute + 30) % 60} * * * *"


@pytest.fixture
def backup(team: Team, hourly: str) -> Team:
    """A team whose tool runs every hour."""
    team.add("backup", schedule=hourly)
    team.sync()
    return team


@pytest.fixture
def ann(user: Path, tmp_path: Path, team: Team) -> Person:
    """Somebody of that team who types."""
    found = Person(tmp_path / "ann", user, repository=team.repository.path).follows_hints()
    found.environ["PATH"] = f"{kubectl.program().parent}:{found.environ['PATH']}"
    return found


def spec(team: Team) -> dict[str, Any]:
    found: dict[str, Any] = team.world.cluster.get(Ref(CRON_JOB, "backup", team.namespace))["spec"]
    return found


def ago(**span: float) -> str:
    return times.spell(datetime.now(UTC) - timedelta(**span))


def test_a_schedule_that_was_suspended_stays_so_over_a_sync_until_it_is_resumed(
    backup: Team, ann: Person
) -> None:
    assert (
        ann.types("schedule", "suspend", "backup", "--dry-run").stdout
        == "cronjob.batch/backup suspended (dry run)\n"
    )
    assert not spec(backup).get("suspend")
    assert ann.types("schedule", "suspend", "backup").stdout == "cronjob.batch/backup suspended\n"
    assert ann.types("schedule", "suspend", "backup").stdout == "cronjob.batch/backup unchanged\n"
    backup.add("backup", schedule="0 4 * * *", replace=True)
    backup.sync()
    assert (spec(backup)["schedule"], spec(backup)["suspend"]) == ("0 4 * * *", True)
    shown = ann.types("schedule")
    assert (shown.stdout, "suspended  backup" in shown.stderr) == ("", True)
    assert ann.types("schedule", "resume", "backup").stdout == "cronjob.batch/backup resumed\n"
    assert spec(backup)["suspend"] is False
    assert "backup" in ann.types("schedule").stdout


def test_the_agenda_is_the_clusters_or_the_repositorys(backup: Team, ann: Person, hourly: str) -> None:
    for words in (("--repository",), ("--repository", "--in", "dev"), (), ("--in", "dev")):
        told = json.loads(ann.types("schedule", "--next", "2", "-o", "json", *words).stdout)
        assert [(one["tool"], one["environment"], one["schedule"]) for one in told["firings"]] == [
            ("backup", "dev", hourly)
        ] * 2, words
        minute = int(hourly.partition(" ")[0])
        assert all(re.search(rf":{minute:02}:00Z$", one["at"]) for one in told["firings"])
    backup.drop("backup")
    assert ann.types("schedule", "--repository").stderr == "No schedules found.\n"
    assert json.loads(ann.types("schedule", "--repository", "-o", "json").stdout) == {
        "firings": [],
        "schedules": [],
    }
    assert "backup" in ann.types("schedule").stdout
    other = ann.types("schedule", "--tool", "other")
    assert (other.exit_code, 'no tool "other"' in other.stderr) == (4, True), other


def test_a_schedule_is_run_now_and_the_run_says_which_schedule_it_was(backup: Team, ann: Person) -> None:
    assert ann.types("schedule", "trigger", "backup", "--dry-run").stdout.startswith("apiVersion: batch/v1\n")
    made = ann.types("schedule", "trigger", "backup", "-o", "name").stdout.strip()
    run = json.loads(ann.types("describe", made.replace(".rapt.dev", ""), "-o", "json").stdout)
    assert (run["spec"]["schedule"], run["spec"].get("slot")) == ("backup", None)
    shown = ann.types("describe", made.replace(".rapt.dev", "")).stdout
    why = f"kubectl rapt why {made.rpartition('/')[2]}"
    assert re.search(rf"^Answers: +<none>; those of the tool: {re.escape(why)}$", shown, re.M), shown
    unknown = ann.types("schedule", "trigger", "bakup")
    assert (unknown.exit_code, "schedule trigger backup" in unknown.stderr) == (4, True)
    assert ann.types("schedule", "trigger", "backup", "--schedule", "2").exit_code == 4


def outcomes(ended: Ended) -> list[str]:
    return [re.sub(r".*?-\d+ ", "", line, count=1) for line in ended.stdout.splitlines()]


def test_each_slot_runs_once_however_often_it_is_filled_and_whoever_was_killed(
    backup: Team, ann: Person
) -> None:
    words = ("schedule", "backfill", "backup", "--from", ago(hours=3, minutes=1), "--to", ago(minutes=1))
    planned = ann.types(*words, "--dry-run").stdout.splitlines()
    slots = [line.split()[:2] for line in planned[1:]]
    assert 3 <= len(slots) <= 4
    assert all(line.endswith("would run") for line in planned[1:])
    assert ann.types("runs").stdout == ""
    assert ann.is_killed(Kill("after", 1), *words).was_killed
    assert outcomes(ann.types(*words)) == ["created"] * len(slots)
    assert [one.startswith("skipped: run/backup-") for one in outcomes(ann.types(*words))] == [True] * len(
        slots
    )
    found = json.loads(ann.types("runs", "-o", "json").stdout)["items"]
    assert sorted((one["spec"]["slot"], one["metadata"]["name"]) for one in found) == sorted(
        (slot, name) for slot, name in slots
    )
    assert {len(one["status"]["attempts"]) for one in found} == {1}


def test_a_slot_that_the_schedule_ran_itself_is_not_run_again(backup: Team, ann: Person, user: Path) -> None:
    window = ("--from", ago(hours=1, minutes=1), "--to", ago(seconds=1))
    words = ("schedule", "backfill", "backup", *window)
    name = ann.types(*words, "--dry-run").stdout.splitlines()[1].split()[1]
    kubectl_does(user, "create", "job", name, "--from=cronjob/backup")
    kubectl_does(user, "label", f"job/{name}", "rapt.dev/tool=backup", "--overwrite")
    wrong = ann.types(*words, "--slot-as", "nothing")
    assert (wrong.exit_code, wrong.stdout) == (5, ""), "refused before anything is told"
    assert f"skipped: job/{name} ran" in ann.types(*words).stdout


def test_wrong_times_and_too_many_slots_are_refused_before_anything_runs(backup: Team, ann: Person) -> None:
    for words, code, what in (
        (("--from", "yesterday"), 2, "--from expects a time"),
        (("--from", ago(hours=1), "--to", ago(hours=2)), 2, "--from must be before --to"),
        (("--from", ago(hours=1), "--to", "2999-01-01"), 2, "is in the future"),
        (("--from", "2020-01-01"), 2, "more than 1000 slots"),
        (("--from", ago(hours=30)), 6, "this is not a terminal"),
        (("--from", ago(hours=2), "--slot-as", "nothing"), 5, "is not a parameter"),
    ):
        ended = ann.types("schedule", "backfill", "backup", *words)
        assert (ended.exit_code, what in ended.stderr) == (code, True), f"{words}: {ended}"
    assert ann.types("runs").stdout == ""


def test_the_slot_is_an_answer_where_the_tool_asks_for_it(ann: Person, user: Path, hourly: str) -> None:
    container = {"name": "tool", "image": "busybox:1.35", "command": ["echo"], "args": [""]}
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    slot = {"name": "slot", "type": "string", "at": ["/spec/template/spec/containers/0/args/0"]}
    job = {"spec": {"template": pod}}
    tool = {"apiVersion": "rapt.dev/v1alpha1", "kind": "Tool", "spec": {"job": job, "parameters": [slot]}}
    schedule = {"schedule": hourly, "suspend": True, "jobTemplate": {"spec": {"template": pod}}}
    cron_job = {"apiVersion": "batch/v1", "kind": "CronJob", "spec": schedule}
    metadata = {"name": "report", "labels": {"rapt.dev/tool": "report"}}
    namespaces.apply(user, {**tool, "metadata": metadata}, {**cron_job, "metadata": metadata})
    window = ("--from", ago(hours=1, minutes=1), "--to", ago(seconds=1))
    assert ann.types("schedule", "backfill", "report", *window, "--slot-as", "slot").exit_code == 0
    (run, *_) = json.loads(ann.types("runs", "-o", "json").stdout)["items"]
    (container,) = run["spec"]["job"]["spec"]["template"]["spec"]["containers"]
    assert run["spec"]["answers"] == {"slot": run["spec"]["slot"]}
    assert container["args"] == [run["spec"]["slot"]]
    again = ann.types("schedule", "backfill", "report", *window)
    assert "skipped" in again.stdout, "whatever it is asked with: a slot runs once"


def one_at_a_time(user: Path, hourly: str) -> None:
    """A tool whose runs refuse each other, with its schedule; no node takes its pods, so each goes on for ever."""
    container = {"name": "tool", "image": "busybox:1.35", "command": ["true"]}
    pod = {"spec": {"restartPolicy": "Never", "nodeSelector": {"of": "nobody"}, "containers": [container]}}
    job = {"spec": {"backoffLimit": 0, "template": pod}}
    spec = {"job": job, "concurrency": "forbid"}
    schedule = {"schedule": hourly, "suspend": True, "jobTemplate": job}
    metadata = {"name": "report", "labels": {"rapt.dev/tool": "report"}}
    namespaces.apply(
        user,
        {"apiVersion": "rapt.dev/v1alpha1", "kind": "Tool", "spec": spec, "metadata": metadata},
        {"apiVersion": "batch/v1", "kind": "CronJob", "spec": schedule, "metadata": metadata},
    )


def test_slots_of_a_tool_that_runs_once_at_a_time_wait_for_their_turn_and_none_is_lost(
    ann: Person, user: Path, hourly: str
) -> None:
    one_at_a_time(user, hourly)
    words = ("schedule", "backfill", "report", "--from", ago(hours=3, minutes=1), "--to", ago(minutes=1))
    filled = ann.types(*words)
    first, *others = [line.split()[0].rpartition("/")[2] for line in filled.stdout.splitlines()]
    waits = f"waits: queued behind run/{first}"
    assert outcomes(filled) == ["created", *[waits] * len(others)], filled
    assert filled.exit_code == 1
    assert f"{len(others)} of {len(others) + 1} slots have not run yet" in filled.stderr
    again = ann.types(*words)
    assert outcomes(again) == [f"skipped: run/{first} ran", *[waits] * len(others)]
    assert again.exit_code == 1

    # Somebody gives one of them up before it began, and the first one ends.
    for run in (others[0], first):
        assert ann.types("cancel", run).exit_code == 0
    states = {
        one["metadata"]["name"]: one["status"]["state"]
        for one in json.loads(ann.types("runs", "-o", "json").stdout)["items"]
        if "state" in one.get("status", {})
    }
    assert states == {first: "Failed", others[0]: "NotStarted"}
    last = ann.types(*words)
    assert outcomes(last)[:2] == [f"skipped: run/{first} ran", "created"], "what never began does not count"
    assert others[0] in last.stdout.splitlines()[1]


def test_a_schedule_that_may_not_run_beside_another_run_says_so_when_it_is_triggered(
    ann: Person, user: Path, hourly: str
) -> None:
    one_at_a_time(user, hourly)
    assert ann.types("schedule", "trigger", "report").exit_code == 0
    refused = ann.types("schedule", "trigger", "report")
    assert (refused.exit_code, "concurrency-forbidden" in refused.stderr) == (6, True), refused
