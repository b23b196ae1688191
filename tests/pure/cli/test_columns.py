"""Tables that fit: what is given up first, what never is, and that a pipe gets everything."""

import pytest

from kubectl_rapt.cli import columns
from kubectl_rapt.cli.columns import Drop, Shorten, Wrap
from kubectl_rapt.cli.commands import runs

HEADERS = ("RUN", "TOOL", "BY")
STEPS = (Shorten("BY", 5), Drop("BY"), Shorten("TOOL", 6))


@pytest.mark.parametrize(
    ("room", "kept", "widths"),
    [
        (None, (0, 1, 2), (10, 20, 9)),
        (45, (0, 1, 2), (10, 20, 9)),
        (44, (0, 1, 2), (10, 20, 8)),
        (41, (0, 1, 2), (10, 20, 5)),
        (40, (0, 1), (10, 20)),
        (30, (0, 1), (10, 17)),
        (10, (0, 1), (10, 6)),
    ],
)
def test_only_as_much_is_given_up_as_has_to_be(
    room: int | None, kept: tuple[int, ...], widths: tuple[int, ...]
) -> None:
    assert columns.fit(HEADERS, (10, 20, 9), room, STEPS) == (kept, widths)


def test_what_a_column_left_free_is_given_to_those_that_were_shortened() -> None:
    steps = (Shorten("TOOL", 6), Drop("BY"))
    assert columns.fit(HEADERS, (10, 20, 9), 30, steps) == ((0, 1), (10, 17))


def test_what_does_not_fit_its_column_ends_with_an_ellipsis() -> None:
    fitted = columns.fit(HEADERS, (3, 8, 2), 17, (Shorten("TOOL", 3),))
    assert "   ".join(fitted.line(["run", "http-check", "me"])) == "run   http-…   me"
    assert "   ".join(fitted.line(["run", "http", "me"])) == "run   http     me"


@pytest.mark.parametrize(
    ("room", "lines"),
    [
        (None, ["  WHAT    WHY", "  run/a   ended 12 days ago, kept for 7d (policy week)"]),
        (34, ["  WHAT    WHY", "  run/a   ended 12 days ago, kept", "          for 7d (policy week)"]),
    ],
)
def test_a_sentence_in_the_last_column_goes_on_in_the_next_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], room: int | None, lines: list[str]
) -> None:
    monkeypatch.setattr(columns, "room", lambda: room)
    table = columns.Table(("WHAT", "WHY"), (Wrap("WHY", 10),), indent=2)
    table.whole([["run/a", "ended 12 days ago, kept for 7d (policy week)"]])
    assert capsys.readouterr().out.splitlines() == lines


def test_no_name_in_a_sentence_is_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(columns, "room", lambda: 30)
    columns.Table(("WHAT", "WHY"), (Wrap("WHY", 10),)).whole(
        [["run/a", f"run/{'long-' * 8}name stays: it runs"]]
    )
    assert f"run/{'long-' * 8}name" in capsys.readouterr().out.splitlines()


def test_a_name_that_is_longer_than_its_column_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(columns, "room", lambda: 40)
    columns.Table(("WHAT", "WHY"), (Wrap("WHY", 10),)).whole(
        [["run/nightly-a1b2c", "kept by run/nightly-backup-of-the-team-x7k2p"]]
    )
    assert capsys.readouterr().out.splitlines() == [
        "WHAT                WHY",
        "run/nightly-a1b2c   kept by",
        "        run/nightly-backup-of-the-team-x7k2p"[4:],
    ]


def test_runs_fit_eighty_columns_with_names_as_long_as_people_give() -> None:
    header = ("RUN", "TOOL", "STATUS", "ATTEMPTS", "BY", "DURATION", "AGE")
    widths = (34, 28, len("Waiting:InvalidConfiguration"), 8, len("system:serviceaccount:rapt:rapt"), 8, 7)
    kept, fitted = columns.fit(header, widths, 80, runs._STEPS)
    assert sum(fitted) + columns.GAP * (len(kept) - 1) <= 80
    shown = [header[index] for index in kept]
    assert {"RUN", "STATUS", "AGE"} <= set(shown)
    assert fitted[0] == 34, "a name is copied whole"
