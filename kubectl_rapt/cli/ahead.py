"""Opening the cluster before the command line is understood: kubectl starts while everything else is imported.

What is guessed here is only started: a command that means another cluster, or none, lets go of it.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kubectl_rapt import wiring
from kubectl_rapt.cli import table
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.target import Target

FLAGS = {
    "--in": "environment",
    "-n": "namespace",
    "--namespace": "namespace",
    "--context": "context",
    "--kubeconfig": "kubeconfig",
    "--as": "as_user",
    "--as-group": "as_groups",
    "--request-timeout": "request_timeout_seconds",
}
"""The shared flags, each with a value, and what they are called inside: see ``options.shared``."""


@contextmanager
def opened(arguments: Sequence[str]) -> Iterator["wiring.Outside | None"]:
    """What the command will probably ask, on its way already; None where that is not the cluster.

    Args:
        arguments: What stands after the program's name.
    """
    outside = None
    try:
        if guessed := guess(arguments):
            outside = wiring.Outside(*guessed, os.environ)
            outside.kubectl  # noqa: B018
    except (RaptError, OSError):
        pass  # the command itself will say so, if it comes to that
    try:
        yield outside
    finally:
        if outside:
            outside.close()


def guess(arguments: Sequence[str]) -> tuple[Target, str] | None:
    """The target and the environment that the shared flags name; None for a command that asks no cluster.

    Args:
        arguments: What stands after the program's name.
    """
    given: dict[str, Any] = {}
    command = ""
    words = iter(arguments)
    for word in words:
        flag, equals, value = word.partition("=")
        if word in ("--", "--help"):
            break
        if field := FLAGS.get(flag):
            value = value if equals else next(words, "")
            given[field] = (*given.get(field, ()), value) if field == "as_groups" else value
        elif not command and not word.startswith("-"):
            command = word
    entry = table.TABLE.get(command)
    if entry is None or not entry.asks_cluster or "--help" in arguments:
        return None
    environment = given.pop("environment", "")
    try:
        given["request_timeout_seconds"] = float(
            given.get("request_timeout_seconds") or Target().request_timeout_seconds
        )
    except ValueError:
        return None
    return Target(**given), environment
