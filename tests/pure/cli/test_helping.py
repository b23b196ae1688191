"""Help from the commands' words: which is asked for, how it is called, and how it fits."""

import pytest

from kubectl_rapt.cli import helping, table


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ""),
        ("--help", ""),
        ("list -h", "list"),
        ("-n team run --help", "run"),
        ("changes merge 7c1 --help", "changes merge"),
        ("changes --help merge", "changes"),
        ("run --set --help", None),
        ("run x -- --help", None),
        ("lst --help", None),
        ("list --nosuch --help", None),
        ("list", None),
    ],
)
def test_what_asks_for_help_is_seen_without_the_command(typed: str, expected: str | None) -> None:
    assert helping.asked(typed.split()) == expected


@pytest.mark.parametrize(
    ("started", "expected"),
    [
        ("/usr/bin/kubectl", "kubectl rapt"),
        ("/opt/krew/bin/kubectl-rapt", "kubectl-rapt"),
        ("kubectl-rapt", "kubectl-rapt"),
        ("/usr/bin/make", "kubectl rapt"),
        ("", "kubectl rapt"),
    ],
)
def test_it_is_called_as_it_was_started(started: str, expected: str) -> None:
    assert helping.program({"_": started}) == expected


def test_plain_letters_keep_the_columns() -> None:
    page = helping.page("run", "kubectl rapt", 80, is_plain=True)
    columns = {
        line.index(text) for line in page.splitlines() for text in ("One run for", "Answer a") if text in line
    }
    assert page.isascii()
    assert len(columns) == 1


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("command", ["", *table.TABLE])
def test_every_page_fits_its_width(command: str, width: int) -> None:
    page = helping.page(command, "kubectl-rapt", width)
    too_wide = [line for line in page.splitlines() if len(line) > width and len(line.split()) > 1]
    assert not too_wide
    named = [line for line in page.splitlines() if line.startswith(("Usage: ", "Example: "))]
    assert all(": kubectl-rapt" in line for line in named)
    assert len(named) == (2 if command else 1)
