"""``kubectl rapt version``: where ``__main__`` did not answer already, because flags were given."""

import platform
from typing import Annotated

import typer

from kubectl_rapt import __version__
from kubectl_rapt.cli import options, show, terminal

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What Kubernetes calls them."""


def version(
    output: Annotated[str, typer.Option("-o", "--output", metavar="json|yaml", help="Output format")] = "",
) -> None:
    """Print the version. With -o, the keys are those of kubectl version.

    Example: kubectl rapt version -o json
    """
    options.one_of("-o", output, ("json", "yaml"))
    if not output:
        terminal.out(f"kubectl-rapt {__version__}")
        return
    machine = platform.machine()
    client = {
        "gitVersion": f"v{__version__}",
        "pythonVersion": platform.python_version(),
        "platform": f"{platform.system().lower()}/{_MACHINES.get(machine, machine)}",
    }
    terminal.out(show.document({"clientVersion": client}, output))
