"""Folders that cannot be written, or are full: each is named, with what to look at, and nothing is half done."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kubectl_rapt.adapters import platform
from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from kubectl_rapt.errors import Unavailable
from tests.killing import LIMIT_SECONDS, ROOT, Ended, Person
from tests.repositories import ConfigRepository

FULL, READ_ONLY, IN_THE_WAY = "full", "read-only", "a file is in the way"
_SPOIL = {
    # The folder is copied into a small disk, which is filled to its last byte.
    FULL: """
        mkdir -p "$1" && cp -a "$1" "$1.copy" && size=$(du -sk "$1" | cut -f1)
        mount -t tmpfs -o size=$((size + 64))k tmpfs "$1" && cp -a "$1.copy/." "$1" && rm -r "$1.copy"
        dd if=/dev/zero of="$1/fill" bs=512 2>/dev/null || true
    """,
    READ_ONLY: 'mkdir -p "$1" && mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"',
    IN_THE_WAY: 'mkdir -p "$(dirname "$1")" && touch "$1"',
}
_SAYS = {FULL: "No space left on device", READ_ONLY: "Read-only file system", IN_THE_WAY: "is not a folder"}
_LOOKS = {FULL: "df -h", READ_ONLY: "ls -ld", IN_THE_WAY: "ls -ld"}


def types(person: Person, folder: Path, how: str, *words: str) -> Ended:
    """Type a command where a folder is spoiled, for this command alone: in a mount namespace of its own."""
    script = f'set -e\n{_SPOIL[how]}\nset +e\nshift\nexec "$@"'
    apart = ["unshare", "--mount", *(["--map-root-user"] if os.getuid() else [])]
    command = [*apart, "sh", "-c", script, "sh", str(folder), sys.executable, "-m", "kubectl_rapt", *words]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=person.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def is_named(ended: Ended, folder: Path, how: str) -> None:
    """The refusal names the folder and why it cannot be written, and shows a command that looks at it."""
    assert ended.exit_code == 8, ended
    told, *hints = ended.stderr.splitlines()[-3:]
    assert told.startswith("error: cannot write ")
    assert str(folder) in told, ended
    assert _SAYS[how] in told, ended
    assert re.match(rf"  try: {_LOOKS[how]} {re.escape(str(folder.parent))}", hints[0]), ended
    assert hints[1] == "  see: kubectl rapt help errors cannot-write-files"


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "ann", Path(os.devnull))


@pytest.fixture
def repository(tmp_path: Path, person: Person) -> ConfigRepository:
    """A free environment whose cluster nobody knows yet, and a reviewed one."""
    made = ConfigRepository(
        tmp_path / "remote",
        Environment("dev", ("team",), is_reviewed=False),
        Environment("prod", ("live",), is_reviewed=True),
    )
    person.environ["RAPT_REPOSITORY"] = str(made.path)
    return made


@pytest.mark.parametrize("how", [FULL, READ_ONLY, IN_THE_WAY])
@pytest.mark.parametrize("place", [".config/rapt", ".local/share/rapt"])
def test_init_names_the_folder_that_it_cannot_write(person: Person, how: str, place: str) -> None:
    folder = person.home / place
    is_named(types(person, folder, how, "init", "--local"), folder, how)


@pytest.mark.parametrize("how", [FULL, READ_ONLY, IN_THE_WAY])
@pytest.mark.parametrize("words", ["changes", "add http-check --in prod", "list --repository"])
def test_a_cache_that_cannot_be_written_is_named(
    person: Person, repository: ConfigRepository, how: str, words: str
) -> None:
    folder, branches = person.home / ".cache/rapt", repository.branches
    ended = types(person, folder, how, *words.split())
    is_named(ended, folder, how)
    assert "export XDG_CACHE_HOME=FOLDER" in ended.stderr
    assert repository.branches == branches


@pytest.mark.parametrize("how", [FULL, READ_ONLY])
def test_a_cache_that_fills_up_later_is_named(person: Person, repository: ConfigRepository, how: str) -> None:
    assert person.types("changes").exit_code == 0
    folder, branches = person.home / ".cache/rapt", repository.branches
    is_named(types(person, folder, how, "add", "http-check", "--in", "prod"), folder, how)
    assert repository.branches == branches


@pytest.mark.parametrize("how", [FULL, READ_ONLY])
@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_local_repository_that_cannot_be_written_is_named_and_not_taken_for_a_protected_branch(
    person: Person, repository: ConfigRepository, how: str, environment: str
) -> None:
    branches = repository.branches
    ended = types(person, repository.path, how, "add", "http-check", "--in", environment)
    is_named(ended, repository.path, how)
    assert "review" not in ended.stderr
    assert repository.branches == branches


@pytest.mark.parametrize("how", [FULL, READ_ONLY, IN_THE_WAY])
def test_a_registry_that_cannot_be_written_is_named_and_left_as_it_was(
    person: Person, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "registry"
    (root / "templates").mkdir(parents=True)
    person.environ["PYTHONPATH"] = str(ROOT)
    monkeypatch.setattr(sys.modules[__name__], "ROOT", root)
    folder = root / "templates" / ("say" if how == IN_THE_WAY else "")
    ended = types(person, folder, how, "template", "new", "say")
    is_named(ended, root / "templates" / "say", how)
    assert [path.name for path in (root / "templates").iterdir()] == (["say"] if how == IN_THE_WAY else [])


def test_who_has_no_home_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> object:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert platform.cache_home({"HOME": "/home/ann"}) == Path("/home/ann/.cache/rapt")
    for environ in ({}, {"HOME": ""}):
        with pytest.raises(Unavailable) as caught:
            platform.cache_home(environ)
        assert caught.value.code == "no-home"
    assert platform.cache_home({"XDG_CACHE_HOME": "/tmp/c"}) == Path("/tmp/c/rapt")


def test_who_has_no_home_folder_yet_is_given_one(person: Person, repository: ConfigRepository) -> None:
    person.environ["HOME"] = str(person.home / "new" / "home")
    ended = person.types("changes")
    assert (ended.exit_code, ended.stderr) == (0, "No open changes.\n"), ended
    assert layout.PROJECT in repository.files()
