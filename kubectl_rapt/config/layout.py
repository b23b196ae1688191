"""Where things stand in a config repository."""

from collections.abc import Iterable

PROJECT = "rapt.yaml"


def definition(environment: str, tool: str) -> str:
    """The file of a tool, which people edit."""
    return f"tools/{environment}/{tool}.yaml"


def rendered(environment: str, tool: str) -> str:
    """The file that is applied: plain Kubernetes objects only."""
    return f"{rendered_folder(environment)}/{tool}.yaml"


def rendered_folder(environment: str) -> str:
    """The folder that Flux, Argo CD and ``kubectl apply -R`` read as it is."""
    return f"rendered/{environment}"


def tools(paths: Iterable[str], environment: str) -> list[str]:
    """The names of the tools that are defined for an environment, in order."""
    start, end = f"tools/{environment}/", ".yaml"
    return sorted(
        path[len(start) : -len(end)]
        for path in paths
        if path.startswith(start) and path.endswith(end) and "/" not in path[len(start) :]
    )


def tool_of(path: str) -> tuple[str, str] | None:
    """The environment and the tool that a file defines; None where it is no tool's file."""
    folder, *parts = path.split("/")
    if folder != "tools" or len(parts) != 2 or not parts[1].endswith(".yaml"):
        return None
    return parts[0], parts[1].removesuffix(".yaml")
