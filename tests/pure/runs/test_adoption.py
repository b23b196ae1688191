"""Which Job of a CronJob becomes a run, and whether that run may be tried again."""

import copy
from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.objects import jobs, runs
from kubectl_rapt.objects.retry_policies import RetryPolicy
from kubectl_rapt.objects.tools import Source, Tool
from kubectl_rapt.runs import adoption
from tests.given import NOON, a_job, a_template

SOURCE = Source("main", "backup", "1.0.0", "tree", "digest", "sha256:dd", "repository")
TOOL = Tool("backup", "team", a_template(), source=SOURCE, retry=RetryPolicy("twice", "Twice", attempts=2))
POLICY = "twice"


def a_slot(**metadata: Any) -> dict[str, Any]:
    """A Job that a CronJob made and that failed."""
    job = a_job(ended="Failed", reason="BackoffLimitExceeded", labels={"rapt.dev/tool": "backup"})
    owner = {"kind": "CronJob", "name": "backup", "uid": "cron-1", "controller": True}
    slot = {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-11-22T03:00:00Z"}
    job["metadata"] |= {"name": "backup-29933370", "ownerReferences": [owner], "annotations": slot}
    job["metadata"] |= metadata
    return job


def a_cron_job(**metadata: Any) -> dict[str, Any]:
    annotations = {"rapt.dev/definition": "sha256:dd"}
    template = copy.deepcopy(a_slot()["spec"])
    return {
        "metadata": {"name": "backup", "annotations": annotations, **metadata},
        "spec": {"jobTemplate": {"spec": template}},
    }


def candidate_of(job: dict[str, Any]) -> adoption.Candidate | None:
    return adoption.candidate(job, jobs.from_manifest(job))


def found(**metadata: Any) -> adoption.Candidate:
    candidate = candidate_of(a_slot(**metadata))
    assert candidate
    return candidate


NEVER: dict[str, dict[str, Any]] = {
    "it has a run": {"labels": {"rapt.dev/tool": "backup", "rapt.dev/run": "x"}},
    "it is nobody's of ours": {"labels": {}},
    "it became a run": {"annotations": {adoption.MARK: "run-1"}},
    "it is being deleted": {"deletionTimestamp": "2026-11-22T12:00:00Z"},
    "nobody owns it": {"ownerReferences": []},
    "something else owns it": {
        "ownerReferences": [{"kind": "Workflow", "name": "x", "uid": "y", "controller": True}]
    },
}


@pytest.mark.parametrize("why", NEVER)
def test_what_never_becomes_a_run(why: str) -> None:
    assert candidate_of(a_slot(**NEVER[why])) is None


def test_a_job_that_goes_on_or_ended_well_is_left_alone() -> None:
    for how in ("", "Complete"):
        job = a_slot()
        job["status"] = a_job(ended=how).get("status", {})
        assert candidate_of(job) is None


def test_the_run_has_the_jobs_name_the_slot_and_the_tools_own_job_and_policy() -> None:
    run, why_not = adoption.run_of(found(), TOOL, a_cron_job(), NOON)
    assert run and not why_not
    assert (run.name, run.schedule, run.job) == ("backup-29933370", "backup", TOOL.job)
    assert (run.retry, run.source, run.requested_by) == (TOOL.retry, SOURCE, "cron")
    assert run.adopted == runs.Adopted("backup-29933370", "job-1")
    assert run.slot and run.slot.isoformat() == "2026-11-22T03:00:00+00:00"
    assert run.labels["rapt.dev/run"] == run.name
    again, _ = adoption.run_of(found(), TOOL, a_cron_job(), NOON + timedelta(hours=2))
    assert again and again.digest == run.digest, "whoever adopts it makes the same run"


def test_nobody_knows_who_started_a_schedules_job_by_hand() -> None:
    by_hand = found(annotations={"cronjob.kubernetes.io/instantiate": "manual"})
    run, _ = adoption.run_of(by_hand, TOOL, a_cron_job(), NOON)
    assert run and run.requested_by == ""


def test_a_name_that_is_too_long_for_attempts_is_cut_and_stays_its_own() -> None:
    names = {found(name=f"{'n' * 52}-{number}").run_name for number in (29933370, 29933371)}
    assert len(names) == 2
    assert max(map(len, names)) == adoption.NAME_LIMIT


MOVED = a_cron_job()
MOVED["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] = "busybox:1.36"


@pytest.mark.parametrize(
    ("cron_job", "now", "why"),
    [
        (a_cron_job(), NOON + timedelta(days=2), "it failed 47h ago"),
        (None, NOON, "cronjob/backup is gone"),
        (MOVED, NOON, "the definition of cronjob/backup has moved on"),
        (a_cron_job(annotations={}), NOON, "tool/backup and cronjob/backup are not of one definition"),
        (
            a_cron_job(annotations={"rapt.dev/definition": "sha256:ee"}),
            NOON,
            "tool/backup and cronjob/backup are not of one definition",
        ),
    ],
)
def test_where_nobody_knows_what_it_was_made_from_it_is_recorded_without_retries(
    cron_job: Any, now: Any, why: str
) -> None:
    run, told = adoption.run_of(found(), TOOL, cron_job, now)
    assert told == why
    assert run and run.retry is None


def test_without_a_tool_there_is_no_run() -> None:
    assert adoption.run_of(found(), None, a_cron_job(), NOON) == (None, "its tool is gone")
