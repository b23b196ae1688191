"""Bars and lines of figures."""

import pytest

from kubectl_rapt.cli import charts


@pytest.mark.parametrize(
    ("start", "end", "drawn"),
    [
        (0, 10, "##########"),
        (0, 5, "#####"),
        (5, 10, "     #####"),
        (9.99, 10, "         #"),
        (0, 0.01, "#"),
        (3, 3, ""),
    ],
)
def test_a_bar_stands_where_its_time_is_and_is_seen_however_short(
    start: float, end: float, drawn: str
) -> None:
    assert charts.bar(start, end, 10, 10, plain=True) == drawn
    assert charts.bar(start, end, 10, 10) == drawn.replace("#", "█")


def test_nothing_is_drawn_of_nothing_or_where_there_is_no_room() -> None:
    assert (
        charts.bar(0, 0, 0, 10) == charts.bar(0, 1, 1, 0) == charts.line([], 10) == charts.line([1], 0) == ""
    )


def test_a_line_is_as_high_as_its_largest_figure_and_never_wider_than_its_room() -> None:
    assert charts.line([0, 5, 10], 10, plain=True) == "_=#"
    assert charts.line([0, 0], 10) == "▁▁"
    assert charts.line(list(range(100)), 10, plain=True) == charts.line(
        list(range(9, 100, 10)), 10, plain=True
    )


def test_a_narrow_terminal_has_no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    assert charts.room(25) == 0
    monkeypatch.setenv("COLUMNS", "300")
    assert charts.room(25) == 60
