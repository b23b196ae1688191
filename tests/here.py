"""Which tests cannot run on this machine with the cluster that was taken.

A cluster of kind, or one that is given, serves most tests. The others are not run there, and the end of the run names
their files, what they need, and the command that runs everything. Where a cluster is built, every test runs.
"""

import functools
import inspect
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.cluster import clusters
from tests.cluster.telling import ClusterError

_NEEDS: Mapping[str, tuple[Callable[[], bool], tuple[str, ...]]] = {
    "a cluster that is built on this machine": (
        lambda: True,
        ("clusters.private(", ".node_address", ".add_image(", ".audit_log"),
    ),
    "Go, for Gitea and krew": (
        lambda: shutil.which("go") is None,
        ("forge.start(", "Krew(", "real.SOURCE"),
    ),
    "Debian's packages, which root may install": (
        lambda: os.geteuid() != 0 or shutil.which("apt-get") is None,
        ("debian.install(", "debian.program(", "interactive.install("),
    ),
}
"""Each need, when it is not met where no cluster is built, and what shows it in a test or in one of its fixtures."""


def parted(items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], dict[str, list[str]]]:
    """Part the tests that can run here from those that cannot.

    Returns:
        Those that can, and for each need the file of each test that cannot.

    Raises:
        pytest.UsageError: Nobody can say which cluster is taken.
    """
    try:
        if clusters.is_built():
            return list(items), {}
    except ClusterError as error:
        raise pytest.UsageError(str(error)) from error
    kept: list[pytest.Item] = []
    missing: dict[str, list[str]] = {}
    for item in items:
        need = next(iter(_unmet(item)), None)
        if need is None:
            kept.append(item)
        else:
            missing.setdefault(need, []).append(item.nodeid.partition("::")[0])
    return kept, missing


def _unmet(item: pytest.Item) -> Iterator[str]:
    for need, (is_unmet, signs) in _NEEDS.items():
        if is_unmet() and any(sign in text for text in map(_source, _functions(item)) for sign in signs):
            yield need


def _functions(item: pytest.Item) -> list[Callable[..., Any]]:
    """A test's own function, and those of all fixtures that it uses."""
    if not isinstance(item, pytest.Function):
        return []
    # pytest has no public way to ask which fixtures a test comes to use.
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    return [item.function, *(one.func for found in fixtures for one in found)]


@functools.cache
def _source(function: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""


def told(missing: Mapping[str, Sequence[str]]) -> list[str]:
    """What a person reads at the end of a run; nothing where every test could run."""
    if not missing:
        return []
    lines = []
    for need, files in missing.items():
        lines.append(f"{len(files)} tests were not run, because they need {need}:")
        lines += [f"  {name} ({count})" for name, count in sorted(Counter(files).items())]
    return [*lines, f"To run everything, on Debian as root with Go: {clusters.BUILT}"]
