"""GitHub and GitHub Enterprise: read by GraphQL in one request, written by REST (version 2022-11-28)."""

from collections.abc import Iterator
from typing import Any, Literal

from kubectl_rapt.adapters.forges import answers
from kubectl_rapt.adapters.forges.client import Client, segment
from kubectl_rapt.adapters.forges.dialect import parted
from kubectl_rapt.adapters.forges.said import Said, nodes
from kubectl_rapt.errors import NotFound, RaptError, Refused
from kubectl_rapt.model.proposals import Method, Proposal, PullRequest, is_same, missing, unasked

HEADERS = {"X-GitHub-Api-Version": "2022-11-28", "Accept": "application/vnd.github+json"}
_PAGE = 50

_FIELDS = """
fragment seen on PullRequest {
  id number url title body state isDraft isCrossRepository mergeable
  headRefName headRefOid baseRefName
  author { login } mergedBy { login } mergeCommit { oid } autoMergeRequest { enabledAt }
  labels(first: 100) { nodes { name } }
  reviewRequests(first: 100) { nodes { requestedReviewer { ... on User { login } } } }
  latestOpinionatedReviews(first: 100, writersOnly: true) { nodes { state author { login } } }
  commits(last: 1) { nodes { commit { statusCheckRollup { state } } } }
}
"""
_OF_BRANCH = """
query($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) {
    open: pullRequests(headRefName: $branch, states: OPEN, first: 20) { nodes { ...seen } }
    newest: pullRequests(headRefName: $branch, first: 20, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes { ...seen }
    }
  }
}
"""
_OPEN = """
query($owner: String!, $name: String!, $size: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    open: pullRequests(states: OPEN, first: $size, after: $after, orderBy: {field: CREATED_AT, direction: DESC}) {
      nodes { ...seen }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
_NUMBERED = """
query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { ...seen } }
}
"""
_READY = "mutation($id: ID!) { done: markPullRequestReadyForReview(input: {pullRequestId: $id}) { clientMutationId } }"
_DRAFT = (
    "mutation($id: ID!) { done: convertPullRequestToDraft(input: {pullRequestId: $id}) { clientMutationId } }"
)
_AUTO = """
mutation($id: ID!, $head: GitObjectID!, $title: String!, $body: String!, $method: PullRequestMergeMethod!) {
  done: enablePullRequestAutoMerge(input: {
    pullRequestId: $id, expectedHeadOid: $head, commitHeadline: $title, commitBody: $body, mergeMethod: $method
  }) { clientMutationId }
}
"""
_CHECKS: dict[str, Literal["pending", "passed", "failed"]] = {
    "SUCCESS": "passed",
    "PENDING": "pending",
    "EXPECTED": "pending",
}


class GitHub:
    """One repository on GitHub, as a Dialect.

    Args:
        client: Speaks to it.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._owner, self._name = client.repository.split("/")
        self._path = f"/repos/{segment(self._owner)}/{segment(self._name)}"
        # https://api.github.com/graphql, but https://HOST/api/graphql beside https://HOST/api/v3.
        self._graphql = client.api.base.removesuffix("/v3") + "/graphql"

    def login(self) -> str:
        """See Dialect."""
        return self._client.get("/user", "tell who you are").name("login")

    def of_branch(self, branch: str, base: str = "") -> PullRequest | None:
        """See Dialect."""
        repository = self._read(_OF_BRANCH, "read pull requests", branch=branch)
        for part in ("open", "newest"):
            for said in repository.items(part, "nodes"):
                if not said.flag("isCrossRepository") and said.name("headRefName") == branch:
                    return _seen(said)
        return None

    def under(self, prefix: str) -> Iterator[PullRequest]:
        """See Dialect."""

        def page(after: str | None) -> Said:
            return self._read(_OPEN, "read pull requests", size=_PAGE, after=after).at("open")

        for said in nodes(page, self._client.host):
            if not said.flag("isCrossRepository") and said.name("headRefName").startswith(prefix):
                yield _seen(said)

    def numbered(self, number: int) -> PullRequest:
        """See Dialect."""
        return _seen(self._one(number))

    def create(self, proposal: Proposal) -> int:
        """See Dialect."""
        body = {
            "head": proposal.branch,
            "base": proposal.base,
            "title": proposal.title,
            "body": proposal.body,
            "draft": bool(proposal.is_draft),
        }
        return self._post("POST", "/pulls", "open a pull request", body).number("number")

    def amend(self, seen: PullRequest, proposal: Proposal) -> bool:
        """See Dialect."""
        wanted = {"title": proposal.title, "body": proposal.body}
        changes = {key: value for key, value in wanted.items() if not is_same(getattr(seen, key), value)}
        if changes:
            self._post("PATCH", f"/pulls/{seen.number}", f"change pull request {seen.number}", changes)
        labels = missing(proposal.labels, seen.labels)
        if labels:
            self._post("POST", f"/issues/{seen.number}/labels", "set labels", {"labels": labels})
        reviewers = unasked(seen, proposal)
        if reviewers:
            path = f"/pulls/{seen.number}/requested_reviewers"
            self._post("POST", path, f"ask {', '.join(reviewers)} for a review", {"reviewers": reviewers})
        turns = proposal.is_draft is not None and proposal.is_draft != seen.is_draft
        if turns:
            mutation = _DRAFT if proposal.is_draft else _READY
            self._mutate(mutation, "change the draft", id=self._one(seen.number).text("id"))
        return bool(changes or labels or reviewers or turns)

    def merge(self, seen: PullRequest, head: str, message: str, method: Method) -> None:
        """See Dialect."""
        title, rest = parted(message)
        body = {"sha": head, "merge_method": method, "commit_title": title, "commit_message": rest}
        path = f"{self._path}/pulls/{seen.number}/merge"
        self._client.post("PUT", path, f"merge pull request {seen.number}", body, is_merge=True)

    def merge_when_ready(self, seen: PullRequest, head: str, message: str, method: Method) -> None:
        """See Dialect. What waits for nothing is refused, and merged at once then."""
        title, rest = parted(message)
        try:
            self._mutate(
                _AUTO,
                f"merge pull request {seen.number}",
                is_merge=True,
                id=self._one(seen.number).text("id"),
                head=head,
                title=title,
                body=rest,
                method=method.upper(),
            )
        except Refused as error:
            if "clean status" not in error.message:
                raise
            self.merge(seen, head, message, method)

    def close(self, number: int) -> None:
        """See Dialect."""
        self._post("PATCH", f"/pulls/{number}", f"close pull request {number}", {"state": "closed"})

    def comment(self, number: int, text: str) -> None:
        """See Dialect."""
        self._post("POST", f"/issues/{number}/comments", f"comment on pull request {number}", {"body": text})

    def _one(self, number: int) -> Said:
        said = self._read(_NUMBERED, f"read pull request {number}", number=number).at("pullRequest")
        if not said.exists:
            raise self._absent(f"read pull request {number}")
        return said

    def _read(self, query: str, doing: str, **variables: Any) -> Said:
        variables |= {"owner": self._owner, "name": self._name}
        # A token may lack the right to read checks alone, and all the rest is answered then.
        said = self._client.graphql(
            self._graphql, query + _FIELDS, variables, doing, optional="statusCheckRollup"
        ).at("repository")
        if not said.exists:
            raise self._absent(doing)
        return said

    def _mutate(self, mutation: str, doing: str, *, is_merge: bool = False, **variables: Any) -> None:
        self._client.graphql(self._graphql, mutation, variables, doing, may_change=True, is_merge=is_merge)

    def _absent(self, doing: str) -> RaptError:
        error = answers.classify(404, {}, b"", self._client.ask(doing))
        assert isinstance(error, NotFound)
        return error

    def _post(self, method: str, path: str, doing: str, body: dict[str, Any]) -> Said:
        return self._client.post(method, self._path + path, doing, body)


def _seen(said: Said) -> PullRequest:
    state = said.line("state")
    reviews = [
        (review.name("author", "login"), review.line("state"))
        for review in said.items("latestOpinionatedReviews", "nodes")
    ]
    asked = (one.name("requestedReviewer", "login") for one in said.items("reviewRequests", "nodes"))
    return PullRequest(
        number=said.number("number"),
        url=said.page("url"),
        branch=said.name("headRefName"),
        head=said.commit("headRefOid"),
        base=said.name("baseRefName"),
        state="merged" if state == "MERGED" else "open" if state == "OPEN" else "closed",
        title=said.line("title"),
        body=said.text("body"),
        author=said.name("author", "login"),
        is_draft=said.flag("isDraft"),
        has_conflict=state == "OPEN" and said.line("mergeable") == "CONFLICTING",
        merges_itself=state == "OPEN" and said.at("autoMergeRequest").exists,
        approved_by=tuple(who for who, what in reviews if who and what == "APPROVED"),
        refused_by=tuple(who for who, what in reviews if who and what == "CHANGES_REQUESTED"),
        reviewers=tuple(who for who in asked if who),
        labels=said.names("labels", "nodes", key="name"),
        checks=_checks(said),
        merged_by=said.name("mergedBy", "login"),
        merge_commit=said.commit("mergeCommit", "oid"),
    )


def _checks(said: Said) -> Literal["none", "pending", "passed", "failed"]:
    for node in said.items("commits", "nodes"):
        state = node.line("commit", "statusCheckRollup", "state")
        if state:
            return _CHECKS.get(state, "failed")
    return "none"
