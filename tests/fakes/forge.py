"""A forge in memory over a bare repository: pull requests as the contract suite has them, merged by squash."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

from kubectl_rapt.errors import Conflict, Refused, Unavailable
from kubectl_rapt.model import proposals
from kubectl_rapt.model.proposals import Address, Method, Proposal, PullRequest
from tests.repositories import ConfigRepository


class FakeForge:
    """Implements ForgeReads and ForgeWrites for one repository.

    Args:
        repository: Where its branches are.

    Attributes:
        needs: Who must approve before anything is merged.
        loses: What is done next without an answer: ``propose``, ``merge`` or ``close``.
        on_merge: Called before each merge, once.
        comments: What was said on closing.
        told: How often a pull request was opened or changed.
    """

    def __init__(self, repository: ConfigRepository) -> None:
        self._repository = repository
        self._numbers = itertools.count(1)
        self.all: dict[int, PullRequest] = {}
        self.needs: tuple[str, ...] = ()
        self.loses: set[str] = set()
        self.on_merge: Callable[[], object] = lambda: None
        self.comments: list[str] = []
        self.told = 0

    def kind(self, address: Address) -> str:
        return address.kind or "gitea"

    def login(self, address: Address) -> str:
        return "ann"

    def pull_request(self, address: Address, branch: str) -> PullRequest | None:
        found = [self._now(one) for one in self.all.values() if one.branch == branch]
        return next((one for one in found if one.state == "open"), found[-1] if found else None)

    def pull_requests(self, address: Address, prefix: str) -> Iterator[PullRequest]:
        for one in self.all.values():
            if one.state == "open" and one.branch.startswith(prefix):
                yield self._now(one)

    def propose(self, address: Address, proposal: Proposal) -> PullRequest:
        assert proposal.branch in self._repository.branches
        seen = self.pull_request(address, proposal.branch)
        if seen is None or seen.state != "open":
            number = next(self._numbers)
            url = f"https://forge.example/team/config/pulls/{number}"
            seen = PullRequest(number, url, proposal.branch, "", proposal.base, "open", "", "", "ann")
        if not proposals.is_current(seen, proposal):
            self.told += 1
        self.all[seen.number] = replace(
            seen,
            title=proposal.title,
            body=proposal.body,
            labels=tuple(dict.fromkeys((*seen.labels, *proposal.labels))),
            reviewers=tuple(dict.fromkeys((*seen.reviewers, *proposal.reviewers))),
            is_draft=seen.is_draft if proposal.is_draft is None else proposal.is_draft,
        )
        self._answer("propose")
        return self._now(self.all[seen.number])

    def merge(
        self,
        address: Address,
        number: int,
        *,
        head: str,
        message: str,
        method: Method = "squash",
        when_ready: bool = False,
    ) -> PullRequest:
        act, self.on_merge = self.on_merge, lambda: None
        act()
        seen = self._now(self.all[number])
        if seen.head != head:
            raise Conflict("head-moved", "its branch has another commit now", "look at it again")
        lacks = [name for name in self.needs if name not in seen.approved_by]
        if lacks and when_ready:
            self.all[number] = replace(seen, merges_itself=True)
        elif lacks:
            raise Refused("not-mergeable", "approvals are missing", f"see {seen.url} for what is missing")
        else:
            self.squash(number, message)
        self._answer("merge")
        return self._now(self.all[number])

    def close(self, address: Address, number: int, comment: str = "") -> PullRequest:
        if self.all[number].state == "open":
            self.all[number] = replace(self._now(self.all[number]), state="closed")
            self.comments.append(comment)
        self._answer("close")
        return self.all[number]

    def squash(self, number: int, message: str) -> None:
        """Merge as the page does: what differs from where the branch left main becomes one commit on main.

        Raises:
            Conflict: Main has changed the same files.
        """
        seen, repository = self._now(self.all[number]), self._repository
        base = repository.files(repository.git("merge-base", "main", seen.branch).decode().strip())
        tip, main = repository.files(seen.branch), repository.files()
        changed = [path for path in {*base, *tip} if base.get(path) != tip.get(path)]
        if any(main.get(path) not in (base.get(path), tip.get(path)) for path in changed):
            raise Conflict("merge-conflict", "it conflicts with main", "bring the branch up to date")
        repository.commit({path: tip.get(path) for path in changed}, message)
        self.all[number] = replace(seen, state="merged")

    def say(self, number: int, **what: object) -> None:
        """Something happens on its page."""
        self.all[number] = replace(self.all[number], **what)  # type: ignore[arg-type]

    def _now(self, one: PullRequest) -> PullRequest:
        if one.state != "open":
            return one
        return replace(one, head=self._repository.branches.get(one.branch, ""))

    def _answer(self, what: str) -> None:
        if what in self.loses:
            self.loses.discard(what)
            raise Unavailable("forge-down", "cut", outcome_unknown=True)
