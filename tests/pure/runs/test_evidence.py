"""Evidence: which files an object becomes, and how much of a log."""

import pytest

from kubectl_rapt import documents
from kubectl_rapt.runs import evidence
from kubectl_rapt.runs.evidence import MAX_BYTES, MAX_LINES, Said
from kubectl_rapt.runs.outcome import Outcome
from tests.given import NOON, a_job, at

PLACE = "team/job-backup-x7k2p-1-0a1b2c3d"


def test_a_job_becomes_its_manifest_its_cause_and_its_logs() -> None:
    job = a_job(uid="0a1b2c3d-4e5f")
    job["metadata"]["managedFields"] = [{"manager": "x"}]
    outcome = Outcome("OOMKilled", 137, "out of memory", "pod/x", finished_at=NOON)
    files = evidence.of_job(job, outcome, [Said("pod-x", "tool", b"a\n")])
    assert set(files) == {f"{PLACE}/{name}" for name in ("manifest.yaml", "cause.yaml", "pod-x.tool.log")}
    assert "managedFields" not in documents.load(files[f"{PLACE}/manifest.yaml"], "x")["metadata"]
    assert documents.load(files[f"{PLACE}/cause.yaml"], "x") == {
        "cause": "OOMKilled",
        "exitCode": 137,
        "message": "out of memory",
        "evidence": "pod/x",
        "finishedAt": at(0),
    }
    assert files[f"{PLACE}/pod-x.tool.log"] == b"a\n"


def test_a_job_of_which_nobody_knows_how_it_ended_says_so() -> None:
    files = evidence.of_job(a_job(uid="0a1b2c3d"), None, [])
    assert files[f"{PLACE}/cause.yaml"] == b"cause: unknown\n"


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ([], b""),
        ([b"a", b"b"], b"a\nb\n"),
        ([b"x" * (MAX_BYTES - 1), b"end"], b"end\n"),
        ([b"first", b"x" * (MAX_BYTES - 1)], b"x" * (MAX_BYTES - 1) + b"\n"),
        ([b"y" + b"x" * MAX_BYTES], b"x" * (MAX_BYTES - 1) + b"\n"),
        ([b"%d" % number for number in range(MAX_LINES + 1)], None),
    ],
)
def test_the_end_of_a_log_is_kept_in_whole_lines(lines: list[bytes], kept: bytes | None) -> None:
    if kept is None:
        kept = b"".join(line + b"\n" for line in lines[1:])
    assert evidence.end(lines) == kept
