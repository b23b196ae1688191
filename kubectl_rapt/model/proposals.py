"""Pull requests, as words: where they live, what one is to be, and what a forge says of it."""

import re
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


_MARK = re.compile(r"^Rapt-Proposal: ([0-9a-f]{12})[ \t]*\r?$", re.MULTILINE)


def marked(body: str, mark: str) -> str:
    """A description with a mark, by which it is known again whatever in it tells times.

    Args:
        body: It ends with trailers; the mark is one more.
        mark: Twelve hex digits.
    """
    return f"{body.rstrip()}\nRapt-Proposal: {mark}\n"


def is_current(seen: PullRequest, wanted: Proposal) -> bool:
    """Whether an open pull request is what it is to be; of two marked descriptions only the marks count."""
    marks = _MARK.findall(seen.body)[-1:], _MARK.findall(wanted.body)[-1:]
    has_body = marks[0] == marks[1] if marks[1] else is_same(seen.body, wanted.body)
    is_draft = wanted.is_draft in (None, seen.is_draft)
    is_asked = not missing(wanted.labels, seen.labels) and not unasked(seen, wanted)
    return has_body and is_draft and is_asked and is_same(seen.title, wanted.title)


def missing(wanted: tuple[str, ...], there: tuple[str, ...]) -> list[str]:
    """What is wanted and not there, whatever its case."""
    known = {one.casefold() for one in there}
    return [one for one in wanted if one.casefold() not in known]


def unasked(seen: PullRequest, wanted: Proposal) -> list[str]:
    """The reviewers who are still to be asked; nobody may be asked to review what is their own."""
    return missing(wanted.reviewers, (seen.author, *seen.reviewers, *seen.approved_by, *seen.refused_by))


def is_same(seen: str, wanted: str) -> bool:
    """Whether a forge has that text already: they trim it, and their web pages change line ends."""
    return [line.rstrip() for line in seen.strip().splitlines()] == [
        line.rstrip() for line in wanted.strip().splitlines()
    ]
