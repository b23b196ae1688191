"""A recording as an animated SVG, without scripts, fonts or anything else from outside.

A recording only ever grows downwards, so each line is drawn once. Two curtains hide what is not there yet, one below
the current line and one behind the cursor, and the page moves up when the window is full. Without animation (where
a reader asked for less motion, or on paper) the first window is shown whole.
"""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from rich.console import Console
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from tests import casts
from tests.casts import ROWS, WIDTH, Recording

_CELL, _LINE, _SIZE = 8.43, 20, 14
_LEFT, _TOP, _BOTTOM = 16, 44, 16
_HOLD_SECONDS = 6
_GROUND, _TEXT = "#1e2127", "#d5dae3"
_FONT = "ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', 'Liberation Mono', Consolas, monospace"

Sight = tuple[float, int, int]
"""From which second on one sees all rows above this one, and so many cells of it."""


def svg(recording: Recording) -> str:
    """The picture of a recording, which plays again and again."""
    rows = [row for line in casts.lines(recording.text) for row in _rows(line)]
    width, height = 2 * _LEFT + WIDTH * _CELL, _TOP + ROWS * _LINE + _BOTTOM
    page, all_ = ROWS * _LINE, len(rows) * _LINE
    drawn = "\n".join(_row(row, number) for number, row in enumerate(rows))
    style = _STYLE.format(
        size=_SIZE,
        font=_FONT,
        text=_TEXT,
        seconds=f"{recording.seconds + _HOLD_SECONDS:.1f}",
        gone=all_ + page,
        keyframes="\n".join(_keyframes(list(_sights(recording, rows)), recording.seconds + _HOLD_SECONDS)),
    )
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" \
aria-label={quoteattr(recording.title)}>
<style>
{style}
</style>
<rect width="100%" height="100%" rx="8" fill="{_GROUND}"/>
<circle cx="20" cy="20" r="6" fill="#ff5f57"/><circle cx="40" cy="20" r="6" fill="#febc2e"/>\
<circle cx="60" cy="20" r="6" fill="#28c840"/>
<text class="title" x="{width / 2:.0f}" y="25" text-anchor="middle">{escape(recording.title)}</text>
<svg x="0" y="{_TOP}" width="{width:.0f}" height="{page}">
<g transform="translate({_LEFT},0)"><g class="page">
{drawn}
<g class="below"><rect x="-20" width="110%" height="{all_ + page}" fill="{_GROUND}"/></g>
<g class="behind"><rect width="110%" height="{_LINE}" fill="{_GROUND}"/>\
<rect y="3" width="{_CELL}" height="15" fill="{_TEXT}" opacity=".7"/></g>
</g></g>
</svg>
</svg>
"""


_STYLE = """\
text {{ font: {size}px {font}; fill: {text}; white-space: pre; }}
.title {{ fill: #8b93a1; font-size: 13px; }}
.below, .behind {{ transform: translate(0, {gone}px); }}
@media (prefers-reduced-motion: no-preference) {{
.page, .below, .behind {{ animation: {seconds}s step-end infinite; }}
.page {{ animation-name: page; }}
.below {{ animation-name: below; }}
.behind {{ animation-name: behind; }}
}}
{keyframes}"""


def _rows(line: Text) -> list[Text]:
    """A line as the terminal breaks it."""
    line.expand_tabs(8)
    line.rstrip()
    return list(line.divide(range(WIDTH, len(line), WIDTH))) or [line]


def _row(row: Text, number: int) -> str:
    if not row.plain:
        return ""
    console = Console(width=WIDTH, color_system="truecolor", legacy_windows=False)
    cells = "".join(
        _span(segment.text, segment.style)
        for segment in row.render(console)
        if segment.text.strip("\n") and not segment.control
    )
    length = f"{len(row.plain) * _CELL:.1f}"
    return f'<text y="{number * _LINE + 15}" textLength="{length}" xml:space="preserve">{cells}</text>'


def _span(text: str, style: Style | None) -> str:
    attributes = ""
    if style and style.color and not style.color.is_default:
        attributes += f' fill="{style.color.get_truecolor(SVG_EXPORT_THEME).hex}"'
    if style and style.bold:
        attributes += ' font-weight="bold"'
    if style and style.dim:
        attributes += ' fill-opacity=".6"'
    return f"<tspan{attributes}>{escape(text)}</tspan>" if attributes else escape(text)


def _sights(recording: Recording, rows: Sequence[Text]) -> Iterator[Sight]:
    """What one sees when; a line that will be written over is not shown before it has its last form."""
    above, current = 0, ""
    for at, text in recording.events:
        *ended, current = (current + text.replace("\r\n", "\n")).split("\n")
        above += sum(len(_rows(line)) for one in ended for line in casts.lines(f"{one}\n"))
        seen = "".join(line.plain for line in casts.lines(current))
        final = "".join(row.plain for row in rows[above : above + 1 + len(seen) // WIDTH])
        down, right = divmod(len(seen) if final.startswith(seen) else 0, WIDTH)
        yield at, above + down, right


def _keyframes(sights: Sequence[Sight], seconds: float) -> Iterator[str]:
    moves = {
        "page": [(at, 0.0, -_LINE * max(0, row + 1 - ROWS)) for at, row, _ in sights],
        "below": [(at, 0.0, _LINE * (row + 1)) for at, row, _ in sights],
        "behind": [(at, round(_CELL * cells, 1), _LINE * row) for at, row, cells in sights],
    }
    for name, all_ in moves.items():
        kept = [
            one
            for before, one in zip([None, *all_], all_, strict=False)
            if not before or before[1:] != one[1:]
        ]
        frames = {f"{100 * at / seconds:.2f}": f"translate({x:g}px,{y}px)" for at, x, y in kept}
        frames["100"] = list(frames.values())[-1]
        yield f"@keyframes {name} {{{' '.join(f'{at}%{{transform:{to}}}' for at, to in frames.items())}}}"
