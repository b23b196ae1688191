"""Tables that fit a terminal: columns are shortened and left out in the order of what can best be missed."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kubectl_rapt.cli import letters, terminal

_AT_ONCE = 500
"""How many lines are written at once."""
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


class Wrap(NamedTuple):
    """A column is made narrower, as far as it has to be; its cells go on in the next line, between two words.

    Args:
        header: Its header: the last column, as no word is cut.
        least: How wide it stays at least.
    """

    header: str
    least: int


class Drop(NamedTuple):
    """A column is left out."""

    header: str


Step = Shorten | Wrap | Drop


class Fitted(NamedTuple):
    """What is shown of a table.

    Args:
        kept: The indexes of the columns that are shown.
        widths: How wide each of these is.
    """

    kept: tuple[int, ...]
    widths: tuple[int, ...]

    def line(self, cells: Sequence[str], sign: str = "…") -> list[str]:
        """The cells of a row that are shown, each as wide as its column.

        Args:
            cells: The row.
            sign: What a cell ends with if it was longer.
        """
        return [_cut(cells[index], width, sign) for index, width in zip(self.kept, self.widths, strict=True)]


def _cut(cell: str, width: int, sign: str) -> str:
    return cell.ljust(width) if len(cell) <= width else f"{cell[: width - len(sign)]}{sign}"


def fit(headers: Sequence[str], widths: Sequence[int], room: int | None, steps: Sequence[Step]) -> Fitted:
    """Make a table fit.

    Args:
        headers: Its columns.
        widths: How wide each needs to be.
        room: How wide the terminal is; None if nothing is to be cut, as in a pipe.
        steps: What may be done, first what can best be missed; when they are used up, the table stays too wide.
    """
    whole = dict(zip(headers, widths, strict=True))
    left = dict(whole)
    for step in steps:
        if (over := _over(left, room)) <= 0:
            break
        if step.header not in left:
            continue
        if isinstance(step, Drop):
            del left[step.header]
        else:
            left[step.header] = min(left[step.header], max(step.least, left[step.header] - over))
    for header in left:  # what a column that was left out made free
        left[header] = min(whole[header], left[header] + max(0, -_over(left, room)))
    kept = tuple(index for index, header in enumerate(headers) if header in left)
    return Fitted(kept, tuple(left[headers[index]] for index in kept))


def _over(left: Mapping[str, int], room: int | None) -> int:
    """How much too wide columns are; less than nothing if there is room."""
    return 0 if room is None else sum(left.values()) + GAP * (len(left) - 1) - room


def room() -> int | None:
    """How wide the terminal is that standard output goes to; None if it goes elsewhere."""
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80


def cells(row: Iterable[str]) -> list[str]:
    """A row as it may be printed: without what steers a terminal, and with a dash for what is empty."""
    return [(cell if cell.isascii() and cell.isprintable() else terminal.clean(cell)) or "-" for cell in row]


def entry(key: str, text: str, *, hang: int = 0) -> None:
    """Print a text behind its key; on a terminal it goes on below its own beginning, between two words.

    Args:
        key: What stands before it, as wide as it is to be.
        text: The text; its own lines stay lines.
        hang: How many more blanks the lines below begin with.
    """
    width = room()
    lines = [terminal.clean(line) for line in text.split("\n")]
    if width is not None:
        lines = [part for line in lines for part in terminal.wrapped(line, width - len(key), hang)]
    for index, line in enumerate(lines):
        terminal.out(f"{'' if index else key:<{len(key)}}{line}".rstrip())


class Table:
    """A table on standard output, whose columns keep their widths while rows are added.

    A row is what ``cells`` makes of it. It may have one cell more than there are headers: unless that is empty, the row
    tells of a failure.

    Args:
        header: The columns.
        steps: What a narrow terminal goes without; see ``fit``.
        is_wide: Whether nothing is cut or left out.
        has_header: Whether the line of headers is printed.
        least: How wide each column is at least.
        painted: The column that is red in a row that tells of a failure.
        indent: How many blanks are before each line.
    """

    def __init__(
        self,
        header: Sequence[str],
        steps: Sequence[Step] = (),
        *,
        is_wide: bool = False,
        has_header: bool = True,
        least: int = 0,
        painted: str = "",
        indent: int = 0,
    ) -> None:
        self._header, self._steps = list(header), steps
        self._is_wide, self._has_header = is_wide, has_header
        self._widths = [max(least, len(one) if has_header else 0) for one in header]
        self._indent = " " * indent
        self._wrapped = {one.header for one in steps if isinstance(one, Wrap)}
        self._painted = self._header.index(painted) if painted else -1
        self._has_colours = terminal.has_colours(sys.stdout)
        self._sign = "…" if (sys.stdout.encoding or "utf-8").lower().startswith("utf") else letters.plain("…")
        self._fitted = fit(self._header, self._widths, None, ())

    def measure(self, row: Sequence[str]) -> None:
        """Make the columns as wide as a row needs them."""
        widths = self._widths
        for index, cell in enumerate(row[: len(widths)]):
            if len(cell) > widths[index]:
                widths[index] = len(cell)

    def whole(self, rows: Sequence[Sequence[str]]) -> None:
        """Print the header and all rows."""
        for row in rows:
            self.measure(row)
        self.measured(rows)

    def measured(self, rows: Iterable[Sequence[str]]) -> None:
        """Print the header and rows that were measured."""
        self._fit()
        waiting = [self._joined(self._header)] if self._has_header else []
        for row in rows:
            waiting.append(self._joined(row))
            if len(waiting) >= _AT_ONCE:
                terminal.out(terminal.Neutral("\n".join(waiting)))
                waiting = []
        if waiting:
            terminal.out(terminal.Neutral("\n".join(waiting)))

    def more(self, row: Sequence[str]) -> None:
        """Print one more row; if it needs other columns than before, under their headers."""
        before = self._fitted.kept
        self.measure(row)
        self._fit()
        if self._has_header and self._fitted.kept != before:
            terminal.out(self._joined(self._header))
        terminal.out(self._joined(row))

    def _fit(self) -> None:
        width = None if self._is_wide else room()
        free = None if width is None else width - len(self._indent)
        self._fitted = fit(self._header, self._widths, free, self._steps)

    def _joined(self, row: Sequence[str]) -> terminal.Neutral:
        last = self._fitted.kept[-1]
        width = self._fitted.widths[-1]
        if self._header[last] not in self._wrapped or len(row[last]) <= width:
            return self._line(row)
        parts = terminal.wrapped(row[last], width)
        first, *others = parts if len(parts[0]) <= width else ["", *parts]
        before = len(self._indent) + sum(self._fitted.widths[:-1]) + GAP * (len(self._fitted.kept) - 1)
        lines = [str(self._line(row, first))]
        for one in others:  # a name that is longer than the column begins before it, and ends with it
            at = max(len(self._indent), min(before, before + width - len(one)))
            lines.append(f"{'':<{at}}{terminal.clean(one)}")
        return terminal.Neutral("\n".join(lines))

    def _line(self, row: Sequence[str], last: str | None = None) -> terminal.Neutral:
        cells = self._fitted.line(row, self._sign)
        shown = [terminal.clean(cell) for cell in (cells if last is None else [*cells[:-1], last])]
        shown[-1] = shown[-1].rstrip()
        if self._has_colours and self._painted in self._fitted.kept and any(row[len(self._header) :]):
            at = self._fitted.kept.index(self._painted)
            shown[at] = terminal.bad(shown[at], sys.stdout)
        return terminal.Neutral(f"{self._indent}{'   '.join(shown)}".rstrip())
