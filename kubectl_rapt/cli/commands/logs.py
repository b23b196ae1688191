"""``kubectl rapt logs``."""

from typing import Annotated

import typer

from kubectl_rapt.actions import find
from kubectl_rapt.cli import options, terminal, watching
from kubectl_rapt.errors import NotFound, UsageError


def logs(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="TOOL|RUN|job/NAME|pod/NAME", help="Whose log")],
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on until it ends, with its exit code")
    ] = False,
    tail: Annotated[int, typer.Option(metavar="LINES", help="Only so many last lines; -1 is all")] = -1,
    raw: Annotated[bool, typer.Option("--raw", help="Pass the log's bytes through unchanged")] = False,
) -> int:
    """Print the log of a tool's newest run, of a run, a job or a pod.

    Example: kubectl rapt logs http-check
    """
    if tail < -1:
        raise UsageError(
            "bad-flag", f"--tail expects a number of lines, or -1 for all, got {tail}", "--tail 20"
        )
    lines = None if tail == -1 else tail
    with options.open_world(context) as (world, _):
        found = find.execution(world, what, world.cluster.namespace(), "logs")
        name = found.run.name if found.run else what
        if follow and found.job:
            return watching.watch(world, found.job.ref, name, tail=lines, raw=raw)
        if not found.pods:
            raise NotFound(
                "no-log",
                f"{name} has no pods any more, and its log went with them",
                f"kubectl rapt why {name}",
            )
        sources = [
            (pod, container)
            for pod in found.pods
            for container in pod.containers
            if container.state != "waiting"
        ]
        for pod, container in sources:
            prefix = f"[{pod.name} {container.name}] ".encode() if len(sources) > 1 else b""
            for line in world.cluster.logs(pod.ref, container.name, tail=lines):
                terminal.out_line(prefix + line, raw=raw)
        if not sources:
            terminal.say(f"{name} has not started yet: kubectl rapt logs {name} --follow")
    return 0
