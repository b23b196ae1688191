"""What every forge does, on a real Gitea and on what GitHub and GitLab document."""

from collections.abc import Iterator

import pytest

from kubectl_rapt.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from kubectl_rapt.model.proposals import Proposal
from tests.contract.forge_sides import BRANCH, Side, opened
from tests.forge.servers import Server

WANTED = Proposal(BRANCH, "main", "Back up nightly", "What it does.")
MESSAGE = "Back up nightly\n\nRapt-Change: 1a2b3c\n"


@pytest.fixture
def elsewhere() -> list[Server]:
    return []


@pytest.fixture(params=["gitea", "github", "gitlab"])
def side(request: pytest.FixtureRequest, elsewhere: list[Server]) -> Iterator[Side]:
    name = request.node.originalname.removeprefix("test_").replace("_", " ")
    gitea = request.getfixturevalue("gitea") if request.param == "gitea" else None
    with opened(request.param, name, gitea) as (side, other):
        elsewhere.append(other)
        yield side


def test_one_is_opened_once_and_found_again(side: Side) -> None:
    head = side.push()
    assert side.forges.pull_request(side.address, BRANCH) is None
    made = side.forges.propose(side.address, WANTED)
    assert (made.branch, made.head, made.base, made.state) == (BRANCH, head, "main", "open")
    assert (made.title, made.body, made.author) == ("Back up nightly", "What it does.", "robin")
    assert made.url.startswith("http")
    assert (made.checks, made.approved_by, made.has_conflict, made.is_draft) == ("none", (), False, False)
    assert side.forges.propose(side.address, WANTED) == made
    assert side.forges.pull_request(side.address, BRANCH) == made


def test_one_that_is_pushed_again_is_updated(side: Side) -> None:
    side.push("one")
    made = side.forges.propose(side.address, WANTED)
    head = side.push("two")
    wanted = Proposal(
        BRANCH, "main", "Back up hourly", "Now hourly.", ("prod", "rapt"), ("sam",), is_draft=True
    )
    after = side.forges.propose(side.address, wanted)
    assert (after.number, after.head) == (made.number, head)
    assert (after.title, after.body, after.is_draft) == ("Back up hourly", "Now hourly.", True)
    assert (sorted(after.labels), after.reviewers) == (["prod", "rapt"], ("sam",))
    ready = side.forges.propose(
        side.address, Proposal(BRANCH, "main", "Back up hourly", "Now hourly.", is_draft=False)
    )
    assert (ready.number, ready.is_draft, ready.title) == (made.number, False, "Back up hourly")
    assert sorted(ready.labels) == ["prod", "rapt"]


def test_a_lost_reply_to_opening_one_leaves_one(side: Side) -> None:
    side.push()
    side.lose("create")
    with pytest.raises(Unavailable) as raised:
        side.forges.propose(side.address, WANTED)
    assert raised.value.outcome_unknown
    made = side.forges.propose(side.address, WANTED)
    assert [one.number for one in side.forges.pull_requests(side.address, "rapt/")] == [made.number]


def test_reviews_and_checks_are_seen(side: Side) -> None:
    head = side.push()
    number = side.forges.propose(side.address, WANTED).number
    side.review(number, "sam", "APPROVED")
    side.check(head, "pending")
    seen = side.forges.pull_request(side.address, BRANCH)
    assert seen and (seen.approved_by, seen.refused_by, seen.checks) == (("sam",), (), "pending")
    side.review(number, "sam", "REQUEST_CHANGES")
    side.review(number, "kim", "APPROVED")
    side.check(head, "failure")
    seen = side.forges.pull_request(side.address, BRANCH)
    assert seen and (seen.approved_by, seen.refused_by, seen.checks) == (("kim",), ("sam",), "failed")
    side.dismiss_all(number)
    side.check(head, "success")
    seen = side.forges.pull_request(side.address, BRANCH)
    assert seen and (seen.approved_by, seen.refused_by, seen.checks) == ((), (), "passed")


def test_one_is_merged_once(side: Side) -> None:
    head = side.push()
    number = side.forges.propose(side.address, WANTED).number
    merged = side.forges.merge(side.address, number, head=head, message=MESSAGE)
    assert (merged.state, merged.merged_by) == ("merged", "robin")
    assert merged.merge_commit
    assert side.forges.merge(side.address, number, head=head, message=MESSAGE) == merged
    assert side.forges.pull_request(side.address, BRANCH) == merged
    assert list(side.forges.pull_requests(side.address, "rapt/")) == []
    with pytest.raises(Conflict) as raised:
        side.forges.close(side.address, number)
    assert raised.value.code == "already-merged"


def test_a_lost_reply_to_a_merge_is_no_failure(side: Side) -> None:
    head = side.push()
    number = side.forges.propose(side.address, WANTED).number
    side.lose("merge")
    assert side.forges.merge(side.address, number, head=head, message=MESSAGE).state == "merged"


def test_one_is_closed_once_and_opened_anew(side: Side) -> None:
    side.push()
    number = side.forges.propose(side.address, WANTED).number
    closed = side.forges.close(side.address, number, "Abandoned.")
    assert closed.state == "closed"
    assert side.forges.close(side.address, number, "Abandoned.") == closed
    seen = side.forges.pull_request(side.address, BRANCH)
    assert seen and (seen.number, seen.state) == (number, "closed")
    with pytest.raises(Conflict) as raised:
        side.forges.merge(side.address, number, head=closed.head, message=MESSAGE)
    assert raised.value.code == "proposal-closed"
    side.push("two")
    assert side.forges.propose(side.address, WANTED).number > number
    seen = side.forges.pull_request(side.address, BRANCH)
    assert seen and (seen.number > number, seen.state) == (True, "open")


def test_without_approvals_nothing_is_merged(side: Side) -> None:
    side.protect(approvals=1)
    head = side.push()
    number = side.forges.propose(side.address, WANTED).number
    with pytest.raises(Refused) as raised:
        side.forges.merge(side.address, number, head=head, message=MESSAGE)
    assert raised.value.code == "not-mergeable"
    side.review(number, "sam", "APPROVED")
    assert side.forges.merge(side.address, number, head=head, message=MESSAGE).state == "merged"


def test_a_conflict_is_seen_and_not_merged(side: Side) -> None:
    head = side.push("one")
    side.push_to_main("another")
    number = side.forges.propose(side.address, WANTED).number
    seen = side.forges.pull_request(side.address, BRANCH)
    assert seen
    assert seen.has_conflict
    with pytest.raises(Conflict) as raised:
        side.forges.merge(side.address, number, head=head, message=MESSAGE)
    assert raised.value.code == "merge-conflict"


def test_another_commit_than_was_looked_at_is_not_merged(side: Side) -> None:
    head = side.push("one")
    number = side.forges.propose(side.address, WANTED).number
    side.push("two")
    with pytest.raises(Conflict) as raised:
        side.forges.merge(side.address, number, head=head, message=MESSAGE)
    assert raised.value.code == "head-moved"


def test_nobody_is_asked_to_review_their_own(side: Side) -> None:
    side.push()
    wanted = Proposal(BRANCH, "main", "Back up nightly", "What it does.\r\n", reviewers=("robin",))
    assert side.forges.propose(side.address, wanted).reviewers == ()


def test_the_forge_merges_when_it_is_ready(side: Side) -> None:
    side.protect(approvals=1)
    head = side.push()
    number = side.forges.propose(side.address, WANTED).number
    waiting = side.forges.merge(side.address, number, head=head, message=MESSAGE, when_ready=True)
    assert (waiting.state, waiting.merges_itself) == ("open", True)
    again = side.forges.merge(side.address, number, head=head, message=MESSAGE, when_ready=True)
    assert (again.state, again.merges_itself) == ("open", True)


def test_the_branch_of_a_fork_is_not_ours(side: Side) -> None:
    side.fork_with_the_same_branch()
    assert side.forges.pull_request(side.address, BRANCH) is None
    assert list(side.forges.pull_requests(side.address, "rapt/")) == []
    side.push()
    made = side.forges.propose(side.address, WANTED)
    assert made.title == "Back up nightly"
    assert [one.number for one in side.forges.pull_requests(side.address, "rapt/")] == [made.number]


def test_a_branch_that_does_not_exist_is_refused(side: Side) -> None:
    with pytest.raises((Invalid, NotFound)) as raised:
        side.forges.propose(side.address, WANTED)
    assert raised.value.code in ("forge-invalid", "no-forge-repository")


def test_an_expired_token_is_told_with_its_host(side: Side) -> None:
    side.forges.kind(side.address)
    side.refuse_next(401, {}, "Bad credentials")
    with pytest.raises(Refused) as raised:
        side.forges.pull_request(side.address, BRANCH)
    assert raised.value.code == "forge-login"
    assert "127.0.0.1" in raised.value.message
    assert "expired" in raised.value.message


def test_no_right_is_told_in_the_words_of_the_forge(side: Side) -> None:
    side.forges.kind(side.address)
    side.refuse_next(403, {}, "Resource protected by organization SAML enforcement")
    with pytest.raises(Refused) as raised:
        side.forges.pull_request(side.address, BRANCH)
    assert raised.value.code == "forge-refused"
    assert "SAML enforcement" in raised.value.message


def test_too_many_requests_are_waited_for(side: Side) -> None:
    side.forges.kind(side.address)
    side.refuse_next(429, {"Retry-After": "0"}, "slow down")
    side.refuse_next(429, {"Retry-After": "3600"}, "slow down")
    with pytest.raises(Unavailable) as raised:
        side.forges.pull_request(side.address, BRANCH)
    assert (raised.value.code, raised.value.retry_after_seconds) == ("forge-busy", 3600)


def test_a_redirect_elsewhere_gets_no_token(side: Side, elsewhere: list[Server]) -> None:
    side.forges.kind(side.address)
    side.refuse_next(302, {"Location": f"{elsewhere[0].url}/somewhere"}, "moved")
    with pytest.raises(Invalid) as raised:
        side.forges.pull_request(side.address, BRANCH)
    assert raised.value.code == "repository-moved"
    assert elsewhere[0].requests == []


def test_what_waits_for_nothing_is_merged_at_once() -> None:
    with opened("github", "what waits for nothing is merged at once", None) as (side, _):
        merged = side.forges.merge(side.address, 7, head="1" * 40, message=MESSAGE, when_ready=True)
    assert (merged.state, merged.merges_itself) == ("merged", False)


def test_who_may_not_merge_on_gitlab_is_not_told_of_tokens() -> None:
    sentence = "who may not merge is not told of tokens"
    with opened("gitlab", sentence, None) as (side, _), pytest.raises(Refused) as raised:
        side.forges.merge(side.address, 7, head="1" * 40, message=MESSAGE)
    assert raised.value.code == "not-mergeable"


def test_an_unknown_reviewer_on_gitlab_is_named() -> None:
    with (
        opened("gitlab", "an unknown reviewer is named", None) as (side, _),
        pytest.raises(Invalid) as raised,
    ):
        side.forges.propose(
            side.address, Proposal(BRANCH, "main", "Back up nightly", "What it does.", reviewers=("sma",))
        )
    assert '"sma"' in raised.value.message


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_project_that_is_not_shown_is_not_found(kind: str) -> None:
    sentence = "a project that is not shown is not found"
    with opened(kind, sentence, None) as (side, _), pytest.raises(NotFound) as raised:
        side.forges.pull_request(side.address, BRANCH)
    assert raised.value.code == "no-forge-repository"


def test_a_token_of_github_that_may_not_read_checks_reads_the_rest() -> None:
    with opened("github", "a token that may not read checks reads the rest", None) as (side, _):
        seen = side.forges.pull_request(side.address, BRANCH)
    assert seen and (seen.number, seen.checks) == (7, "none")


@pytest.mark.parametrize(
    "sentence", ["a commit that has moved is not even tried", "another commit that was merged is not ours"]
)
def test_only_the_commit_that_was_looked_at_is_merged(sentence: str) -> None:
    with opened("github", sentence, None) as (side, _), pytest.raises(Conflict) as raised:
        side.forges.merge(side.address, 7, head="1" * 40, message=MESSAGE)
    assert raised.value.code == "head-moved"
