"""Where a command acts: what ``--in``, or the person's default environment, stands for. Every command asks here.

``rapt.yaml`` is read as it was last fetched, and fetched again only before an environment or a namespace is refused
because it is not there. That is fresh enough: which cluster answers, and which environment a tool belongs to, is
checked against the cluster itself each time.
"""

from kubectl_rapt.actions import repository
from kubectl_rapt.config import location
from kubectl_rapt.config.location import Location
from kubectl_rapt.config.project import Environment, Project
from kubectl_rapt.errors import NotFound, RaptError, Refused, UsageError
from kubectl_rapt.model import shell
from kubectl_rapt.model.target import Target
from kubectl_rapt.ports.world import World


def find(world: World, name: str, target: Target, *, may_fetch: bool = True) -> Location:
    """The location that an environment stands for.

    Args:
        world: Where to read.
        name: What ``--in`` says; empty for the person's default.
        target: What the person's flags say of the cluster.
        may_fetch: Whether the config repository may be asked.

    Raises:
        NotFound: ``no-environment``, with the nearest name; ``no-repository``: nothing says where environments are.
        UsageError: ``reviewed-default``: the default is reviewed, and must be named.
        Refused: ``other-namespace``: ``-n`` names a namespace that is not the environment's.
        Invalid, Unavailable: ``rapt.yaml`` cannot be read.
    """
    chosen = name or world.settings.environment
    if not world.settings.repository:
        what = f'no config repository is set up, so nothing says where environment "{chosen}" is'
        raise NotFound("no-repository", what, "kubectl rapt init --local")
    if may_fetch and world.git.known(repository.address(world)) is None:
        world.git.fetch(repository.address(world))
    try:
        return _resolve(world, _known(world), chosen, bool(name), target)
    except RaptError as error:
        if error.code not in ("no-environment", "other-namespace") or not may_fetch:
            raise
        world.git.fetch(repository.address(world))  # somebody may have added it since the last fetch
    return _resolve(world, _known(world), chosen, bool(name), target)


def check_namespace(world: World, name: str, target: Target, *, is_named: bool) -> None:
    """Make sure that the namespace of ``-n`` is one of an environment.

    Args:
        world: Where to read.
        name: The environment.
        target: What the person's flags say of the cluster.
        is_named: Whether the person named the environment; if not, the one that has the namespace may be meant.

    Raises:
        NotFound: ``no-environment``.
        Refused: ``other-namespace``. If the environment was not named and exactly one other has the namespace, the hint
            is to name that one.
        Invalid, Unavailable: ``rapt.yaml`` cannot be read.
    """
    try:
        find(world, name, target)
    except Refused as error:
        project = _known(world)
        owners = [one.name for one in project.environments.values() if target.namespace in one.namespaces]
        if error.code != "other-namespace" or is_named or len(owners) != 1:
            raise
        raise Refused(error.code, error.message, f"--in {shell.word(owners[0])}") from error


def _known(world: World) -> Project:
    project, _ = repository.known_project(world)
    return repository.read(world).project() if project is None else project


def _resolve(world: World, project: Project, name: str, is_named: bool, target: Target) -> Location:
    environment = project.environment(name)
    if not is_named:
        check_default(environment)
    return location.resolve(project, environment, target, world.settings.contexts.get(name, ""))


def check_default(environment: Environment) -> None:
    """Make sure that a default environment is not reviewed: such a one must be named.

    Raises:
        UsageError: ``reviewed-default``.
    """
    if environment.is_reviewed:
        raise UsageError(
            "reviewed-default",
            f'your default environment "{environment.name}" is reviewed, so it must be named each time',
            f"--in {shell.word(environment.name)}",
        )
