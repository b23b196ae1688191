"""What has a bound in seconds or megabytes: ``python -m benchmarks.bounds [WORD]`` measures it and prints the table.

Beside the ratios, because nothing that people would type otherwise does the same.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kubectl_rapt.actions import build, catalogs, registry
from kubectl_rapt.actions.build import Wanted
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.config import installation, layout, project
from kubectl_rapt.config.installation import Installation
from kubectl_rapt.config.project import Environment
from kubectl_rapt.config.settings import Settings
from kubectl_rapt.errors import RaptError
from kubectl_rapt.templating.reference import Reference
from tests import changing, namespaces
from tests.cluster import clusters
from tests.fakes.world import FakeWorld
from tests.killing import Person
from tests.repositories import SOMEONE, ConfigRepository

PEOPLE, EACH = 20, 10
FEW, MANY = 100, 500
ROUNDS = 7
ENVIRONMENTS = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Bound:
    """One row.

    Args:
        what: What was measured.
        value: How much it was.
        at_most: The bound.
        unit: Of both.
    """

    what: str
    value: float
    at_most: float
    unit: str

    @property
    def is_kept(self) -> bool:
        return self.value <= self.at_most


def measure(word: str = "") -> Iterator[Bound]:
    """The rows whose group has this word in it."""
    if word in "changes":
        yield from _changes(is_reviewed=False)
        yield from _changes(is_reviewed=True)
    if word in "check":
        yield from _check()
    if word in "doctor":
        yield from _doctor()


def _changes(*, is_reviewed: bool) -> Iterator[Bound]:
    how = "each a branch, then merged" if is_reviewed else "each straight to main"
    what = f"{PEOPLE} processes × {EACH} changes over HTTP, {how}"
    with TemporaryDirectory(prefix="rapt-bench-") as folder:
        done = changing.together(Path(folder), PEOPLE, EACH, is_reviewed=is_reviewed)
    yield Bound(
        f"{what}: lost, or there twice", abs(len(set(done.landed)) - PEOPLE * EACH) + done.twice, 0, ""
    )
    yield Bound(f"{what}: to the last one's end", done.seconds, 40, "s")
    yield Bound(f"{what}: the longest that one took", max(one.seconds for one in done.made), 10, "s")


def _check() -> Iterator[Bound]:
    with TemporaryDirectory(prefix="rapt-bench-") as folder:
        few, many = (_checked(Path(folder) / str(count), count) for count in (FEW, MANY))
    what = f"`check` of {MANY} tools × {len(ENVIRONMENTS)} environments"
    yield Bound(what, many[0], 10, "s")
    yield Bound(
        f"{what}: its largest process, as many times that of {FEW} tools", many[1] / few[1], 1.25, "×"
    )
    yield Bound(f"{what}: its largest process", many[1], 200, "MB")


def _checked(folder: Path, count: int) -> tuple[float, float]:
    """How many seconds ``check`` takes, and how many megabytes its largest process has."""
    repository = fill(folder, count)
    environ = {**os.environ, **SOMEONE, "HOME": str(folder), "RAPT_REPOSITORY": str(repository.path)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", _WATCHED, sys.executable, "-m", "kubectl_rapt", "check"]
    subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)  # fills the mirror
    said = json.loads(subprocess.run(command, env=environ, check=True, stdout=subprocess.PIPE).stdout)
    return said["seconds"], said["kilobytes"] / 1024


def _doctor() -> Iterator[Bound]:
    """As an ordinary user whose repository and registries are on this machine."""
    was_up = clusters.found() is not None
    cluster = clusters.up(node=True)
    try:
        with TemporaryDirectory(prefix="rapt-bench-") as folder:
            namespace = namespaces.prepare(cluster)
            Person(Path(folder) / "administrator", cluster.kubeconfig).types("install")
            ann = Person(Path(folder) / "ann", cluster.user(f"user-of-{namespace}", namespace=namespace))
            ann.types("init", "--local")
            took = []
            for _ in range(ROUNDS + 1):
                began_at = time.perf_counter()
                ended = ann.types("doctor")
                took.append(time.perf_counter() - began_at)
                if ended.exit_code:
                    raise RuntimeError(f"doctor finds something: {ended}")
    finally:
        if not was_up:
            clusters.down()
    yield Bound("`doctor` on a healthy cluster, median", statistics.median(took[1:]), 2, "s")


_WATCHED = """
import json, resource, subprocess, sys, time
began_at = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - began_at
print(json.dumps({"seconds": seconds, "kilobytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}))
"""
"""A process small enough that what it starts does not begin with its size."""


def fill(folder: Path, count: int) -> ConfigRepository:
    """A config repository with so many tools in each environment, rendered."""
    environments = [Environment(name, ("team",), cluster=f"uid-of-{name}") for name in ENVIRONMENTS]
    repository = ConfigRepository(folder, *environments)
    with Sandbox() as renderer:
        world = FakeWorld("ann", folder / "filler", Settings(repository=str(repository.path)), renderer)
        found = project.read(repository.files())
        entries = [
            (registry.find(world, catalogs.read(world, found, fresh=True), Reference.parse(name)), answers)
            for name, answers in _ANSWERS
        ]
        wanted = []
        for number in range(count):
            entry, answers = entries[number % len(entries)]
            tool = Installation(
                tool=f"tool-{number}",
                template=entry.template.name,
                version=str(entry.template.version),
                lock=entry.lock(),
                answers={**answers},
            )
            text = installation.spell(tool).encode()
            wanted += [Wanted(name, tool.tool, text) for name in ENVIRONMENTS]
        files: dict[str, bytes | None] = {}
        for one, built in zip(wanted, build.build_many(world, found, wanted), strict=True):
            if isinstance(built, RaptError):
                raise built
            files |= built.files
            assert layout.definition(one.environment, one.tool) in built.files
    repository.commit(files, "Fill\n")
    return repository


_ANSWERS: tuple[tuple[str, dict[str, object]], ...] = (
    ("http-check", {"url": "http://example.com/"}),
    ("command", {"image": "busybox:1.35", "command": ["true"]}),
)


def table(rows: list[Bound]) -> str:
    """The rows for the page."""
    lines = ["| what | measured | at most |", "|---|---:|---:|"]
    for row in rows:
        value = _spell(row.value, row.unit)
        lines.append(
            f"| {row.what} | {value if row.is_kept else f'**{value}**'} | {_spell(row.at_most, row.unit)} |"
        )
    return "\n".join(lines)


def _spell(value: float, unit: str) -> str:
    digits = {"": 0, "MB": 0, "s": 1}.get(unit, 2)
    return f"{value:.{digits}f} {unit}".strip().replace(" ×", "×")


def main() -> int:
    """Measure and print; the exit code is 1 where a bound is not kept."""
    rows = []
    for row in measure(sys.argv[1] if len(sys.argv) > 1 else ""):
        print(json.dumps([row.what, round(row.value, 3), row.unit]), file=sys.stderr, flush=True)
        rows.append(row)
    print(table(rows))
    return 0 if all(row.is_kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
