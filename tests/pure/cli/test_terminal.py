"""What may reach a terminal: nothing that steers it, turns its direction or hides."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kubectl_rapt.cli import terminal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain ASCII ~",
        "a\ttab",
        "Příliš žluťoučký kůň",
        "日本語 한국어 العربية עברית",
        "✓ → € ½",
        "e\u0301",
        "👩\u200d🔧",
        "می\u200cخواهم",
        "a\\x1b",
    ],
)
def test_what_people_write_passes(text: str) -> None:
    assert terminal.clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("one\ntwo\r", "one\\x0atwo\\x0d"),
        ("back\x08space\x7f\x00", "back\\x08space\\x7f\\x00"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u2066\u2069\u200e\u200f\u061c", "\\u2066\\u2069\\u200e\\u200f\\u061c"),
        ("no\u200bthing\u2060\ufeff\xad", "no\\u200bthing\\u2060\\ufeff\\xad"),
        ("line\u2028paragraph\u2029", "line\\u2028paragraph\\u2029"),
        ("half \ud800", "half \\ud800"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("private \ue000 \U00100000", "private \\ue000 \\U00100000"),
    ],
)
def test_what_steers_or_hides_is_shown(text: str, shown: str) -> None:
    assert terminal.clean(text) == shown


@given(some.text())
def test_what_comes_out_is_visible_and_stays_as_it_is(text: str) -> None:
    cleaned = terminal.clean(text)
    assert terminal.clean(cleaned) == cleaned
    for character in cleaned:
        assert character in "\t\u200c\u200d" or unicodedata.category(character)[0] != "C"
        assert unicodedata.category(character) not in ("Zl", "Zp")


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        (b"hello", "hello\n"),
        (b"", "\n"),
        (b"\x1b[2J", "\\x1b[2J\n"),
        ("naïve".encode(), "naïve\n"),
        (b"caf\xe9", "caf\\xe9\n"),
    ],
)
def test_a_log_line_is_neutralised(line: bytes, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.out_line(line)
    assert capsys.readouterr().out == printed


def test_a_raw_log_line_keeps_its_bytes(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    terminal.out_line(b"\x1b[2J caf\xe9", raw=True)
    assert capfdbinary.readouterr().out == b"\x1b[2J caf\xe9\n"


def test_output_is_for_pipes_and_remarks_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.out("data")
    terminal.say("remark")
    assert capsys.readouterr() == ("data\n", "remark\n")


class _Stream(io.StringIO):
    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("is_terminal", "environ", "is_red"),
    [
        (True, {"TERM": "xterm"}, True),
        (False, {"TERM": "xterm"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
    ],
)
def test_failures_are_red_only_where_a_person_wants_to_see_it(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, environ: dict[str, str], is_red: bool
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert terminal.bad("failed", _Stream(is_terminal)) == ("\x1b[31mfailed\x1b[0m" if is_red else "failed")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a run ended", ["a run ended"]),
        ("a run has ended by now", ["a run has ended", "  by now"]),
        ("one ended: kubectl rapt reconcile", ["one ended:", "  kubectl rapt reconcile"]),
        ("a (kubectl rapt why x); see", ["a", "  (kubectl rapt why x);", "  see"]),
        ("it is here, and kubectl is too", ["it is here, and", "  kubectl is too"]),
        ("a-name-that-is-never-cut", ["a-name-that-is-never-cut"]),
        ("", [""]),
    ],
)
def test_a_line_is_broken_between_two_words_and_not_in_a_command(text: str, lines: list[str]) -> None:
    assert terminal.wrapped(text, 17, 2) == lines
