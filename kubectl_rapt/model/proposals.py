"""Pull requests, as words: where they live, what one is to be, and what a forge says of it."""

from dataclasses import dataclass, field
from typing import Literal

KINDS = ("gitea", "github", "gitlab", "none")
"""The forges that Rapt knows (Forgejo is ``gitea``); ``none`` is plain git."""

LONGEST_BODY = 60_000
"""Characters of a description that every forge takes; GitHub refuses more than 65,536."""

Method = Literal["squash", "merge"]


@dataclass(frozen=True, slots=True)
class Address:
    """A repository, and what is known of the forge it lives on.

    Args:
        url: The git remote: URL, ``user@host:path`` or a path. It may hold credentials, so it is never shown.
        kind: One of ``KINDS``; empty: found out.
        api: The base of the forge's API, such as ``https://git.example.com/api/v1``; empty: derived from the
            url. Only tokens for a configured API come from variables that name no host.
    """

    url: str = field(repr=False)
    kind: str = ""
    api: str = ""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request (a merge request) as the forge has it now; text is the forge's, on one line but for ``body``.

    Args:
        number: Its number in the repository.
        url: Its page for people.
        branch: The branch that is to be merged; always of the same repository, never of a fork.
        head: The commit that the forge has of that branch; empty where it has none any more.
        base: The branch to merge into.
        state: What became of it.
        title: Without the mark of a draft.
        body: Its description.
        author: Who opened it.
        is_draft: Whether it asks not to be merged yet.
        has_conflict: Whether the forge found that it cannot be merged as it is.
        merges_itself: Whether the forge will merge it when its conditions are met.
        approved_by: Whose newest review approves; reviews that do not count there are left out.
        refused_by: Whose newest review requests changes.
        reviewers: Whom it waits for.
        labels: The names of its labels.
        checks: The checks of its head, summed up.
        merged_by: Who merged it, where the forge says so.
        merge_commit: The commit it became, where the forge says so.
    """

    number: int
    url: str
    branch: str
    head: str
    base: str
    state: Literal["open", "merged", "closed"]
    title: str
    body: str
    author: str
    is_draft: bool = False
    has_conflict: bool = False
    merges_itself: bool = False
    approved_by: tuple[str, ...] = ()
    refused_by: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    checks: Literal["none", "pending", "passed", "failed"] = "none"
    merged_by: str = ""
    merge_commit: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a pull request is to be.

    Args:
        branch: A pushed branch; it names the pull request, of which there is at most one open.
        base: The branch to merge into.
        title: One line.
        body: Markdown, of at most ``LONGEST_BODY`` characters.
        labels: Labels it must have; missing ones are made, others stay.
        reviewers: People to ask, besides those who were asked already.
        is_draft: Whether it is a draft; None leaves that as it is.
    """

    branch: str
    base: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    is_draft: bool | None = None
