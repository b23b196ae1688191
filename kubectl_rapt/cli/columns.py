"""Tables that fit a terminal: columns are shortened and left out in the order of what can best be missed."""

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

GAP = 3
"""How many blanks are between two columns."""


class Shorten(NamedTuple):
    """A column is made narrower, as far as it has to be.

    Args:
        header: Its header.
        least: How wide it stays at least.
    """

    header: str
    least: int


class Drop(NamedTuple):
    """A column is left out."""

    header: str


Step = Shorten | Drop


class Fitted(NamedTuple):
    """What is shown of a table.

    Args:
        kept: The indexes of the columns that are shown.
        widths: How wide each of these is.
    """

    kept: tuple[int, ...]
    widths: tuple[int, ...]

    def line(self, cells: Sequence[str]) -> list[str]:
        """The cells of a row that are shown, each as wide as its column; what is longer is cut."""
        return [_cut(cells[index], width) for index, width in zip(self.kept, self.widths, strict=True)]


def _cut(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else f"{cell[: width - 1]}…"


def fit(headers: Sequence[str], widths: Sequence[int], room: int | None, steps: Sequence[Step]) -> Fitted:
    """Make a table fit.

    Args:
        headers: Its columns.
        widths: How wide each needs to be.
        room: How wide the terminal is; None where nothing is to be cut, as in a pipe.
        steps: What may be done, first what can best be missed; when they are used up, the table stays too wide.
    """
    left = dict(zip(headers, widths, strict=True))
    for step in steps:
        over = sum(left.values()) + GAP * (len(left) - 1) - room if room is not None else 0
        if over <= 0:
            break
        if step.header not in left:
            continue
        if isinstance(step, Drop):
            del left[step.header]
        else:
            left[step.header] = min(left[step.header], max(step.least, left[step.header] - over))
    kept = tuple(index for index, header in enumerate(headers) if header in left)
    return Fitted(kept, tuple(left[headers[index]] for index in kept))


def room() -> int | None:
    """How wide the terminal is that standard output goes to; None where it goes elsewhere."""
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80
