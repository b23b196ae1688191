"""Cleaning: what a person chooses on the command line."""

import pytest

from kubectl_rapt.actions import clean
from kubectl_rapt.actions.clean import Scope
from kubectl_rapt.errors import UsageError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["failed", "Succeeded"], ("Failed", "Succeeded")),
        (["dead"], ("Exhausted",)),
        (["cancelled"], ("Cancelled",)),
        (["exhausted"], ("Exhausted",)),
    ],
)
def test_statuses_are_named_as_runs_names_them(given: list[str], expected: tuple[str, ...]) -> None:
    assert clean.with_statuses(Scope(""), given).statuses == expected


def test_an_unknown_status_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        clean.with_statuses(Scope(""), ["ded"])
    assert caught.value.hint == "--status dead"
