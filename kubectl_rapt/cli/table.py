"""The literal table of commands: nothing is imported before its command is called."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One command: its heading in the help, its line there, and how to import it."""

    heading: str
    summary: str
    load: Callable[[], Callable[..., Any]]


def _add() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import add

    return add.add


def _changes() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import changes

    return changes.changes


def _drift() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import drift

    return drift.drift


def _init() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import init

    return init.init


def _install() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import install

    return install.install


def _list() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import list_

    return list_.list_


def _logs() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import logs

    return logs.logs


def _run() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import run

    return run.run


def _runs() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import runs

    return runs.runs


def _search() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import search

    return search.search


def _show() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import show

    return show.show


def _sync() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import sync

    return sync.sync


def _version() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import version

    return version.version


def _why() -> Callable[..., Any]:
    from kubectl_rapt.cli.commands import why

    return why.why


TABLE = {
    "search": Entry("Templates", "Find templates in the registries", _search),
    "show": Entry("Templates", "Show a template: parameters, policies, a command to try", _show),
    "init": Entry("Config repository", "Set up a config repository and your settings", _init),
    "add": Entry("Config repository", "Add a tool to an environment, for review", _add),
    "changes": Entry("Config repository", "List, show and merge open changes", _changes),
    "sync": Entry("Config repository", "Apply an environment to its cluster", _sync),
    "drift": Entry("Config repository", "Compare a cluster with the repository, both ways", _drift),
    "list": Entry("Tools and runs", "List the tools in the cluster", _list),
    "run": Entry("Tools and runs", "Run a tool", _run),
    "runs": Entry("Tools and runs", "List runs, newest first", _runs),
    "logs": Entry("Tools and runs", "Print the log of a tool's newest run, a run, a job or a pod", _logs),
    "why": Entry("Tools and runs", "Explain where a run comes from and why it ended as it did", _why),
    "install": Entry("Administration", "Install Rapt's kinds and roles in a cluster", _install),
    "version": Entry("Administration", "Print the version", _version),
}
