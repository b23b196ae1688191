"""Many processes on one repository, and processes that are killed in the middle."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kubectl_rapt.adapters import locks
from kubectl_rapt.adapters.git import Git
from kubectl_rapt.errors import Conflict, Unavailable
from kubectl_rapt.ports.git import Remote
from tests.git.remotes import Place, commit, git, own

ROOT = Path(__file__).parents[2]

WRITER = """
import json, sys
from pathlib import Path
from kubectl_rapt.adapters.git import Git
from kubectl_rapt.errors import Conflict
from kubectl_rapt.ports.git import Remote

cache, url, name, count, environment = sys.argv[1:]
adapter, remote = Git(Path(cache), json.loads(environment)), Remote(url)
for number in range(int(count)):
    while True:
        at = adapter.fetch(remote).get("refs/heads/main", "")
        try:
            adapter.commit(
                remote, branch="main", parent=at, expected=at, files={f"{name}/{number}": b"x"}, message=name
            )
        except Conflict:
            continue
        break
"""


def _writer(place: Place, remote: Remote, name: str, count: int) -> "subprocess.Popen[bytes]":
    import json

    environment = json.dumps(place.environment)
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place.cache), remote.url, name, str(count), environment],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )


def test_writers_that_retry_all_land(place: Place) -> None:
    remote = own(place.bare())
    writers = [_writer(place, remote, name, 5) for name in ("a", "b", "c")]
    for writer in writers:
        _, said = writer.communicate(timeout=120)
        assert writer.returncode == 0, said.decode()
    adapter = place.git()
    at = adapter.fetch(remote)["refs/heads/main"]
    assert sorted(adapter.files(remote, at)) == sorted(f"{name}/{n}" for name in "abc" for n in range(5))
    assert len(list(adapter.log(remote, at))) == 15
    assert git("fsck", "--strict", "--no-dangling", cwd=Path(remote.url)) == ""


def test_the_lock_spares_writers_their_conflicts(place: Place) -> None:
    remote, conflicts = own(place.bare()), []

    def write(name: str) -> None:
        adapter = place.git()
        for number in range(5):
            with adapter.lock(remote):
                try:
                    commit(adapter, remote, {f"{name}/{number}": b"x"})
                except Conflict as error:
                    conflicts.append(error)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, "abc"))
    assert conflicts == []
    assert len(list(place.git().log(remote, place.git().fetch(remote)["refs/heads/main"]))) == 15


def test_many_readers_fill_one_empty_mirror(place: Place) -> None:
    remote = own(place.bare())
    at = commit(
        Git(place.root / "elsewhere", place.environment), remote, {f"f{n}": b"x" * n for n in range(50)}
    )
    with ThreadPoolExecutor(6) as pool:
        for refs in pool.map(lambda _: place.git().fetch(remote), range(12)):
            assert refs == {"refs/heads/main": at}
        for files in pool.map(lambda _: place.git().files(remote, at), range(12)):
            assert len(files) == 50


@pytest.mark.parametrize("seed", range(6))
def test_a_writer_that_is_killed_leaves_everything_usable(place: Place, seed: int) -> None:
    remote = own(place.bare())
    first = commit(place.git(), remote, {"a": b"1"})
    writer = _writer(place, remote, "killed", 100)
    time.sleep(0.3 + random.Random(seed).random() * 0.5)
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    adapter = place.git()
    for attempt in range(5):
        # What the killed process had started may still land: then it is the one that was quicker.
        try:
            at = commit(adapter, remote, {"after": str(attempt).encode()})
            break
        except Conflict:
            continue
    else:
        pytest.fail("five conflicts with nobody there")
    entries = list(adapter.log(remote, at))
    assert entries[-1].id == first
    assert adapter.files(remote, at)["after"]
    assert git("fsck", "--strict", "--no-dangling", cwd=Path(remote.url)) == ""


@pytest.mark.parametrize("lock", ["packed-refs.lock", "refs/heads/main.lock", "config.lock", "HEAD.lock"])
@pytest.mark.parametrize("age_seconds", [0, 60])
def test_a_lock_that_a_killed_process_left_is_removed(place: Place, lock: str, age_seconds: int) -> None:
    adapter, remote = place.git(), own(place.bare())
    commit(adapter, remote, {"a": b"1"})
    adapter.fetch(remote)
    [mirror] = place.mirrors()
    left = mirror / lock
    left.parent.mkdir(parents=True, exist_ok=True)
    left.touch()
    os.utime(left, (time.time() - age_seconds, time.time() - age_seconds))
    at = commit(Git(place.root / "elsewhere", place.environment), remote, {"a": b"2"})
    assert adapter.fetch(remote) == {"refs/heads/main": at}
    assert adapter.files(remote, at) == {"a": b"2"}
    commit(adapter, remote, {"a": b"3"})


def test_what_a_killed_process_left_of_a_mirror_is_removed(place: Place) -> None:
    adapter, remote = place.git(), own(place.bare())
    commit(adapter, remote, {"a": b"1"})
    [mirror] = place.mirrors()
    for suffix in (".new-1", ".old-2"):
        (place.cache / f"{mirror.stem}{suffix}").mkdir()
    (mirror / "config").write_text("[")
    adapter.files(remote, commit(adapter, remote, {"a": b"2"}))
    assert [path.name for path in place.cache.iterdir() if "-" in path.name] == []


def test_a_lock_is_held_by_one_and_waited_for(tmp_path: Path) -> None:
    path, order = tmp_path / "new" / "x.lock", []
    began = threading.Event()

    def second() -> None:
        began.wait()
        with locks.held(path, 60):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with locks.held(path, 60):
        began.set()
        time.sleep(0.1)
        order.append("first")
        with pytest.raises(Unavailable) as caught, locks.held(path, 0.05):
            order.append("never")
    thread.join()
    assert order == ["first", "second"]
    assert caught.value.code == "repository-busy"
    # Who gave up leaves the queue when its turn comes: free is what the next one gets in time, not at once.
    with locks.held(path, 60):
        pass


def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    holder = subprocess.Popen(
        [
            sys.executable, "-c",
            "import sys, time; from pathlib import Path; from kubectl_rapt.adapters import locks\n"
            "with locks.held(Path(sys.argv[1]), 1): print(flush=True); time.sleep(600)", str(path),
        ],
        cwd=ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(Unavailable), locks.held(path, 0):
            pass
        holder.kill()
        with locks.held(path, 60):
            pass
