"""When a pull request is what it is to be, and needs no writing."""

from dataclasses import replace
from typing import Any

import pytest

from kubectl_rapt.model import proposals
from kubectl_rapt.model.proposals import Proposal, PullRequest

BODY = proposals.marked("What it does.\n\nRapt-Change: 7c1e42\n", "0123456789ab")
WANTED = Proposal("rapt/prod/a/7c1e42", "main", "Add a", BODY, ("prod",), ("sam", "kim"))
SEEN = PullRequest(
    1, "", "rapt/prod/a/7c1e42", "1" * 40, "main", "open", "Add a", BODY, "ann", False, False, False,
    reviewers=("sam", "kim"), labels=("Prod", "mine"),
)  # fmt: skip


def test_a_mark_is_one_more_trailer() -> None:
    assert BODY == "What it does.\n\nRapt-Change: 7c1e42\nRapt-Proposal: 0123456789ab\n"


@pytest.mark.parametrize(
    "what",
    [
        {},
        {"body": BODY.replace("What", "At noon: what")},
        {"body": BODY.replace("\n", "\r\n")},
        {"body": f"Rapt-Proposal: ffffffffffff\n{BODY}"},
        {"reviewers": ("kim",), "approved_by": ("Sam",)},
        {"reviewers": (), "refused_by": ("sam",), "author": "kim"},
        {"is_draft": True},
    ],
)
def test_what_others_did_to_it_needs_no_writing(what: dict[str, Any]) -> None:
    assert proposals.is_current(replace(SEEN, **what), WANTED)


@pytest.mark.parametrize(
    "what",
    [
        {"body": BODY.replace("0123456789ab", "ffffffffffff")},
        {"body": "What it does."},
        {"body": f"{BODY}Rapt-Proposal: ffffffffffff\n"},
        {"title": "Add b"},
        {"labels": ("mine",)},
        {"reviewers": ("sam",)},
    ],
)
def test_what_is_missing_is_written(what: dict[str, Any]) -> None:
    assert not proposals.is_current(replace(SEEN, **what), WANTED)


@pytest.mark.parametrize(("is_draft", "expected"), [(None, True), (False, True), (True, False)])
def test_a_draft_is_made_only_of_what_is_none(is_draft: bool | None, expected: bool) -> None:
    assert proposals.is_current(SEEN, replace(WANTED, is_draft=is_draft)) == expected


def test_without_a_mark_the_whole_description_counts() -> None:
    wanted = replace(WANTED, body="What it does.\n")
    assert proposals.is_current(replace(SEEN, body="What it does.  \r\n"), wanted)
    assert not proposals.is_current(replace(SEEN, body="What it did."), wanted)
