"""Reviewed runs that the cluster does not have yet: they wait for their merge, or for a sync after it."""

from dataclasses import dataclass

from kubectl_rapt.config import changes, layout, reviewed_runs
from kubectl_rapt.errors import NotFound, RaptError
from kubectl_rapt.model import shell
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.ports.git import Remote
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import listed

MOST = 50
"""Of so many branches, and of so many files on main, is looked whether they ask for a run: a list must stay quick."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A reviewed run that has not begun.

    Args:
        run: It, as it was asked for.
        environment: Its environment.
        change: The change that asks for it; empty once that is merged.
    """

    run: Run
    environment: str
    change: str = ""

    @property
    def status(self) -> str:
        """One word for a list."""
        return listed.REVIEW if self.change else listed.MERGED

    @property
    def told(self) -> str:
        """What it waits for, as the end of a sentence about it."""
        if self.change:
            return f"waits for the merge of change {self.change}"
        return "is merged, and starts with the next sync"

    @property
    def next_step(self) -> str:
        """The command that brings it further."""
        if self.change:
            return f"kubectl rapt changes show {shell.word(self.change)}"
        return f"kubectl rapt sync --in {shell.word(self.environment)}"

    def step_of(self, verb: str) -> str:
        """What to do instead of a command that needs a run: whoever cancels it wants it no further."""
        if verb != "cancel":
            return self.next_step
        if self.change:
            return f"kubectl rapt changes abandon {shell.word(self.change)}"
        return f"remove {layout.run(self.environment, self.run.name)} from main of the config repository"


def found(world: World, environment: str) -> list[Awaited]:
    """The reviewed runs of an environment that have not begun, as far as this machine knows without asking git.

    What the config repository was when it was fetched last is good enough for a list, and no list waits for a git
    server or fails because there is none.
    """
    if not world.settings.repository:
        return []
    try:
        remote = Remote(world.settings.repository)
        known = world.git.known(remote)
        refs = known.refs if known else {}
        main = refs.get(f"refs/heads/{changes.MAIN}", "")
        if not main:
            return []
        merged = world.git.files(remote, main, layout.runs_folder(environment))
        start = f"{changes.BRANCHES}{environment}/"
        asked: list[Awaited | None] = []
        for ref in sorted(ref for ref in refs if ref.startswith(start))[:MOST]:
            *_, name, change = ref.split("/")
            path = layout.run(environment, name)
            if path not in merged and (content := world.git.files(remote, refs[ref], path).get(path)):
                asked.append(_read(world, content, path, environment, change))
        asked += [_read(world, content, path, environment) for path, content in sorted(merged.items())]
        waiting = [one for one in asked if one]
        return [one for one in waiting[:MOST] if not _is_there(world, one.run)]
    except RaptError:
        return []


def _read(world: World, content: bytes, path: str, environment: str, change: str = "") -> Awaited | None:
    """A run that a file asks for, unless it is too late for it."""
    try:
        run = reviewed_runs.plainly(content, path)
    except (RaptError, KeyError, TypeError, ValueError):
        return None  # whoever reviews it is told what is wrong with it
    is_late = run.not_after is not None and world.now() >= run.not_after
    return None if is_late else Awaited(run, environment, change)


def _is_there(world: World, run: Run) -> bool:
    try:
        world.cluster.get(run.ref)
    except NotFound as error:
        if error.code != "not-found":
            raise
        return False
    return True


def here(world: World, namespace: str, *, name: str = "", tool: str = "") -> list[Awaited]:
    """Those of the environment in use, in a namespace: of that name, or of that tool."""
    if world.location is None:
        return []
    return [
        one
        for one in found(world, world.location.environment)
        if one.run.namespace == namespace and name in ("", one.run.name) and tool in ("", one.run.tool)
    ]


def check(world: World, name: str, namespace: str, verb: str = "") -> None:
    """Make sure that a name which the cluster does not know is not that of a reviewed run which has not begun.

    Args:
        world: Where to read.
        name: The name.
        namespace: Where it is.
        verb: What is to be done with the run.

    Raises:
        NotFound: ``no-run``: with what it waits for.
    """
    for one in here(world, namespace, name=name):
        raise NotFound("no-run", f'run "{name}" {one.told}', one.step_of(verb))
