"""Several runs of one command, so many at once, each followed to its end."""

import queue
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kubectl_rapt.actions import attach
from kubectl_rapt.actions import run as running
from kubectl_rapt.actions.attach import Happening
from kubectl_rapt.actions.run import Request
from kubectl_rapt.actions.threads import Merge
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import Manifest
from kubectl_rapt.objects.runs import Run
from kubectl_rapt.objects.tools import Tool
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import matrix, mounts
from kubectl_rapt.runs.lifecycle import Seen
from kubectl_rapt.runs.matrix import Combination
from kubectl_rapt.writes import Writers


@dataclass(frozen=True, slots=True)
class Part:
    """One run of a matrix.

    Args:
        combination: The answers that are its own.
        run: The run as it is asked for.
        contents: The files that are given to it.
    """

    combination: Combination
    run: Run
    contents: Mapping[str, Manifest] = field(default_factory=dict)

    @property
    def seen(self) -> Seen:
        """What is known of it: nothing yet."""
        return Seen(self.run, contents=self.contents)


def plan(world: World, request: Request, combinations: Sequence[Combination], tool: Tool) -> list[Part]:
    """The runs of a matrix: all of them are right, or none is begun.

    Args:
        world: Where to read.
        request: What holds for all; its ``id`` is not empty.
        combinations: What each has of its own.
        tool: The tool.

    Raises:
        RaptError: What ``run.plan`` raises, with the combination before it.
    """
    parts = []
    for one in combinations:
        name = matrix.name(request.id, one)
        try:
            wanted = replace(request, id=name, answers={**request.answers, **one})
            run = running.plan(world, wanted, tool)
        except RaptError as error:
            error.message = f"{matrix.label(one)}: {error.message}"
            raise
        parts.append(Part(one, run, mounts.contents(run, request.mounts)))
    return parts


def follow(
    world: World, writers: Writers, parts: Sequence[Part], *, at_once: int, timeout_seconds: float = 0
) -> Iterator[tuple[int, Happening | RaptError]]:
    """Everything that happens to the runs, each with its place in ``parts``; the last of each is its end or an error.

    Args:
        world: Where to look.
        writers: The door's ports.
        parts: The runs.
        at_once: So many go on at a time.
        timeout_seconds: Stop after this long, all together; 0 for never.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(parts)):
        waiting.put(index)
    ends_at = world.now() + timedelta(seconds=timeout_seconds) if timeout_seconds else None
    inbox: Merge[tuple[int, Happening | RaptError] | None] = Merge()
    open_ = min(at_once, len(parts))
    for _ in range(open_):
        inbox.add(_work(world, writers, parts, waiting, ends_at))
    for item in inbox.read(60, (-1, RaptError("", ""))):
        if item is None:
            open_ -= 1
            if not open_:
                return
        elif item[0] >= 0:
            yield item


def _work(
    world: World,
    writers: Writers,
    parts: Sequence[Part],
    waiting: "queue.SimpleQueue[int]",
    ends_at: datetime | None,
) -> Iterator[tuple[int, Happening | RaptError] | None]:
    """One run after the other, until none is left."""
    while True:
        try:
            index = waiting.get_nowait()
        except queue.Empty:
            yield None
            return
        left = max(0.001, (ends_at - world.now()).total_seconds()) if ends_at else None
        try:
            for one in attach.attach(world, writers, parts[index].seen, timeout_seconds=left):
                yield index, one
        except RaptError as error:
            yield index, error
