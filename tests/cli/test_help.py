"""``help``: the page of an error, all codes, and a command's own help."""

from pathlib import Path

import pytest

from kubectl_rapt.cli import table, words
from tests.cli.conftest import Ask
from tests.cli.endings import refused
from tests.house import source


def test_the_page_of_every_code_is_printed(ask: Ask) -> None:
    listed = ask("help", "errors").stdout.splitlines()
    codes = [line.split()[0] for line in listed[1:]]
    assert set(codes) == {line[3:] for line in _headings()}
    page = ask("help", "errors", "no-tool", "no-cluster")
    assert (page.exit_code, page.stderr) == (0, "")
    assert page.stdout.startswith("no-tool\n\n")
    assert "\nno-cluster\n\n" in page.stdout


def _headings() -> list[str]:
    text = Path(source.HOME, "docs", "errors.md").read_text("utf-8")
    return [line for line in text.splitlines() if line.startswith("## ")]


def test_the_code_of_a_refusal_leads_to_its_page(ask: Ask) -> None:
    told = ask("show", "tcp-chek").stderr.splitlines()
    words = told[-1].removeprefix("  see: kubectl rapt ").split()
    page = ask(*words)
    assert (page.exit_code, page.stdout.split("\n")[0]) == (0, "no-template")


def test_a_mistyped_code_is_answered_with_the_nearest(ask: Ask) -> None:
    assert ask("help", "errors", "no-tol") == refused(
        4, 'no error has the code "no-tol"', "kubectl rapt help errors no-tool", code="no-page"
    )
    assert ask("help", "errors", "zzzzzz").stderr.splitlines()[1] == "  try: kubectl rapt help errors"


def test_the_flags_of_every_command_are_explained_once(ask: Ask) -> None:
    told = ask("help", "flags")
    assert (told.exit_code, told.stderr) == (0, "")
    for flag in words.SHARED:
        assert flag.name in told.stdout
        assert flag.name in ask("list", "--help").stdout
    assert "kubectl rapt help flags" in ask("list", "--help").stdout


@pytest.mark.parametrize("command", ["", "run", "changes merge"])
def test_the_help_of_a_command_is_that_of_its_flag(ask: Ask, command: str) -> None:
    assert ask("help", *command.split()) == ask(*command.split(), "--help")
    assert not command or command in table.TABLE
