"""Timing: both sides of a comparison in turns, so that whatever else the machine does falls on both."""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Command = Sequence[str]
Side = Callable[[int], Sequence[Command]]
"""Number of the round to the commands that are typed one after another in it."""


@dataclass(frozen=True)
class Timed:
    """Medians of both sides, in seconds."""

    ours: float
    theirs: float
    rounds: int

    @property
    def ratio(self) -> float:
        """How many times as long ours takes."""
        return self.ours / self.theirs


def compare(ours: Side, theirs: Side, rounds: int, environ: Mapping[str, str]) -> Timed:
    """Time two sides in turns: ours, theirs, ours, theirs.

    Args:
        ours: Our commands.
        theirs: Theirs.
        rounds: How often each is timed, after a first round that only fills caches.
        environ: The environment of all commands.
    """
    took: list[tuple[float, float]] = [
        (_seconds(ours(number), environ), _seconds(theirs(number), environ)) for number in range(rounds + 1)
    ][1:]
    return Timed(statistics.median(a for a, _ in took), statistics.median(b for _, b in took), rounds)


def _seconds(commands: Sequence[Command], environ: Mapping[str, str]) -> float:
    with tempfile.TemporaryFile() as output:
        began_at = time.perf_counter()
        for command in commands:
            done = subprocess.run(
                command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
            if done.returncode:
                output.seek(0)
                said = output.read().decode(errors="replace")[-2000:]
                raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}\n{said}")
        return time.perf_counter() - began_at
