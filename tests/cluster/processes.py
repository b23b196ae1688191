"""Starting, finding, awaiting and ending the processes of a cluster.

A process is known by two variables in its environment, not by a file with its id: so it is found again
whenever we were killed, and a stranger that got an old id is never taken for ours.
"""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import debian
from tests.cluster.telling import ClusterError

_CLUSTER = "RAPT_CLUSTER"
_PART = "RAPT_CLUSTER_PART"
_EXEC_TIMEOUT_SECONDS = 30
_END_TIMEOUT_SECONDS = 60
_READY_TIMEOUT_SECONDS = 180


@dataclass(frozen=True)
class Process:
    """A living process of ours.

    Attributes:
        pid: Its id.
        home: The folder of the cluster it belongs to.
        part: The part of the cluster it is, or was started by.
        program: The name it runs under; differs from the part for what the part started.
    """

    pid: int
    home: Path
    part: str
    program: str


def start(home: Path, argv: Sequence[str | Path]) -> None:
    """Starts a part of a cluster as a daemon that outlives us; its output goes to ``log(home, part)``.

    Args:
        home: The cluster's folder.
        argv: The program and its arguments; the program's name names the part.

    Raises:
        ClusterError: It ended at once.
    """
    part = Path(argv[0]).name
    log(home, part).parent.mkdir(parents=True, exist_ok=True)
    # Nothing of the caller's environment: a proxy set there would catch calls to 127.0.0.1.
    env = {"PATH": debian.PATH, "HOME": str(home), _CLUSTER: str(home), _PART: part}
    with log(home, part).open("ab") as output:
        # setsid leaves the daemon to init, so a long-lived caller collects no zombies.
        subprocess.run(
            [str(debian.program("setsid")), "--fork", *map(str, argv)],
            env=env,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=True,
            timeout=60,
        )
    deadline = time.monotonic() + _EXEC_TIMEOUT_SECONDS
    while dead(home, [part]):
        if time.monotonic() > deadline:
            raise ClusterError(f"{part} ended at once", tail(home, part))
        time.sleep(0.005)


def running(home: Path | None = None) -> list[Process]:
    """The living processes of a cluster, or of all."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()
            if _CLUSTER.encode() not in environment:
                continue
            program = os.fsdecode((entry / "cmdline").read_bytes().split(b"\0")[0])
        except OSError:
            continue
        variables = dict(word.partition("=")[::2] for word in os.fsdecode(environment).split("\0"))
        process = Process(
            pid=int(entry.name),
            home=Path(variables.get(_CLUSTER, "")),
            part=variables.get(_PART, ""),
            program=Path(program).name,
        )
        if process.part and home in (None, process.home):
            found.append(process)
    return found


def dead(home: Path, parts: Iterable[str]) -> list[str]:
    """Those of the parts that no process is running."""
    alive = {process.part for process in running(home) if process.program == process.part}
    return [part for part in parts if part not in alive]


def end(pids: Iterable[int]) -> None:
    """Kills processes and waits until they are gone.

    Raises:
        ClusterError: Some are still there after a minute.
    """
    # A pidfd keeps meaning the same process, whatever becomes of the number.
    waiting: dict[int, int] = {}
    poll = select.poll()
    for pid in set(pids):
        with contextlib.suppress(ProcessLookupError):
            waiting[os.pidfd_open(pid)] = pid
    try:
        for descriptor in waiting:
            poll.register(descriptor, select.POLLIN)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        deadline = time.monotonic() + _END_TIMEOUT_SECONDS
        while waiting and (remaining_seconds := deadline - time.monotonic()) > 0:
            for descriptor, _ in poll.poll(remaining_seconds * 1000):
                poll.unregister(descriptor)
                del waiting[descriptor]
                os.close(descriptor)
        if waiting:
            raise ClusterError(f"processes {sorted(waiting.values())} do not end")
    finally:
        for descriptor in waiting:
            os.close(descriptor)


def is_well(check: Callable[[], bool], home: Path, parts: Sequence[str], patience_seconds: float) -> bool:
    """Whether these parts of a cluster run and are ready, or get so in time.

    Args:
        check: Whether they are ready; an ``OSError`` means no.
        home: The cluster's folder.
        parts: The parts that must be alive.
        patience_seconds: How long to wait for it; a part that has ended is not waited for.
    """
    deadline = time.monotonic() + patience_seconds
    while not dead(home, parts):
        with contextlib.suppress(OSError):
            if check():
                return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.2)
    return False


def wait_until(check: Callable[[], bool], what: str, home: Path, parts: Sequence[str]) -> None:
    """Waits for a part of the cluster to get ready.

    Args:
        check: Whether it is; an ``OSError`` means not yet.
        what: What is being waited for, for the message.
        home: The cluster's folder.
        parts: The parts that must stay alive meanwhile, the likeliest culprit first.

    Raises:
        ClusterError: A part ended, or three minutes are over; with the end of that part's log.
    """
    deadline = time.monotonic() + _READY_TIMEOUT_SECONDS
    while True:
        with contextlib.suppress(OSError):
            if check():
                return
        if ended := dead(home, parts):
            raise ClusterError(f"{ended[0]} ended while waiting for {what}", tail(home, ended[0]))
        if time.monotonic() > deadline:
            raise ClusterError(f"{what}: not ready in {_READY_TIMEOUT_SECONDS} s", tail(home, parts[0]))
        time.sleep(0.05)


def log(home: Path, part: str) -> Path:
    """Where a part's output goes."""
    return home / "logs" / f"{part}.log"


def tail(home: Path, part: str, lines: int = 25) -> str:
    """The end of a part's log, under its path."""
    path = log(home, part)
    try:
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        return f"{path}: nothing"
    return "\n".join([f"{path}:", *(line[:400] for line in text.splitlines()[-lines:])])
