"""Jobs: reading what the cluster says of one, and the Job that an attempt starts as."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.model.kinds import JOB, Ref
from kubectl_rapt.objects import job_schema, jobs
from tests.given import NOON, a_job, a_run, a_template

RUN = replace(a_run(), uid="run-1")


def test_a_job_is_read_as_it_is() -> None:
    job = jobs.from_manifest(
        a_job(suspend=True, labels={"a": "b"}, completions=3, parallelism=2, backoffLimit=4)
    )
    assert job == jobs.Job(
        name="backup-x7k2p-1",
        namespace="team",
        uid="job-1",
        labels={"a": "b"},
        owner_uids=("run-1",),
        is_suspended=True,
        created_at=NOON,
        ended="",
        ended_at=None,
        reason="",
        message="",
        completions=3,
        parallelism=2,
        backoff_limit=4,
        active=0,
        is_simple=False,
        resource_version="5",
        ttl_seconds=604800,
    )
    assert job.ref == Ref(JOB, "backup-x7k2p-1", "team")


def test_only_a_terminal_condition_that_is_true_ends_it() -> None:
    job = jobs.from_manifest(a_job(ended="Failed", reason="DeadlineExceeded"))
    assert (job.ended, job.reason, job.message) == (
        "Failed",
        "DeadlineExceeded",
        "because of DeadlineExceeded",
    )
    assert job.ended_at == NOON + timedelta(seconds=100)

    manifest = a_job(ended="Complete")
    assert jobs.from_manifest(manifest).ended == "Complete"
    manifest["status"]["conditions"][1]["status"] = "False"
    assert jobs.from_manifest(manifest).ended == "", "SuccessCriteriaMet comes before the end"


def test_what_a_hand_made_job_leaves_out_has_kubernetes_defaults() -> None:
    manifest = a_job(owner="")
    del (
        manifest["spec"]["backoffLimit"],
        manifest["metadata"]["labels"],
        manifest["metadata"]["ownerReferences"],
    )
    job = jobs.from_manifest(manifest)
    assert (job.completions, job.parallelism, job.backoff_limit) == (1, 1, 6)
    assert (job.labels, job.owner_uids, job.is_suspended, job.is_simple) == ({}, (), False, True)


@pytest.mark.parametrize(
    ("how", "is_simple"),
    [
        ({}, True),
        ({"completions": 1, "parallelism": 1, "backoffLimit": 6}, True),
        ({"restart": "OnFailure"}, False),
        ({"completions": 2}, False),
        ({"parallelism": 2}, False),
        ({"completions": 2, "parallelism": 2}, False),
        ({"parallelism": 0}, False),
        ({"podFailurePolicy": {"rules": []}}, False),
    ],
)
def test_a_simple_job_is_one_pod_whose_failure_counts(how: dict[str, Any], is_simple: bool) -> None:
    assert jobs.from_manifest(a_job(**how)).is_simple is is_simple


def test_an_attempt_starts_as_its_runs_own_job_suspended_owned_and_without_ttl() -> None:
    assert jobs.of_attempt(RUN, 2) == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "backup-x7k2p-2",
            "namespace": "team",
            "labels": {
                "rapt.dev/tool": "backup",
                "rapt.dev/run": "backup-x7k2p",
                "rapt.dev/attempt": "2",
                "app.kubernetes.io/managed-by": "rapt",
                "rapt.dev/unreleased": "true",
            },
            "annotations": {"team": "storage"},
            "ownerReferences": [
                {
                    "apiVersion": "rapt.dev/v1alpha1",
                    "kind": "Run",
                    "name": "backup-x7k2p",
                    "uid": "run-1",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "backoffLimit": 0,
            "suspend": True,
            "template": {
                "metadata": {
                    "labels": {
                        "rapt.dev/tool": "backup",
                        "rapt.dev/run": "backup-x7k2p",
                        "rapt.dev/attempt": "2",
                        "app.kubernetes.io/managed-by": "rapt",
                    }
                },
                "spec": a_template()["spec"]["template"]["spec"],
            },
        },
    }


def test_an_attempt_of_a_template_without_metadata_still_has_its_labels() -> None:
    template = a_template()
    del template["metadata"], template["spec"]["template"]["metadata"]
    job = jobs.of_attempt(replace(RUN, job=template), 1)
    marks = job["spec"]["template"]["metadata"]["labels"]
    assert marks == {
        "rapt.dev/run": "backup-x7k2p",
        "rapt.dev/attempt": "1",
        "rapt.dev/tool": "backup",
        "app.kubernetes.io/managed-by": "rapt",
    }
    assert job["metadata"]["labels"] == {**marks, "rapt.dev/unreleased": "true"}


def test_an_attempt_keeps_the_labels_of_its_template_on_job_and_pods() -> None:
    template = a_template()
    template["metadata"]["labels"]["team"] = "ops"
    template["spec"]["template"]["metadata"]["labels"]["shard"] = "1"
    job = jobs.of_attempt(replace(RUN, job=template), 1)
    assert job["metadata"]["labels"]["team"] == "ops"
    assert job["spec"]["template"]["metadata"]["labels"]["shard"] == "1"


def test_an_attempt_belongs_to_its_runs_tool_whatever_its_template_says() -> None:
    template = a_template()
    template["metadata"]["labels"]["rapt.dev/tool"] = "other"
    assert jobs.of_attempt(replace(RUN, job=template), 1)["metadata"]["labels"]["rapt.dev/tool"] == "backup"


def test_an_attempt_names_the_policies_that_its_run_names() -> None:
    named = {"rapt.dev/retry-policy": "spot", "rapt.dev/cleanup-policy": "week"}
    made = jobs.of_attempt(a_run(labels={**named, "team": "storage"}), 1)
    assert named.items() <= made["metadata"]["labels"].items()
    assert "team" not in made["metadata"]["labels"]


def test_making_an_attempt_leaves_the_run_as_it_is() -> None:
    jobs.of_attempt(RUN, 1)["spec"]["template"]["metadata"]["labels"]["x"] = "y"
    assert RUN.job == a_template()


def test_releasing_is_for_the_job_as_it_was_read_and_gives_it_no_time_to_live() -> None:
    job = jobs.from_manifest(a_job(suspend=True, labels={"rapt.dev/unreleased": "true"}))
    step = jobs.release(job)
    assert step.expects == {"/metadata/labels/rapt.dev~1unreleased": "true"}
    assert step.patch == {
        "metadata": {"uid": "job-1", "labels": {"rapt.dev/unreleased": None}},
        "spec": {"suspend": False},
    }
    of_an_older_rapt = jobs.release(jobs.from_manifest(a_job(suspend=True)))
    assert of_an_older_rapt.patch == {
        "metadata": {"uid": "job-1", "resourceVersion": "5"},
        "spec": {"suspend": False},
    }


@pytest.mark.parametrize(
    ("run", "number"), [("r", 1), ("r" * 55, 1), ("r" * 56, 1), ("r" * 253, 12), ("a.b", 1)]
)
def test_the_name_of_an_attempt_leaves_room_for_its_pods(run: str, number: int) -> None:
    name = jobs.attempt_name(run, number)
    assert len(name) + len("-xxxxx") <= 63
    assert name.endswith(f"-{number}")
    assert name != jobs.attempt_name(run, number + 1)
    if len(run) <= 55 and "." not in run:
        assert name == f"{run}-{number}"


def test_a_tool_may_hold_the_job_that_the_tests_speak_of() -> None:
    assert job_schema.check(a_template(), job_schema.TOOL_JOB) == []
