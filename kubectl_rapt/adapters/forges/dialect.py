"""What each kind of forge says in its own words, for what is the same on all of them."""

from collections.abc import Callable, Iterator
from typing import Protocol

from kubectl_rapt.model.proposals import Method, Proposal, PullRequest

Sleep = Callable[[float], None]


class Dialect(Protocol):
    """One repository on one kind of forge. None of these looks before it writes, or repeats what failed."""

    def of_branch(self, branch: str, base: str = "") -> PullRequest | None:
        """The open pull request of a branch of the repository itself, else the newest, else None."""
        ...

    def under(self, prefix: str) -> Iterator[PullRequest]:
        """The open ones of the repository's own branches with a prefix."""
        ...

    def numbered(self, number: int) -> PullRequest:
        """One by its number. Raises NotFound."""
        ...

    def create(self, proposal: Proposal) -> int:
        """Open one; its number. Raises Conflict ``already-proposed`` where the branch has an open one."""
        ...

    def amend(self, seen: PullRequest, proposal: Proposal) -> bool:
        """Bring it up to date, doing only what differs; whether anything did."""
        ...

    def merge(self, seen: PullRequest, head: str, message: str, method: Method) -> None:
        """Merge it now. Raises Conflict ``forge-checking`` where the forge asks to try again in a moment."""
        ...

    def merge_when_ready(self, seen: PullRequest, head: str, message: str, method: Method) -> None:
        """Have it merged when it is ready, or merge it now where it is."""
        ...

    def close(self, number: int) -> None:
        """Close it."""
        ...

    def comment(self, number: int, text: str) -> None:
        """Say something on its page."""
        ...


def parted(message: str) -> tuple[str, str]:
    """A commit message's first line, and the rest."""
    title, _, rest = message.strip().partition("\n")
    return title, rest.strip()


def missing(wanted: tuple[str, ...], there: tuple[str, ...]) -> list[str]:
    """What is wanted and not there, whatever its case."""
    known = {one.casefold() for one in there}
    return [one for one in wanted if one.casefold() not in known]


def unasked(seen: PullRequest, proposal: Proposal) -> list[str]:
    """The reviewers who are still to be asked; nobody may be asked to review what is their own."""
    return missing(proposal.reviewers, (seen.author, *seen.reviewers, *seen.approved_by, *seen.refused_by))


def is_same(seen: str, wanted: str) -> bool:
    """Whether a forge has that text already: they trim it, and their web pages change line ends."""
    return [line.rstrip() for line in seen.strip().splitlines()] == [
        line.rstrip() for line in wanted.strip().splitlines()
    ]
