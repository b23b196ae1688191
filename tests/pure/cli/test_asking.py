"""Asking before what cannot be undone."""

import io
import sys

import pytest

from kubectl_rapt.cli import asking, terminal
from kubectl_rapt.errors import Refused, UsageError


def answered(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(terminal, "is_interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))


@pytest.mark.parametrize(("answer", "word"), [("y\n", ""), ("YES\n", ""), ("prod\n", "prod")])
def test_yes_or_the_word_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, word: str
) -> None:
    answered(monkeypatch, answer)
    asking.confirm("delete it", is_sure=False, word=word)
    assert capsys.readouterr().err == f"delete it? [{'type prod to continue' if word else 'y/N'}] "


@pytest.mark.parametrize(
    ("answer", "word"),
    [("\n", ""), ("", ""), ("n\n", ""), ("yes!\n", ""), ("y\n", "prod"), ("Prod\n", "prod")],
)
def test_anything_else_does_nothing(monkeypatch: pytest.MonkeyPatch, answer: str, word: str) -> None:
    answered(monkeypatch, answer)
    with pytest.raises(Refused, match="nothing was done") as caught:
        asking.confirm("delete it", is_sure=False, word=word)
    assert caught.value.code == "not-confirmed"


def test_without_a_terminal_the_flag_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "is_interactive", lambda: False)
    asking.confirm("delete it", is_sure=True)
    with pytest.raises(UsageError) as caught:
        asking.confirm("delete it", is_sure=False)
    assert (caught.value.exit_code, caught.value.hint) == (2, "--yes")
