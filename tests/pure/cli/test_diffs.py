"""Differences between files, as a person reads them."""

from kubectl_rapt.cli import diffs
from tests.hostile import HOSTILE, assert_harmless


def test_a_file_cannot_forge_lines_of_a_difference() -> None:
    before = {"a": b"one\ntwo\n"}
    after = {"a": f"one\ntwo\r-gone\x85+come\u2028@@ -1 +1 @@{HOSTILE}\n".encode()}
    text = diffs.unified(before, after)
    assert_harmless(text, "the diff")
    assert [line[:6] for line in text.split("\n")[3:]] == [" one", "-two", "+two\\x", "+error"]
    assert diffs.unified({"a": b"x\n"}, {"a": b""}).count("\n") == 3
