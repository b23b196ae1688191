"""``make bench``: times Rapt beside kubectl and writes the table; exit code 1 where a ratio is over its bound."""

import argparse
import sys
from pathlib import Path

from benchmarks import cases, installed, timing
from benchmarks.cases import Case
from benchmarks.timing import Timed
from tests.cluster import clusters

README = Path(__file__).with_name("README.md")


def main() -> int:
    """Time every case; the exit code is 1 where one takes longer than it may."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument(
        "--only", metavar="WORD", default="", help="time the rows with this word, write nothing"
    )
    only = parser.parse_args().only
    _tell("building and installing the wheel")
    programs = installed.programs()
    was_up = clusters.found() is not None
    cluster = clusters.up(node=True)
    try:
        _tell("preparing tools and Jobs")
        with cases.environment(cluster, programs) as environ:
            results = [(case, _time(case, environ)) for case in cases.cases(environ) if only in case.what]
    finally:
        if not was_up:
            clusters.down()
    table = _table(results)
    print(table)
    if not only:
        README.write_text(_readme(results, table), encoding="utf-8")
    return 1 if any(timed.ratio > case.at_most for case, timed in results) else 0


def _time(case: Case, environ: dict[str, str]) -> Timed:
    _tell(f"{case.what}: {case.rounds} rounds")
    return timing.compare(case.ours, case.theirs, case.rounds, environ)


def _table(results: list[tuple[Case, Timed]]) -> str:
    lines = ["| ours | theirs | ours | theirs | ratio | at most |", "|---|---|---:|---:|---:|---:|"]
    for case, timed in results:
        ratio = f"{timed.ratio:.2f}×"
        cells = (
            case.what,
            case.against,
            _spell(timed.ours),
            _spell(timed.theirs),
            ratio if timed.ratio <= case.at_most else f"**{ratio}**",
            f"{case.at_most:g}×",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _spell(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
