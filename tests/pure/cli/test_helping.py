"""Help from the commands' words: which is asked for, how it is called, and how it fits."""

import pytest

from kubectl_rapt.cli import helping, table, verbs, words


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


MIXED_UP = "remove delete clean purge cancel dead check drift diff status doctor set upgrade retry"


def test_a_table_of_verbs_names_commands_that_exist() -> None:
    named = [name for _, rows in verbs.TABLES for name, _ in rows]
    assert not [name for name in named if name not in table.TABLE or table.below(name)]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("command", MIXED_UP.split())
def test_the_help_of_a_verb_tells_it_from_those_it_is_taken_for(command: str) -> None:
    page = helping.page(command, "kubectl rapt", 80).splitlines()
    assert verbs.of(command)
    for question, rows in verbs.of(command):
        shown = page[page.index(question) + 1 :][: len(rows)]
        assert [line[2:].split("  ")[0] for line in shown] == [name for name, _ in rows]
        assert any(name == command or name.startswith(f"{command} ") for name, _ in rows)


def test_two_flags_that_say_the_opposite_are_shown_as_such_and_no_flag_has_two_long_names() -> None:
    assert "  -f, --follow | --detach  " in helping.page("run", "kubectl rapt", 80)
    flags = [flag for command in words.COMMANDS.values() for flag in (*command.flags, *words.SHARED)]
    assert not [flag.names for flag in flags if sum(len(name) > 3 for name in flag.names) > 1]


def test_no_two_commands_are_the_same_one() -> None:
    loaded: dict[object, list[str]] = {}
    for name, entry in table.TABLE.items():
        loaded.setdefault(entry.load(), []).append(name)
    assert not [names for names in loaded.values() if len(names) > 1]
