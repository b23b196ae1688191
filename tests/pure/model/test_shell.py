"""Values in commands that are shown: each is one word for a shell, and cannot end the line."""

import shlex

import pytest

from kubectl_rapt.model import shell


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("backup", "backup"),
        ("prod; curl x", "'prod; curl x'"),
        ("$(id)", "'$(id)'"),
        ("a b", "'a b'"),
        ("", "''"),
        ("…", "…"),
        ("prod\nkubectl delete namespace at-prod", "…"),
        ("prod\u00ad-eu", "…"),
        ("prod\u2028x", "…"),
        ("\x1b[2J", "…"),
        ("--yes", "…"),
        ("script=a\nb", "script=…"),
        ("a\nb=c", "…"),
    ],
)
def test_a_value_is_one_word(value: str, expected: str) -> None:
    assert shell.word(value) == expected
    assert len(shlex.split(shell.word(value))) == 1


def test_a_command_of_words_keeps_its_flags() -> None:
    assert shell.join(["kubectl", "rapt", "run", "a b", "--review"]) == "kubectl rapt run 'a b' --review"
