"""What killed commands left is removed by a later one, and nothing else is."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from kubectl_rapt.adapters import leftovers, platform
from kubectl_rapt.adapters.checkout import Checkout
from tests.cluster import kubectl
from tests.killing import ROOT, Person

HOUR = 3600
KEY, HEX = "0" * 32, "a" * 16
OURS = (
    f"tmp/rapt-{HEX}/complaints",
    f"tmp/rapt-keys-{HEX}/gnupg/pubring.gpg",
    f"cache/rapt/git/{KEY}.new-{HEX}/config",
    f"cache/rapt/git/{KEY}.old-{HEX}/config",
    f"cache/rapt/git/{KEY}.refs.{HEX}",
    f"cache/rapt/answers/00/{'0' * 38}.{HEX}",
    "cache/rapt/names/00000000.123",
    f"config/rapt/.config.json.rapt-{HEX}",
    f"data/rapt/.config.git.rapt-{HEX}/HEAD",
)
THEIRS = (
    f"tmp/rapt-{HEX}x/complaints",
    "tmp/rapt-tests-ab12cd34/started",
    "tmp/rapt-keys-20261130/mine",
    f"cache/rapt/git/{KEY}.git/config",
    f"cache/rapt/git/{KEY}.refs",
    f"cache/rapt/git/{KEY}.lock",
    f"cache/rapt/answers/00/{'0' * 38}",
    "cache/rapt/names/00000000",
    "config/rapt/config.json",
    "config/rapt/.config-20261130",
    "config/rapt/.config.json-20261130",
    "data/rapt/config.git/HEAD",
    f"data/.config.git.rapt-{HEX}/HEAD",
    f"data/rapt/.config.git.{HEX}/HEAD",
)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    names = {"TMPDIR": "tmp", platform.CACHE: "cache", platform.CONFIG: "config", platform.DATA: "data"}
    return {"HOME": "/nowhere", **{name: str(tmp_path / folder) for name, folder in names.items()}}


def made(root: Path, paths: tuple[str, ...], age_seconds: float) -> None:
    """Files, and the folders that they are in, which nobody has changed for so long."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    for place in sorted(root.rglob("*"), reverse=True):
        aged(place, age_seconds)


def aged(place: Path, age_seconds: float) -> None:
    at = time.time() - age_seconds
    os.utime(place, (at, at), follow_symlinks=False)


def left(root: Path) -> set[str]:
    return {str(one.relative_to(root)) for one in root.rglob("*") if one.is_file() and one.name != "swept"}


def test_what_nobody_can_use_any_more_is_removed_and_all_else_stays(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    made(tmp_path, (*OURS, *THEIRS), 2 * HOUR)
    assert len(leftovers.sweep(environ)) == len(OURS)
    assert left(tmp_path) == set(THEIRS)


def test_what_somebody_may_still_be_writing_stays(tmp_path: Path, environ: dict[str, str]) -> None:
    made(tmp_path, OURS, HOUR / 2)
    assert leftovers.sweep(environ) == []
    assert left(tmp_path) == set(OURS)


def test_a_process_whose_clock_is_ahead_sweeps_nothing_that_is_new(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, OURS, 0)
    ahead = time.time() + 40 * 24 * HOUR
    monkeypatch.setattr(time, "time", lambda: ahead)
    assert leftovers.sweep(environ) == []
    assert left(tmp_path) == set(OURS)


def test_a_folder_whose_socket_is_listened_to_stays_however_old_it_is(environ: dict[str, str]) -> None:
    folder = Path("/tmp", f"rapt-{os.urandom(8).hex()}")  # a socket's path must be short
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "s"))
        server.listen()
        aged(folder, 2 * HOUR)
        assert folder not in leftovers.sweep(environ)
    assert folder in leftovers.sweep(environ)
    assert not folder.exists()


def test_a_link_is_never_followed(tmp_path: Path, environ: dict[str, str]) -> None:
    made(tmp_path, ("precious/file",), 2 * HOUR)
    (tmp_path / "tmp").mkdir()
    link = tmp_path / "tmp" / f"rapt-{HEX}"
    link.symlink_to(tmp_path / "precious")
    aged(link, 2 * HOUR)
    leftovers.sweep(environ)
    assert left(tmp_path / "precious") == {"file"}


def test_no_more_is_removed_at_once_than_nobody_notices(tmp_path: Path, environ: dict[str, str]) -> None:
    made(tmp_path, tuple(f"cache/rapt/names/00000000.{number}" for number in range(250)), 2 * HOUR)
    assert [len(leftovers.sweep(environ)) for _ in range(3)] == [200, 50, 0]


def test_who_cannot_note_that_they_swept_does_not(tmp_path: Path, environ: dict[str, str]) -> None:
    made(tmp_path, OURS, 2 * HOUR)
    environ[platform.CACHE] = str(tmp_path / OURS[-1])
    assert leftovers.sweep(environ) == []
    assert left(tmp_path) == set(OURS)


def test_drafts_beside_a_file_go_when_it_is_written_the_next_time(tmp_path: Path) -> None:
    theirs = (".job.yaml-20261130", ".job.yaml-ab_12cd3", ".job.yaml.20261130", f".job.yaml.rapt-{HEX}.bak")
    kept = {f"templates/say/{name}" for name in theirs}
    made(tmp_path, (f"templates/say/.job.yaml.rapt-{HEX}", *kept), 2 * HOUR)
    young = f"templates/say/.job.yaml.rapt-{HEX[1:]}b"
    (tmp_path / young).touch()
    Checkout({}).write(str(tmp_path), {"templates/say/job.yaml": b"a: 1\n"})
    assert left(tmp_path) == {"templates/say/job.yaml", young, *kept}


def test_what_a_killed_command_leaves_has_the_name_that_is_swept(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(Path, "replace", killed)
    settings = tmp_path / "config" / "rapt" / "config.json"
    with pytest.raises(SystemExit):
        platform.SettingsFile(settings).write("{}")
    assert len(left(tmp_path)) == 1
    for place in tmp_path.rglob("*"):
        aged(place, 2 * HOUR)
    assert len(leftovers.sweep(environ)) == 1
    assert left(tmp_path) == set()


def test_the_note_of_a_sweep_changes_no_file_that_it_is_a_link_to(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    made(tmp_path, OURS, 2 * HOUR)
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / "cache/rapt/swept").symlink_to(precious)
    assert leftovers.sweep(environ) == []
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("folder", ["config", "data"])
def test_what_others_could_have_put_there_is_not_swept(
    tmp_path: Path, environ: dict[str, str], folder: str
) -> None:
    made(tmp_path, OURS, 2 * HOUR)
    (tmp_path / folder / "rapt").chmod(0o777)
    assert len(leftovers.sweep(environ)) == len(OURS) - 1
    assert left(tmp_path) == {one for one in OURS if one.startswith(folder)}


def serving(folder: Path) -> list[int]:
    """The processes that have to do with a socket's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and str(folder).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def test_a_command_that_is_killed_with_all_its_processes_leaves_no_folder_for_ever(tmp_path: Path) -> None:
    person = Person(tmp_path / "ann", tmp_path / "kubeconfig")
    person.environ["PATH"] = f"{kubectl.program().parent}:{person.environ['PATH']}"
    folders = Path(person.environ["TMPDIR"])
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it is connected to, and never answers
        cluster = {"server": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": cluster}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "team"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        command = [sys.executable, "-m", "kubectl_rapt", "list"]
        started = subprocess.Popen(command, cwd=ROOT, env=person.environ, start_new_session=True)
        for _ in range(600):
            if list(folders.glob("rapt-*/s")):
                break
            time.sleep(0.1)
        (folder,) = folders.glob("rapt-*")
        for process in serving(folder):  # what cleans up after a killed group has a group of its own
            os.kill(process, signal.SIGKILL)
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
    assert person.types("search").exit_code == 0
    assert folder.exists()  # somebody could still use it
    aged(folder, 2 * HOUR)
    assert person.types("search").exit_code == 0
    assert folder.exists()  # and it was swept just now
    aged(platform.swept({"HOME": str(person.home)}), 2 * HOUR)
    assert person.types("search").exit_code == 0
    assert not folder.exists()
