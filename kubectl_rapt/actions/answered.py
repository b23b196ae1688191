"""The Job that a tool gives for some answers, and whether a Run holds that one: whoever carries it out asks again."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubectl_rapt.actions import find
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import RUN, TOOL, Manifest, Ref
from kubectl_rapt.objects import runs, tools
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import mounts, renewal
from kubectl_rapt.templating import declared, parameters, places
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


def why_not(world: World, run: Run, number: int) -> str:
    """Why an attempt of a Run is not made, whoever is asked to; empty where nothing speaks against it.

    Who may write a Run need not be allowed to make Jobs, and whoever carries it out is. So a Run's first Job is the one
    that its tool gives for its answers, and a later one differs in nothing but what ``retry`` may change.

    Args:
        world: Where to read.
        run: The Run.
        number: The number of the attempt.

    Raises:
        Refused, Unavailable, NotFound: The tool cannot be read.
    """
    found = find.perhaps(world, Ref(TOOL, run.tool, run.namespace))
    tool = tools.from_manifest(found) if found else None
    if not run.has_begun and (why := _strange(world, run, tool)):
        return why
    pointers = [place for one in (tool.parameters if tool else ()) for place in one.get("at", ())]
    if renewal.is_renewed(run.job, run.template(number), pointers):
        return ""
    return f"attempt {number} was asked for with more than other answers, memory and time"


def _strange(world: World, run: Run, tool: Tool | None) -> str:
    """Why a Run is not what its tool gives; empty where it is."""
    if run.replay_of and _is_replayed(world, run):
        return ""
    if tool is None:
        return f'there is no tool "{run.tool}"'
    own = mounts.without(run)
    if own is None:
        return "it mounts something that is not a file of this run"
    # The slots of a backfill take turns where runs of the tool refuse each other.
    if run.concurrency not in (tool.concurrency, {"forbid": "queue"}.get(tool.concurrency)):
        return f"tool/{tool.name} says concurrency: {tool.concurrency}, and this run {run.concurrency}"
    try:
        wanted = tool.job if run.adopted else _made(tool, run)
    except RaptError as error:
        return f"its answers do not fit tool/{tool.name} as it is now: {error.message}"
    if mounts.plain(wanted) == own:
        return ""
    return f"its Job is not what tool/{tool.name} gives for its answers now"


def _made(tool: Tool, run: Run) -> Manifest:
    """The Job that a request for the tool would get. Raises RaptError where it would be refused."""
    asked = questions(tool)
    values = parameters.check(asked, run.answers, subject=tool.name)
    return job(tool, asked, {name: values[name] for name in run.answers}, run.env)


def _is_replayed(world: World, run: Run) -> bool:
    """Whether it repeats a run that has begun: then its tool may have changed since."""
    found = find.perhaps(world, Ref(RUN, run.replay_of, run.namespace))
    if found is None:
        return False
    earlier = runs.from_manifest(found)
    return (
        bool(earlier.attempts) and not earlier.adopted and (earlier.tool, earlier.job) == (run.tool, run.job)
    )
