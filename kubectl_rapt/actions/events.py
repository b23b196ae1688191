"""Events of one execution: what was said of its Run, its Jobs and their pods, also of those that are gone."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kubectl_rapt.actions.find import Found
from kubectl_rapt.errors import RaptError
from kubectl_rapt.model.kinds import EVENT, Manifest
from kubectl_rapt.objects import events, jobs, reading
from kubectl_rapt.objects.events import Event
from kubectl_rapt.objects.retry_policies import MAX_ATTEMPTS
from kubectl_rapt.ports.world import World

_GENERATED = 58
"""To so many characters Kubernetes cuts the name of a Job and a dash, before five more make the name of a pod."""
_SUFFIX = re.compile(r"(?:\d+-)?[a-z0-9]{5}")


@dataclass(frozen=True, slots=True)
class About:
    """Whose events are meant: names are enough, for events outlive what they are about.

    Args:
        run: The Run's name; empty for none.
        jobs: The names of its Jobs, also of those that are yet to come.
        pods: The names of its pods that are known.
    """

    run: str
    jobs: frozenset[str]
    pods: frozenset[str]

    def includes(self, event: Event) -> bool:
        """Whether an event is about one of them."""
        match event.kind:
            case "Run":
                return bool(self.run) and event.about == self.run
            case "Job":
                return event.about in self.jobs
            case "Pod":
                return event.about in self.pods or self._is_ours(event.about)
        return False

    def _is_ours(self, pod: str) -> bool:
        starts = (f"{job}-"[:_GENERATED] for job in self.jobs)
        return any(pod.startswith(one) and _SUFFIX.fullmatch(pod, len(one)) for one in starts)


def about(found: Found, *, pod: str = "") -> About:
    """Whose events an execution has.

    Args:
        found: The execution.
        pod: The one pod that is meant; empty for the whole execution.
    """
    if pod:
        return About("", frozenset(), frozenset({pod}))
    names = {found.job.name} if found.job else set()
    if found.run:
        names |= {one.job for one in found.run.attempts}
        names |= {jobs.attempt_name(found.run.name, number) for number in range(1, MAX_ATTEMPTS + 1)}
    return About(
        found.run.name if found.run else "", frozenset(names), frozenset(one.name for one in found.pods)
    )


def read(
    world: World, whose: About, namespace: str, tell: Callable[[RaptError], None] = lambda _: None
) -> list[tuple[Event, Manifest]]:
    """The events that there are and that can be read, by time, each with its manifest.

    Args:
        world: Where to read.
        whose: Whose.
        namespace: Where.
        tell: Called with what is wrong with each event of the namespace that cannot be read.
    """
    return _by_time(_chosen(whose, world.cluster.list(EVENT, namespace), tell))


def _by_time(found: Iterable[tuple[Event, Manifest]]) -> list[tuple[Event, Manifest]]:
    return sorted(found, key=lambda one: one[0].order)


def follow(
    world: World, whose: About, namespace: str, tell: Callable[[RaptError], None] = lambda _: None
) -> Iterator[tuple[Event, Manifest]]:
    """The events that there are, by time, and then each as it comes or is counted again, for ever.

    Args as of ``read``.
    """
    known: list[Manifest] | None = []
    for seen in world.cluster.watch(EVENT, namespace):
        if known is not None and seen.type == "added":
            known.append(seen.object)
        elif known is not None and seen.type == "synced":
            yield from _by_time(_chosen(whose, known, tell))
            known = None
        elif seen.type in ("added", "changed"):
            yield from _chosen(whose, [seen.object], tell)


def _chosen(
    whose: About, manifests: Iterable[Manifest], tell: Callable[[RaptError], None]
) -> Iterator[tuple[Event, Manifest]]:
    for event, manifest in reading.readable(_with_manifest, manifests, tell):
        if whose.includes(event):
            yield event, manifest


def _with_manifest(manifest: Manifest) -> tuple[Event, Manifest]:
    return events.from_manifest(manifest), manifest
