"""Parameters that are set when a tool is installed: what to say when somebody sets one for a run."""

from collections.abc import Mapping

from kubectl_rapt.errors import RaptError, Refused
from kubectl_rapt.model import shell
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.templating.parameters import Parameter


def check(world: World, tool: Tool, given: Mapping[str, str]) -> None:
    """Refuse names that a run cannot set because git does, and show how they are changed there.

    Args:
        world: Where the config repository and the registries are; without them nothing is refused here.
        tool: The tool.
        given: Names that are no run-time parameters of it, with the texts that were given.

    Raises:
        Refused: ``fixed-parameter``.
    """
    if not (given and tool.source and tool.environment):
        return
    fixed = {one.name for one in _installed(world, tool)}
    for name, text in given.items():
        if name in fixed:
            answer = shell.word(f"{name}={text}")
            raise Refused(
                "fixed-parameter",
                f"{name} of {tool.name} is set when the tool is installed, and a run cannot change it",
                f"kubectl rapt set {shell.word(tool.name)} {answer} --in {shell.word(tool.environment)}",
            )


def _installed(world: World, tool: Tool) -> tuple[Parameter, ...]:
    from kubectl_rapt.actions import registry, repository

    try:
        found = repository.read(world)
        installed = found.installation(tool.environment, tool.name)
        return registry.locked(world, found.project(), installed).template.parameters
    except RaptError:
        return ()  # whoever only runs tools may have neither; then it is a name like any other
