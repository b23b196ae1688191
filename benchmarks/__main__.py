"""``make bench``: times Rapt beside kubectl and writes the table; exit code 1 where a ratio is over its bound."""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks import bounds, cases, crowd, failures, installed, timing
from benchmarks.cases import Case
from benchmarks.timing import Timed
from tests.cluster import clusters, kubectl

README = Path(__file__).with_name("README.md")
CROWD, GROWN = 10_000, 40_000


def main() -> int:
    """Time every case; the exit code is 1 where one takes longer than it may."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument(
        "--only", metavar="WORD", default="", help="time the rows with this word, write nothing"
    )
    only = parser.parse_args().only
    load = os.getloadavg()[0]
    _tell("building and installing the wheel")
    programs = installed.programs()
    was_up = clusters.found() is not None
    cluster = clusters.up(node=True)
    try:
        _tell("preparing tools and Jobs")
        with cases.environment(cluster, programs) as environ:
            results = [(case, _time(case, environ)) for case in cases.cases(environ) if only in case.what]
            if only in failures.WHAT:
                _tell("preparing runs that failed")
                with failures.environment(cluster) as viewer:
                    case = failures.case(viewer)
                    results.append((case, _time(case, environ)))
    finally:
        if not was_up:
            clusters.down()
    if any(only in case.what for case in cases.crowded(CROWD)):
        results += _crowd(programs, only)
    _tell("what has a bound of its own")
    kept = list(bounds.measure(only))
    table, others = _table(results), bounds.table(kept)
    print(f"{table}\n\n{others}")
    if not only:
        README.write_text(_readme(results, table, others, load), encoding="utf-8")
    is_over = any(timed.ratio > case.at_most for case, timed in results)
    return 1 if is_over or not all(bound.is_kept for bound in kept) else 0


def _crowd(programs: Path, only: str) -> list[tuple[Case, Timed]]:
    """The rows of a crowd, and that memory does not follow its size."""
    with crowd.cluster(programs) as found:
        _tell(f"making {CROWD:,} Runs and Jobs")
        found.grow(CROWD)
        rows = [case for case in cases.crowded(CROWD) if only in case.what]
        results = [(case, _time(case, found.environ)) for case in rows]
        listed = [["kubectl-rapt", "runs", "-A"]]
        before = timing.peak(listed, found.environ)
        _tell(f"making {GROWN:,} Runs and Jobs")
        found.grow(GROWN)
        grown = Case(
            f"memory of `kubectl-rapt runs -A`, {GROWN:,} Runs",
            f"the same, {CROWD:,} Runs",
            1.25,
            1,
            "What is kept of a run is a text of some 150 bytes.",
            lambda _: listed,
            lambda _: listed,
            of_memory=True,
        )
        return [*results, (grown, Timed(timing.peak(listed, found.environ), before))]


def _time(case: Case, environ: dict[str, str]) -> Timed:
    _tell(f"{case.what}: {case.rounds} rounds")
    return timing.compare(case.ours, case.theirs, case.rounds, environ, of_memory=case.of_memory)


def _table(results: list[tuple[Case, Timed]]) -> str:
    lines = ["| Rapt | against | Rapt | against | ratio | at most |", "|---|---|---:|---:|---:|---:|"]
    for case, timed in results:
        ratio = f"{timed.ratio:.2f}×"
        cells = (
            case.what,
            case.against,
            _spell(timed.ours, case),
            _spell(timed.theirs, case),
            ratio if timed.ratio <= case.at_most else f"**{ratio}**",
            f"{case.at_most:.3g}×" if case.at_most < math.inf else "",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _readme(results: list[tuple[Case, Timed]], table: str, others: str, load: float) -> str:
    reasons = "\n".join(f"- {case.what}: {case.why}" for case, _ in results)
    return f"""\
# Benchmarks

How long Rapt takes beside what people would type otherwise. `make bench` measures this anew, writes this page, and
ends with exit code 1 where a ratio is over its bound.

{table}

{reasons}

## Bounds of their own

Nothing that people would type does the same, so these have bounds in seconds, and say more of the machine.

{others}

- Each of the processes makes its changes one after another, by the actions that the commands call: `git http-backend`
  serves the repository, on the same machine. Starting the processes counts. The bound is for the way to main;
  going by a branch that is then merged is twice the pushes.
- `check` is the whole command, as its people type it.

## How it is measured

Each row is timed in {_rounds(results)} rounds: one round is one run of Rapt and then one of the other side, each from
its start to its end, so that whatever else the machine does falls on both. The times are medians, the ratio is the
ratio of the medians. A first round fills the caches of both (kubectl keeps the kinds of a cluster in its own) and
does not count. Ratios hold from machine to machine; milliseconds are of this one. Rapt is several processes at
once where kubectl is one: with no core to spare its ratios are worse.

Rapt is a wheel of this checkout, installed with its dependencies into an environment of its own, its bytecode
compiled. The cluster is the real one of `tests/cluster`, with a node; all commands are an ordinary user's with
rights in one namespace, whose kubeconfig is as kubectl writes it.

This machine: {os.cpu_count()} cores, Python {platform.python_version()}, kubectl {_kubectl_version()}, \
{platform.system()} on {platform.machine()}, with a load of {load:.1f} from elsewhere when this began.
"""


def _rounds(results: list[tuple[Case, Timed]]) -> str:
    return ", ".join(str(case.rounds) for case, _ in results[:-1]) + f" and {results[-1][0].rounds}"


def _kubectl_version() -> str:
    said = subprocess.check_output([kubectl.program(), "version", "--client", "-ojson"], text=True)
    version: str = json.loads(said)["clientVersion"]["gitVersion"]
    return version.removeprefix("v")


def _spell(measured: float, case: Case) -> str:
    if case.of_memory:
        return f"{measured:.0f} MiB"
    return f"{measured:.2f} s" if measured >= 1 else f"{measured * 1000:.0f} ms"


def _tell(what: str) -> None:
    print(f"{what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
