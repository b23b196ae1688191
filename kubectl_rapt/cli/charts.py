"""Small charts of text: bars and lines of figures, as wide as the terminal is and in the signs that it can show."""

import os
import sys
from collections.abc import Sequence

from kubectl_rapt.cli import letters

_WIDEST = 60
_NARROWEST = 8
_NO_TERMINAL = 80
_BLOCKS, _SIGNS = "▁▂▃▄▅▆▇█", "_.:-=+*#"


def is_plain() -> bool:
    """Whether standard output can show no more than ASCII."""
    return letters.are_plain(os.environ, sys.stdout.encoding or "")


def room(beside: int) -> int:
    """How many signs a bar may have beside so many others; 0 where the terminal is too narrow for any."""
    import shutil

    left = min(_WIDEST, shutil.get_terminal_size((_NO_TERMINAL, 24)).columns - beside - 1)
    return left if left >= _NARROWEST else 0


def bar(start: float, end: float, whole: float, width: int, *, plain: bool = False) -> str:
    """A bar from ``start`` to ``end`` on a line of ``width`` signs that stands for ``whole``.

    What lasted at all is seen: it has one sign at least.
    """
    if whole <= 0 or width <= 0 or end <= start:
        return ""
    first = min(width - 1, int(start / whole * width))
    last = min(width, max(first + 1, round(end / whole * width)))
    return " " * first + ("#" if plain else "█") * (last - first)


def line(values: Sequence[float], width: int, *, plain: bool = False) -> str:
    """Figures over time in one line of at most ``width`` signs, from nothing to the largest of them."""
    if not values or width <= 0:
        return ""
    signs, most = (_SIGNS if plain else _BLOCKS), max(values)
    count = min(width, len(values))
    groups = [values[at * len(values) // count : (at + 1) * len(values) // count] for at in range(count)]
    tops = [max(group) for group in groups]
    return "".join(signs[round(top / most * (len(signs) - 1)) if most else 0] for top in tops)
