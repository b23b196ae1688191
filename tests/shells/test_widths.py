"""Sentences on a terminal of 80 columns: they go on in the next line; what people copy stays whole."""

import os
import shlex
from pathlib import Path

import pytest

from tests.killing import Person
from tests.shells.test_wizards import RAPT, person
from tests.terminals import Terminal

COLUMNS = 80
LONG = "nightly-backup-of-the-customers-database-in-the-first-region-of-europe-x7k2p"


@pytest.fixture
def ann(tmp_path: Path) -> Person:
    """Someone without a cluster, with a config repository that has one mistake in many words."""
    return person(tmp_path / "ann", Path(os.devnull))


def lines(ann: Person, command: str) -> list[str]:
    with Terminal([*RAPT, *shlex.split(command)], ann.environ, ann.home, columns=COLUMNS) as terminal:
        terminal.ends()
        return terminal.text.splitlines()


def test_a_refusal_fits_the_terminal_between_words(ann: Person) -> None:
    typed = f"init --local --dev {LONG[:40]} --prod {LONG[:40]}"
    told = lines(ann, typed)
    assert told[0] == "error: dev and prod need a namespace each, or a tool could be in one of them"
    assert told[1] == f"       only: both are {LONG[:40]}"
    assert told[2].startswith(f"  try: kubectl rapt init --local --dev {LONG[:40]} --prod {LONG[:40]}-prod")
    assert " ".join(one.strip() for one in told[:2]) in ann.types(*shlex.split(typed)).stderr


def test_no_name_in_a_refusal_is_cut(ann: Person) -> None:
    told = lines(ann, f"list -o {LONG}{LONG}")
    assert any(f"{LONG}{LONG}" in one for one in told), told
