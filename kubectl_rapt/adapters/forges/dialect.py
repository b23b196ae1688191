"""What each kind of forge says in its own words, for what is the same on all of them."""

from collections.abc import Callable, Iterator
from typing import Protocol

from kubectl_rapt.model.proposals import Method, Proposal, PullRequest

Sleep = Callable[[float], None]


class Dialect(Protocol):
    """One repository on one kind of forge. None of these looks before it writes, or repeats what failed."""

    def login(self) -> str:
        """The name of the user whose credentials requests carry. Raises Refused where there are none."""
        ...

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
