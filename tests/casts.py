"""Recordings of the story in a terminal: asciinema casts of version 2, an animated SVG of each, and the transcript."""

import codecs
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.text import Text

from tests.story import TIMEOUT_SECONDS

FOLDER = Path(__file__).parents[1] / "docs" / "casts"
WIDTH, ROWS = 112, 28
_KEY_SECONDS, _LONGEST_SECONDS = 0.04, 1.0
_DIM, _BOLD, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"


class Terminal:
    """Runs commands in a terminal of ``WIDTH`` by ``ROWS`` that nobody types into, and remembers the last one.

    Attributes:
        pieces: What the last command wrote, each with the seconds since it began.
    """

    def __init__(self) -> None:
        self.pieces: list[tuple[float, str]] = []

    def __call__(self, words: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str | None, str]:
        """Run a command; see ``story.Types``."""
        self.pieces = []
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, WIDTH, 0, 0))
        begun = time.monotonic()
        with subprocess.Popen(
            words,
            env={**environ, "TERM": "xterm-256color"},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            while chunk := _read(ours, process):
                self.pieces.append((time.monotonic() - begun, decoder.decode(chunk)))
                if time.monotonic() - begun > TIMEOUT_SECONDS:
                    process.kill()
        os.close(ours)
        whole = "".join(text for _, text in self.pieces)
        return process.returncode, None, "".join(f"{line.plain}\n" for line in lines(whole))


def _read(terminal: int, process: "subprocess.Popen[bytes]") -> bytes:
    """What comes next; nothing once the command has ended, even if what it left behind holds the terminal."""
    while not select.select([terminal], [], [], 0.1)[0]:
        if process.poll() is not None:
            return b""
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when nobody holds the other side any more
        return b""


def lines(text: str) -> list[Text]:
    """What a terminal shows in the end: a line that was written over is its last form; colours are styles."""
    decoder = AnsiDecoder()
    found = text.replace("\r\n", "\n").split("\n")
    return [decoder.decode_line(line) for line in (found if found[-1] else found[:-1])]


@dataclass
class Recording:
    """What a terminal shows, and when.

    Args:
        title: What it is about.
        events: Seconds from the beginning, and what is written then.
        marks: Seconds from the beginning, and what begins there.
    """

    title: str
    events: list[tuple[float, str]] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)
    _now: float = 0

    def note(self, text: str) -> None:
        """One line for the reader, before a command."""
        self.marks.append((self._now, text))
        self._write("\r\n" if self.events else "")
        self._write(f"{_DIM}# {text}{_PLAIN}\r\n", then=0.6)

    def type(self, command: str) -> None:
        """Type a command, key by key."""
        self._write(f"{_BOLD}$ ", then=0.4)
        for at in range(0, len(command), 2):
            self._write(command[at : at + 2], then=2 * _KEY_SECONDS)
        self._write(f"{_PLAIN}\r\n")

    def hear(self, pieces: Sequence[tuple[float, str]]) -> None:
        """What a command wrote, at its own pace, but that nobody waits long; then the time to read it."""
        before = 0.0
        for at, text in pieces:
            self._now += min(at - before, _LONGEST_SECONDS)
            before = at
            self._write(text)
        written = sum(text.count("\n") for _, text in pieces)
        self._now += min(0.8 + 0.1 * written, 3)

    def _write(self, text: str, then: float = 0) -> None:
        if text:
            self.events.append((round(self._now, 3), text))
        self._now += then

    @property
    def seconds(self) -> float:
        """When the last thing is written."""
        return self.events[-1][0]

    @property
    def text(self) -> str:
        """Everything, as it was written."""
        return "".join(text for _, text in self.events)

    def to_cast(self) -> str:
        """The file that ``asciinema play`` takes (asciicast v2: a header, then an event a line)."""
        header = {"version": 2, "width": WIDTH, "height": ROWS, "title": self.title}
        told = [(at, "o", text) for at, text in self.events] + [(at, "m", text) for at, text in self.marks]
        rows = [header, *sorted(told, key=lambda one: one[0])]
        return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def read(path: Path) -> Recording:
    """A cast, as ``to_cast`` wrote it."""
    header, *rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    told: dict[str, list[tuple[float, str]]] = {"o": [], "m": []}
    for at, kind, text in rows:
        told[kind].append((at, text))
    return Recording(header["title"], told["o"], told["m"])


def commands(text: str) -> Iterator[str]:
    """What was typed behind the prompts of a recording or a transcript."""
    for line in lines(text):
        if line.plain.startswith("$ "):
            yield line.plain.removeprefix("$ ")
