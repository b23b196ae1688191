"""What is shown of a command that takes its time: told by a clock that the test turns."""

import pytest

from kubectl_rapt.cli import letters
from kubectl_rapt.cli.progress import Progress


class Screen:
    """A terminal of so many columns and a clock."""

    def __init__(self, *, columns: int = 80, is_plain: bool = False, is_dumb: bool = False) -> None:
        self.time, self.shown = 0.0, ""
        self.progress = Progress(
            "check",
            self._write,
            lambda: columns,
            is_plain=is_plain,
            is_dumb=is_dumb,
            now=lambda: self.time,
        )

    def _write(self, text: str) -> None:
        self.shown += text

    def at(self, seconds: float) -> str:
        """What is written by a beat at that time."""
        self.time, self.shown = seconds, ""
        self.progress.beat()
        return self.shown


def test_nothing_is_shown_for_two_seconds_then_time_passes_and_nothing_is_claimed() -> None:
    screen = Screen()
    assert [screen.at(0.1), screen.at(1.9)] == ["", ""]
    assert screen.at(2.0) == "\r⠋ check 2s\x1b[K"
    assert screen.at(3.0) == "\r⠙ check 3s\x1b[K"


def test_what_is_counted_is_shown_as_a_bar_only_where_the_whole_is_known() -> None:
    screen = Screen()
    screen.progress.phase("rendering tools", 4)
    screen.progress.step()
    assert screen.at(2) == f"\r⠋ rendering tools 1/4 {'█' * 5}{'░' * 15} 2s\x1b[K"
    screen.progress.phase("objects")
    screen.progress.step()
    assert screen.at(3) == "\r⠙ objects 1 done 3s\x1b[K"


def test_other_lines_take_its_place_and_it_comes_back_after_a_silence() -> None:
    screen = Screen()
    screen.at(2)
    screen.shown = ""
    screen.progress.aside()
    assert screen.shown == "\r\x1b[K"
    assert [screen.at(3), screen.at(3.9)] == ["", ""]
    assert screen.at(4) != ""
    screen.progress.aside(is_last=True)
    assert screen.at(60) == ""
    screen.progress.phase("deleting")
    assert screen.at(62) == "\r⠹ deleting 62s\x1b[K"


@pytest.mark.parametrize("columns", [1, 2, 10, 24])
def test_a_narrow_terminal_is_never_filled_to_its_last_column(columns: int) -> None:
    screen = Screen(columns=columns)
    screen.progress.phase("rendering tools", 4)
    line = screen.at(2).removeprefix("\r").removesuffix("\x1b[K")
    assert len(line) == max(1, columns - 1)


def test_plain_letters_are_enough() -> None:
    screen = Screen(is_plain=True)
    screen.progress.phase("rendering tools", 2)
    screen.progress.step()
    assert screen.at(2) == f"\r| rendering tools 1/2 {'#' * 10}{'.' * 10} 2s\x1b[K"
    assert screen.shown.isascii()


def test_a_dumb_terminal_gets_a_line_now_and_then_and_nothing_that_steers() -> None:
    screen = Screen(is_dumb=True)
    assert [screen.at(2), screen.at(3), screen.at(11), screen.at(12)] == ["check 2s\n", "", "", "check 12s\n"]


@pytest.mark.parametrize(
    ("environ", "encoding", "expected"),
    [
        ({"LANG": "en_US.UTF-8"}, "utf-8", False),
        ({"LANG": "C"}, "utf-8", True),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, "utf-8", True),
        ({"LC_CTYPE": "C.UTF-8"}, "utf-8", False),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, "utf-8", False),
        ({"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, "utf-8", True),
        ({"LANG": "en_US.ISO-8859-1"}, "iso8859-1", True),
        ({}, "utf-8", False),
        ({}, "ascii", True),
    ],
)
def test_a_plain_locale_is_known_whatever_python_makes_of_it(
    environ: dict[str, str], encoding: str, expected: bool
) -> None:
    assert letters.are_plain(environ, encoding) is expected
