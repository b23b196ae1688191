"""The last words of a container, as text that is kept in its Run."""

import pytest

from kubectl_rapt.runs import evidence


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
