"""Failures: from what is seen of one execution to its causes, the one that explains the others first."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from kubectl_rapt.model import causes
from kubectl_rapt.objects.pods import Pod
from kubectl_rapt.runs.causes import beginnings, containers, endings, gone, hints, images, jobs
from kubectl_rapt.runs.causes.seen import Finding, Seen

OF_PODS: tuple[Callable[[Pod, Seen], Iterator[Finding]], ...] = (
    endings.recognise,
    containers.recognise,
    images.recognise,
    beginnings.configuration,
    beginnings.volumes,
    beginnings.unschedulable,
)
OF_THE_REST: tuple[Callable[[Seen], Iterator[Finding]], ...] = (
    jobs.recorded,
    jobs.refused,
    jobs.not_created,
    jobs.limits,
    jobs.held,
)


_OF_SCRIPTS = (
    causes.EXIT_CODE,
    causes.INIT_FAILED,
    causes.COMMAND_NOT_FOUND,
    causes.COMMAND_NOT_EXECUTABLE,
    causes.START_FAILED,
)
"""How a script ends that cannot be interpreted."""


def explain(seen: Seen) -> tuple[Finding, ...]:
    """Every cause that can be seen, ranked; each with the next command.

    Of a failure for which there is no cause, the one finding says what was looked at. What goes well, or has ended
    well, has no findings.

    Args:
        seen: What could be read.
    """
    found = [finding for recognise in OF_THE_REST for finding in recognise(seen)]
    # The newest pod speaks for the others.
    for pod in sorted(seen.pods, key=lambda one: (one.created_at, one.name), reverse=True):
        found += of_pod(pod, seen)
    found += of_gone(seen)
    ranked = _ranked(_once(found), seen)
    if _has_failed(seen) and not any(
        causes.cause(one.cause).is_failure for one in ranked if not _is_end(one)
    ):
        ranked = [*ranked, _unknown(seen)]
    ranked = [_with_line_ends(one, seen) for one in ranked]
    return tuple(replace(one, hint=hints.of(one, seen)) for one in ranked)


def _with_line_ends(finding: Finding, seen: Seen) -> Finding:
    """What a script with the line ends of Windows ends with looks like anything but that."""
    if not seen.crlf or finding.cause not in _OF_SCRIPTS:
        return finding
    said = f"{', '.join(one.place for one in seen.crlf)} has Windows line ends (CRLF)"
    if _is_not_found(finding, seen):
        said += ", so its interpreter is not found"
    fix = next(filter(None, (one.fix for one in seen.crlf)), "kubectl rapt explain {tool}")
    return replace(finding, message=f"{finding.message}; {said}", hint=fix)


def _is_not_found(finding: Finding, seen: Seen) -> bool:
    """Whether there is evidence that a program was not found; a script may also run, and stumble over the line ends."""
    words = (finding.message, finding.evidence, *seen.logs.get((finding.pod, finding.container), ()))
    is_said = any(one in word.lower() for word in words for one in ("not found", "no such file"))
    return is_said or finding.exit_code in (126, 127) or finding.cause == causes.START_FAILED


def of_gone(seen: Seen) -> list[Finding]:
    """What is known of a Job's pods that are gone, or never began before the Job's time was up. Ranked."""
    if found := [*gone.deleted(seen)]:
        return found
    if not (seen.job and seen.job.reason == causes.DEADLINE_EXCEEDED):
        return []
    never = [pod for pod in (*seen.pods, *gone.pods(seen)) if beginnings.never_ran(pod)]
    return sorted(
        (one for pod in never for one in of_pod(pod, seen)), key=lambda one: causes.weight(one.cause)
    )


def of_pod(pod: Pod, seen: Seen) -> list[Finding]:
    """The causes that one pod shows, ranked."""
    found = [finding for recognise in OF_PODS for finding in recognise(pod, seen)]
    by_whole = {one.cause for one in found if not one.container}
    # A container of a pod that was ended as a whole ends by the signal that told it to.
    told = {one.cause for one in found if one.cause in (causes.EXIT_CODE, causes.INIT_FAILED)}
    if by_whole and told:
        found = [one for one in found if one.cause not in told or not _by_signal(one)]
    return sorted(found, key=lambda one: causes.weight(one.cause))


def _by_signal(finding: Finding) -> bool:
    return finding.exit_code is not None and (finding.exit_code > 128 or finding.exit_code == 0)


def _once(found: Iterable[Finding]) -> list[Finding]:
    """Each cause once: of the newest pod, where several have it; with what the Run has recorded of it."""
    kept: dict[tuple[str, str], Finding] = {}
    for finding in found:
        key = (finding.cause, finding.container)
        at = next((one for one in kept if _is_same(one, kept[one], key)), None)
        if at is None:
            kept[key] = finding
        elif not kept[at].pod and finding.pod:
            # What can still be seen is better evidence than what was written down.
            kept.pop(at)
            kept[key] = finding
    return list(kept.values())


def _is_same(one: tuple[str, str], known: Finding, other: tuple[str, str]) -> bool:
    """Whether two findings are about the same: a cause of the whole has no container, unless it was recorded."""
    of_the_whole = "" in (one[1], other[1]) if not known.pod else one[1] == ""
    return one[0] == other[0] and (one[1] == other[1] or of_the_whole)


def _ranked(found: list[Finding], seen: Seen) -> list[Finding]:
    """By weight; what the Run records comes first, unless it says less than what is seen."""
    last = seen.run.attempts[-1] if seen.run and seen.run.attempts else None
    recorded = last.cause if last else ""
    is_first = not causes.cause(recorded).is_vague and recorded != causes.EXIT_CODE

    def key(finding: Finding) -> tuple[bool, bool, int]:
        cause = causes.cause(finding.cause)
        return (not (is_first and finding.cause == recorded), cause.is_vague, causes.weight(finding.cause))

    ranked = sorted(found, key=key)
    if seen.job and seen.job.backoff_limit == 0 and len(ranked) > 1:
        # That one pod may fail and no more goes without saying, where something says why it did.
        ranked = [one for one in ranked if one.cause != causes.BACKOFF_LIMIT_EXCEEDED]
    return ranked


def _is_end(finding: Finding) -> bool:
    return causes.cause(finding.cause).is_vague


def _has_failed(seen: Seen) -> bool:
    if seen.run and seen.run.cancelled_by:
        return False
    last = seen.run.attempts[-1] if seen.run and seen.run.attempts else None
    if last and last.cause:
        return last.cause not in (causes.SUCCEEDED, causes.CANCELLED)
    return bool(seen.job and seen.job.ended == "Failed") or any(one.phase == "Failed" for one in seen.pods)


def _unknown(seen: Seen) -> Finding:
    """What was looked at, where nothing of it says why."""
    looked = [f"job/{seen.job.name} (condition {seen.job.ended or 'none'})" if seen.job else "no Job"]
    looked.append(f"{len(seen.pods)} pods" if len(seen.pods) != 1 else f"pod/{seen.pods[0].name}")
    looked.append(f"{len(seen.events)} events (they are kept for an hour)")
    looked.append(f"{sum(map(len, seen.logs.values()))} lines of log")
    return Finding(causes.UNKNOWN, causes.CAUSES[causes.UNKNOWN].means, f"looked at {', '.join(looked)}")
