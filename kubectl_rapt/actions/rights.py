"""Which rights a command needs, asked before it begins: all that are missing are named at once."""

from collections.abc import Iterable

from kubectl_rapt.errors import Problem, Refused
from kubectl_rapt.model.kinds import Kind
from kubectl_rapt.ports.world import World


def check(world: World, needed: Iterable[tuple[str, Kind, str]]) -> None:
    """Make sure that the user may do some things.

    Args:
        world: Where to ask.
        needed: Verb, kind and namespace each; no namespace for cluster-wide kinds.

    Raises:
        Refused: ``no-right``: what is missing.
    """
    problems = [
        Problem(f"{verb} {kind.resource}", f"in namespace {namespace}" if namespace else "in the cluster")
        for verb, kind, namespace in dict.fromkeys(needed)
        if not world.cluster.may(verb, kind, namespace)
    ]
    if problems:
        first = problems[0]
        where = f" -n {first.what.rpartition(' ')[2]}" if first.what.startswith("in namespace") else ""
        raise Refused(
            "no-right",
            f"{world.cluster.user()} may not do what this needs, and nothing was done",
            f"kubectl auth can-i {first.where}{where}",
            problems,
        )
