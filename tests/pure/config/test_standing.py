"""How far a change is: the most urgent word counts."""

from dataclasses import replace
from typing import Any

import pytest

from kubectl_rapt.config import standing
from kubectl_rapt.model.proposals import PullRequest

SEEN = PullRequest(
    1, "https://forge.example/1", "rapt/prod/a/000001", "1" * 40, "main", "open", "A", "", "ann"
)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({}, "open"),
        ({"approved_by": ("sam",)}, "approved"),
        ({"approved_by": ("sam",), "merges_itself": True}, "auto-merge"),
        ({"approved_by": ("sam",), "checks": "passed"}, "approved"),
        ({"merges_itself": True, "checks": "pending"}, "checks pending"),
        ({"approved_by": ("sam",), "checks": "failed"}, "checks failed"),
        ({"approved_by": ("sam",), "refused_by": ("kim",), "checks": "failed"}, "changes requested"),
        ({"is_draft": True, "refused_by": ("kim",)}, "draft"),
        ({"is_draft": True, "has_conflict": True}, "conflict"),
        ({"state": "closed", "has_conflict": True}, "closed"),
        ({"state": "merged", "approved_by": ("sam",)}, "merged"),
    ],
)
def test_of_several_things_the_one_that_stands_in_the_way_is_said(
    what: dict[str, Any], expected: str
) -> None:
    assert standing.of(replace(SEEN, **what), has_forge=True) == expected


@pytest.mark.parametrize(
    ("has_forge", "has_conflict", "expected"),
    [
        (False, False, "open"),
        (False, True, "conflict"),
        (True, False, "not proposed"),
        (True, True, "not proposed"),
    ],
)
def test_without_a_pull_request_it_is_what_git_says(
    has_forge: bool, has_conflict: bool, expected: str
) -> None:
    assert standing.of(None, has_forge=has_forge, has_conflict=has_conflict) == expected


def test_what_main_changed_is_a_conflict_before_the_forge_has_noticed() -> None:
    assert standing.of(SEEN, has_forge=True, has_conflict=True) == "conflict"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("open", "kubectl rapt changes merge 7c1e42"),
        ("approved", "kubectl rapt changes merge 7c1e42"),
        ("auto-merge", "kubectl rapt changes merge 7c1e42"),
        ("not proposed", "kubectl rapt changes open 7c1e42"),
        ("closed", "kubectl rapt changes open 7c1e42"),
        ("draft", "kubectl rapt changes open 7c1e42"),
        ("conflict", "kubectl rapt changes update 7c1e42"),
        ("merged", "kubectl rapt changes abandon 7c1e42"),
        ("changes requested", "see https://forge.example/1"),
        ("checks pending", "see https://forge.example/1"),
        ("checks failed", "see https://forge.example/1"),
    ],
)
def test_each_standing_has_a_next_step(at: standing.Standing, expected: str) -> None:
    assert standing.next_step(at, "7c1e42", "https://forge.example/1") == expected
