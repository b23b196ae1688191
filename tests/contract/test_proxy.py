"""The kubectl behind the door: how it starts, fails and ends."""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kubectl_rapt.adapters.cluster import http, proxy
from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.errors import Invalid, NotFound, Refused, Unavailable
from kubectl_rapt.model.kinds import JOB, Ref
from kubectl_rapt.model.target import Target
from tests.faults import BlackHole, Faults, Reply

A_JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "one", "namespace": "prod"}}
ONE = Ref(JOB, "one", "prod")


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where doors make their own folders, for this test alone; a socket's path must be short."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="test-", ignore_cleanup_errors=True) as path:
        monkeypatch.setenv("TMPDIR", path)
        yield Path(path)


def a_config(path: Path, user: dict[str, Any], server: str = "https://127.0.0.1:9") -> str:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "team-a"}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(config))
    return str(path)


def kubectls(folder: Path) -> list[int]:
    """The processes that serve sockets in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in command:
                found.append(int(entry.name))
    return found


def is_soon(expected: Any, look: Any) -> bool:
    for _ in range(1200):
        if look() == expected:
            return True
        time.sleep(0.05)
    return False


CHILD = """
import sys, time, threading
from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.model.target import Target

def serve():
    global door
    door = Door(Target(kubeconfig=sys.argv[1], namespace="x"))
    door.proxy.path()

if sys.argv[2] == "thread":
    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
else:
    serve()
print("ready", flush=True)
if sys.argv[3] == "stay":
    time.sleep(600)
"""


@pytest.fixture
def child(scripted: Faults, folder: Path) -> Iterator[Any]:
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", CHILD, str(scripted.kubeconfig), *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(process)
        assert process.stdout and process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("spawner", ["main", "thread"])
def test_a_killed_python_leaves_no_kubectl_and_no_folder_behind(
    child: Any, folder: Path, spawner: str
) -> None:
    process = child(spawner, "stay")
    assert len(kubectls(folder)) == 2  # kubectl and its supervisor
    process.send_signal(signal.SIGKILL)
    assert is_soon([], lambda: kubectls(folder))
    assert is_soon([], lambda: list(folder.iterdir()))


KILLED_AT = """
import os, signal, sys
from kubectl_rapt.adapters.cluster import spawn

def dies(real):
    def call(*args, **words):
        global left
        left -= 1
        if not left and sys.argv[2] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        made = real(*args, **words)
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return made
    return call

left = int(sys.argv[1])
os.mkdir, os.posix_spawn = dies(os.mkdir), dies(os.posix_spawn)
spawn.start_proxy([])
"""


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_python_that_is_killed_while_it_starts_kubectl_leaves_nothing_behind(
    folder: Path, number: int, side: str
) -> None:
    environ = {**os.environ, "TMPDIR": str(folder)}
    killed = subprocess.run([sys.executable, "-c", KILLED_AT, str(number), side], env=environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert is_soon([], lambda: kubectls(folder))
    assert is_soon([], lambda: list(folder.iterdir()))


def test_a_python_that_just_ends_leaves_nothing_behind(child: Any, folder: Path) -> None:
    child("main", "end").wait()
    assert is_soon([], lambda: kubectls(folder))
    assert is_soon([], lambda: list(folder.iterdir()))


def test_a_process_group_that_is_killed_leaves_no_kubectl_and_no_folder_behind(
    child: Any, folder: Path
) -> None:
    os.killpg(child("main", "stay").pid, signal.SIGKILL)
    assert is_soon([], lambda: kubectls(folder))
    assert is_soon([], lambda: list(folder.iterdir()))


ENDS = """
import os, sys
from kubectl_rapt.adapters.cluster.door import Door
from kubectl_rapt.adapters.cluster.reads import Reads
from kubectl_rapt.model.target import Target

with Door(Target(kubeconfig=sys.argv[1])) as door:
    if sys.argv[2] == "ready":
        door.proxy.path()
    if sys.argv[2] == "asked":
        Reads(door).context()
try:
    print("left:", os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child")
print(*os.listdir(os.environ["TMPDIR"]))
"""


@pytest.mark.parametrize("how", ["at once", "ready", "asked"])
def test_kubectl_is_waited_for(scripted: Faults, folder: Path, how: str) -> None:
    command = [sys.executable, "-c", ENDS, str(scripted.kubeconfig), how]
    assert subprocess.check_output(command, text=True, timeout=60) == "no child\n\n"
    assert kubectls(folder) == []


def test_a_kubectl_that_says_nothing_is_not_waited_for(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = tmp_path / "kubectl"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    begun = time.monotonic()
    Door(Target()).close()
    assert time.monotonic() - begun < 5
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_whole_terminal_is_ours_to_answer(
    child: Any, folder: Path, number: signal.Signals
) -> None:
    process = child("main", "stay")
    others = kubectls(folder)
    for pid in others:
        os.kill(pid, number)
    time.sleep(0.2)
    assert kubectls(folder) == others
    os.killpg(process.pid, signal.SIGTERM)
    assert is_soon([], lambda: kubectls(folder))
    assert is_soon([], lambda: list(folder.iterdir()))


def test_nobody_else_may_look_into_the_folder(scripted: Faults, folder: Path) -> None:
    with Door(Target(kubeconfig=str(scripted.kubeconfig), namespace="x")) as door:
        path = Path(door.proxy.path())
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_ISSOCK(path.stat().st_mode)
    assert list(folder.iterdir()) == []


def test_opening_does_not_wait_for_kubectl(
    scripted: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = tmp_path / "kubectl"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    door = Door(Target(kubeconfig=str(scripted.kubeconfig), namespace="x"))
    with pytest.raises(http.TooSlow):
        door.proxy.path(ends_at=time.monotonic())
    door.close()
    door.close()


def test_a_request_that_waits_ends_when_another_thread_closes_the_door(scripted: Faults) -> None:
    scripted.on("GET", BlackHole(), BlackHole())
    door = Door(Target(kubeconfig=str(scripted.kubeconfig)))
    door.proxy.path()
    threading.Timer(0.3, door.close).start()
    started = time.monotonic()
    with pytest.raises(Unavailable):
        Reads(door).get(ONE)
    assert time.monotonic() - started < 2


def test_a_kubectl_that_died_is_told(scripted: Faults, folder: Path) -> None:
    with Door(Target(kubeconfig=str(scripted.kubeconfig), namespace="x")) as door:
        door.proxy.path()
        for pid in kubectls(folder):
            if b"kubectl\0proxy" in (Path("/proc") / str(pid) / "cmdline").read_bytes()[:200]:
                os.kill(pid, signal.SIGKILL)
        with pytest.raises(Unavailable) as caught:
            Reads(door).get(ONE)
        assert caught.value.code == "no-kubectl"


def test_without_kubectl_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable) as caught:
        Door(Target())
    assert (caught.value.code, caught.value.message) == ("no-kubectl", "kubectl is not on the PATH")
    assert caught.value.hint


def test_a_context_that_does_not_exist_is_told_in_kubectls_words(
    kubectl_on_path: None, tmp_path: Path
) -> None:
    target = Target(kubeconfig=a_config(tmp_path / "c", {"token": "x"}), context="nope")
    with Door(target) as door:
        for ask in (lambda: Reads(door).get(ONE), lambda: Reads(door).context()):
            with pytest.raises(NotFound) as caught:
                ask()
            assert (caught.value.code, caught.value.hint) == ("no-context", "kubectl config get-contexts")
            assert "nope" in caught.value.message


@pytest.mark.parametrize("text", ["a: [", '{"kind": "Config", "users": 7}', None])
def test_a_broken_kubeconfig_is_told(kubectl_on_path: None, tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "broken"
    if text is not None:
        path.write_text(text)
    with Door(Target(kubeconfig=str(path), namespace="x")) as door, pytest.raises(Invalid) as caught:
        Reads(door).get(ONE)
    assert caught.value.code == "bad-kubeconfig"
    assert "broken" in caught.value.message


def test_a_broken_kubeconfig_is_told_as_often_as_it_is_asked_for(
    kubectl_on_path: None, tmp_path: Path
) -> None:
    path = tmp_path / "broken"
    path.write_text("a: [")
    with Door(Target(kubeconfig=str(path))) as door:
        for _ in range(2):
            with pytest.raises(Invalid) as caught:
                Reads(door).context()
            assert caught.value.code == "bad-kubeconfig"


def test_a_failing_plug_in_is_told_with_its_own_words(kubectl_on_path: None, tmp_path: Path) -> None:
    words = "\033[31mToken has expired,\033[0m log in again"
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", f"echo '{words}' >&2; exit 3"],
        "interactiveMode": "IfAvailable",
    }
    target = Target(kubeconfig=a_config(tmp_path / "c", {"exec": plugin}))
    with Door(target) as door, pytest.raises(Refused) as caught:
        Reads(door).get(ONE)
    assert caught.value.code == "not-authenticated"
    assert caught.value.message == (
        "getting credentials: exec: executable sh failed with exit code 3 (Token has expired, log in again)"
    )


def test_a_server_that_cannot_be_reached_is_told(kubectl_on_path: None, tmp_path: Path) -> None:
    with (
        Door(Target(kubeconfig=a_config(tmp_path / "c", {"token": "x"}))) as door,
        pytest.raises(Unavailable) as caught,
    ):
        Reads(door).get(ONE)
    assert (caught.value.code, caught.value.outcome_unknown) == ("no-cluster", False)
    assert caught.value.message.endswith("connection refused")


def test_the_context_is_what_kubectl_makes_of_flags_and_files(
    kubectl_on_path: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = a_config(tmp_path / "one", {"token": "x"}, "https://one.invalid")
    two = json.loads(Path(a_config(tmp_path / "two", {"token": "x"}, "https://two.invalid")).read_text())
    two["contexts"].append({"name": "y", "context": {"cluster": "c", "user": "u"}})
    (tmp_path / "two").write_text(json.dumps(two))
    monkeypatch.setenv("KUBECONFIG", f"{one}:{tmp_path / 'missing'}:{tmp_path / 'two'}")
    for target, expected in (
        (Target(), ("x", "team-a", "https://one.invalid")),
        (Target(context="y"), ("y", "default", "https://one.invalid")),
        (Target(namespace="mine"), ("x", "mine", "https://one.invalid")),
        (Target(kubeconfig=str(tmp_path / "two")), ("x", "team-a", "https://two.invalid")),
    ):
        with Door(target) as door:
            context = Reads(door).context()
            assert (context.name, context.namespace, context.server) == expected


def test_without_any_kubeconfig_the_namespace_is_default(
    kubectl_on_path: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    with Door(Target()) as door:
        assert Reads(door).context().namespace == "default"


def test_kubectl_never_asks_for_a_user_name(scripted: Faults) -> None:
    scripted.on("GET", Reply(200, A_JOB))
    with Door(Target(kubeconfig=str(scripted.kubeconfig))) as door:
        assert Reads(door).get(ONE) == A_JOB


@pytest.mark.parametrize("said", ["", "[]", "{", '{"contexts": 7}', '{"clusters": [7]}'])
def test_a_kubectl_that_prints_no_kubeconfig_is_told_and_is_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    silent = tmp_path / "kubectl"
    silent.write_text(f"#!/bin/sh\nprintf '%s' '{said}'\n")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'one'}:{tmp_path / 'two'}")
    with Door(Target()) as door:
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                Reads(door).context()
            assert (caught.value.code, caught.value.hint) == ("no-kubectl", "kubectl config view")
            assert caught.value.message.startswith("kubectl config view printed ")
    with pytest.raises(Unavailable):
        proxy.contexts("", os.environ)
