"""The runs that failed, with the causes that they record themselves: nothing else is read."""

from dataclasses import dataclass
from datetime import datetime

from kubectl_rapt.errors import RaptError
from kubectl_rapt.model import causes, times
from kubectl_rapt.model.kinds import RUN, Manifest
from kubectl_rapt.objects import labels, runs
from kubectl_rapt.ports.world import World
from kubectl_rapt.runs import failures
from kubectl_rapt.runs import listed as lines
from kubectl_rapt.runs.causes.seen import Finding, Seen


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that failed.

    Args:
        namespace: Its namespace.
        run: Its name.
        tool: Its tool.
        attempts: How often it was tried.
        counted: The same as the list of runs has it: ``2/3``.
        at: When it was over.
        finding: What it records of its end.
    """

    namespace: str
    run: str
    tool: str
    attempts: int
    counted: str
    at: datetime
    finding: Finding


def listed(world: World, namespace: str, tool: str = "") -> list[Failure]:
    """Every run that failed, newest first. One that cannot be read is among them.

    Args:
        world: Where to read.
        namespace: Where; empty for every namespace.
        tool: Of which tool; empty for every one.
    """
    selector = labels.selector({labels.TOOL: tool} if tool else {})
    found = (
        _failure(one)
        for state in (runs.FAILED, runs.EXHAUSTED, runs.NOT_STARTED)
        for one in world.cluster.list(RUN, namespace, labels=selector, fields=f"status.state={state}")
    )
    chosen = [one for one in found if causes.cause(one.finding.cause).is_failure]
    return sorted(chosen, key=lambda one: (one.at, one.namespace, one.run), reverse=True)


def _failure(manifest: Manifest) -> Failure:
    metadata = manifest["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    try:
        run = runs.from_manifest(manifest)
        finding = failures.explain(Seen(run=run))[0]
        at = run.finished_at or run.created_at or times.parse(metadata["creationTimestamp"])
        return Failure(
            namespace, name, run.tool, len(run.attempts), lines.of_run(manifest).attempts, at, finding
        )
    except Exception as error:  # one broken object must not hide the others
        said = error.message if isinstance(error, RaptError) else f"{type(error).__name__}: {error}"
        finding = Finding(
            causes.UNKNOWN, f"the Run cannot be read: {said}", f"run/{name}", f"kubectl get run {name}"
        )
        return Failure(namespace, name, "", 0, "", times.parse(metadata["creationTimestamp"]), finding)
