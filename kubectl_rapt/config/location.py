"""Where a command acts: the cluster, kube context and namespaces that an environment stands for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_rapt.errors import Refused, UsageError
from kubectl_rapt.model import shell
from kubectl_rapt.model.target import Target

if TYPE_CHECKING:  # every command that acts in an environment knows a location, and few read rapt.yaml
    from kubectl_rapt.config.project import Environment, Project


@dataclass(frozen=True, slots=True)
class Location:
    """Where a command acts.

    Args:
        environment: The name of the environment.
        cluster: The UID of its cluster's ``kube-system``; empty if ``rapt.yaml`` does not say it yet.
        context: The kube context to use; empty for the current one.
        namespaces: Where the command acts: the namespace of ``-n``, else the environment's own.
        all_namespaces: Every namespace that a tool of the environment may be in; only that of ``-n`` if it is given.
        profile: The name of the environment's profile; empty for none.
    """

    environment: str
    cluster: str
    context: str
    namespaces: tuple[str, ...]
    all_namespaces: tuple[str, ...]
    profile: str = ""


def resolve(project: "Project", environment: "Environment", target: Target, context: str) -> Location:
    """The location that an environment stands for.

    Args:
        project: What ``rapt.yaml`` says.
        environment: One of its environments.
        target: What the person's flags say about the cluster.
        context: The kube context that their settings name for the environment; ``--context`` is stronger.

    Raises:
        Refused: ``other-namespace``: ``-n`` names a namespace that is not the environment's.
    """
    own, every = environment.namespaces, environment.all_namespaces
    if target.namespace:
        if target.namespace not in every:
            raise _other_namespace(project, environment, target.namespace)
        own = every = (target.namespace,)
    return Location(
        environment.name, environment.cluster, target.context or context, own, every, environment.profile
    )


def _other_namespace(project: "Project", environment: "Environment", namespace: str) -> Refused:
    owners = [one.name for one in project.environments.values() if namespace in one.namespaces]
    whose = f", but to {' and '.join(owners)}" if owners else ""
    has = ", ".join(environment.all_namespaces)
    what = f'namespace "{namespace}" does not belong to environment "{environment.name}"{whose}'
    return Refused(
        "other-namespace", f"{what}; {environment.name} has {has}", f"-n {environment.namespaces[0]}"
    )


def unrecorded(environment: str) -> Refused:
    """The refusal to change a cluster that may be the wrong one, because ``rapt.yaml`` records none."""
    what = f'environment "{environment}" does not say yet which cluster is its own'
    return Refused("no-cluster-recorded", what, "kubectl rapt init")


def concerns_all(error: BaseException) -> bool:
    """Whether a command is refused for where it acts: each of its objects would be refused for the same reason.

    A command for several objects tells of each that fails, and does the others. Of this it tells once, as every command
    does.
    """
    return isinstance(error, Refused) and error.code in ("no-cluster-recorded", "other-cluster")


def check_recorded(location: Location | None, typed_context: str) -> None:
    """Make sure that it is known which cluster a change goes to: it is recorded, or ``--context`` was typed.

    Args:
        location: Where the command acts; None if no environment is chosen.
        typed_context: What ``--context`` says; empty if it was not typed.

    Raises:
        Refused: ``no-cluster-recorded``.
    """
    if location and not location.cluster and not typed_context:
        raise unrecorded(location.environment)


def one_namespace(location: Location) -> str:
    """The namespace for a command that acts in one.

    Raises:
        UsageError: ``several-namespaces``: the environment has several, and ``-n`` names none of them.
    """
    if len(location.namespaces) == 1:
        return location.namespaces[0]
    what = f'environment "{location.environment}" has several namespaces: {", ".join(location.namespaces)}'
    raise UsageError("several-namespaces", what, f"-n {location.namespaces[0]}")


def check_owner(location: Location | None, environment: str, what: str) -> None:
    """Make sure that what a command works on belongs to the environment that the command acts in.

    Args:
        location: Where the command acts; None if no environment is chosen.
        environment: The environment that the object says it belongs to; empty if it says none.
        what: The object, for the message: ``tool "backup"``.

    Raises:
        Refused: ``other-environment``.
    """
    if location and environment not in ("", location.environment):
        what = f'{what} belongs to environment "{environment}", not to "{location.environment}"'
        # The same command there would act on what nobody named: the one that is shown only reads.
        hint = shell.join(
            ["kubectl", "rapt", "list" if what.startswith("tool ") else "runs", "--in", environment]
        )
        raise Refused("other-environment", what, hint)
