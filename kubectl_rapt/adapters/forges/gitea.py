"""Gitea and Forgejo, by their API v1 (as of Gitea 1.26)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

from kubectl_rapt.adapters.forges.client import Client, segment
from kubectl_rapt.adapters.forges.dialect import Sleep, parted
from kubectl_rapt.adapters.forges.said import Said
from kubectl_rapt.errors import Conflict, NotFound, Unavailable
from kubectl_rapt.model.proposals import Method, Proposal, PullRequest, is_same, missing, unasked

_PAGE = 50
_DRAFT = "WIP: "
_DRAFTS = ("WIP:", "[WIP]", "DRAFT:")
_LABEL_COLOR = "#8a8f98"
_CHECKING_SECONDS = (0.1, 0.3, 0.6)
"""Pauses while it still finds out whether a new commit conflicts: until then it says "not mergeable"."""
_BUSY_SECONDS = (*_CHECKING_SECONDS, 1.0, 2.0)
"""The same where one pull request is looked at, perhaps just after a push: a busy Gitea takes its time."""


class Gitea:
    """One repository on Gitea, as a Dialect.

    Args:
        client: Speaks to it.
        sleep: Waits so many seconds.
    """

    def __init__(self, client: Client, sleep: Sleep) -> None:
        self._client, self._sleep = client, sleep
        self._path = f"/repos/{'/'.join(segment(part) for part in client.repository.split('/'))}"

    def login(self) -> str:
        """See Dialect."""
        return self._client.get("/user", "tell who you are").name("login")

    def of_branch(self, branch: str, base: str = "") -> PullRequest | None:
        """See Dialect. It has no search by branch: one question by base and branch, which answers the oldest."""
        base = base or self._default_branch
        try:
            path = f"{self._path}/pulls/{segment(base)}/{segment(branch)}"
            oldest = self._client.get(path, "read pull requests")
        except NotFound:
            self._must_exist()
            return None
        if oldest.line("state") == "open":
            return self._told(oldest, _BUSY_SECONDS)
        # It was closed. There may be newer ones of the same branch, and they come before it in the list.
        found = None
        for said in self._list("all"):
            if said.number("number") <= oldest.number("number"):
                break
            if said.name("head", "label") == branch and said.name("base", "label") == base and _is_own(said):
                found = found or said
                if said.line("state") == "open":
                    found = said
                    break
        return self._told(found or oldest, _BUSY_SECONDS)

    def under(self, prefix: str) -> Iterator[PullRequest]:
        """See Dialect. Two more requests each: reviews and checks."""
        for said in self._list("open"):
            if said.name("head", "label").startswith(prefix) and _is_own(said):
                yield self._told(said)

    def numbered(self, number: int) -> PullRequest:
        """See Dialect."""
        said = self._client.get(f"{self._path}/pulls/{number}", f"read pull request {number}")
        return self._told(said, _BUSY_SECONDS)

    def create(self, proposal: Proposal) -> int:
        """See Dialect."""
        body = {
            "head": proposal.branch,
            "base": proposal.base,
            "title": _title(proposal.title, bool(proposal.is_draft)),
            "body": proposal.body,
        }
        made = self._post("POST", "/pulls", "open a pull request", body).number("number")
        return self._only(proposal, made)

    def amend(self, seen: PullRequest, proposal: Proposal) -> bool:
        """See Dialect."""
        is_draft = seen.is_draft if proposal.is_draft is None else proposal.is_draft
        changes: dict[str, Any] = {}
        if seen.is_draft != is_draft or not is_same(seen.title, proposal.title):
            changes["title"] = _title(proposal.title, is_draft)
        if not is_same(seen.body, proposal.body):
            changes["body"] = proposal.body
        if changes:
            self._post("PATCH", f"/pulls/{seen.number}", f"change pull request {seen.number}", changes)
        labels = missing(proposal.labels, seen.labels)
        if labels:
            ids = self._labels(labels)
            self._post("POST", f"/issues/{seen.number}/labels", "set labels", {"labels": ids})
        reviewers = unasked(seen, proposal)
        if reviewers:
            path = f"/pulls/{seen.number}/requested_reviewers"
            self._post("POST", path, f"ask {', '.join(reviewers)} for a review", {"reviewers": reviewers})
        return bool(changes or labels or reviewers)

    def merge(self, seen: PullRequest, head: str, message: str, method: Method) -> None:
        """See Dialect."""
        self._merge(seen.number, head, message, method, when_ready=False)

    def merge_when_ready(self, seen: PullRequest, head: str, message: str, method: Method) -> None:
        """See Dialect."""
        try:
            self._merge(seen.number, head, message, method, when_ready=True)
        except Conflict as error:
            if error.code != "merge-scheduled":
                raise

    def close(self, number: int) -> None:
        """See Dialect."""
        self._post("PATCH", f"/pulls/{number}", f"close pull request {number}", {"state": "closed"})

    def comment(self, number: int, text: str) -> None:
        """See Dialect."""
        self._post("POST", f"/issues/{number}/comments", f"comment on pull request {number}", {"body": text})

    def _merge(self, number: int, head: str, message: str, method: Method, *, when_ready: bool) -> None:
        title, rest = parted(message)
        body: dict[str, Any] = {
            "do": method,
            "head_commit_id": head,
            "merge_title_field": title,
            "merge_message_field": rest,
        }
        if when_ready:
            body["merge_when_checks_succeed"] = True
        path = f"{self._path}/pulls/{number}/merge"
        self._client.post("POST", path, f"merge pull request {number}", body, is_merge=True)

    def _only(self, proposal: Proposal, made: int) -> int:
        """The one that stays where several were opened at the same moment, which it does not prevent.

        Each of those who opened one looks afterwards, and all but the lowest number that they see are closed: who
        came last sees all.
        """
        path, doing = f"{self._path}/pulls", "read pull requests"
        numbers = {made} | {
            said.number("number")
            for said in self._client.get(path, doing, state="open", page=1, limit=_PAGE).items()
            if said.name("head", "label") == proposal.branch
            and said.name("base", "label") == proposal.base
            and _is_own(said)
        }
        lowest = min(numbers)
        for number in numbers - {lowest}:
            self._close_surplus(number)
        return lowest

    def _close_surplus(self, number: int) -> None:
        """All who see one close it: who is answered with an error meanwhile may find it closed."""
        path, doing = f"{self._path}/pulls/{number}", f"read pull request {number}"
        for seconds in _CHECKING_SECONDS:
            try:
                return self.close(number)
            except Unavailable:
                if self._client.get(path, doing).line("state") != "open":
                    return None
                self._sleep(seconds)
        return self.close(number)

    def _must_exist(self) -> None:
        """Raises NotFound where the repository itself is what is not there."""
        assert self._default_branch is not None

    @cached_property
    def _default_branch(self) -> str:
        return self._client.get(self._path, "read the repository").name("default_branch")

    def _list(self, state: str) -> Iterator[Said]:
        return self._client.pages(f"{self._path}/pulls", "read pull requests", _PAGE, state=state)

    def _told(self, said: Said, pauses: Sequence[float] = _CHECKING_SECONDS) -> PullRequest:
        number = said.number("number")
        for seconds in pauses:
            if said.line("state") != "open" or said.flag("mergeable") or said.flag("draft"):
                break
            self._sleep(seconds)
            said = self._client.get(f"{self._path}/pulls/{number}", f"read pull request {number}")
        seen = _read(said)
        approved, refused = self._reviews(number)
        return replace(seen, approved_by=approved, refused_by=refused, checks=self._checks(seen.head))

    def _reviews(self, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The newest review of each person that counts; they come oldest first."""
        path = f"{self._path}/pulls/{number}/reviews"
        newest: dict[str, str] = {}
        for said in self._client.pages(path, "read reviews", _PAGE):
            who, what = said.name("user", "login"), said.line("state")
            if not who or what not in ("APPROVED", "REQUEST_CHANGES"):
                continue
            counts = said.flag("official") and not said.flag("dismissed")
            newest[who] = what if counts else ""
        return (
            tuple(who for who, what in newest.items() if what == "APPROVED"),
            tuple(who for who, what in newest.items() if what == "REQUEST_CHANGES"),
        )

    def _checks(self, head: str) -> Literal["none", "pending", "passed", "failed"]:
        if not head:
            return "none"
        said = self._client.get(f"{self._path}/commits/{head}/status", "read checks")
        if not said.at("statuses").value:
            return "none"
        state = said.line("state")
        if state in ("success", "skipped"):
            return "passed"
        return "pending" if state == "pending" else "failed"

    def _labels(self, names: list[str]) -> list[int]:
        """The ids of labels; those that the repository lacks are made."""
        path = f"{self._path}/labels"
        known = {
            said.name("name").casefold(): said.number("id")
            for said in self._client.pages(path, "read labels", _PAGE)
        }
        for name in names:
            if name.casefold() not in known:
                body = {"name": name, "color": _LABEL_COLOR}
                made = self._post("POST", "/labels", f'make the label "{name}"', body)
                known[name.casefold()] = made.number("id")
        return [known[name.casefold()] for name in names]

    def _post(self, method: str, path: str, doing: str, body: dict[str, Any]) -> Said:
        return self._client.post(method, self._path + path, doing, body)


def _read(said: Said) -> PullRequest:
    is_merged = said.flag("merged")
    is_open = said.line("state") == "open"
    is_draft = said.flag("draft")
    return PullRequest(
        number=said.number("number"),
        url=said.page("html_url"),
        branch=said.name("head", "label"),
        head=said.commit("head", "sha"),
        base=said.name("base", "label"),
        state="merged" if is_merged else "open" if is_open else "closed",
        title=_bare(said.line("title")) if is_draft else said.line("title"),
        body=said.text("body"),
        author=said.name("user", "login"),
        is_draft=is_draft,
        has_conflict=is_open and not is_draft and not said.flag("mergeable"),
        reviewers=said.names("requested_reviewers", key="login"),
        labels=said.names("labels", key="name"),
        merged_by=said.name("merged_by", "login") if is_merged else "",
        merge_commit=said.commit("merge_commit_sha") if is_merged else "",
    )


def _is_own(said: Said) -> bool:
    """Whether the branch is the repository's own: anyone may name a branch of a fork like ours."""
    return said.number("head", "repo_id") == said.number("base", "repo_id")


def _title(title: str, is_draft: bool) -> str:
    return f"{_DRAFT}{title}" if is_draft else title


def _bare(title: str) -> str:
    for mark in _DRAFTS:
        if title.upper().startswith(mark):
            return title[len(mark) :].strip()
    return title
