"""How objects of the cluster are read: one that is broken says which it is, and stops none of the others."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, TypeVar

from kubectl_rapt.errors import Invalid, RaptError
from kubectl_rapt.model import kinds
from kubectl_rapt.model.kinds import MAX_LEVELS, Kind, Manifest, Ref, TooDeep

T = TypeVar("T")
_TOLD = 5
"""How many mistakes of one object are told: somebody may have made thousands."""


class Unreadable(Invalid):
    """An object that is not what its kind should look like.

    Args:
        ref: The object.
        why: What is wrong with it, in one line.
    """

    def __init__(self, ref: Ref, why: str) -> None:
        where = f" -n {shlex.quote(ref.namespace)}" if ref.namespace else ""
        hint = f"kubectl get {ref.kind.resource} {shlex.quote(ref.name)}{where} -o yaml"
        super().__init__("unreadable-object", f"{ref} cannot be read: {why}", hint)
        self.ref = ref
        self.why = why


def reader(kind: Kind) -> Callable[[Callable[[Manifest], T]], Callable[[Manifest], T]]:
    """Make a function that reads manifests of a kind raise nothing but errors that people may see.

    Args:
        kind: What it reads.
    """

    def decorate(read: Callable[[Manifest], T]) -> Callable[[Manifest], T]:
        @wraps(read)
        def guarded(manifest: Manifest) -> T:
            if error := too_deep(manifest):
                raise error
            try:
                return read(manifest)
            except RaptError:
                raise
            except Exception as error:  # anything can be in an object that somebody wrote by hand
                raise Unreadable(ref_of(manifest, kind), why(error)) from error

        return guarded

    return decorate


def readable(
    read: Callable[[Manifest], T],
    manifests: Iterable[Manifest],
    tell: Callable[[RaptError], None] = lambda _: None,
) -> Iterator[T]:
    """Read many objects; those that cannot be read are left out.

    Args:
        read: Reads one of them, and was made by ``reader``.
        manifests: The objects.
        tell: Called with what is wrong with each that is left out.
    """
    for manifest in manifests:
        try:
            one = read(manifest)
        except RaptError as error:
            tell(error)
        else:
            yield one


def too_deep(manifest: Manifest) -> Unreadable | None:
    """What is said of an object that is nested too deeply; None for all others."""
    if not isinstance(manifest, TooDeep):
        return None
    return Unreadable(kinds.ref_of(manifest), f"it is nested deeper than {MAX_LEVELS} levels")


def ref_of(manifest: Manifest, kind: Kind) -> Ref:
    """The address of an object, however broken it is."""
    found = manifest.get("metadata") if isinstance(manifest, dict) else None
    metadata = found if isinstance(found, dict) else {}
    return Ref(kind, str(metadata.get("name", "?")), str(metadata.get("namespace", "")))


def why(error: Exception) -> str:
    """What keeps an object from being read, in one line."""
    if isinstance(error, Unreadable):
        return error.why
    if isinstance(error, RaptError):
        told = [f"{one.where}: {one.what}" for one in error.problems[:_TOLD]]
        more = len(error.problems) - _TOLD
        return "; ".join((error.message, *told, *([f"and {more} more"] if more > 0 else ())))
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]}"
    return str(error) or type(error).__name__


HEAVY = 10_000
"""So many values take some megabytes. What people write has a few hundred, or some thousand where it is large."""


def is_heavy(manifest: Manifest) -> bool:
    """Whether an object takes so much memory that several are not to be read at the same time."""
    found, left = 0, [manifest]
    while left and found < HEAVY:
        one: Any = left.pop()
        found += 1 + (len(one) // 1000 if isinstance(one, str) else 0)
        if isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list):
            left += one
    return found >= HEAVY
