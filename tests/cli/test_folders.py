"""Folders that cannot be written, are full, or are not the person's alone: each is named, and nothing is half done."""

import os
import pwd
import re
import shlex
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kubectl_rapt.adapters import platform
from kubectl_rapt.adapters.checkout import Checkout
from kubectl_rapt.config import layout
from kubectl_rapt.config.project import Environment
from kubectl_rapt.errors import Refused, Unavailable
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


@pytest.mark.parametrize("words", ["list", "run hello", "logs hello"])
def test_a_full_temporary_folder_is_named(person: Person, words: str) -> None:
    # Not under pytest's own folder, whose name is too long for a socket's.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        person.environ["TMPDIR"] = folder
        ended = types(person, Path(folder), FULL, *words.split())
    assert ended.exit_code == 8, ended
    assert f"cannot write {folder}: {_SAYS[FULL]}" in ended.stderr
    assert f"df -h {folder}, or use another folder: export TMPDIR=FOLDER" in ended.stderr


def test_a_temporary_folder_that_is_read_only_is_done_without(person: Person, tmp_path: Path) -> None:
    folder = tmp_path / "t"
    person.environ["TMPDIR"] = str(folder)
    ended = types(person, folder, READ_ONLY, "list")
    assert "error: the API server cannot be reached" in ended.stderr, ended


def test_temporary_folders_that_are_all_read_only_are_named(person: Person) -> None:
    person.environ["TMPDIR"] = "/nowhere"
    ended = types(person, Path("/tmp"), READ_ONLY, "list")
    assert ended.exit_code == 8, ended
    told = f"(/nowhere: No such file or directory, /tmp: {_SAYS[READ_ONLY]})"
    assert f"error: no folder can be made for kubectl's socket {told}" in ended.stderr, ended


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


STRANGER = 65534


def foreign(folder: Path) -> None:
    """Another user made it, with all that is in it; who is not root can only let others write there."""
    if os.geteuid():
        folder.chmod(0o777)
        return
    for one in (folder, *folder.rglob("*")):
        os.chown(one, STRANGER, STRANGER, follow_symlinks=False)


def writable_by_all(folder: Path) -> None:
    folder.chmod(0o777)


def writable_by_a_group(folder: Path) -> None:
    folder.chmod(0o770)


def linked(folder: Path) -> Path:
    """A link of the person's own leads to it now; where it is."""
    to = folder.with_name("elsewhere")
    folder.rename(to)
    folder.symlink_to(to.name)
    return to


def a_link_to_what_others_can_write_to(folder: Path) -> None:
    linked(folder).chmod(0o777)


def a_link_of_somebody_else(folder: Path) -> None:
    to = linked(folder)
    if os.geteuid():
        to.chmod(0o777)
        return
    # A link of the person's own leads to that of the other, which leads to a folder of the person's.
    between = folder.with_name("between")
    folder.rename(between)
    os.chown(between, STRANGER, STRANGER, follow_symlinks=False)
    folder.symlink_to(between.name)


SPOILED: list[Callable[[Path], None]] = [
    foreign,
    writable_by_all,
    writable_by_a_group,
    a_link_to_what_others_can_write_to,
    a_link_of_somebody_else,
]
WHY: dict[Callable[[Path], None], str] = {
    foreign: "can be written to by other users"
    if os.geteuid()
    else f"belongs to another user (uid {STRANGER})",
    writable_by_all: "can be written to by other users (mode 0777)",
    writable_by_a_group: "can be written to by other users (mode 0770)",
    a_link_to_what_others_can_write_to: "can be written to by other users (mode 0777)",
    a_link_of_somebody_else: "can be written to by other users (mode 0777)"
    if os.geteuid()
    else f"is a link of another user (uid {STRANGER})",
}


def shared(tmp_path: Path, person: Person, variable: str) -> Path:
    """A folder of the person's in one that everybody may write to, as ``/tmp`` is."""
    base = tmp_path / "shared"
    base.mkdir()
    base.chmod(0o1777)
    person.environ[variable] = str(base)
    return base / "rapt"


def seen(folder: Path) -> dict[str, int]:
    return {str(one): one.lstat().st_mtime_ns for one in folder.rglob("*")}


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_cache_that_others_can_write_to_is_not_used(
    tmp_path: Path, person: Person, repository: ConfigRepository, spoil: Callable[[Path], None]
) -> None:
    folder = shared(tmp_path, person, platform.CACHE)
    assert person.types("changes").stderr == "No open changes.\n"
    (mirror,) = (folder / "git").glob("*.git")
    hook, ran = tmp_path / "hooks" / "reference-transaction", tmp_path / "ran"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    config = (mirror / "config").read_text()
    (mirror / "config").write_text(config.replace("/dev/null", str(hook.parent)))
    (folder / "swept").unlink()
    spoil(folder)
    before = seen(folder)
    repository.commit({"README.md": b"Ours\n"})
    for words in ("changes", "list --repository --in dev"):
        ended = person.types(*words.split())
        assert ended.exit_code == 0, ended
        note = f"note: your cache folder {folder} {WHY[spoil]}"
        assert ended.stderr.count(note) == 1, ended
    assert not ran.exists()
    assert seen(folder) == before
    person.leaves_nothing()


@pytest.mark.parametrize("spoil", SPOILED)
@pytest.mark.parametrize(
    ("variable", "called", "words"),
    [
        (platform.CONFIG, "settings", "config view"),
        (platform.DATA, "data", "init --local"),
        (platform.DATA, "data", "changes"),
    ],
)
def test_settings_and_data_that_others_can_write_to_are_refused_until_the_hint_is_followed(
    tmp_path: Path, person: Person, variable: str, called: str, words: str, spoil: Callable[[Path], None]
) -> None:
    folder = shared(tmp_path, person, variable)
    assert person.types("init", "--local").exit_code == 0
    spoil(folder)
    before = seen(folder)
    ended = person.types(*words.split())
    assert ended.exit_code == 6, ended
    told, hint, page = ended.stderr.splitlines()[-3:]
    assert told.startswith(f"error: your {called} folder {folder} {WHY[spoil]}"), ended
    assert page == "  see: kubectl rapt help errors untrusted-folder"
    assert seen(folder) == before
    hint = hint.removeprefix("  try: ")
    again = subprocess.run(
        ["sh", "-c", f"{hint} && exec {shlex.quote(sys.executable)} -m kubectl_rapt config view"],
        cwd=ROOT, env=person.environ, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False,
    )  # fmt: skip
    assert again.returncode == 0, (hint, again)


@pytest.mark.parametrize("variable", [platform.CONFIG, platform.DATA, platform.CACHE])
def test_a_link_of_the_persons_own_leads_to_a_folder_as_good_as_any(
    tmp_path: Path, person: Person, variable: str
) -> None:
    """As people link folders into a repository of their settings."""
    folder = shared(tmp_path, person, variable)
    assert person.types("init", "--local").exit_code == 0
    assert person.types("changes").exit_code == 0
    linked(folder)
    for words in ("config view", "changes", "config set environment dev"):
        ended = person.types(*words.split())
        assert (ended.exit_code, "note:" in ended.stderr) == (0, False), ended
    assert folder.is_symlink()


def test_links_that_lead_in_a_circle_are_no_folder(tmp_path: Path) -> None:
    (tmp_path / "rapt").symlink_to("rapt")
    assert platform.cache_doubt({platform.CACHE: str(tmp_path)}) is None


def test_folders_are_made_for_their_person_alone(person: Person, tmp_path: Path) -> None:
    mask = os.umask(0o002)
    try:
        assert person.types("init", "--local").exit_code == 0
        assert person.types("changes").exit_code == 0
        Checkout({}).write(str(person.home / ".local/share/rapt/evidence"), {"Job/a/log.txt": b"secret\n"})
    finally:
        os.umask(mask)
    ours = [
        ".config/rapt",
        ".cache/rapt",
        ".cache/rapt/git",
        ".local/share/rapt",
        ".local/share/rapt/evidence",
    ]
    assert {one: stat.S_IMODE((person.home / one).stat().st_mode) for one in ours} == dict.fromkeys(
        ours, 0o700
    )


@pytest.mark.parametrize("name", [".config/rapt", ".cache/rapt", ".local/share/rapt"])
def test_a_folder_that_others_could_only_read_stays_in_use_and_is_closed_to_them(
    person: Person, name: str
) -> None:
    assert person.types("init", "--local").exit_code == 0
    (person.home / name).chmod(0o755)
    ended = person.types("changes")
    assert (ended.exit_code, ended.stderr) == (0, "No open changes.\n"), ended
    assert stat.S_IMODE((person.home / name).stat().st_mode) == 0o700


def test_root_by_sudo_may_use_the_folders_of_who_typed_it_and_of_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".config" / "rapt"
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(folder, STRANGER, STRANGER)
    owner = folder.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    home = {"HOME": str(tmp_path)}
    assert platform.config_home({**home, "SUDO_UID": str(owner)}) == folder
    for environ in (home, {**home, "SUDO_UID": str(owner + 1)}, {**home, "SUDO_UID": "x"}):
        with pytest.raises(Refused) as caught:
            platform.config_home(environ)
        assert caught.value.hint == f"export HOME={pwd.getpwuid(0).pw_dir}"
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(Refused):  # who is not root can give no right to somebody else's folder
        platform.config_home({**home, "SUDO_UID": str(owner)})


def modes(folder: Path) -> set[str]:
    return {
        f"{'d' if path.is_dir() else '-'}{stat.S_IMODE(path.lstat().st_mode):03o}"
        for path in folder.rglob("*")
    }


def test_evidence_is_for_its_owner_alone_also_where_an_older_one_was_not(tmp_path: Path) -> None:
    there = tmp_path / "shared" / "team"
    there.mkdir(parents=True)
    (there / "old.log").write_text("old")
    there.chmod(0o755)
    (there / "old.log").chmod(0o644)
    (tmp_path / "shared").chmod(0o755)
    files: dict[str, bytes | None] = {"team/old.log": b"new", "team/run-a/last-lines.log": b"x"}
    Checkout({}).write(str(tmp_path / "shared"), files, is_private=True)
    assert modes(tmp_path / "shared") == {"d700", "-600"}
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o755, (
        "the folder that somebody named is theirs"
    )
    Checkout({}).write(str(tmp_path / "new"), {"a.log": b"x"}, is_private=True)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_what_is_kept_in_the_folders_of_a_person_is_for_them_alone(tmp_path: Path) -> None:
    config = ConfigRepository(tmp_path, Environment("dev", ("team",), is_reviewed=False))
    ann = Person(tmp_path / "ann", Path(os.devnull), repository=config.path, environment="dev")
    before = os.umask(0o000)
    try:
        assert ann.types("changes").exit_code == 0
        assert ann.types("search", "tcp").exit_code == 0
        assert ann.types("__complete", "add", "").exit_code == 0
        assert ann.types("config", "set", "environment", "dev").exit_code == 0
    finally:
        os.umask(before)
    kept = {mode for mode in modes(ann.home / ".cache") | modes(ann.home / ".config") if mode[2:] != "00"}
    assert not kept, sorted(
        str(path) for path in ann.home.rglob("*") if f"{stat.S_IMODE(path.lstat().st_mode):03o}"[1:] != "00"
    )
