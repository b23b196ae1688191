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


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ([], ""),
        ([b"one"], "one\n"),
        ([b"one", b"", b"two"], "one\n\ntwo\n"),
        ([b"\xff\xfe", "žluť".encode()], "\\xff\\xfe\nžluť\n"),
        ([b"a\0\x1b[31m"], "a\0\x1b[31m\n"),
    ],
)
def test_a_short_log_is_kept_as_it_is(lines: list[bytes], kept: str) -> None:
    assert evidence.log(lines) == kept


def test_two_hundred_lines_are_kept() -> None:
    lines = evidence.log(b"%d" % number for number in range(1000)).splitlines()
    assert (len(lines), lines[0], lines[-1]) == (200, "800", "999")


def test_it_is_cut_at_a_line() -> None:
    text = evidence.log([b"x" * 999] * 100)
    assert len(text) == 65_000
    assert set(text.splitlines()) == {"x" * 999}


@pytest.mark.parametrize(
    "line",
    [
        b"x" * 70_000,
        b"\xff" * 70_000,
        "ž".encode() * 70_000,
        b"a" + "ž".encode() * 70_000,
        "😀".encode() * 50_000,
    ],
)
def test_one_long_line_is_cut_to_valid_text_and_its_end_is_kept(line: bytes) -> None:
    text = evidence.log([b"before", line])
    assert 65_000 < len(text.encode()) <= evidence.BYTES
    assert text.endswith(line[-4:].decode("utf-8", "backslashreplace")[-1] + "\n")
    assert "before" not in text
