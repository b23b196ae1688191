"""What Rapt asks of other programs on the person's machine, and of itself as one: kubectl, podman, docker, kind."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol


class Answer(NamedTuple):
    """How a program ended.

    Args:
        code: Its exit code; 127 where it could not be started, 124 where it took too long and was ended.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
        seconds: How long it took.
    """

    code: int
    out: str
    err: str
    seconds: float


class ProgramsReads(Protocol):
    """Asking programs something that changes nothing."""

    def find(self, name: str) -> str:
        """The path of a program that the person's shell would run; empty where there is none."""
        ...

    def find_all(self, name: str) -> Sequence[str]:
        """Every program of that name on the PATH, the one that is run first; links to one file count once."""
        ...

    def ourselves(self) -> tuple[str, ...]:
        """The words that start this program again."""
        ...

    def testbed(self) -> tuple[str, ...]:
        """The words that start the project's own test cluster; none unless this program runs from a checkout of it."""
        ...

    def python(self) -> str:
        """The interpreter that runs this program; empty where it carries its own inside."""
        ...

    def ask(self, command: Sequence[str], *, timeout_seconds: float = 30.0) -> Answer:
        """Run a program without a terminal, and wait for its end."""
        ...


class ProgramsWrites(Protocol):
    """Letting programs do something: only the door holds one."""

    def attend(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        is_over: Callable[[], bool] | None = None,
        *,
        quiet: bool = False,
    ) -> int:
        """Run a program in the foreground, on the person's own terminal; its exit code.

        Ctrl-C ends it, unless it has taken the terminal for itself, as a shell's does.

        Args:
            command: Its path and arguments.
            environ: Variables besides the person's own.
            is_over: Asked twice a second; what runs is ended when it says so.
            quiet: Whether the terminal is not for it: it has nothing to read, and what it says is for nobody.

        Raises:
            Unavailable: ``no-program``: it cannot be started.
        """
        ...
