"""The steps of a JSONPath: from the values before one to the values after it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Step = Callable[[list[Any]], list[Any]]


def always(value: Any) -> Step:
    """This value, whatever came before."""
    is_text = isinstance(value, str)
    return lambda values: [value] if is_text else [value for _ in values]


def named(name: str) -> Step:
    """The field of that name."""
    return lambda values: [one[name] for one in values if isinstance(one, Mapping) and name in one]


def children(values: list[Any]) -> list[Any]:
    """Whatever is inside."""
    return [child for value in values for child in _inside(value)]


def _inside(value: Any) -> Sequence[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list | tuple) else ()


def descend(values: list[Any]) -> list[Any]:
    """Everything that has something inside, at any depth, the outermost first."""
    found: list[Any] = []
    for value in values:
        if inside := _inside(value):
            found += [value, *descend(list(inside))]
    return found


def union(actions: Sequence[Step]) -> Step:
    """What each of them selects, one after another."""
    return lambda values: [found for action in actions for found in action(values)]


def part(first: int | None, last: int | None, step: int, *, is_one: bool) -> Step:
    """A part of a list, or with ``is_one`` one item: indices below 0 count from the end. Raises ValueError."""

    def take(values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if value is None:
                continue
            if not isinstance(value, list | tuple):
                raise ValueError("has an index on something that is not a list")
            length = len(value)
            start = 0 if first is None else first + length if first < 0 else first
            stop = length if last is None else last
            if stop < 0 or (stop == 0 and is_one):
                stop += length
            if start == stop:
                continue
            if not (0 <= start < length and 0 <= stop <= length):
                outside = start if not 0 <= start < length else stop - 1
                raise ValueError(f"has index {outside} in a list of {length}")
            if start > stop or step <= 0:
                raise ValueError("has a slice that ends before it begins")
            found += value[start:stop:step]
        return found

    return take


def having(action: Step) -> Step:
    """The items of a list in which something is found. Raises ValueError."""

    def take(values: list[Any]) -> list[Any]:
        return [one for one in _items(values) if _exists(action, one)]

    return take


def _exists(action: Step, one: Any) -> bool:
    try:
        return bool(action([one]))
    except ValueError:
        return True  # as kubectl has it: what cannot be looked into is there


def _items(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if not isinstance(value, list | tuple):
            raise ValueError("has a filter on something that is not a list")
        yield from value


COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: bool(one == other),
    "!=": lambda one, other: bool(one != other),
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
}


def where(left: Step, sign: str, right: Step) -> Step:
    """The items of a list for which a comparison holds. Raises ValueError."""

    def take(values: list[Any]) -> list[Any]:
        found: list[Any] = []
        for one in _items(values):
            sides = left([one]), right([one])
            if not all(sides):
                continue
            if any(len(side) > 1 for side in sides):
                raise ValueError("compares several values at once")
            (mine,), (theirs,) = sides
            if type(mine) is not type(theirs) or not isinstance(mine, str | int | float):
                raise ValueError("compares values of different types")
            if isinstance(mine, bool) and sign not in ("==", "!="):
                raise ValueError("cannot say which of true and false is more")
            if COMPARE[sign](mine, theirs):
                found.append(one)
        return found

    return take
