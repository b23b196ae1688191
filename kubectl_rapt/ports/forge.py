"""What Rapt asks of a forge: the pull requests of a repository, and who may see and merge them."""

from collections.abc import Iterator
from typing import Protocol

from kubectl_rapt.model.proposals import Address, Method, Proposal, PullRequest


class ForgeReads(Protocol):
    """Reading from forges.

    Every method may raise NotFound (no repository, or none that the user may see), Refused (no credentials, or
    not enough), Unavailable, and Invalid (the repository or the forge's answer is not what was configured).
    """

    def kind(self, address: Address) -> str:
        """Which forge lives there: one of ``KINDS``. ``none`` is no error: Rapt then works with branches only."""
        ...

    def login(self, address: Address) -> str:
        """Whom the forge takes the user for, who may read the repository's pull requests.

        Empty where there is no forge, and where it does not tell: a token may be for a repository alone.
        """
        ...

    def pull_request(self, address: Address, branch: str) -> PullRequest | None:
        """The open pull request of a branch, else its newest one; None where there is none, or no forge.

        On Gitea, it is one into the repository's default branch.
        """
        ...

    def pull_requests(self, address: Address, prefix: str) -> Iterator[PullRequest]:
        """All open pull requests whose branch starts with a prefix, newest first; none where there is no forge."""
        ...


class ForgeWrites(Protocol):
    """Writing to forges: only the door holds one.

    Every method can be repeated after ``outcome_unknown``: what has happened already is recognised. Besides what
    reading raises, each raises Invalid with code ``no-forge`` where there is no forge.
    """

    def propose(self, address: Address, proposal: Proposal) -> PullRequest:
        """Open the pull request of a branch, or bring the one that is open up to date.

        Raises:
            Invalid: The forge refuses a field: no such branch, nothing to merge, an unknown reviewer. The pull
                request may be open all the same.
        """
        ...

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
        """Merge exactly that commit, or have the forge do it when approvals and checks are there.

        Args:
            address: The repository.
            number: The pull request.
            head: The commit that its branch must be at.
            message: The whole message of the commit it becomes.
            method: One new commit (``squash``), or a merge of the branch's own.
            when_ready: Auto-merge. What is ready already is merged at once.

        Returns:
            The pull request afterwards: merged, or open and ``merges_itself``.

        Raises:
            Conflict: ``head-moved``: there is another commit; ``merge-conflict``: it cannot be merged as it is;
                ``proposal-closed``: it was closed.
            Refused: ``not-mergeable``: approvals or checks are missing, or it is a draft, in the forge's words;
                ``no-auto-merge``: the forge or the repository does not offer it.
        """
        ...

    def close(self, address: Address, number: int, comment: str = "") -> PullRequest:
        """Close it unmerged, saying why; nothing happens where it is closed. Raises Conflict where it is merged."""
        ...
