"""Timing: both sides of a comparison in turns, so that whatever else the machine does falls on both."""

import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

Side = Callable[[int], Sequence[Sequence[str]]]
"""From the number of a round to the commands that are typed in it, one after another."""


@dataclass(frozen=True)
class Timed:
    """The medians of both sides, in seconds, or in MiB where memory was measured."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """How many times as long ours takes."""
        return self.ours / self.theirs


def compare(
    ours: Side, theirs: Side, rounds: int, environ: Mapping[str, str], *, of_memory: bool = False
) -> Timed:
    """Time two sides in turns: ours, theirs, ours, theirs.

    Args:
        ours: Our commands.
        theirs: Theirs.
        rounds: How often each side is timed, after a first round that only fills caches.
        environ: The environment of all commands.
        of_memory: Whether not their time is measured, but the most memory that they and what they start have at once.
    """
    measure = peak if of_memory else _seconds
    took = [
        (measure(ours(number), environ), measure(theirs(number), environ)) for number in range(rounds + 1)
    ]
    return Timed(
        statistics.median(one for one, _ in took[1:]), statistics.median(other for _, other in took[1:])
    )


def _seconds(commands: Sequence[Sequence[str]], environ: Mapping[str, str]) -> float:
    programs = [shutil.which(command[0], path=environ["PATH"]) or command[0] for command in commands]
    with tempfile.TemporaryFile() as output:
        began_at = time.perf_counter()
        for program, command in zip(programs, commands, strict=True):
            done = subprocess.run(
                [program, *command[1:]],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            if done.returncode:
                output.seek(0)
                said = output.read().decode(errors="replace")[-2000:]
                raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}\n{said}")
        return time.perf_counter() - began_at


def peak(commands: Sequence[Sequence[str]], environ: Mapping[str, str]) -> float:
    """The most resident memory of a command with all its children, in MiB, looked at a hundred times a second."""
    most = 0
    for command in commands:
        program = shutil.which(command[0], path=environ["PATH"]) or command[0]
        with subprocess.Popen(
            [program, *command[1:]], env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        ) as process:
            while process.poll() is None:
                most = max(most, sum(map(_resident, _family(process.pid))))
                time.sleep(0.01)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return most / 2**20


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                yield from _family(int(child))


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0  # it has just ended
    return pages * resource.getpagesize()
