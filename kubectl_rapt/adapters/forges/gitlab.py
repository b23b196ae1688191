"""GitLab: read by GraphQL in one request, written by its REST API v4."""

from collections.abc import Iterator
from typing import Any, Literal

from kubectl_rapt.adapters.forges import answers
from kubectl_rapt.adapters.forges.client import Client, segment
from kubectl_rapt.adapters.forges.said import Said, nodes
from kubectl_rapt.errors import Invalid, NotFound, Refused
from kubectl_rapt.model.proposals import Method, Proposal, PullRequest, is_same, missing, unasked

_PAGE = 50
_DRAFT = "Draft: "
_DRAFTS = ("draft:", "[draft]", "(draft)")

_FIELDS = """
fragment seen on MergeRequest {
  iid webUrl title description state draft conflicts autoMergeEnabled
  sourceBranch targetBranch sourceProjectId targetProjectId diffHeadSha mergeCommitSha
  author { username } mergeUser { username }
  labels { nodes { title } }
  approvedBy { nodes { username } }
  reviewers { nodes { username mergeRequestInteraction { reviewState } } }
  headPipeline { status }
}
"""
_OF_BRANCH = """
query($path: ID!, $branch: String!) {
  project(fullPath: $path) {
    open: mergeRequests(sourceBranches: [$branch], state: opened, first: 20) { nodes { ...seen } }
    newest: mergeRequests(sourceBranches: [$branch], sort: CREATED_DESC, first: 20) { nodes { ...seen } }
  }
}
"""
_OPEN = """
query($path: ID!, $size: Int!, $after: String) {
  project(fullPath: $path) {
    open: mergeRequests(state: opened, sort: CREATED_DESC, first: $size, after: $after) {
      nodes { ...seen }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
_NUMBERED = """
query($path: ID!, $number: String!) {
  project(fullPath: $path) { one: mergeRequests(iids: [$number], first: 1) { nodes { ...seen } } }
}
"""
_CHECKS: dict[str, Literal["none", "passed", "failed"]] = {
    "SUCCESS": "passed",
    "SKIPPED": "none",
    "FAILED": "failed",
    "CANCELED": "failed",
}
"""Any other status is on its way."""


class GitLab:
    """One project on GitLab, as a Dialect.

    Args:
        client: Speaks to it.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._path = f"/projects/{segment(client.repository)}"
        self._graphql = client.api.base.removesuffix("/v4") + "/graphql"

    def login(self) -> str:
        """See Dialect."""
        return self._client.get("/user", "tell who you are").name("username")

    def of_branch(self, branch: str, base: str = "") -> PullRequest | None:
        """See Dialect."""
        project = self._read(_OF_BRANCH, "read merge requests", branch=branch)
        for part in ("open", "newest"):
            for said in project.items(part, "nodes"):
                if _is_own(said) and said.name("sourceBranch") == branch:
                    return _seen(said)
        return None

    def under(self, prefix: str) -> Iterator[PullRequest]:
        """See Dialect."""

        def page(after: str | None) -> Said:
            return self._read(_OPEN, "read merge requests", size=_PAGE, after=after).at("open")

        for said in nodes(page, self._client.host):
            if _is_own(said) and said.name("sourceBranch").startswith(prefix):
                yield _seen(said)

    def numbered(self, number: int) -> PullRequest:
        """See Dialect."""
        project = self._read(_NUMBERED, f"read merge request {number}", number=str(number))
        for said in project.items("one", "nodes"):
            return _seen(said)
        raise self._absent(f"read merge request {number}")

    def create(self, proposal: Proposal) -> int:
        """See Dialect."""
        body = {
            "source_branch": proposal.branch,
            "target_branch": proposal.base,
            "title": _title(proposal.title, bool(proposal.is_draft)),
            "description": proposal.body,
        }
        return self._post("POST", "", "open a merge request", body).number("iid")

    def amend(self, seen: PullRequest, proposal: Proposal) -> bool:
        """See Dialect."""
        is_draft = seen.is_draft if proposal.is_draft is None else proposal.is_draft
        changes: dict[str, Any] = {}
        if seen.is_draft != is_draft or not is_same(seen.title, proposal.title):
            changes["title"] = _title(proposal.title, is_draft)
        if not is_same(seen.body, proposal.body):
            changes["description"] = proposal.body
        labels = missing(proposal.labels, seen.labels)
        if labels:
            changes["add_labels"] = ",".join(labels)
        reviewers = unasked(seen, proposal)
        if reviewers:
            # The list replaces what is there.
            changes["reviewer_ids"] = [self._id(name) for name in (*seen.reviewers, *reviewers)]
        if changes:
            self._post("PUT", f"/{seen.number}", f"change merge request {seen.number}", changes)
        return bool(changes)

    def merge(self, seen: PullRequest, head: str, message: str, method: Method) -> None:
        """See Dialect."""
        self._merge(seen, head, message, method, {})

    def merge_when_ready(self, seen: PullRequest, head: str, message: str, method: Method) -> None:
        """See Dialect."""
        # "auto_merge" is its name since 17.11; older servers know the other one.
        self._merge(seen, head, message, method, {"auto_merge": True, "merge_when_pipeline_succeeds": True})

    def close(self, number: int) -> None:
        """See Dialect."""
        self._post("PUT", f"/{number}", f"close merge request {number}", {"state_event": "close"})

    def comment(self, number: int, text: str) -> None:
        """See Dialect."""
        self._post("POST", f"/{number}/notes", f"comment on merge request {number}", {"body": text})

    def _merge(
        self, seen: PullRequest, head: str, message: str, method: Method, more: dict[str, Any]
    ) -> None:
        is_squash = method == "squash"
        said = "squash_commit_message" if is_squash else "merge_commit_message"
        body = {"sha": head, "squash": is_squash, said: message, **more}
        doing = f"merge merge request {seen.number}"
        path = f"{self._path}/merge_requests/{seen.number}/merge"
        try:
            self._client.post("PUT", path, doing, body, is_merge=True)
        except Refused as error:
            if error.code == "forge-login":
                # It says 401 to those who may not merge. Who they are it knows: it has just let them read.
                raise answers.not_mergeable(self._client.ask(doing), "you may not merge it") from None
            raise

    def _id(self, username: str) -> int:
        """The number of a person. Raises Invalid where nobody has that name."""
        for said in self._client.get("/users", f'look up "{username}"', username=username).items():
            return said.number("id")
        raise Invalid(
            "forge-invalid",
            f'{self._client.host} has no user "{username}"',
            "correct the reviewers' names",
        )

    def _read(self, query: str, doing: str, **variables: Any) -> Said:
        variables["path"] = self._client.repository
        said = self._client.graphql(self._graphql, query + _FIELDS, variables, doing).at("project")
        if not said.exists:
            raise self._absent(doing)
        return said

    def _absent(self, doing: str) -> NotFound:
        error = answers.classify(404, {}, b"", self._client.ask(doing))
        assert isinstance(error, NotFound)
        return error

    def _post(self, method: str, path: str, doing: str, body: dict[str, Any]) -> Said:
        return self._client.post(method, f"{self._path}/merge_requests{path}", doing, body)


def _seen(said: Said) -> PullRequest:
    state = said.line("state")
    is_draft = said.flag("draft")
    reviewers = [
        (one.name("username"), one.line("mergeRequestInteraction", "reviewState"))
        for one in said.items("reviewers", "nodes")
    ]
    return PullRequest(
        number=said.number("iid"),
        url=said.page("webUrl"),
        branch=said.name("sourceBranch"),
        head=said.commit("diffHeadSha"),
        base=said.name("targetBranch"),
        # "locked" is what it is while it is being merged.
        state="merged" if state == "merged" else "closed" if state == "closed" else "open",
        title=_bare(said.line("title")) if is_draft else said.line("title"),
        body=said.text("description"),
        author=said.name("author", "username"),
        is_draft=is_draft,
        has_conflict=state == "opened" and said.flag("conflicts"),
        merges_itself=state == "opened" and said.flag("autoMergeEnabled"),
        approved_by=said.names("approvedBy", "nodes", key="username"),
        refused_by=tuple(who for who, what in reviewers if what == "REQUESTED_CHANGES"),
        reviewers=tuple(who for who, _ in reviewers),
        labels=said.names("labels", "nodes", key="title"),
        checks=_checks(said.line("headPipeline", "status")),
        merged_by=said.name("mergeUser", "username") if state == "merged" else "",
        merge_commit=said.commit("mergeCommitSha"),
    )


def _checks(status: str) -> Literal["none", "pending", "passed", "failed"]:
    return _CHECKS.get(status, "pending") if status else "none"


def _is_own(said: Said) -> bool:
    """Whether the branch is the project's own: anyone may name a branch of a fork like ours."""
    project = said.at("sourceProjectId").value
    return project is not None and project == said.at("targetProjectId").value


def _title(title: str, is_draft: bool) -> str:
    return f"{_DRAFT}{title}" if is_draft else title


def _bare(title: str) -> str:
    for mark in _DRAFTS:
        if title.lower().startswith(mark):
            return title[len(mark) :].strip()
    return title
