"""Which suspended Jobs nobody will ever release."""

from datetime import timedelta
from typing import Any

import pytest

from kubectl_rapt.objects import jobs
from kubectl_rapt.objects.runs import Attempt, Wish
from kubectl_rapt.runs import strays
from tests.given import NOON, a_job, a_run

LATER = NOON + timedelta(minutes=11)
RECORDED = Attempt(1, "backup-x7k2p-1", "job-1", None, NOON, 3, "ExitCode")


def a_stray(**changes: Any) -> dict[str, Any]:
    job = a_job(uid="job-2", labels={"rapt.dev/run": "backup-x7k2p"}, suspend=True)
    job["metadata"] |= changes
    return job


def may_be(manifest: dict[str, Any], now: Any = LATER) -> bool:
    return strays.may_be(manifest, jobs.from_manifest(manifest), now)


def test_only_what_is_suspended_owned_and_old_is_looked_at() -> None:
    assert may_be(a_stray())
    assert not may_be(a_stray(), NOON + timedelta(minutes=9)), "its maker may be about to record it"
    assert not may_be(a_stray(ownerReferences=[]))
    assert not may_be(a_stray(labels={}))
    assert not may_be(a_stray(deletionTimestamp="2026-11-22T12:00:00Z"))
    released = a_stray()
    released["spec"]["suspend"] = False
    assert not may_be(released)


@pytest.mark.parametrize(
    ("run", "is_stray"),
    [
        (a_run(uid="run-1", state="Failed", attempts=(RECORDED,)), True),
        (a_run(uid="run-1", state="NotStarted"), True),
        (a_run(uid="run-1", state="Running", attempts=(RECORDED,)), False),
        (a_run(uid="run-2", state="Failed", attempts=(RECORDED,)), False),
        (
            a_run(
                uid="run-1", state="Failed", attempts=(Attempt(1, "x", "job-2", None, NOON, 3, "ExitCode"),)
            ),
            False,
        ),
        (a_run(uid="run-1", state="Failed", attempts=(RECORDED,), wish=Wish(2, "ann")), False),
    ],
)
def test_a_stray_is_of_a_run_that_is_over_and_neither_recorded_nor_about_to_be(
    run: Any, is_stray: bool
) -> None:
    assert strays.is_stray(jobs.from_manifest(a_stray()), run) is is_stray
