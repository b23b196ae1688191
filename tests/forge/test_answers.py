"""What forges' refusals mean."""

import json
from typing import Any

import pytest

from kubectl_rapt.adapters.forges import answers
from kubectl_rapt.adapters.forges.answers import Ask
from kubectl_rapt.errors import Unavailable

READ = Ask("read pull requests", "git.example.com", "team/config", has_credentials=True)
WRITE = Ask("open a pull request", "git.example.com", "team/config", True, may_change=True)
MERGE = Ask("merge pull request 7", "git.example.com", "team/config", True, may_change=True, is_merge=True)


def _message(text: Any) -> bytes:
    return json.dumps({"message": text}).encode()


MEANINGS = [
    # (what, status, body, ask, kind, code, words of the message)
    (
        "gitea: token",
        401,
        _message("invalid username, password or token"),
        READ,
        "Refused",
        "forge-login",
        "expired",
    ),
    ("no repository", 404, _message("Not Found"), READ, "NotFound", "no-forge-repository", "team/config"),
    ("scope", 403, _message("token does not have scope"), WRITE, "Refused", "forge-refused", "scope"),
    ("archived", 423, _message("repo is archived"), WRITE, "Refused", "forge-refused", "archived"),
    (
        "gitea: there",
        409,
        _message("pull request already exists for these targets"),
        WRITE,
        "Conflict",
        "already-proposed",
        "already exists",
    ),
    (
        "github: there",
        422,
        json.dumps(
            {
                "message": "Validation Failed",
                "errors": [{"message": "A pull request already exists for team:x."}],
            }
        ).encode(),
        WRITE,
        "Conflict",
        "already-proposed",
        "x",
    ),
    (
        "github: same",
        422,
        json.dumps(
            {"message": "Validation Failed", "errors": [{"message": "No commits between main and x"}]}
        ).encode(),
        WRITE,
        "Invalid",
        "forge-invalid",
        "No commits between",
    ),
    (
        "gitlab: fields",
        422,
        _message({"source_branch": ["is invalid"]}),
        WRITE,
        "Invalid",
        "forge-invalid",
        "source_branch: is invalid",
    ),
    ("server", 502, b"<html>bad gateway</html>", WRITE, "Unavailable", "forge-down", "not known whether"),
    ("server read", 500, _message("boom"), READ, "Unavailable", "forge-down", "boom"),
    (
        "gitea: later",
        405,
        _message("Please try again later"),
        MERGE,
        "Conflict",
        "forge-checking",
        "not ready",
    ),
    (
        "gitea: pushed",
        409,
        _message("merge push out of date"),
        MERGE,
        "Conflict",
        "forge-checking",
        "not ready",
    ),
    (
        "gitea: approvals",
        405,
        _message("not ready to merge: Does not have enough approvals"),
        MERGE,
        "Refused",
        "not-mergeable",
        "enough approvals",
    ),
    (
        "gitea: refused",
        405,
        _message("not ready to merge: There are requested changes"),
        MERGE,
        "Refused",
        "not-mergeable",
        "requested changes",
    ),
    (
        "gitea: draft",
        405,
        _message("Work in progress PRs cannot be merged"),
        MERGE,
        "Refused",
        "not-mergeable",
        "progress",
    ),
    ("gitea: moved", 409, _message("head out of date"), MERGE, "Conflict", "head-moved", "another commit"),
    (
        "gitea: conflict",
        409,
        b'{"Style":"squash","StdOut":"CONFLICT","StdErr":""}',
        MERGE,
        "Conflict",
        "merge-conflict",
        "",
    ),
    (
        "gitea: hook",
        409,
        _message("PushRejected with remote message: no"),
        MERGE,
        "Refused",
        "not-mergeable",
        "no",
    ),
    (
        "gitea: scheduled",
        409,
        _message("pull request is already scheduled to auto merge"),
        MERGE,
        "Conflict",
        "merge-scheduled",
        "automatically",
    ),
    (
        "github: base",
        405,
        _message("Base branch was modified. Review and try the merge again."),
        MERGE,
        "Conflict",
        "forge-checking",
        "",
    ),
    (
        "github: head",
        409,
        _message("Head branch was modified. Review and try the merge again."),
        MERGE,
        "Conflict",
        "head-moved",
        "",
    ),
    (
        "github: checks",
        405,
        _message('Required status check "test" is expected.'),
        MERGE,
        "Refused",
        "not-mergeable",
        "test",
    ),
    ("gitlab: conflict", 406, _message("Branch cannot be merged"), MERGE, "Conflict", "merge-conflict", ""),
    ("gitlab: no", 405, _message("405 Method Not Allowed"), MERGE, "Refused", "not-mergeable", ""),
    (
        "gitlab: head",
        409,
        _message("SHA does not match HEAD of source branch"),
        MERGE,
        "Conflict",
        "head-moved",
        "",
    ),
    (
        "no right to merge",
        403,
        _message("Resource not accessible by integration"),
        MERGE,
        "Refused",
        "forge-refused",
        "",
    ),
    ("redirect", 301, b"", READ, "Invalid", "repository-moved", ""),
    ("too many", 429, b"Retry later", WRITE, "Unavailable", "forge-busy", ""),
    ("hostile", 400, _message("a\x1b[2Jb\nc" + "x" * 5000), WRITE, "Invalid", "forge-invalid", "ab c"),
    ("deep", 400, b"[" * 100000, WRITE, "Invalid", "forge-invalid", "status 400"),
]


@pytest.mark.parametrize(
    ("status", "body", "ask", "kind", "code", "words"),
    [row[1:] for row in MEANINGS],
    ids=[row[0] for row in MEANINGS],
)
def test_each_refusal_has_its_meaning(
    status: int, body: bytes, ask: Ask, kind: str, code: str, words: str
) -> None:
    error = answers.classify(status, {}, body, ask)
    assert (type(error).__name__, error.code) == (kind, code)
    assert words in error.message
    assert error.message.isprintable()
    assert len(error.message) < 700
    assert error.hint
    if isinstance(error, Unavailable):
        assert error.outcome_unknown == (ask.may_change and error.code == "forge-down")


def test_missing_credentials_are_told_apart_from_wrong_ones() -> None:
    asked = Ask("read pull requests", "git.example.com", "team/config")
    assert "who you are" in answers.classify(401, {}, b"", asked).message


DATE = "Sun, 01 Jun 2025 10:00:00 GMT"
WAITS: list[tuple[dict[str, str], float | None]] = [
    ({}, None),
    ({"retry-after": "17"}, 17),
    ({"retry-after": "-1"}, None),
    ({"retry-after": "9" * 30}, None),
    ({"retry-after": "Sun, 01 Jun 2025 10:00:30 GMT", "date": DATE}, 30),
    ({"retry-after": "Sun, 01 Jun 2025 09:00:00 GMT", "date": DATE}, 0),
    ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1748772060", "date": DATE}, 60),
    ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "1748772060", "date": DATE}, None),
    ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1748772060", "date": "never"}, None),
]


@pytest.mark.parametrize(("headers", "seconds"), WAITS)
def test_a_forge_says_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert answers.retry_after_seconds(headers) == seconds


GRAPHQL = [
    (
        [{"type": "NOT_FOUND", "message": "Could not resolve to a Repository"}],
        READ,
        "NotFound",
        "no-forge-repository",
    ),
    ([{"type": "FORBIDDEN", "message": "Resource not accessible"}], READ, "Refused", "forge-refused"),
    ([{"type": "INSUFFICIENT_SCOPES", "message": "needs repo"}], READ, "Refused", "forge-refused"),
    ([{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}], READ, "Unavailable", "forge-busy"),
    (
        [{"type": "UNPROCESSABLE", "message": "Pull request Auto merge is not allowed for this repository"}],
        MERGE,
        "Refused",
        "no-auto-merge",
    ),
    (
        [{"type": "UNPROCESSABLE", "message": "Pull request is in clean status"}],
        MERGE,
        "Refused",
        "not-mergeable",
    ),
    (
        [{"type": "UNPROCESSABLE", "message": "Pull request is in draft state"}],
        WRITE,
        "Invalid",
        "forge-invalid",
    ),
    ([{"message": "Something went wrong while executing your query"}], READ, "Unavailable", "forge-down"),
    ("nonsense", READ, "Unavailable", "forge-down"),
]


@pytest.mark.parametrize(("errors", "ask", "kind", "code"), GRAPHQL)
def test_each_graphql_error_has_its_meaning(errors: Any, ask: Ask, kind: str, code: str) -> None:
    error = answers.classify_graphql(errors, ask)
    assert (type(error).__name__, error.code) == (kind, code)
