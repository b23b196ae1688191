"""People who make changes and merge them, one after the other: a program, so that many can be started at once."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kubectl_rapt import writes
from kubectl_rapt.actions import add, compose
from kubectl_rapt.actions import merge as merging
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.config import changes
from kubectl_rapt.config.project import Environment
from kubectl_rapt.config.settings import Settings
from tests.fakes.cluster import FakeCluster
from tests.fakes.world import FakeWorld, FakeWriters
from tests.git import remotes
from tests.repositories import ConfigRepository

_ROOT = Path(__file__).parents[1]
_LIMIT_SECONDS = 600


@dataclass(frozen=True)
class Made:
    """One change: its id, and how long it took until it was on main."""

    id: str
    seconds: float


@dataclass(frozen=True)
class Together:
    """What came of many people's changes.

    Args:
        made: What they made, as they say.
        landed: The ids of the changes on main, each as often as it is there.
        branches: What branches are left.
        seconds: From the start of the first process to the end of the last.
    """

    made: Sequence[Made]
    landed: Sequence[str]
    branches: Sequence[str]
    seconds: float

    @property
    def twice(self) -> int:
        """How many changes are on main more than once."""
        return len(self.landed) - len(set(self.landed))


def together(folder: Path, people: int, each: int, *, is_reviewed: bool) -> Together:
    """Let people change one repository that is served over HTTP; ``git fsck`` finds it sound afterwards.

    Args:
        folder: Where the repository and their home are made: they are one person at several terminals.
        people: How many processes there are.
        each: How many changes each makes.
        is_reviewed: Whether a change is pushed as a branch and merged, or committed to main.
    """
    prod = Environment("prod", ("team",), cluster="uid", is_reviewed=is_reviewed)
    repository = ConfigRepository(folder / "served", prod)
    repository.git("config", "http.receivepack", "true")
    with remotes.served(repository.path.parent) as remote:
        began_at = time.monotonic()
        processes = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.changing",
                    remote.url(),
                    str(folder / "home"),
                    f"p{number}",
                    str(each),
                ],
                cwd=_ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for number in range(people)
        ]
        made = []
        for process in processes:
            out, said = process.communicate(timeout=_LIMIT_SECONDS)
            assert process.returncode == 0, said.decode()
            made += [Made(*json.loads(line)) for line in out.splitlines()]
        seconds = time.monotonic() - began_at
    repository.git("fsck", "--strict", "--no-dangling")
    landed = [change.id for commit in repository.log() if (change := changes.read(commit.message))]
    return Together(made, landed, list(repository.branches), seconds)


def make(world: FakeWorld, tool: str) -> Made:
    """Add a tool; where its environment is reviewed, merge that change."""
    started = time.monotonic()
    writers = FakeWriters(world, on_pause=_pause)
    values = {"image": "busybox:1.35", "command": ["true"]}
    wish = add.draft(world, add.Request("command", tool, "prod", answers={}, values=values))
    made = compose.plan(world, wish)
    url = world.settings.repository
    writes.settle(writers, url, lambda refs: compose.plan(world, wish, refs=refs).plan, made.plan)
    if made.is_reviewed:
        merge = merging.plan(world, made.change.id)
        writes.settle(writers, url, lambda refs: merging.plan(world, made.change.id, refs).plan, merge.plan)
    return Made(made.change.id, time.monotonic() - started)


def _pause(attempt: int) -> None:
    longest = min(2.0, 0.05 * 2**attempt)
    time.sleep(longest * (0.5 + os.urandom(1)[0] / 512))


def main(url: str, home: str, name: str, count: int) -> None:
    """Be one of them."""
    with Sandbox() as renderer:
        settings = Settings(repository=url, environment="dev")
        world = FakeWorld("ann", Path(home), settings, renderer, FakeCluster())
        for number in range(count):
            made = make(world, f"{name}-{number}")
            print(json.dumps([made.id, made.seconds]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
