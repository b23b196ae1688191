"""Recordings show the story as it is, and a picture shows what its recording has."""

import os
import re
import signal
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import casts, drawing, story
from tests.casts import ROWS, WIDTH, Recording, Terminal

_TEXT = "{http://www.w3.org/2000/svg}text"


@pytest.mark.parametrize("name", story.CHAPTERS)
def test_the_recordings_show_the_story_as_it_is(name: str) -> None:
    recording = casts.read(casts.FOLDER / f"{name}.cast")
    shown = list(casts.commands(recording.text))
    assert len(shown) == len(story.CHAPTERS[name]), f"docs/casts/{name}.cast is stale: make casts"
    for command, step in zip(shown, story.CHAPTERS[name], strict=True):
        assert re.fullmatch(story.pattern(step), command), f"docs/casts/{name}.cast: {command!r}: make casts"
    drawn = (casts.FOLDER / f"{name}.svg").read_text("utf-8")
    assert drawn == drawing.svg(recording), f"docs/casts/{name}.svg is stale: make casts"


def test_a_terminal_shows_a_line_in_its_last_form_and_ends_as_the_command_does() -> None:
    script = r"printf 'wait …\rdone\033[K\n\033[1mbold\033[0m\n'; test -t 1 && echo terminal; exit 3"
    code, stdout, both = Terminal()(["sh", "-c", script], os.environ)
    assert (code, stdout, both) == (3, None, "done\nbold\nterminal\n")


def test_what_a_command_leaves_in_the_background_holds_nobody_up() -> None:
    begun = time.monotonic()
    _, _, both = Terminal()(["sh", "-c", "sleep 600 & echo $!"], os.environ)
    assert time.monotonic() - begun < 30
    os.kill(int(both), signal.SIGKILL)


@pytest.fixture
def recording() -> Recording:
    made = Recording("A title")
    made.note("why")
    made.type("echo hello")
    made.hear([(0.2, "hello\r\n"), (9.0, f"\x1b[1m{'x' * (WIDTH + 1)}\x1b[0m\r\n")])
    return made


def test_a_recording_is_read_as_it_was_written(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    path.write_text(recording.to_cast(), "utf-8")
    again = casts.read(path)
    assert (again.events, again.marks, again.title) == (recording.events, recording.marks, "A title")
    assert list(casts.commands(again.text)) == ["echo hello"]
    assert recording.seconds < 4, "nobody waits for what took long"


def test_a_picture_has_every_line_and_uncovers_them_in_the_end(recording: Recording) -> None:
    picture = drawing.svg(recording)
    drawn = ["".join(one.itertext()) for one in ElementTree.fromstring(picture).iter(_TEXT)]
    assert drawn == ["A title", "# why", "$ echo hello", "hello", "x" * WIDTH, "x"]
    assert re.search(r"@keyframes below .*100%\{transform:translate\(0px,120px\)\}", picture)
    assert re.search(r"@keyframes page .*100%\{transform:translate\(0px,0px\)\}", picture)
    recording.hear([(0, "line\r\n" * ROWS)])
    assert re.search(r"@keyframes page .*100%\{transform:translate\(0px,-120px\)\}", drawing.svg(recording))
