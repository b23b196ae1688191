"""Where the time of a command of Rapt's own goes: its start, its imports, its requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from kubectl_rapt.errors import Refused, UsageError
from kubectl_rapt.model import shell
from kubectl_rapt.ports.programs import Answer
from kubectl_rapt.ports.world import World

READING = ("list", "runs", "status", "describe", "search", "show", "schedule", "events", "policy")
"""Commands that only read and ask nothing: what is measured is done several times."""
ROUNDS = 5
_MODULES = 6


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time goes, in milliseconds: medians of so many rounds.

    Args:
        command: The words that were measured.
        rounds: How often.
        start: Until the program runs at all: what ``version`` takes.
        imports: Until the command knows its flags, besides: what its ``--help`` takes.
        requests: The command itself: kubectl's start, the cluster's answers, and what is made of them.
        kubectl: What ``kubectl version --client`` takes here, to compare with; None where there is none.
        modules: The packages that take longest to import, each with its milliseconds.
    """

    command: tuple[str, ...]
    rounds: int
    start: float
    imports: float
    requests: float
    kubectl: float | None
    modules: tuple[tuple[str, float], ...]

    @property
    def total(self) -> float:
        """All of it."""
        return self.start + self.imports + self.requests


def profile(world: World, words: Sequence[str], flags: Sequence[str]) -> Profile:
    """Measure a command, by what less of it takes.

    Args:
        world: Where programs are.
        words: The command; ``list`` where there is none.
        flags: What points it at the person's cluster.

    Raises:
        UsageError: The command is none that only reads.
        Refused: ``not-measured``: it does not end well, and so says nothing of its time.
    """
    command = tuple(words) or ("list",)
    if command[0] not in READING:
        what = f'"{command[0]}" cannot be measured: it runs {ROUNDS} times, and may change something'
        raise UsageError("bad-usage", what, f"kubectl rapt timing --self {' | '.join(READING[:3])}")
    ours = world.programs.ourselves()
    kubectl = world.programs.find("kubectl")
    wanted = {
        "start": [*ours, "version"],
        "imports": [*ours, command[0], "--help"],
        "requests": [*ours, *command, *flags],
        **({"kubectl": [kubectl, "version", "--client"]} if kubectl else {}),
    }
    took: dict[str, list[float]] = {name: [] for name in wanted}
    for _ in range(ROUNDS):
        for name, one in wanted.items():
            answer = world.programs.ask(one)
            if name != "kubectl":
                _check(one, answer)
            took[name].append(answer.seconds * 1000)
    start, imports, requests = (median(took[name]) for name in ("start", "imports", "requests"))
    return Profile(
        command,
        ROUNDS,
        start,
        max(0.0, imports - start),
        max(0.0, requests - imports),
        median(took["kubectl"]) if kubectl else None,
        _modules(world, command[0]),
    )


def _check(command: Sequence[str], answer: Answer) -> None:
    if answer.code in (0, 1):
        return
    said = answer.err.strip().splitlines()
    what = f"the command ended with {answer.code}: {said[0] if said else 'it said nothing'}"
    raise Refused("not-measured", what, f"kubectl rapt {' '.join(map(shell.word, command[-1:]))}")


def _modules(world: World, name: str) -> tuple[tuple[str, float], ...]:
    python, *rest = world.programs.ourselves()
    if not world.programs.python():
        return ()
    answer = world.programs.ask([python, "-X", "importtime", *rest, name, "--help"])
    return slowest(answer.err)


def slowest(report: str) -> tuple[tuple[str, float], ...]:
    """The packages that take longest, in milliseconds, from what ``python -X importtime`` writes.

    Of each package its own modules are counted, not what they import from others.
    """
    took: dict[str, float] = {}
    for line in report.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        _, _, name = rest.partition("|")
        package = name.strip().partition(".")[0]
        if line.startswith("import time:") and own.strip().isdigit() and package:
            took[package] = took.get(package, 0.0) + int(own) / 1000
    ordered = sorted(took.items(), key=lambda one: (-one[1], one[0]))
    return tuple((name, round(spent, 1)) for name, spent in ordered[:_MODULES])
