"""A door that answers only for the cluster that is meant: which one answers is asked once, beside the first request."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from kubectl_rapt.adapters.cluster import http, paths
from kubectl_rapt.adapters.cluster.answers import Ask
from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.spawn import Kubectl
from kubectl_rapt.adapters.trace import SILENT, Trace
from kubectl_rapt.config import location as locations
from kubectl_rapt.errors import RaptError, Refused
from kubectl_rapt.model import shell
from kubectl_rapt.model.kinds import NAMESPACE
from kubectl_rapt.model.target import Target

T = TypeVar("T")

_PATH = paths.of(NAMESPACE, "", "kube-system")
"""The UID of this namespace is the identity of a cluster."""


class IdentifiedDoor(Door):
    """A door to one cluster and no other. Reading waits for the identity after its answer came, writing before.

    Args:
        target: The cluster and the user.
        cluster: The UID of its ``kube-system``.
        environment: The environment whose cluster it is, for messages.
        ahead: What was spawned already, perhaps for that target.
        trace: Is told of every request.

    Raises:
        Unavailable: There is no kubectl.
        Refused: ``other-cluster``, from every method that asks the cluster: it is another one.
    """

    def __init__(
        self,
        target: Target,
        cluster: str,
        environment: str,
        ahead: Kubectl | None = None,
        trace: Trace = SILENT,
    ) -> None:
        super().__init__(target, ahead, trace)
        self._cluster, self._environment = cluster, environment
        self._beginning = threading.Lock()
        self._asking: threading.Thread | None = None
        self._answer: str | RaptError = ""

    def json(self, ask: Ask, method: str, path: str, *more: Any, **named: Any) -> Any:
        """See Door."""

        def request() -> Any:
            return super(IdentifiedDoor, self).json(ask, method, path, *more, **named)

        return request() if path == _PATH else self._identified(request, is_write=ask.may_change)

    def pieces(self, *asked: Any, **named: Any) -> Iterator[bytes]:
        """See Door."""
        found = super().pieces(*asked, **named)
        first = self._identified(lambda: next(found, None))
        if first is not None:
            yield first
            yield from found

    def headers(self, ask: Ask, path: str) -> Mapping[str, str]:
        """See Door."""
        return self._identified(lambda: super(IdentifiedDoor, self).headers(ask, path))

    @contextmanager
    def stream(self, *asked: Any, **named: Any) -> Iterator[http.Answer]:
        """See Door."""
        self._identified(lambda: None)
        with super().stream(*asked, **named) as answer:
            yield answer

    def _identified(self, request: Callable[[], T], *, is_write: bool = False) -> T:
        self._begin()
        if is_write:
            self._check(None)
        try:
            answer = request()
        except RaptError as error:
            self._check(error)  # another cluster refuses for reasons of its own
            raise
        self._check(None)
        return answer

    def _begin(self) -> None:
        def ask() -> None:
            try:
                found = self.json(Ask("get", NAMESPACE, "", "kube-system"), "GET", _PATH)
                self._answer = str(found["metadata"]["uid"])
            except RaptError as error:
                self._answer = error

        with self._beginning:
            if self._asking is None:
                self._asking = threading.Thread(target=ask, daemon=True)
                self._asking.start()

    def _check(self, reason: RaptError | None) -> None:
        """Make sure that it is the cluster that is meant; what the request itself was refused for is told first."""
        assert self._asking, "it has begun"
        self._asking.join()
        if isinstance(self._answer, RaptError):
            raise reason or _unknown(self._answer)
        if self._answer != self._cluster:
            context = self.config().get("current-context") or ""
            whose = f'the cluster of environment "{self._environment}"'
            raise Refused(
                "other-cluster",
                f'kube context "{context}" does not point at {whose}',
                f"kubectl rapt config set contexts.{shell.word(self._environment)} NAME",
            )


class UnrecordedDoor(Door):
    """A door in an environment that does not say which cluster is its own: it reads, and changes nothing.

    Args:
        target: The cluster and the user.
        environment: The environment, for messages.
        tell: Takes one note, before the first request that reads.
        ahead: What was spawned already, perhaps for that target.
        trace: Is told of every request.

    Raises:
        Unavailable: There is no kubectl.
        Refused: ``no-cluster-recorded``, from every write but a dry run.
    """

    def __init__(
        self,
        target: Target,
        environment: str,
        tell: Callable[[str], None],
        ahead: Kubectl | None = None,
        trace: Trace = SILENT,
    ) -> None:
        super().__init__(target, ahead, trace)
        self._environment, self._tell = environment, tell
        self._telling = threading.Lock()
        self._is_told = False

    def json(self, ask: Ask, method: str, path: str, *more: Any, **named: Any) -> Any:
        """See Door."""
        if ask.may_change:
            raise locations.unrecorded(self._environment)
        self._note()
        return super().json(ask, method, path, *more, **named)

    def pieces(self, *asked: Any, **named: Any) -> Iterator[bytes]:
        """See Door."""
        self._note()
        yield from super().pieces(*asked, **named)

    @contextmanager
    def stream(self, *asked: Any, **named: Any) -> Iterator[http.Answer]:
        """See Door."""
        self._note()
        with super().stream(*asked, **named) as answer:
            yield answer

    def _note(self) -> None:
        with self._telling:
            if not self._is_told:
                self._is_told = True
                what = f'environment "{self._environment}" does not say yet which cluster is its own'
                self._tell(f"{what}, so the one that kubectl points at was asked")


def _unknown(error: RaptError) -> RaptError:
    if error.code != "no-right":
        return error
    what = f"{error.message}, so it cannot be told which cluster this is"
    return Refused(error.code, what, "an administrator permits it with: kubectl rapt install")
