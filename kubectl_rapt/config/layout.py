"""Where things stand in a config repository."""

from collections.abc import Iterable

from kubectl_rapt.model import names

PROJECT = "rapt.yaml"
ALL = (PROJECT, "tools", "rendered")
"""Everything that is Rapt's: the other files of a repository are not looked at."""


def definition(environment: str, tool: str) -> str:
    """The file of a tool, which people edit."""
    return f"tools/{environment}/{tool}.yaml"


def rendered(environment: str, tool: str) -> str:
    """The file that is applied: plain Kubernetes objects only."""
    return f"{rendered_folder(environment)}/{tool}.yaml"


def rendered_folder(environment: str) -> str:
    """The folder that Flux, Argo CD and ``kubectl apply -R`` read as it is."""
    return f"rendered/{environment}"


def run(environment: str, name: str) -> str:
    """The file of a reviewed run: outside of every folder that is applied."""
    return f"{runs_folder(environment)}/{name}.yaml"


def runs_folder(environment: str) -> str:
    """The folder of an environment's reviewed runs."""
    return f"runs/{environment}"


def is_inside(path: str, folder: str) -> bool:
    """Whether a file is somewhere in a folder of the repository; everything is in the empty one."""
    return folder in ("", ".") or path.startswith(f"{folder}/")


def run_of(path: str) -> tuple[str, str] | None:
    """Environment and name of the run that a file asks for; None where it asks for none."""
    return _place(path, "runs")


def reviewed_runs(paths: Iterable[str], environment: str = "") -> list[tuple[str, str]]:
    """Environment and name of every reviewed run, of one environment where one is given, in order."""
    return _places(paths, "runs", environment)


def tool_of(path: str) -> tuple[str, str] | None:
    """Environment and name of the tool that a file defines; None where it defines none."""
    return _place(path, "tools")


def is_edited(path: str) -> bool:
    """Whether people edit that file: the others follow from those."""
    return path == PROJECT or tool_of(path) is not None or run_of(path) is not None


def tools(paths: Iterable[str], environment: str = "") -> list[tuple[str, str]]:
    """Environment and name of every tool that is defined, of one environment where one is given, in order."""
    return _places(paths, "tools", environment)


def rendered_tools(paths: Iterable[str], environment: str = "") -> list[tuple[str, str]]:
    """The same of every file that is applied as a tool's."""
    return _places(paths, "rendered", environment)


def _places(paths: Iterable[str], root: str, environment: str) -> list[tuple[str, str]]:
    found = (_place(path, root) for path in paths)
    return sorted(place for place in found if place and environment in ("", place[0]))


def _place(path: str, root: str) -> tuple[str, str] | None:
    parts = path.split("/")
    if len(parts) != 3 or parts[0] != root or not parts[2].endswith(".yaml"):
        return None
    environment, tool = parts[1], parts[2].removesuffix(".yaml")
    return (environment, tool) if names.is_dns_label(environment) and names.is_dns_label(tool) else None
