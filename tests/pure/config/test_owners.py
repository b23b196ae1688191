"""CODEOWNERS as each forge reads it."""

import re

import pytest

from kubectl_rapt.config import owners


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ann", True),
        ("@ann", True),
        ("@group/team", True),
        ("ann@example.com", True),
        ("", False),
        ("ann sam", False),
        ("#", False),
        ("@", False),
        ("ann\n* @eve", False),
    ],
)
def test_only_a_name_is_an_owner(name: str, expected: bool) -> None:
    assert owners.is_owner(name) == expected


def test_github_and_gitlab_read_patterns() -> None:
    for kind in ("github", "gitlab"):
        assert "/tools/ @ann @group/team a@example.com\n" in owners.spell(
            kind, ["ann", "@group/team", "a@example.com"]
        )


def test_gitea_reads_regular_expressions_over_whole_paths() -> None:
    rules = [line.split()[0] for line in owners.spell("gitea", ["ann"]).splitlines()[1:]]
    for path, is_owned in {
        "rapt.yaml": True,
        "tools/prod/a.yaml": True,
        "rendered/prod/a.yaml": True,
        "rapt-yaml": False,
        "README.md": False,
    }.items():
        assert any(re.fullmatch(rule, path) for rule in rules) == is_owned, path
