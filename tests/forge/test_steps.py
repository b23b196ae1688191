"""Pull requests as steps of a plan, on a real Gitea."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from kubectl_rapt import writes
from kubectl_rapt.adapters.forges.forges import Forges
from kubectl_rapt.errors import Refused
from kubectl_rapt.model.plan import CloseProposal, MergeProposal, Propose, Step
from kubectl_rapt.model.proposals import Address, Proposal, PullRequest
from tests.fakes.world import FakeWriters
from tests.forge.gitea import Gitea, Repository
from tests.forge.servers import Answer, Between, served

ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}


class _World:
    """As much of a world as these steps touch."""

    def __init__(self) -> None:
        self.forge = Forges(ENVIRON)


def _apply(step: Step) -> PullRequest:
    done = writes.apply(FakeWriters(_World()), step)  # type: ignore[arg-type]
    assert isinstance(done, PullRequest)
    return done


@pytest.fixture
def repository(gitea: Gitea) -> Repository:
    return gitea.repository()


@pytest.fixture
def address(gitea: Gitea, repository: Repository) -> Address:
    return Address(gitea.clone_url(repository))


def _proposal(branch: str, title: str = "A change") -> Proposal:
    return Proposal(branch, "main", title, "What it does.")


def test_each_step_that_happened_already_is_recognised(
    gitea: Gitea, repository: Repository, address: Address
) -> None:
    head = gitea.push(repository, "rapt/prod/a/000001", {"a": "1"})
    made = _apply(Propose(address, _proposal("rapt/prod/a/000001")))
    assert _apply(Propose(address, _proposal("rapt/prod/a/000001"))) == made
    merge = MergeProposal(address, made.number, head, "A change\n\nRapt-Change: 000001\n")
    assert _apply(merge).state == "merged"
    assert _apply(merge).state == "merged"
    gitea.push(repository, "rapt/prod/b/000002", {"b": "1"})
    other = _apply(Propose(address, _proposal("rapt/prod/b/000002")))
    assert _apply(CloseProposal(address, other.number, "Not now.")).state == "closed"
    assert _apply(CloseProposal(address, other.number, "Not now.")).state == "closed"
    comments = gitea.call("GET", f"{repository.path}/issues/{other.number}/comments")
    assert [one["body"] for one in comments] == ["Not now."]


def test_a_squash_keeps_the_trailers_of_the_message(
    gitea: Gitea, repository: Repository, address: Address
) -> None:
    gitea.push(repository, "rapt/prod/a/000001", {"a": "1"})
    head = gitea.push(repository, "rapt/prod/a/000001", {"a": "2"})
    made = _apply(Propose(address, _proposal("rapt/prod/a/000001")))
    message = "A change\n\nRapt-Change: 000001\nRapt-Tool: a\n"
    merged = _apply(MergeProposal(address, made.number, head, message))
    commit = gitea.call("GET", f"{repository.path}/git/commits/{merged.merge_commit}")
    assert "Rapt-Change: 000001\nRapt-Tool: a" in commit["commit"]["message"]
    assert len(commit["parents"]) == 1


def test_many_who_propose_one_branch_at_once_end_with_one(
    gitea: Gitea, repository: Repository, address: Address
) -> None:
    gitea.push(repository, "rapt/prod/a/000001", {"a": "1"})
    with ThreadPoolExecutor(6) as pool:
        step = Propose(address, _proposal("rapt/prod/a/000001"))
        list(pool.map(_apply, [step] * 6))
    found = gitea.call("GET", f"{repository.path}/pulls?state=open")
    assert [one["number"] for one in found] == [_apply(step).number]


@pytest.mark.parametrize("refusals", [1, 3])
def test_one_too_many_is_closed_though_the_forge_stumbles(
    gitea: Gitea, repository: Repository, refusals: int
) -> None:
    first, second = "rapt/prod/a/000001", "rapt/prod/a/000002"
    gitea.push(repository, first, {"a": "1"})
    kept = _apply(Propose(Address(gitea.clone_url(repository)), _proposal(first)))
    gitea.push(repository, second, {"a": "2"})
    listed = gitea.call("GET", f"{repository.path}/pulls?state=open")
    listed[0]["head"]["label"] = second  # as if both had been opened of one branch at the same moment
    between = Between(gitea.url)
    between.next(r"GET \S+/pulls\?.*state=open", Answer(200, json.dumps(listed).encode()))
    for _ in range(refusals):
        between.next(r"PATCH \S+/pulls/", Answer(500, b"{}"))
    with served(between):
        url = between.url.replace("://", f"://robin:{gitea.tokens['robin']}@")
        made = _apply(Propose(Address(f"{url}/robin/{repository.name}.git"), _proposal(second)))
    assert made.number == kept.number
    states = {one["number"]: one["state"] for one in gitea.call("GET", f"{repository.path}/pulls?state=all")}
    assert states == {kept.number: "open", kept.number + 1: "closed"}


def test_a_protected_branch_waits_for_its_checks_too(
    gitea: Gitea, repository: Repository, address: Address
) -> None:
    gitea.protect(repository, checks=("test",))
    head = gitea.push(repository, "rapt/prod/a/000001", {"a": "1"})
    made = _apply(Propose(address, _proposal("rapt/prod/a/000001")))
    merge = MergeProposal(address, made.number, head, "A change")
    with pytest.raises(Refused) as raised:
        _apply(merge)
    assert "status checks" in raised.value.message
    gitea.check(repository, head, "success")
    assert _apply(merge).state == "merged"


def test_only_those_who_may_write_merge(gitea: Gitea) -> None:
    repository = gitea.repository(collaborators=())
    gitea.call("PUT", f"{repository.path}/collaborators/kim", {"permission": "read"})
    head = gitea.push(repository, "rapt/prod/a/000001", {"a": "1"})
    made = _apply(Propose(Address(gitea.clone_url(repository)), _proposal("rapt/prod/a/000001")))
    with pytest.raises(Refused) as raised:
        _apply(MergeProposal(Address(gitea.clone_url(repository, "kim")), made.number, head, "A change"))
    assert raised.value.code in ("not-mergeable", "forge-refused")


def test_a_wrong_token_of_a_real_forge_is_told(gitea: Gitea, repository: Repository) -> None:
    url = repository.url.replace("://", "://robin:0123456789012345678901234567890123456789@")
    with pytest.raises(Refused) as raised:
        Forges(ENVIRON).pull_request(Address(url), "rapt/x")
    assert raised.value.code == "forge-login"


def test_an_approval_of_an_older_commit_counts_as_the_forge_counts_it(
    gitea: Gitea, repository: Repository, address: Address
) -> None:
    gitea.push(repository, "rapt/prod/a/000001", {"a": "1"})
    made = _apply(Propose(address, _proposal("rapt/prod/a/000001")))
    gitea.review(repository, made.number, "sam")
    gitea.push(repository, "rapt/prod/a/000001", {"a": "2"})
    seen = Forges(ENVIRON).pull_request(address, "rapt/prod/a/000001")
    assert seen and seen.approved_by == (
        "sam",
    )  # approvals survive a push there, unless the rule says otherwise


def test_a_list_holds_the_branches_with_the_prefix_newest_first(
    gitea: Gitea, repository: Repository, address: Address
) -> None:
    for number in range(3):
        branch = f"rapt/prod/a/00000{number}"
        gitea.push(repository, branch, {f"file-{number}": "1"})
        _apply(Propose(address, _proposal(branch)))
    gitea.push(repository, "other", {"c": "1"})
    _apply(Propose(address, _proposal("other")))
    found = list(Forges(ENVIRON).pull_requests(address, "rapt/"))
    assert [one.branch for one in found] == [f"rapt/prod/a/00000{number}" for number in (2, 1, 0)]
