"""What a terminal shows of a real container: harmless text, every line in order, and an end when one is asked for."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests import namespaces
from tests.cluster.clusters import Cluster
from tests.killing import Ended, Person, end

LONG_LINE = 1_000_000
HOSTILE = (
    r"printf '\033[31mred\033[0m\n\033]0;title\007x\n\377\376\na\000b\rc\n\342\200\256txet\n\tok \303\251\n'; "
    f"head -c {LONG_LINE} /dev/zero | tr '\\0' y; echo; printf 'no end'"
)
SHOWN = [
    r"\x1b[31mred\x1b[0m",
    r"\x1b]0;title\x07x",
    r"\xff\xfe",
    r"a\x00b\x0dc",
    r"\u202etxet",
    "\tok é",
    "y" * LONG_LINE,
    "no end",
]
BYTES = [
    b"\x1b[31mred\x1b[0m",
    b"\x1b]0;title\x07x",
    b"\xff\xfe",
    b"a\0b\rc",
    "\u202etxet".encode(),
    b"\tok \xc3\xa9",
    b"y" * LONG_LINE,
    b"no end",
]
LINES = 10_000
# Debian's containerd loses what is still in the pipe of a container that ends at once, whoever reads.
SCRIPTS = {
    "hostile": HOSTILE,
    "chatty": f"i=0; while [ $i -lt {LINES} ]; do echo line $i; i=$((i+1)); done; sleep 1; exit 3",
    "endless": "i=0; while :; do echo $i; i=$((i+1)); sleep 1; done",
}


@pytest.fixture(scope="module")
def ann(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """An ordinary user with the tools above."""
    namespace = namespaces.prepare(cluster)
    user = cluster.user(f"user-of-{namespace}", namespace=namespace)
    administrator = Person(tmp_path_factory.mktemp("administrator"), cluster.kubeconfig)
    assert administrator.types("install").exit_code == 0
    namespaces.apply(user, *(_tool(name, script) for name, script in SCRIPTS.items()))
    return Person(tmp_path_factory.mktemp("ann"), user)


@pytest.fixture(scope="module")
def started(ann: Person) -> Iterator[dict[str, "subprocess.Popen[str]"]]:
    """Everything that the tests wait for, at once."""
    commands = {
        "hostile": "run hostile --request-id hostile --follow",
        "chatty": "run chatty --request-id chatty --follow",
        "timeout": "run endless --request-id timed --follow --timeout 1s",
        **{
            name: f"run endless --request-id {name} --follow"
            for name in ("int", "term", "hup", "quit", "gone")
        },
    }
    processes = {name: ann.starts(*command.split()) for name, command in commands.items()}
    yield processes
    for process in processes.values():
        process.kill()
        with process:  # closes its pipes
            pass


def _tool(name: str, script: str) -> dict[str, Any]:
    container = {"name": "tool", "image": "busybox:1.35", "command": ["sh", "-c", script]}
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "activeDeadlineSeconds": 900,
        "containers": [container],
    }
    job = {"spec": {"backoffLimit": 0, "template": {"spec": pod}}}
    return {
        "apiVersion": "rapt.dev/v1alpha1",
        "kind": "Tool",
        "metadata": {"name": name},
        "spec": {"job": job},
    }


def test_a_log_is_neutralised_while_it_is_followed_and_afterwards(
    ann: Person, started: dict[str, "subprocess.Popen[str]"]
) -> None:
    ended = end(started["hostile"])
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.split("\n") == [*SHOWN, ""]
    for command in ("logs hostile", "logs hostile --follow", "run hostile --request-id hostile --follow"):
        again = ann.types(*command.split())
        assert (again.exit_code, again.stdout) == (0, ended.stdout), command
    for words in ([], ["--follow"]):
        assert ann.types("logs", "hostile", "--tail", "1", *words).stdout == "no end\n"


def test_raw_passes_every_byte_of_a_line(ann: Person, started: dict[str, "subprocess.Popen[str]"]) -> None:
    end(started["hostile"])
    for words in (["logs", "hostile", "--raw"], ["logs", "hostile", "--raw", "--follow"]):
        done = subprocess.run(
            ["kubectl-rapt", *words], env=ann.environ, capture_output=True, timeout=60, check=False
        )
        assert (done.returncode, done.stdout.split(b"\n")) == (0, [*BYTES, b""])


def test_ten_thousand_lines_arrive_in_order_before_the_exit_code(
    ann: Person, started: dict[str, "subprocess.Popen[str]"]
) -> None:
    ended = end(started["chatty"])
    assert ended.exit_code == 3
    assert ended.stdout.split("\n") == [*(f"line {number}" for number in range(LINES)), ""]
    assert re.search(r"\nchatty  failed after [0-9]+s, exit code 3\n", ended.stderr)
    assert ann.types("logs", "chatty").stdout == ended.stdout
    first = subprocess.run(
        ["bash", "-o", "pipefail", "-c", "kubectl-rapt logs chatty | head -n 2"],
        env=ann.environ,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (first.returncode, first.stdout, first.stderr) == (0, b"line 0\nline 1\n", b"")


def test_a_timeout_leaves_the_run_and_says_how_to_go_on(started: dict[str, "subprocess.Popen[str]"]) -> None:
    ended = end(started["timeout"])
    assert ended.exit_code == 124
    assert re.search(
        # Within a second its container has started, or not.
        r"^error: timed did not end within 1 s; it (is still running|has not started(: .*)?)\n"
        r"  try: kubectl rapt attach timed\n  see: kubectl rapt help errors timed-out\n\Z",
        ended.stderr,
        re.M,
    ), ended


@pytest.mark.parametrize(
    ("name", "number", "code", "said"),
    [
        ("int", signal.SIGINT, 130, "int is still running: kubectl rapt attach int\n"),
        ("term", signal.SIGTERM, -signal.SIGTERM, ""),
        ("hup", signal.SIGHUP, -signal.SIGHUP, ""),
        ("quit", signal.SIGQUIT, -signal.SIGQUIT, ""),
    ],
)
def test_an_interrupt_ends_the_following_and_not_the_run(
    ann: Person, started: dict[str, "subprocess.Popen[str]"], name: str, number: int, code: int, said: str
) -> None:
    process = started[name]
    _first_line(process)
    helpers = _children(process.pid)
    assert helpers, "kubectl runs beside it"
    begun = time.monotonic()
    # As the terminal does: Ctrl-C reaches everything that runs there. The first to go may take its helpers along.
    os.kill(process.pid, number)
    for pid in helpers:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    ended = end(process)
    assert time.monotonic() - begun < 5
    assert ended.exit_code == code
    assert ended.stderr.partition("\n")[2] == said
    while any(Path(f"/proc/{pid}").exists() for pid in helpers):
        assert time.monotonic() - begun < 10, "kubectl is left"
        time.sleep(0.05)
    assert _status(ann, name) == "Running"


def test_a_reader_that_goes_away_ends_the_following_and_not_the_run(
    ann: Person, started: dict[str, "subprocess.Popen[str]"]
) -> None:
    process = started["gone"]
    _first_line(process)
    assert process.stdout is not None
    process.stdout.close()
    begun = time.monotonic()
    assert process.wait(timeout=20) == 0
    assert time.monotonic() - begun < 10
    assert _status(ann, "gone") == "Running"


def _first_line(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "0\n"


def _status(person: Person, run: str) -> str:
    ended: Ended = person.types("why", f"run/{run}", "-o", "json")
    told = json.loads(ended.stdout)
    return "Running" if "outcome" not in told else str(told["outcome"])


def _children(pid: int) -> list[int]:
    """The processes that it started, and those that they started."""
    found = []
    with suppress(OSError):  # some end meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_children(int(child))]
    return found
