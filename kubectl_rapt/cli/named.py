"""What a person named, where a verb is about runs: of a tool it takes the newest one, and says so."""

from collections.abc import Sequence

from kubectl_rapt.actions import find
from kubectl_rapt.cli import terminal
from kubectl_rapt.errors import UsageError
from kubectl_rapt.model.kinds import RUN
from kubectl_rapt.objects import runs as run_objects
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.world import World

WHAT = "TOOL|RUN|job/NAME|pod/NAME"


def run(world: World, what: str, verb: str, *, is_open: bool = False) -> Run:
    """The run that was meant. Args and errors as of ``find.run_of``."""
    found = find.run_of(world, what, world.cluster.namespace(), verb, is_open=is_open)
    if found.name != what.rpartition("/")[2]:
        terminal.say(terminal.clean(f"{what}: its newest run is {found.name}"))
    return found


def some(given: Sequence[str], selector: str, verb: str) -> None:
    """Check that either names or a selector are given. Raises UsageError."""
    if bool(given) == bool(selector):
        what = "give names or -l, not both" if given else f"missing argument '{WHAT}'"
        raise UsageError("bad-usage", what, f"kubectl rapt {verb} --help")


def chosen(world: World, selector: str) -> list[Run]:
    """The runs with these labels, newest first; those that are too broken to read are left out."""
    found = world.cluster.list(RUN, world.cluster.namespace(), labels=selector)
    ordered = sorted(found, key=lambda one: str(one["metadata"]["creationTimestamp"]), reverse=True)
    read = []
    for one in ordered:
        try:
            read.append(run_objects.from_manifest(one))
        except (KeyError, TypeError, ValueError, AttributeError):
            terminal.say(terminal.clean(f"run/{one['metadata']['name']} is broken"))
    return read
