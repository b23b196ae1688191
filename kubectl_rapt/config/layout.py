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
