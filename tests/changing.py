"""A person who makes changes and merges them, one after the other: a program, so that many can be started at once."""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from kubectl_rapt import writes
from kubectl_rapt.actions import add, compose, review
from kubectl_rapt.adapters.sandbox import Sandbox
from kubectl_rapt.config.settings import Settings
from tests.fakes.cluster import FakeCluster
from tests.fakes.world import FakeWorld, FakeWriters


@dataclass(frozen=True)
class Made:
    """One change: its id, and how long it took until it was on main."""

    id: str
    seconds: float


def make(world: FakeWorld, tool: str) -> Made:
    """Add a tool; where its environment is reviewed, merge that change."""
    started = time.monotonic()
    writers = FakeWriters(world, on_pause=_pause)
    values = {"image": "busybox:1.35", "command": ["true"]}
    wish = add.draft(world, add.Request("command", tool, "prod", answers={}, values=values))
    made = compose.plan(world, wish)
    url = world.settings.repository
    writes.settle(writers, url, lambda: compose.plan(world, wish).plan, made.plan)
    if made.is_reviewed:
        merge = review.plan_merge(world, made.change.id)
        writes.settle(writers, url, lambda: review.plan_merge(world, made.change.id).plan, merge.plan)
    return Made(made.change.id, time.monotonic() - started)


def _pause(attempt: int) -> None:
    longest = min(2.0, 0.05 * 2**attempt)
    time.sleep(longest * (0.5 + os.urandom(1)[0] / 512))


def main(url: str, home: str, name: str, count: int) -> None:
    with Sandbox() as renderer:
        settings = Settings(repository=url, environment="dev")
        world = FakeWorld("ann", Path(home), settings, renderer, FakeCluster())
        for number in range(count):
            made = make(world, f"{name}-{number}")
            print(json.dumps([made.id, made.seconds]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
