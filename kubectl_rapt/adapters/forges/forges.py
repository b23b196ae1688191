"""Forges as ``ForgeReads`` and ``ForgeWrites``: what is the same on all of them, above all looking before repeating."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from kubectl_rapt.adapters.forges import places
from kubectl_rapt.adapters.forges.client import Client
from kubectl_rapt.adapters.forges.credentials import Credentials
from kubectl_rapt.adapters.forges.detect import Detector
from kubectl_rapt.adapters.forges.dialect import Dialect
from kubectl_rapt.adapters.forges.http import Http, Timeouts
from kubectl_rapt.adapters.git_answers import shown
from kubectl_rapt.adapters.trace import SILENT, Trace
from kubectl_rapt.errors import Conflict, Invalid, NotFound, RaptError, Refused, Unavailable
from kubectl_rapt.model.proposals import Address, Method, Proposal, PullRequest

_GUESS = Timeouts(connect=2.0, silence=4.0, whole=6.0)
"""For the host of an ssh remote, which need not have a web server: every command would wait for it."""
_PATIENCE = (0.1, 0.2, 0.4, 0.8, 1.0, 2.0, 4.0)
"""Seconds between attempts while a forge still looks at what was pushed."""


class Forges:
    """Implements ForgeReads and ForgeWrites.

    Args:
        environ: The user's environment: proxies, certificate authorities, credential helpers, tokens.
        tokens: Host of an API to the variable of ``environ`` whose token goes there, as the person's settings say.
        timeouts: How long requests may take.
        sleep: Waits so many seconds.
        trace: Is told of every request.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        tokens: Mapping[str, str] | None = None,
        *,
        timeouts: Timeouts | None = None,
        sleep: Callable[[float], None] = time.sleep,
        trace: Trace = SILENT,
    ) -> None:
        self._http = Http(environ, timeouts, sleep, trace)
        self._credentials = Credentials(environ, tokens or {}, trace)
        self._detector = Detector(self._http, Http(environ, timeouts or _GUESS, sleep, trace))
        self._sleep = sleep
        self._dialects: dict[Address, Dialect | None] = {}

    def kind(self, address: Address) -> str:
        """See ForgeReads."""
        return self._detector.kind(address, places.place(address.url))

    def login(self, address: Address) -> str:
        """See ForgeReads."""
        dialect = self._dialect(address)
        if dialect is None:
            return ""
        next(dialect.under(""), None)
        try:
            return dialect.login()
        except (Refused, NotFound) as error:
            if error.code == "forge-login":
                raise
            return ""

    def pull_request(self, address: Address, branch: str) -> PullRequest | None:
        """See ForgeReads."""
        dialect = self._dialect(address)
        return dialect.of_branch(branch) if dialect else None

    def pull_requests(self, address: Address, prefix: str) -> Iterator[PullRequest]:
        """See ForgeReads."""
        dialect = self._dialect(address)
        if dialect:
            yield from dialect.under(prefix)

    def propose(self, address: Address, proposal: Proposal) -> PullRequest:
        """See ForgeWrites."""
        dialect = self._required(address)
        seen = _if_open(dialect.of_branch(proposal.branch, proposal.base))
        if seen is None:
            seen = self._opened(dialect, proposal)
        return _written(dialect, seen.number) if dialect.amend(seen, proposal) else seen

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
        """See ForgeWrites."""
        dialect = self._required(address)
        seen = dialect.numbered(number)
        if seen.state == "merged" or (when_ready and seen.merges_itself and seen.head == head):
            return _merged(seen, head)
        _check(seen, head)
        act = dialect.merge_when_ready if when_ready else dialect.merge
        for seconds in (*_PATIENCE, None):
            try:
                act(seen, head, message, method)
            except (Conflict, Refused, Unavailable) as error:
                after = _look(dialect, number, error)
                if after.state == "merged":
                    return _merged(after, head)
                if isinstance(error, Unavailable):
                    raise
                _check(after, head)
                if after.has_conflict:  # Gitea says "later", GitLab "not allowed"
                    raise _conflicting(after) from None
                if error.code != "forge-checking" or seconds is None:
                    if error.code == "not-mergeable":
                        error.hint = f"see {after.url} for what is missing"
                    raise
                self._sleep(seconds)
            else:
                after = _written(dialect, number)
                # Gitea does not say of a pull request that it waits for its checks.
                return replace(after, merges_itself=when_ready and after.state == "open")
        raise AssertionError("unreachable")

    def close(self, address: Address, number: int, comment: str = "") -> PullRequest:
        """See ForgeWrites. It is said after it was done, so that repeating says nothing twice."""
        dialect = self._required(address)
        seen = dialect.numbered(number)
        if seen.state == "merged":
            raise Conflict("already-merged", f"pull request {number} was merged", seen.url)
        if seen.state == "closed":
            return seen
        dialect.close(number)
        if comment:
            dialect.comment(number, comment)
        return _written(dialect, number)

    def _opened(self, dialect: Dialect, proposal: Proposal) -> PullRequest:
        try:
            return _written(dialect, dialect.create(proposal))
        except Conflict as error:
            # Someone else opened it since we looked: another process of ours, or the request whose answer was lost.
            seen = _if_open(dialect.of_branch(proposal.branch, proposal.base))
            if seen is None:
                raise error from None
            return seen

    def _required(self, address: Address) -> Dialect:
        dialect = self._dialect(address)
        if dialect is None:
            raise Invalid(
                "no-forge",
                f"Rapt does not know the forge at {shown(address.url)}",
                "merge the branch with git, or set forge.kind and forge.api in rapt.yaml",
            )
        return dialect

    def _dialect(self, address: Address) -> Dialect | None:
        if address not in self._dialects:
            self._dialects[address] = self._opened_dialect(address)
        return self._dialects[address]

    def _opened_dialect(self, address: Address) -> Dialect | None:
        place = places.place(address.url)
        kind = self._detector.kind(address, place)
        if kind == "none" or place is None:
            return None
        api = places.api(address, kind, place)
        repository = places.repository(address, kind, place)
        credential = self._credentials.find(place, api)
        if kind == "github":
            from kubectl_rapt.adapters.forges import github

            return github.GitHub(Client(self._http, api, kind, repository, credential, github.HEADERS))
        client = Client(self._http, api, kind, repository, credential, {})
        if kind == "gitlab":
            from kubectl_rapt.adapters.forges.gitlab import GitLab

            return GitLab(client)
        from kubectl_rapt.adapters.forges.gitea import Gitea

        return Gitea(client, self._sleep)


def _if_open(seen: PullRequest | None) -> PullRequest | None:
    return seen if seen and seen.state == "open" else None


def _check(seen: PullRequest, head: str) -> None:
    if seen.state == "closed":
        raise Conflict(
            "proposal-closed",
            f"pull request {seen.number} was closed without being merged",
            f"see {seen.url}",
        )
    if seen.head != head:
        raise _moved(seen)


def _moved(seen: PullRequest) -> Conflict:
    return Conflict(
        "head-moved",
        f"pull request {seen.number} is at another commit than was looked at ({seen.head[:12] or 'none'})",
        "look at it again, then merge it",
    )


def _look(dialect: Dialect, number: int, error: RaptError) -> PullRequest:
    """The pull request after an attempt that failed; where it cannot be seen, the attempt's own error."""
    try:
        return dialect.numbered(number)
    except RaptError:
        raise error from None


def _merged(seen: PullRequest, head: str) -> PullRequest:
    if seen.head and seen.head != head:
        raise _moved(seen)
    return seen


def _conflicting(seen: PullRequest) -> Conflict:
    return Conflict(
        "merge-conflict",
        f"pull request {seen.number} conflicts with {seen.base}",
        "bring the branch up to date",
    )


def _written(dialect: Dialect, number: int) -> PullRequest:
    """The pull request after it was written to; where it cannot be read, the whole can be repeated."""
    try:
        return dialect.numbered(number)
    except Unavailable as error:
        error.outcome_unknown = True
        raise
