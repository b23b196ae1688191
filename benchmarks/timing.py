"""Timing: both sides of a comparison in turns, so that whatever else the machine does falls on both."""

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Side = Callable[[int], Sequence[Sequence[str]]]
"""From the number of a round to the commands that are typed in it, one after another."""


@dataclass(frozen=True)
class Timed:
    """The medians of both sides, in seconds."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """How many times as long ours takes."""
        return self.ours / self.theirs


def compare(ours: Side, theirs: Side, rounds: int, environ: Mapping[str, str]) -> Timed:
    """Time two sides in turns: ours, theirs, ours, theirs.

    Args:
        ours: Our commands.
        theirs: Theirs.
        rounds: How often each side is timed, after a first round that only fills caches.
        environ: The environment of all commands.
    """
    took = [
        (_seconds(ours(number), environ), _seconds(theirs(number), environ)) for number in range(rounds + 1)
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
