"""What people read is true: the commands exist, the files can be read, the site is whole and needs no network."""

import functools
import html.parser
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from kubectl_rapt.cli import main, table
from kubectl_rapt.config import layout, project
from kubectl_rapt.templating import policies
from tests import story
from tests.house import pages, source

_UNFINISHED = re.compile(r"missing (?:argument|option)", re.IGNORECASE)


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[list[str]], str]:
    """Reads a command line as the real program does, does nothing, and says what it complained of."""
    for name, entry in table.TABLE.items():
        monkeypatch.setitem(table.TABLE, name, entry._replace(load=functools.partial(_idle, entry.load)))

    def parse(words: list[str]) -> str:
        code = main.run(words)
        told = capsys.readouterr().err
        return told if code else ""

    return parse


def _idle(load: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """The command, with everything that is said of its flags, doing nothing."""

    @functools.wraps(load())
    def idle(*_: Any, **__: Any) -> int:
        return 0

    return idle


def test_every_command_of_every_page_exists(parse: Callable[[list[str]], str]) -> None:
    wrong = [
        f"{page.relative_to(source.HOME)}: kubectl rapt {' '.join(words)}\n{complaint}"
        for page in pages.PAGES
        for is_whole, words in pages.commands(page)
        if (complaint := parse(words)) and (is_whole or not _UNFINISHED.search(complaint))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_page_that_names_a_flag_or_command_that_is_not_there_is_found(
    tmp_path: Path, parse: Callable[[list[str]], str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "`kubectl rapt runn`\n`kubectl rapt\nrun --foo`\n```\n$ kubectl rapt list | kubectl rapt show\n```\n"
    )
    found = list(pages.commands(page))
    assert found == [(True, ["list"]), (True, ["show"]), (False, ["runn"]), (False, ["run", "--foo"])]
    assert [bool(parse(words)) for _, words in found] == [False, True, True, True]


def test_every_test_that_a_page_names_exists() -> None:
    named = [
        (page, found[1], found[2])
        for page in pages.PAGES
        for found in re.finditer(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page.read_text("utf-8"))
    ]
    assert named
    missing = [
        f"{page.relative_to(source.HOME)}: {path}::{name or ''}"
        for page, path, name in named
        if not (place := source.HOME / path).exists()
        or (name and f"def {name}(" not in place.read_text("utf-8"))
    ]
    assert not missing, "\n".join(missing)


READERS: dict[str, Callable[[str, str], Any]] = {
    "CleanupPolicy": policies.read_cleanup,
    "Project": lambda text, _: project.read({layout.PROJECT: text.encode()}),
    "RetryPolicy": policies.read_retry,
}


def test_every_file_that_a_page_shows_can_be_read() -> None:
    shown = [
        (str(page.relative_to(source.HOME)), block.text)
        for page in pages.PAGES
        for block in pages.blocks(page)
        if block.language == "yaml"
    ]
    kinds = set()
    for name, text in shown:
        for document in yaml.safe_load_all(text):
            if read := READERS.get(document.get("kind", "") if isinstance(document, dict) else ""):
                kinds.add(document["kind"])
                assert read(text, str(document.get("name"))), name
    assert kinds == READERS.keys()


def test_the_tutorial_tells_the_first_run_in_eight_commands_or_fewer() -> None:
    typed = [block.text for block in pages.blocks(pages.DOCS / "tutorial.md") if block.text.startswith("$ ")]
    assert len(typed) == len(story.FIRST_RUN)
    for text, step in zip(typed, story.FIRST_RUN, strict=True):
        assert re.match(rf"\$ {story.pattern(step)}\n\S", text), f"docs/tutorial.md: make casts\n{text}"
    assert len(typed) + 1 <= 8, "one more installs the plugin"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built without a warning."""
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        "-d",
        f"{folder}/trees",
    ]
    command += [str(pages.DOCS), f"{folder}/html"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


class _Links(html.parser.HTMLParser):
    """What a page has, and what it asks for.

    Args:
        text: The page.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key in ("id", "name") and value:
                self.anchors.add(value)
            elif key in ("href", "src") and value:
                (self.targets if tag == "a" else self.loads).append(value)


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    found = {page: _Links(page.read_text("utf-8")) for page in site.rglob("*.html")}
    broken = [
        f"{page.relative_to(site)}: {target}"
        for page, links in found.items()
        for target in (*links.targets, *links.loads)
        if not _leads(page, target, found)
    ]
    assert not broken


def _leads(page: Path, target: str, found: dict[Path, _Links]) -> bool:
    to = urlsplit(target)
    if to.scheme or target == "#":
        return True
    place = (page.parent / unquote(to.path)).resolve() if to.path else page
    if not place.is_file():
        return False
    return not to.fragment or place not in found or unquote(to.fragment) in found[place].anchors


def test_the_site_needs_no_network(site: Path) -> None:
    loaded = [one for page in site.rglob("*.html") for one in _Links(page.read_text("utf-8")).loads]
    assert [one for one in loaded if urlsplit(one).scheme not in ("", "data")] == []
    for file in _files(site, ".css", ".svg"):
        outside = re.findall(r"(?:url\(|@import\s)\s*[\"']?(?:https?:)?//[^)\"']*", file.read_text("utf-8"))
        assert not outside, f"{file.name} loads {outside}"


def _files(site: Path, *endings: str) -> Iterator[Path]:
    return (file for file in site.rglob("*") if file.suffix in endings)


def test_every_command_that_the_program_shows_exists(parse: Callable[[list[str]], str]) -> None:
    shown = source.commands_shown()
    assert len(shown) > 100, "they are found"
    wrong = [
        f"{place}: {command}\n{complaint}"
        for place, command in shown
        if (complaint := _complaint(parse, command)) and not _UNFINISHED.search(complaint)
    ]
    assert not wrong, "\n".join(wrong)


def _complaint(parse: Callable[[list[str]], str], command: str) -> str:
    try:
        words = shlex.split(command)[2:]
    except ValueError as error:
        return str(error)
    if source.HOLE in words[:2] and " ".join(words[:1]) not in table.TABLE:
        return ""  # which command it is, the running program knows
    if source.HOLE in words[1:2] and table.below(words[0]):
        return ""
    return parse(words)
