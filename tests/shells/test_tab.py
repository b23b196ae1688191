"""The tab key in real shells, after ``kubectl rapt`` and ``kubectl-rapt``: on this machine alone, and on a cluster."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import namespaces
from tests.cluster import kubectl
from tests.killing import Person
from tests.shells import interactive

SHELLS = ("bash", "zsh", "fish")
PROGRAMS = ("kubectl rapt", "kubectl-rapt")


@pytest.fixture(scope="module", autouse=True)
def shells() -> None:
    interactive.install()


def person(home: Path, kubeconfig: Path | str = os.devnull, **settings: str) -> Person:
    found = Person(home, Path(kubeconfig), **settings)
    found.environ["PATH"] = f"{kubectl.program().parent}:{found.environ['PATH']}"
    return found


OFFLINE = [
    (" chan", "changes ", 1),
    (" add bundled/tcp", "bundled/tcp-check ", 1),
    (" add --context aw", "--context away ", 1),
    (" nosuch ", "nosuch", 2),
]
"""What kubectl's own script and ours are given alike; the others try how each takes a line apart."""
APART = [
    (" changes me", "changes merge ", 1),
    (" add tcp-check@", "tcp-check@1.0.0 ", 1),
    (" add http-check --set st", r"--set status=(?!\S)", 1),
    (" run --dry-run=cl", "--dry-run=client ", 1),
    (" clean --status failed,su", "succeeded ", 1),
    (" add ", r"(?s)postgres-backup\b.*1\.0\.0 +Dump a PostgreSQL", 2),
]


@pytest.mark.parametrize("shell", SHELLS)
def test_what_this_machine_knows_is_completed_without_a_cluster(shell: str, tmp_path: Path) -> None:
    ann = person(tmp_path / "ann")
    contexts = subprocess.run(
        ["kubectl", "config", "set-context", "away"],
        env={**ann.environ, "KUBECONFIG": str(tmp_path / "kubeconfig")},
        check=True,
        capture_output=True,
    )
    assert b"away" in contexts.stdout
    ann.environ["KUBECONFIG"] = str(tmp_path / "kubeconfig")
    with interactive.shell(shell, ann.environ, ann.home) as found:
        for program, cases in (("kubectl rapt", APART), ("kubectl-rapt", [*OFFLINE, *APART])):
            for typed, pattern, tabs in cases:
                found.completes(program + typed, pattern, tabs=tabs)


def a_tool(name: str) -> dict[str, Any]:
    container = {"name": "tool", "image": "busybox:1.35", "command": ["echo"], "args": ["red"]}
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name},
        "spec": {
            "summary": f"Does {name}",
            "source": {"template": "paint", "version": "1.2.0"},
            "job": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}},
            "parameters": [
                {
                    "name": "colour",
                    "type": "choice",
                    "description": "What to paint with",
                    "choices": ["red", "green"],
                    "default": "red",
                    "at": ["/spec/template/spec/containers/0/args/0"],
                }
            ],
        },
    }


@pytest.fixture
def painter(user: Path, tmp_path: Path) -> Iterator[tuple[Person, str]]:
    """Someone with a tool and a run of it; and the run's name."""
    namespaces.apply(user, a_tool("paint"), a_tool("polish"))
    ann = person(tmp_path / "ann", user)
    ended = ann.types("run", "paint", "--detach", "--request-id", "paint-walls")
    assert ended.exit_code == 0, str(ended)
    yield ann, "paint-walls"
    ann.leaves_nothing()


@pytest.mark.parametrize("shell", SHELLS)
def test_names_of_the_cluster_are_completed(shell: str, painter: tuple[Person, str], namespace: str) -> None:
    ann, run = painter
    live = [
        (" run po", "run polish ", 1),
        (" run ", "(?s)paint.*paint 1.2.0", 3),
        (" attach paint-w", f"attach {run} ", 1),
        (" run paint --set co", r"--set colour=(?!\S)", 1),
        (" run paint --set colour=g", "--set colour=green ", 1),
        (f" list -n {namespace[:-1]}", f"-n {namespace} ", 1),
    ]
    with interactive.shell(shell, ann.environ, ann.home) as found:
        for typed, pattern, tabs in live:
            found.completes("kubectl rapt" + typed, pattern, tabs=tabs)
        found.completes("kubectl-rapt run po", "run polish ")


ACTIVE = [
    *(
        "$(touch${IFS}pwned)",
        "`touch${IFS}pwned`",
        ";touch${IFS}pwned;",
        "a|touch${IFS}pwned",
        "'",
        '"',
        "\\",
    ),
    *("*", "?", "[a]", "{a,b}", "~root", "!!", "&", "<x", ">pwned", "#", "^a"),
]
"""Choices that are words to whoever wrote the tool, and something else to a shell."""


@pytest.fixture
def trap(user: Path, tmp_path: Path) -> Person:
    """Someone in whose namespace is a tool with such choices: shells also complete what two of them begin with."""
    tool = a_tool("paint")
    spec = tool["spec"]
    (colour,) = spec["parameters"]
    colour["choices"] = ["red", *ACTIVE, *(f"q{one}" for one in ACTIVE), "żółty/2.0:a+b"]
    args = spec["job"]["spec"]["template"]["spec"]["containers"][0]["args"]
    for number, one in enumerate(ACTIVE):
        args.append(f"{one}a")
        at = f"/spec/template/spec/containers/0/args/{number + 1}"
        spec["parameters"].append(
            {"name": f"p{number}", "type": "choice", "choices": [f"{one}a", f"{one}b"], "at": [at]}
        )
    namespaces.apply(user, tool)
    return person(tmp_path / "ann", user)


def test_what_a_shell_would_take_for_more_than_a_word_is_not_offered(trap: Person) -> None:
    offered = asked(trap, "run", "paint", "--set", "colour=")[0]
    assert offered == "colour=red\ncolour=żółty/2.0:a+b\n:4\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_completed_executes_nothing_once_the_line_is_run(shell: str, trap: Person) -> None:
    with interactive.shell(shell, trap.environ, trap.home) as found:
        for program in PROGRAMS:
            for number in range(4):
                found.prints(f"{program} run paint --set p{number}=")
    assert not list(trap.home.rglob("*pwned*"))


def asked(ann: Person, *words: str, **more: str) -> tuple[str, str, float]:
    """What a shell is told, on both streams, and how long it waited."""
    began_at = time.monotonic()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("kubectl_complete-rapt")), *words],
        env={
            "RAPT_COMPLETION_SECONDS": "60",
            **ann.environ,
            **more,
        },  # the machine may be busy with much else
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0
    return done.stdout, done.stderr, time.monotonic() - began_at


def a_kubeconfig(path: Path, server: str) -> Path:
    path.write_text(
        f"""{{"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{{"name": "c", "context": {{"cluster": "c", "user": "u"}}}}],
        "clusters": [{{"name": "c", "cluster": {{"server": "{server}"}}}}],
        "users": [{{"name": "u", "user": {{}}}}]}}"""
    )
    return path


def test_a_cluster_that_does_not_answer_is_no_hang_and_no_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections, and says nothing
        port = silent.getsockname()[1]
        ann = person(tmp_path / "ann", a_kubeconfig(tmp_path / "kubeconfig", f"http://127.0.0.1:{port}"))
        told, complained, seconds = asked(ann, "run", "", RAPT_COMPLETION_SECONDS="2.5")
        assert (told, complained) == (":4\n", "")
        assert seconds < 30, "the limit is 2.5 s, on a machine that does nothing else"
    ann.leaves_nothing()


BROKEN = {
    "no kubeconfig": {"KUBECONFIG": "/nowhere/at/all"},
    "no kubectl": {"PATH": "/nowhere"},
    "no home": {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/a", "XDG_CONFIG_HOME": "/dev/null/b"},
    "a config repository that is not there": {"RAPT_REPOSITORY": "https://127.0.0.1:1/none.git"},
    "an address of none": {"RAPT_REPOSITORY": "\n\x1b"},
    "a plain locale": {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
}


@pytest.mark.parametrize("what", BROKEN)
def test_whatever_is_broken_a_shell_gets_no_error(tmp_path: Path, what: str) -> None:
    ann = person(tmp_path / "ann")
    for words in (["run", ""], ["set", ""], ["add", "--in", ""], []):
        told, complained, _ = asked(ann, *words, **BROKEN[what])
        assert complained == ""
        assert told.splitlines()[-1].startswith(":")
    assert "add\t" in asked(ann, "a", **BROKEN[what])[0]


def test_a_damaged_memory_of_names_is_forgotten(tmp_path: Path) -> None:
    ann = person(tmp_path / "ann")
    first = asked(ann, "add", "tcp")
    (memory,) = (ann.home / ".cache" / "rapt" / "names").iterdir()
    for damage in (b"", b"\xff\xfe", memory.read_bytes()[:-3], b"[]\nevil\twords\n."):
        memory.write_bytes(damage)
        assert asked(ann, "add", "tcp")[:2] == first[:2]
    assert "tcp-check" in first[0]


def test_install_puts_the_completer_where_kubectl_finds_it_and_touches_nothing_else(tmp_path: Path) -> None:
    ann = person(tmp_path / "ann")
    programs, completer = ann.home / "bin", ann.home / "bin" / "kubectl_complete-rapt"
    programs.mkdir()
    (programs / "kubectl").symlink_to(kubectl.program())
    (programs / "kubectl-rapt").symlink_to(Path(sys.executable).with_name("kubectl-rapt"))
    ann.environ["PATH"] = f"{programs}:/usr/bin:/bin"

    def types(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            ["kubectl", *words], env=ann.environ, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout + done.stderr

    assert types("rapt", "completion", "install", "--dry-run")[1].startswith(f"{completer} would be written")
    assert not completer.exists()
    completer.write_text("something else")
    code, told = types("rapt", "completion", "install")
    assert (code, completer.read_text()) == (6, "something else")
    assert "Rapt did not write it" in told
    completer.unlink()
    code, told = types("rapt", "completion", "install")
    assert (code, told.splitlines()[0]) == (0, f"{completer} written")
    assert types("rapt", "completion", "install") == (0, f"{completer} is there already\n")
    code, told = types("__complete", "rapt", "sea")
    assert told.splitlines()[:2] == ["search\tFind templates in the registries", ":4"]
    assert sorted(one.name for one in programs.iterdir()) == ["kubectl", "kubectl-rapt", completer.name]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_help_and_hints_say_what_was_typed(shell: str, tmp_path: Path) -> None:
    ann = person(tmp_path / "ann")
    for program in PROGRAMS:
        done = subprocess.run(
            [shell, "-c", f"{program} list --help; {program} lst; {program} list --nosuch; true"],
            env=ann.environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout.startswith(f"Usage: {program} list [flags]\n")
        assert f"Example: {program} list" in done.stdout
        assert f"  try: {program} list\n" in done.stderr
        assert f"  try: {program} list --help\n" in done.stderr
