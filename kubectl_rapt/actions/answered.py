"""What a tool asks of a run, and the Job that it gives for the answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.templating import declared, places
from kubectl_rapt.templating.parameters import Parameter


def questions(tool: Tool) -> list[Parameter]:
    """What a run of the tool may be asked."""
    return declared.at_run(tool.parameters, any_name=tool.is_predecessors)


def job(
    tool: Tool, asked: Sequence[Parameter], answers: Mapping[str, Any], env: Mapping[str, str]
) -> Manifest:
    """The tool's Job with answers and variables.

    Args:
        tool: The tool.
        asked: Its questions.
        answers: Parameter to value, checked: what was given, without the defaults.
        env: Variable to value.

    Raises:
        Invalid, UsageError: See ``places.fill`` and ``places.add_env``.
    """
    filled = places.fill(tool.job, placed(tool, asked), answers)
    if not env:
        return filled
    taken = {place: one["name"] for one in tool.parameters for place in one.get("at", ())}
    return places.add_env(filled, env, is_free=tool.free_env, filled=taken)


def placed(tool: Tool, asked: Sequence[Parameter]) -> list[places.Placed]:
    """The tool's questions with the places that each fills."""
    return [(question, one.get("at", ())) for question, one in zip(asked, tool.parameters, strict=True)]
