"""Starting kubectl before the command line is understood: the rest of the program is imported while it starts.

So nothing else is imported here. Nothing is decided either: what was guessed wrong is ended again.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from kubectl_rapt import wiring

TYPE_CHECKING = False  # as type checkers know it; the real one is in ``typing``, which is not quick
if TYPE_CHECKING:
    from kubectl_rapt.adapters.cluster.spawn import Kubectl

COMMANDS = frozenset(
    ("list", "run", "runs", "describe", "logs", "why", "status", "sync", "install", "doctor")
)
"""The commands that ask a cluster, whatever else they are told."""
FLAGS = {
    "--in": "--in",
    "--namespace": "--namespace",
    "-n": "--namespace",
    "--context": "--context",
    "--kubeconfig": "--kubeconfig",
    "--as": "--as",
    "--as-group": "--as-group",
    "--request-timeout": "--request-timeout",
    "-v": "--v",
    "--v": "--v",
}
"""How the flags of ``options.shared``, which all take a value, may be spelled."""


@contextmanager
def started(arguments: Sequence[str]) -> Iterator["Kubectl | None"]:
    """kubectl for the cluster that will probably be asked; None where it will be none.

    Args:
        arguments: What stands after the program's name.
    """
    ahead = None
    given = guess(arguments)
    if given is not None:
        # What fails here fails again in the command itself, which says what a person is to know.
        with suppress(Exception):
            ahead = start(given)
    try:
        yield ahead
    finally:
        if ahead:
            ahead.close()


def guess(arguments: Sequence[str]) -> dict[str, list[str]] | None:
    """The shared flags' values by their long names; None for a command that asks no cluster, or for help.

    Args:
        arguments: What stands after the program's name.
    """
    given: dict[str, list[str]] = {}
    command = ""
    words = iter(arguments)
    for word in words:
        flag, equals, value = word.partition("=")
        if word == "--":
            break
        if word in ("-h", "--help"):
            return None
        if name := FLAGS.get(flag):
            given.setdefault(name, []).append(value if equals else next(words, ""))
        elif not command and not word.startswith("-"):
            command = word
    return given if command in COMMANDS else None


def start(given: dict[str, list[str]]) -> "Kubectl":
    """Start kubectl for the cluster that the shared flags' values, by their long names, point at.

    Raises:
        RaptError: It cannot be started, or the settings are broken.
    """
    last = {name: values[-1] for name, values in given.items()}
    is_meant = last.get("--in") or not (last.get("--namespace") or last.get("--kubeconfig"))
    if is_meant and not last.get("--context"):
        last["--context"] = wiring.mapped_context(last.get("--in", ""), os.environ)
    named = [f"{name}={last[name]}" for name in ("--kubeconfig", "--context", "--as") if last.get(name)]
    groups = [f"--as-group={group}" for group in given.get("--as-group", ())]
    return wiring.start_ahead((*named, *groups), last.get("--namespace", ""))
