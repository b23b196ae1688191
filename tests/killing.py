"""Ends a real ``kubectl rapt`` with SIGKILL just before or just after one of its writes: they pass one door.

``python -m tests.killing before 3 -- run hello --follow`` is killed before its third write. ``tell FILE`` instead of
``before 3`` kills nothing and adds one line a write to the file; ``gate FOLDER`` lets several commands write only when
all of them are there, and has each of them hesitate before each write; ``pause 3`` stops it with SIGSTOP right before
its third write, which it has decided on by then, until somebody sends SIGCONT; ``skew 3600`` has its clock be an hour
ahead.
"""

import datetime
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from kubectl_rapt import writes
from kubectl_rapt.__main__ import main
from kubectl_rapt.model.plan import Step
from kubectl_rapt.writes import Writers, Written

ROOT = Path(__file__).parents[1]
LIMIT_SECONDS = 300
_AT_ONCE = 6
_OPEN = "open"
_HESITATION_SECONDS = 0.2
_PAUSED: list["subprocess.Popen[str]"] = []
"""What a test has paused; if the test fails, it may still be there."""

T = TypeVar("T")
Side = Literal["before", "after"]


@dataclass(frozen=True)
class Kill:
    """When a command is killed: before or after its write of that number, counted from 1."""

    side: Side
    number: int

    def __str__(self) -> str:
        return f"{self.side}-{self.number}"


@dataclass(frozen=True)
class Ended:
    """How a command ended; ``exit_code`` is -9 where it was killed."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def was_killed(self) -> bool:
        return self.exit_code == -signal.SIGKILL

    def __str__(self) -> str:
        return f"exit code {self.exit_code}\n{self.stdout}{self.stderr}"


class Person:
    """Someone with a home and a kubeconfig who types commands.

    Args:
        home: Their home folder.
        kubeconfig: Whom the cluster knows them as.
        **settings: What ``RAPT_*`` variables say, such as their config repository.
    """

    def __init__(self, home: Path, kubeconfig: Path, **settings: str | Path) -> None:
        self._follow: Callable[[Sequence[str], Ended], None] = lambda words, ended: None
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("XDG_", "RAPT_", "GIT_", "KUBE"))
        }
        self._temporary = Path(tempfile.mkdtemp(prefix="rapt-test-"))  # a short path: there are sockets in it
        weakref.finalize(self, shutil.rmtree, self._temporary, ignore_errors=True)
        self.environ = {
            **kept,
            "TMPDIR": str(self._temporary),
            "HOME": str(home),
            "KUBECONFIG": str(kubeconfig),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            **{f"RAPT_{name.upper()}": str(value) for name, value in settings.items()},
        }
        for role in ("AUTHOR", "COMMITTER"):
            self.environ |= {f"GIT_{role}_NAME": home.name, f"GIT_{role}_EMAIL": f"{home.name}@example.com"}

    def starts(self, *words: str) -> "subprocess.Popen[str]":
        """Begin a command."""
        return self._begin(["-m", "kubectl_rapt", *words])

    def types(self, *words: str) -> Ended:
        """Type a command and wait for its end."""
        ended = end(self.starts(*words))
        self._follow(words, ended)
        return ended

    def follows_hints(self) -> Self:
        """The same person, who also types every command that an answer shows: each must work, or say something new."""
        from tests import hints  # which is about what ends here

        self._follow = hints.Hints(lambda words: end(self.starts(*words))).follow
        return self

    def is_killed(self, kill: Kill, *words: str) -> Ended:
        """Type a command that is killed."""
        return end(self._begin(["-m", "tests.killing", kill.side, str(kill.number), "--", *words]))

    def writes(self, *words: str) -> tuple[Ended, list[str]]:
        """Type a command, and note what it wrote."""
        told = self.home / "writes"
        told.write_text("")
        ended = end(self._begin(["-m", "tests.killing", "tell", str(told), "--", *words]))
        return ended, told.read_text().splitlines()

    def hesitates(self, gate: Path, *words: str) -> "subprocess.Popen[str]":
        """Begin a command that waits before its first write until the gate is opened, and hesitates then."""
        return self._begin(["-m", "tests.killing", "gate", str(gate), "--", *words])

    def is_off_by(self, span: timedelta, *words: str) -> Ended:
        """Type a command on a machine whose clock is ahead by that much."""
        return end(self._begin(["-m", "tests.killing", "skew", str(span.total_seconds()), "--", *words]))

    def is_paused(self, number: int, *words: str) -> "subprocess.Popen[str]":
        """Begin a command that stands still before its write of that number, once it has come that far."""
        process = self._begin(["-m", "tests.killing", "pause", str(number), "--", *words])
        _PAUSED.append(process)
        ends_at = time.monotonic() + LIMIT_SECONDS
        while _state(process.pid) != "T":
            assert process.poll() is None, end(process)
            assert time.monotonic() < ends_at, "it did not come to that write"
            time.sleep(0.02)
        return process

    def leaves_nothing(self) -> None:
        """No process remains that has this home, and no temporary file: very soon, where the last one was killed."""
        for _ in range(1200):
            if not (left := [*self._processes(), *map(str, self._temporary.iterdir())]):
                return
            time.sleep(0.05)
        raise AssertionError(f"left behind: {left}")

    def _processes(self) -> list[str]:
        found = []
        for process in Path("/proc").iterdir():
            try:
                if process.name.isdigit() and f"HOME={self.home}\0" in (process / "environ").read_text(
                    errors="replace"
                ):
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found

    def _begin(self, command: Sequence[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def goes_on(process: "subprocess.Popen[str]") -> Ended:
    """Let a command that was paused do its write, and wait for its end."""
    process.send_signal(signal.SIGCONT)
    return end(process)


def end_what_is_paused() -> None:
    """Kill the commands that a test has paused and not continued: the test that comes next is not about them."""
    while _PAUSED:
        process = _PAUSED.pop()
        if process.poll() is None:
            process.kill()
            end(process)


def _state(pid: int) -> str:
    """What Linux says of a process: ``T`` where it is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def end(process: "subprocess.Popen[str]") -> Ended:
    """Wait for the end of a command."""
    with process:
        stdout, stderr = process.communicate(timeout=LIMIT_SECONDS)
    return Ended(process.returncode, stdout, stderr)


def kills(written: Sequence[object]) -> list[Kill]:
    """Before and after each write."""
    return [Kill(side, number) for number in range(1, len(written) + 1) for side in ("before", "after")]


def let_pass(gate: Path, count: int) -> None:
    """Open a gate as soon as so many commands stand before it."""
    ends_at = time.monotonic() + LIMIT_SECONDS
    while len(list(gate.iterdir())) < count:
        assert time.monotonic() < ends_at, "they did not come"
        time.sleep(0.01)
    (gate / _OPEN).touch()


def _pass(gate: Path) -> None:
    (gate / str(os.getpid())).touch()
    while not (gate / _OPEN).exists():
        time.sleep(0.002)
    # What was seen before is old by now.
    time.sleep(random.uniform(0, _HESITATION_SECONDS))


def each(scenario: Callable[[T], None], these: Sequence[T]) -> None:
    """Play a scenario with each of these, several at once; what fails is told of all together."""

    def play(one: T) -> str:
        try:
            scenario(one)
        except AssertionError as error:
            return f"{one}: {error}"
        return ""

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        failures = [failure for failure in pool.map(play, these) if failure]
    assert not failures, "\n\n".join(failures)


def _watched(side: str, argument: str) -> Callable[[Writers, Step], Written]:
    count = itertools.count(1)
    real = writes.apply

    def apply(writers: Writers, step: Step) -> Written:
        here = str(next(count))
        if side == "tell":
            with Path(argument).open("a") as file:
                print(step, file=file)
        if side == "gate":
            _pass(Path(argument))
        if (side, argument) == ("before", here):
            _here(signal.SIGKILL)
        if (side, argument) == ("pause", here):
            _here(signal.SIGSTOP)
        written = real(writers, step)
        if (side, argument) == ("after", here):
            _here(signal.SIGKILL)
        return written

    return apply


def _here(number: signal.Signals) -> None:
    """Stop at this line: a signal to the whole process may reach another thread first, while this one goes on."""
    signal.pthread_kill(threading.get_ident(), number)


def _set_clock(seconds: float) -> None:
    """Have this process believe that it is later."""
    real, now = time.time, datetime.datetime.now

    class Off(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return now(tz) + timedelta(seconds=seconds)

    vars(time)["time"] = lambda: real() + seconds
    vars(datetime)["datetime"] = Off


if __name__ == "__main__":
    side, argument, _, *words = sys.argv[1:]
    if side == "skew":
        _set_clock(float(argument))
    vars(writes)["apply"] = _watched(side, argument)
    sys.argv = ["kubectl-rapt", *words]
    sys.exit(main())
