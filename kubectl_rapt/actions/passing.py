"""One pass of reconcile: what it is about, whom it tells, and how one broken object does not stop the others."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from kubectl_rapt.actions import threads
from kubectl_rapt.actions.notify import Webhook
from kubectl_rapt.config import location
from kubectl_rapt.errors import Conflict, Invalid, NotFound, RaptError
from kubectl_rapt.model.kinds import Kind, Manifest, Ref
from kubectl_rapt.objects import labels, reading
from kubectl_rapt.ports.world import World
from kubectl_rapt.writes import Writers

AT_ONCE = 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a pass is about.

    Args:
        namespace: Where; empty for everywhere.
        environment: The environment; empty for all.
        export: The folder for evidence that policies want exported; empty: what they govern stays.
        webhook: Who is told of runs that failed or recovered; None for nobody.
    """

    namespace: str
    environment: str = ""
    export: str = ""
    webhook: Webhook | None = None

    @property
    def marks(self) -> dict[str, str]:
        """What selects its objects."""
        return {labels.ENVIRONMENT: self.environment} if self.environment else {}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was done, would be done, or failed.

    Args:
        ref: The object that it is about.
        what: What, for people.
        error: What went wrong; None where nothing did.
    """

    ref: Ref
    what: str
    error: RaptError | None = None


Tell = Callable[[Told], None]
Postponed = tuple[Ref, Callable[[], None]]
"""Something heavy, and what is to be done with it."""


class TooHeavy(Exception):
    """A place holds what takes long to read: nothing was done there yet, and others go first."""


@dataclass
class Pass:
    """One pass: where it reads and writes, and whom it tells; and whether it stays where something heavy is."""

    world: World
    writers: Writers
    scope: Scope
    tell: Tell
    is_dry: bool
    lock: threading.Lock = field(default_factory=threading.Lock)
    unread: set[Ref] = field(default_factory=set)
    heavy: set[Ref] = field(default_factory=set)
    is_patient: bool = True
    later: list[Postponed] = field(default_factory=list)

    def say(self, ref: Ref, what: str, error: RaptError | None = None) -> None:
        """Tell of one thing, from any thread; once of what cannot be read, though several steps come upon it."""
        with self.lock:
            if isinstance(error, reading.Unreadable) and error.ref == ref:
                if ref in self.unread:
                    return
                self.unread.add(ref)
                error = Invalid(error.code, f"cannot be read: {error.why}", error.hint)
            self.tell(Told(ref, what, error))

    def each(self, do: Callable[[T], None], items: Sequence[tuple[Ref, T]]) -> None:
        """Do something for each of some objects, several at once; one that fails does not stop the others.

        What is heavy comes last of all, one after the other: it would take the memory and the time of the others.
        """

        def one(item: tuple[Ref, T]) -> None:
            ref, what = item
            try:
                do(what)
            except RaptError as error:
                if location.concerns_all(error):
                    raise
                if not _is_somebody_elses(error):
                    self.say(ref, "", error)
            except Exception as error:  # whatever somebody has put there, the others are done
                self.say(ref, "", reading.Unreadable(ref, reading.why(error)))

        self.later += [(item[0], partial(one, item)) for item in items if item[0] in self.heavy]
        if light := [item for item in items if item[0] not in self.heavy]:
            threads.each(one, light, AT_ONCE)

    def read(self, manifest: Manifest, kind: Kind, read: Callable[[Manifest], T]) -> T | None:
        """An object as a value; None where it is broken, which is told.

        Raises:
            TooHeavy: It is heavy, and the pass was told to come back to such a place later.
        """
        if reading.is_heavy(manifest):
            if not self.is_patient:
                raise TooHeavy
            self.heavy.add(reading.ref_of(manifest, kind))
        try:
            return read(manifest)
        except Exception as error:  # one broken object must not keep the others from being done
            ref = reading.ref_of(manifest, kind)
            self.say(
                ref,
                "",
                error if isinstance(error, RaptError) else reading.Unreadable(ref, reading.why(error)),
            )
            return None


def _is_somebody_elses(error: RaptError) -> bool:
    """Whether it only says that what was to be done is not there any more."""
    return isinstance(error, Conflict | NotFound) and error.code in ("run-deleted", "not-found", "no-tool")
